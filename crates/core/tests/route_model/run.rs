//! Operations as values, and a run that has the table and the model do each of them. The fuzz target `operations`
//! uses it as well.

use std::time::Duration;
use tenure_core::{KeyRef, ManualClock, RecordView, RouteTable, SessionKey, Tick};

#[path = "model.rs"]
mod model;

pub(crate) use model::{Model, Text};

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Set { key: usize, route: Text, ttl: Option<u64> },
    Get { key: usize },
    Peek { key: usize },
    Resolve { key: usize, fallbacks: Vec<Text>, peek: bool },
    Touch { key: usize, ttl: Option<u64> },
    Remove { key: usize },
    Prune,
    Advance { millis: u64 },
    SetTtl { millis: u64 },
    SetBound { bound: usize },
    Fail { partition: usize },
    Maintain,
}

/// How large the table and its keys are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) rooms: usize,
    /// Keys of a room: the room itself and its threads.
    pub(crate) keys: usize,
    pub(crate) bound: usize,
    pub(crate) ttl: u64,
    /// Compare everything after so many operations; the counts and sizes after each.
    pub(crate) every: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) size: Size,
    pub(crate) partitions: usize,
    pub(crate) bound: usize,
    pub(crate) ttl: u64,
    pub(crate) write_back: bool,
}

pub(crate) fn keys(size: Size) -> Vec<SessionKey> {
    let in_room = |room: usize| {
        let room = format!("room-{room}");
        (0..size.keys).map(move |thread| {
            let thread = (thread > 0).then(|| thread.to_string());
            SessionKey::new("irc", "libera", &room, thread.as_deref())
        })
    };
    (0..size.rooms).flat_map(in_room).collect()
}

pub(crate) struct Run {
    pub(crate) clock: ManualClock,
    pub(crate) table: RouteTable<Text>,
    pub(crate) model: Model,
}

impl Run {
    pub(crate) fn new(settings: Settings) -> Self {
        let clock = ManualClock::new();
        let table = RouteTable::builder()
            .clock(clock.clone())
            .partitions(settings.partitions)
            .max_entries_per_partition(settings.bound)
            .ttl(Duration::from_millis(settings.ttl))
            .write_back(settings.write_back)
            .build()
            .expect("valid settings");
        let model = Model::new(&table, keys(settings.size), settings.write_back);
        Self { clock, table, model }
    }

    /// Has the table and the model do the same; their answers must be equal.
    pub(crate) fn step(&mut self, op: &Op) {
        let Self { clock, table, model } = self;
        match *op {
            Op::Set { key, route, ttl } => {
                let answer = match ttl {
                    None => table.set(&model.keys[key], route),
                    Some(ttl) => table.set_with_ttl(&model.keys[key], route, Duration::from_millis(ttl)),
                };
                if let Err(error) = &answer {
                    assert_eq!(error.route, route, "handed back");
                }
                assert_eq!(answer.map_err(|error| error.kind), model.set(table, key, route, ttl));
            }
            Op::Get { key } => assert_eq!(table.get(&model.keys[key]), model.get(key, false)),
            Op::Peek { key } => assert_eq!(table.peek(&model.keys[key]), model.get(key, true)),
            Op::Resolve { key, ref fallbacks, peek } => {
                let asked = &model.keys[key];
                let answer =
                    if peek { table.peek_resolve(asked, fallbacks) } else { table.resolve(asked, fallbacks) };
                if let Ok(found) = &answer {
                    assert_eq!((&found.key, found.partition), (asked, table.partition_of(asked)));
                }
                let answer = answer.map(|found| (found.route, found.source, found.stale, found.reason));
                assert_eq!(answer, model.resolve(table, key, fallbacks, peek));
            }
            Op::Touch { key, ttl } => {
                let answer = match ttl {
                    None => table.touch(&model.keys[key]),
                    Some(ttl) => table.touch_with_ttl(&model.keys[key], Duration::from_millis(ttl)),
                };
                assert_eq!(answer, model.touch(key, ttl));
            }
            Op::Remove { key } => assert_eq!(table.remove(&model.keys[key]), model.remove(key)),
            Op::Prune => assert_eq!(table.prune(), model.prune()),
            Op::Advance { millis } => {
                clock.advance(Duration::from_millis(millis));
                model.now += millis;
            }
            Op::SetTtl { millis } => {
                if table.set_ttl(Duration::from_millis(millis)).is_ok() {
                    model.ttl = millis;
                }
                assert_eq!(table.ttl(), Duration::from_millis(model.ttl));
            }
            Op::SetBound { bound } => {
                if table.set_max_entries_per_partition(bound).is_ok() {
                    model.set_bound(table, bound);
                }
                assert_eq!(table.max_entries_per_partition(), model.bound);
            }
            Op::Fail { partition } => {
                let expected = partition < table.partition_count() && model.fail(partition);
                assert_eq!(table.fail_partition(partition), expected);
            }
            Op::Maintain => {
                table.maintain();
                model.maintain();
            }
        }
    }

    pub(crate) fn compare_sizes_and_counts(&self) {
        for index in 0..self.table.partition_count() {
            let partition = self.table.partition(index).expect("there is one");
            let held = partition.is_available().then(|| partition.len());
            assert_eq!(held, self.model.held(index), "records held in partition {index}");
            assert!(held.is_none_or(|held| held <= self.model.bound), "the bound is hard");
        }
        let mut stats = self.table.stats();
        (stats.held, stats.garbage) = (0, 0);
        assert_eq!(stats, self.model.stats);
    }

    pub(crate) fn compare_records(&mut self) {
        let Self { table, model, .. } = self;
        let guard = tenure_core::pin();
        let shown = |record: RecordView<'_, Text>| {
            let key = model
                .keys
                .iter()
                .position(|key| KeyRef::from(key) == record.key())
                .expect("a key of the model");
            (key, *record.route(), record.updated_at().as_millis(), record.expires_at().as_millis())
        };
        let sorted = |mut records: Vec<(usize, Text, u64, u64)>| {
            records.sort_unstable();
            records
        };
        let fresh = model.fresh();
        assert_eq!(sorted(table.iter(&guard).map(shown).collect()), fresh, "iter");
        for room in model.keys.iter().filter(|key| key.is_room_scope()) {
            let listed = sorted(table.iter_room(room, &guard).map(shown).collect());
            let expected: Vec<_> =
                fresh.iter().copied().filter(|record| model.keys[record.0].same_room(room)).collect();
            assert_eq!(listed, expected, "iter_room");
        }
        for key in 0..model.keys.len() {
            let peeked = table.peek(&model.keys[key]).map(|record| {
                (key, record.route, record.updated_at.as_millis(), record.expires_at.as_millis())
            });
            let expected = match fresh.iter().find(|record| record.0 == key) {
                Some(record) => Ok(*record),
                None => Err(model.get(key, true).expect_err("it is not fresh")),
            };
            assert_eq!(peeked, expected, "peek");
        }
        assert_eq!(table.now(), Tick::from_millis(model.now));
    }
}

pub(crate) fn run(settings: Settings, ops: &[Op]) {
    let mut run = Run::new(settings);
    for (step, op) in ops.iter().enumerate() {
        run.step(op);
        run.compare_sizes_and_counts();
        if step % settings.size.every == 0 {
            run.compare_records();
        }
    }
    run.compare_records();
}
