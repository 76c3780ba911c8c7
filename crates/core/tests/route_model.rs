//! Long random sequences of operations, each answered by a route table and by a naive model of it.
//!
//! After every operation all that can be seen of the table is compared: each key's record, what an iteration shows,
//! what the partitions hold and what was counted.

use proptest::{collection::vec, prelude::*, sample::select, test_runner::Config};
use std::time::Duration;
use tenure_core::{GetError, ManualClock, RecordView, RouteTable, SessionKey, Tick};

#[path = "route_model/model.rs"]
mod model;

use model::{Model, Text};

#[derive(Clone, Debug)]
enum Op {
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
struct Size {
    rooms: usize,
    /// Keys of a room: the room itself and its threads.
    keys: usize,
    bound: usize,
    ttl: u64,
    /// Compare everything after so many operations; the counts and sizes after each.
    every: usize,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    size: Size,
    partitions: usize,
    bound: usize,
    ttl: u64,
    write_back: bool,
}

fn settings(size: Size) -> impl Strategy<Value = Settings> {
    let parts = (1..5_usize, 1..=size.bound, 1..=size.ttl, any::<bool>());
    parts.prop_map(move |(partitions, bound, ttl, write_back)| Settings {
        size,
        partitions,
        bound,
        ttl,
        write_back,
    })
}

fn op(size: Size) -> impl Strategy<Value = Op> {
    let key = || 0..size.rooms * size.keys;
    let route = || select(&["a", "a", "a", "b", "c", ""][..]);
    let ttl = || prop_oneof![4 => Just(None), 1 => (0..=2 * size.ttl).prop_map(Some)];
    let fallbacks = || vec(select(&["", "x", "y"][..]), 0..3);
    prop_oneof![
        30 => (key(), route(), ttl()).prop_map(|(key, route, ttl)| Op::Set { key, route, ttl }),
        6 => key().prop_map(|key| Op::Get { key }),
        2 => key().prop_map(|key| Op::Peek { key }),
        15 => (key(), fallbacks(), prop::bool::weighted(0.2))
            .prop_map(|(key, fallbacks, peek)| Op::Resolve { key, fallbacks, peek }),
        8 => (key(), ttl()).prop_map(|(key, ttl)| Op::Touch { key, ttl }),
        3 => key().prop_map(|key| Op::Remove { key }),
        1 => Just(Op::Prune),
        15 => (0..=size.ttl / 3 + 1).prop_map(|millis| Op::Advance { millis }),
        1 => (0..=size.ttl).prop_map(|millis| Op::SetTtl { millis }),
        1 => (0..=size.bound).prop_map(|bound| Op::SetBound { bound }),
        1 => (0..5_usize).prop_map(|partition| Op::Fail { partition }),
        2 => Just(Op::Maintain),
    ]
}

fn keys(size: Size) -> Vec<SessionKey> {
    let in_room = |room: usize| {
        let room = format!("room-{room}");
        (0..size.keys).map(move |thread| {
            let thread = (thread > 0).then(|| thread.to_string());
            SessionKey::new("irc", "libera", &room, thread.as_deref())
        })
    };
    (0..size.rooms).flat_map(in_room).collect()
}

struct Run {
    clock: ManualClock,
    table: RouteTable<Text>,
    model: Model,
}

impl Run {
    fn new(settings: Settings) -> Self {
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
    fn step(&mut self, op: &Op) {
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

    fn compare_sizes_and_counts(&self) {
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

    fn compare_records(&mut self) {
        let Self { table, model, .. } = self;
        let guard = tenure_core::pin();
        let shown = |record: RecordView<'_, Text>| {
            let key = model.keys.iter().position(|key| key == record.key()).expect("a key of the model");
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

fn run(settings: Settings, ops: &[Op]) {
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

/// Keys are hashed with a seed of the process, so a stored failure would not come again: what is printed is enough.
fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

const SMALL: Size = Size { rooms: 2, keys: 5, bound: 6, ttl: 12, every: 1 };
/// Larger than one survey of the oldest records, so that surveys are used up, prepared and renewed.
const LARGE: Size = Size { rooms: 5, keys: 60, bound: 150, ttl: 300, every: 40 };

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_small_table_answers_like_the_model(
        settings in settings(SMALL),
        ops in vec(op(SMALL), 1..200),
    ) {
        run(settings, &ops);
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn a_large_table_answers_like_the_model(
        settings in settings(LARGE),
        ops in vec(op(LARGE), 1..4_000),
    ) {
        run(settings, &ops);
    }
}

/// One partition, nothing but sets of which many hit what is there, and time standing still: pure set order.
#[test]
fn eviction_follows_the_set_order_exactly() {
    let settings = Settings { size: LARGE, partitions: 1, bound: 100, ttl: 300, write_back: true };
    let mut run = Run::new(settings);
    let mut state = 1_u64;
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = usize::try_from(state >> 33).expect("31 bits");
        let route = if draw % 7 == 0 { "b" } else { "a" };
        run.step(&Op::Set { key: draw % 300, route, ttl: None });
        run.compare_sizes_and_counts();
    }
    run.compare_records();
}

#[test]
fn an_expired_answer_is_given_once() {
    let settings = Settings { size: SMALL, partitions: 2, bound: 6, ttl: 5, write_back: true };
    let mut run = Run::new(settings);
    run.step(&Op::Set { key: 1, route: "a", ttl: None });
    run.step(&Op::Advance { millis: 5 });
    assert_eq!(run.table.peek(&run.model.keys[1]), Err(GetError::Expired));
    assert_eq!(run.table.peek(&run.model.keys[1]), Err(GetError::Expired), "a peek removes nothing");
    assert_eq!(run.table.get(&run.model.keys[1]), Err(GetError::Expired));
    assert_eq!(run.table.get(&run.model.keys[1]), Err(GetError::NotFound));
}
