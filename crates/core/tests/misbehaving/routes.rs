//! Routes.

use super::plot::{Hook, Plot, Wild, WildClock, survives, throw};
use crate::patience::until;
use std::{sync::Arc, time::Duration};
use tenure_core::{Event, KeyRef, ManualClock, RouteTable, SessionKey, pin};

const PLACES: usize = 4;
const TTL: Duration = Duration::from_millis(100);
const ALL: [Hook; 6] = [Hook::Clone, Hook::Eq, Hook::IsValid, Hook::Drop, Hook::Observer, Hook::Clock];

struct World {
    plot: Arc<Plot>,
    time: ManualClock,
    table: RouteTable<Wild>,
}

fn key(thread: Option<&'static str>) -> KeyRef<'static> {
    KeyRef::new("irc", "net", "room", thread)
}

impl World {
    /// A full table: a room's record, one of its threads, one that has expired and one more.
    fn new() -> Self {
        let plot = Arc::<Plot>::default();
        let time = ManualClock::new();
        let clock = WildClock { time: time.clone(), plot: Arc::clone(&plot) };
        let told = Arc::clone(&plot);
        let builder = RouteTable::builder().partitions(1).max_entries_per_partition(PLACES).ttl(TTL);
        let observer = move |_: &Event<'_>| told.call(Hook::Observer);
        let table = builder.clock(clock).observer(observer).build().unwrap();
        let world = Self { plot, time, table };
        world.table.set_with_ttl(key(Some("expired")), world.wild(3), Duration::from_millis(1)).unwrap();
        world.time.advance(Duration::from_millis(1));
        world.table.set(key(None), world.wild(1)).unwrap();
        world.table.set(key(Some("a")), world.wild(2)).unwrap();
        world.table.set(key(Some("b")), world.wild(4)).unwrap();
        world
    }

    fn wild(&self, number: u32) -> Wild {
        Wild::new(number, &self.plot)
    }

    /// Everything there is to call, on keys that the operations use as well.
    fn all_operations(plot: &Arc<Plot>, table: &RouteTable<Wild>) {
        let guard = pin();
        for thread in [None, Some("a"), Some("expired"), Some("new")] {
            let _ = table.set(key(thread), Wild::new(7, plot));
            let _ = table.get(key(thread));
            let _ = table.resolve(key(thread), &[Wild::new(8, plot)]);
            let _ = table.touch_with_ttl(key(thread), TTL * 2);
            let _ = table.iter_room(key(thread), &guard).count();
        }
        let _ = table.remove(key(Some("a")));
        table.prune();
        table.maintain();
    }

    /// The books balance, and the table does all it did before.
    fn audit(self, what: &str) {
        let Self { plot, table, .. } = self;
        plot.disarm();
        assert!(table.len() <= PLACES, "{what}: {} records", table.len());
        let keys: Vec<SessionKey> = table.iter(&pin()).map(|record| record.key().to_session_key()).collect();
        assert!(keys.len() <= table.len(), "{what}");
        for key in &keys {
            assert!(table.remove(key).unwrap().is_some(), "{what}: {key} is there and cannot be removed");
        }
        table.prune();
        assert_eq!(table.len(), 0, "{what}: a place is lost, or given back twice");
        for number in 1..=20_u32 {
            let room = format!("room {number}");
            table.set(KeyRef::new("irc", "net", &room, None), Wild::new(number, &plot)).unwrap();
            assert_eq!(table.len(), PLACES.min(number as usize), "{what}");
        }
        let newest = table.iter(&pin()).map(|record| record.route().number).min();
        assert_eq!(newest, Some(17), "{what}: the order is lost");
        drop(table);
        // What other tests' guards are in the way of is dropped when they are gone.
        until("every payload is dropped, once no other test's guard is in the way", || {
            tenure_core::RouteTable::<Wild>::builder().partitions(1).build().unwrap().maintain();
            plot.alive() <= 0
        });
        assert_eq!(plot.alive(), 0, "{what}: dropped twice");
    }
}

type Operation = (&'static str, fn(&World));

const OPERATIONS: [Operation; 17] = [
    ("set the same", |world| _ = world.table.set(key(Some("a")), world.wild(2))),
    ("set another", |world| _ = world.table.set(key(Some("a")), world.wild(5))),
    ("set a new key", |world| _ = world.table.set(key(Some("new")), world.wild(5))),
    ("set over an expired one", |world| _ = world.table.set(key(Some("expired")), world.wild(5))),
    ("get", |world| _ = world.table.get(key(Some("a")))),
    ("get an expired one", |world| _ = world.table.get(key(Some("expired")))),
    ("resolve", |world| _ = world.table.resolve(key(Some("a")), &[])),
    ("resolve by the room", |world| _ = world.table.resolve(key(Some("new")), &[])),
    ("resolve by a fallback", |world| {
        world.time.advance(TTL);
        let _ = world.table.resolve(key(Some("new")), &[world.wild(0), world.wild(6)]);
    }),
    ("peek", |world| _ = world.table.peek(key(Some("a")))),
    ("touch", |world| _ = world.table.touch(key(Some("a")))),
    ("remove", |world| _ = world.table.remove(key(Some("a")))),
    ("prune", |world| _ = world.table.prune()),
    ("iterate", |world| {
        let guard = pin();
        let _ = world.table.iter(&guard).filter(|record| record.to_record().route.number > 0).count();
    }),
    ("lower the bound and raise it", |world| {
        let lowered = world.table.set_max_entries_per_partition(1);
        world.table.set_max_entries_per_partition(PLACES).and(lowered).unwrap();
    }),
    ("change the time to live", |world| world.table.set_ttl(TTL * 2).and(world.table.set_ttl(TTL)).unwrap()),
    ("fail the partition", |world| {
        world.table.fail_partition(0);
        world.table.maintain();
    }),
];

/// How often it misbehaved, in all.
fn all(act: impl Fn(&World) -> Arc<dyn Fn() + Send + Sync>) -> usize {
    let mut times = 0;
    for hook in ALL {
        for (name, operation) in OPERATIONS {
            for nth in 1.. {
                let world = World::new();
                let observed = world.table.stats().observer_panics;
                world.plot.arm(hook, nth, act(&world));
                let survived = survives(|| operation(&world));
                // A bound that was being lowered when something was thrown stays lowered.
                let _ = survives(|| _ = world.table.set_max_entries_per_partition(PLACES));
                let _ = survives(|| while world.table.maintain() {});
                let fired = world.plot.fired() > 0;
                if !survived {
                    // (What was never stored is dropped in the caller's hands.)
                    assert!(fired && hook != Hook::Observer, "{name}, {hook:?}: not contained");
                }
                let panics = world.table.stats().observer_panics - observed;
                assert!(panics == 0 || hook == Hook::Observer && panics == 1, "{name}: {panics}");
                world.audit(&format!("{name}, {hook:?} {nth}"));
                if !fired {
                    break;
                }
                times += 1;
            }
        }
    }
    times
}

#[test]
fn a_table_of_routes_survives_user_code_that_panics() {
    let times = all(|_| Arc::new(throw));
    assert!(times > 60, "user code was called {times} times only");
}

#[test]
fn a_table_of_routes_survives_user_code_that_calls_it_back() {
    let times = all(|world| {
        let (plot, table) = (Arc::clone(&world.plot), world.table.clone());
        Arc::new(move || World::all_operations(&plot, &table))
    });
    assert!(times > 60, "user code was called {times} times only");
}
