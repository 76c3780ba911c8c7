//! Route tables under real threads: laws that hold whatever the interleaving. Nothing here sleeps or measures time.

use std::{
    collections::HashMap,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use tenure_core::{
    Destination, Event, ManualClock, Outcome, RouteEvent, RouteTable, RouteTableBuilder, SessionKey, Source,
    What, pin,
};

#[path = "route_threads/background.rs"]
mod background;

/// A route that names the set that stored it, so that two sets never store equal ones unless they mean to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SetNumber(u64);

impl Destination for SetNumber {}

fn room(n: u64) -> SessionKey {
    SessionKey::for_room("irc", "libera", &n.to_string())
}

fn builder<R: Destination>(partitions: usize, bound: usize) -> RouteTableBuilder<R> {
    RouteTable::builder().partitions(partitions).max_entries_per_partition(bound)
}

fn table<R: Destination>(partitions: usize, bound: usize) -> RouteTable<R> {
    builder(partitions, bound).build().expect("valid")
}

/// A sequence that looks random: the same each time.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Runs writers to their end, and a watcher again and again as long as they run.
fn while_they_run(writers: u64, write: impl Fn(u64) + Sync, watch: impl Fn()) {
    let running = AtomicU64::new(writers);
    thread::scope(|scope| {
        for writer in 0..writers {
            let (write, running) = (&write, &running);
            scope.spawn(move || {
                // Counted down also when it panics, so that the watcher ends and the scope reports.
                let _done = CountDown(running);
                write(writer);
            });
        }
        while running.load(Ordering::Acquire) > 0 {
            watch();
        }
    });
    watch();
}

struct CountDown<'a>(&'a AtomicU64);

impl Drop for CountDown<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// Never more records at one moment than the bound. Those that a walk shows need not all be there at one moment; but
/// one that it has shown and that is still there after its end was there at its end.
#[test]
fn no_reader_ever_sees_more_than_the_bound() {
    for (partitions, bound) in [(1, 1), (1, 5), (2, 40)] {
        let clock = ManualClock::new();
        let table: RouteTable<SetNumber> = builder(partitions, bound)
            .clock(clock.clone())
            .ttl(Duration::from_millis(50))
            .build()
            .expect("valid");
        let write = |writer: u64| {
            let mut draws = Draws(writer);
            for n in 0..20_000 {
                let key = room(draws.below(300));
                let route = SetNumber(writer << 32 | n);
                match draws.below(20) {
                    0 => drop(table.remove(&key)),
                    1 => drop(table.get(&key)),
                    2 => drop(table.prune()),
                    3 => drop(clock.advance(Duration::from_millis(1))),
                    4 => drop(table.resolve(&key, &[route])),
                    5 => {
                        let ttl = Duration::from_millis(1 + draws.below(90));
                        table.set_with_ttl(&key, route, ttl).expect("available");
                    }
                    _ => table.set(&key, route).expect("available"),
                }
            }
        };
        while_they_run(3, write, || {
            assert!(table.len() <= partitions * bound);
            let guard = pin();
            let seen: Vec<_> = table.iter(&guard).collect();
            let still = |key| table.peek_view(key, &guard).ok().map(|record| *record.route());
            let mut at_once = vec![0; partitions];
            for record in seen {
                if still(record.key()) == Some(*record.route()) {
                    at_once[table.partition_of(record.key())] += 1;
                }
            }
            assert!(at_once.iter().all(|&records| records <= bound), "{at_once:?} records, bound {bound}");
        });
    }
}

#[test]
fn a_lowered_bound_holds_while_others_set() {
    for round in 0..200 {
        let (high, low) = (8, 1 + round % 3);
        let table: RouteTable<SetNumber> = table(1, high);
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for writer in 0..2 {
                let (table, start) = (&table, &start);
                scope.spawn(move || {
                    start.wait();
                    for n in 0..40 {
                        table.set(room(writer << 32 | n), SetNumber(n)).expect("available");
                    }
                });
            }
            start.wait();
            for _ in 0..5 {
                table.set_max_entries_per_partition(high).expect("positive");
                table.set_max_entries_per_partition(low).expect("positive");
            }
        });
        let (held, seen) = (table.len(), table.iter(&pin()).count());
        assert!(held <= low && seen <= low, "{held} held, {seen} seen, bound {low}");
    }
}

/// As many young records as leave room for all of them beside some old ones: none of the young may go.
#[test]
fn evictions_by_several_threads_take_the_oldest() {
    const BOUND: u64 = 2_000;
    let bound = usize::try_from(BOUND).expect("small");
    for round in 0..10 {
        let table: RouteTable<SetNumber> = table(1, bound);
        for n in 0..BOUND {
            table.set(room(n), SetNumber(0)).expect("available");
        }
        let start = Barrier::new(2);
        thread::scope(|scope| {
            for writer in 0..2 {
                let (table, start) = (&table, &start);
                scope.spawn(move || {
                    start.wait();
                    for n in 0..BOUND / 4 {
                        // One of the old ones becomes young, one is new.
                        let again = BOUND - 1 - 2 * n - writer;
                        if again >= BOUND / 2 {
                            table.set(room(again), SetNumber(n % 2)).expect("available");
                        }
                        table.set(room(BOUND * (2 + writer) + n), SetNumber(0)).expect("available");
                    }
                });
            }
        });
        let new = (0..2).flat_map(|writer| (0..BOUND / 4).map(move |n| BOUND * (2 + writer) + n));
        let lost = new.chain(BOUND / 2..BOUND).filter(|&n| table.peek(room(n)).is_err()).count();
        assert_eq!(lost, 0, "young records have gone, round {round}");
        assert!(table.len() <= bound);
    }
}

#[test]
fn nothing_is_lost_below_the_bound() {
    const EACH: u64 = 4_000;
    let table: RouteTable<SetNumber> = table(3, 100_000);
    thread::scope(|scope| {
        for writer in 0..3_u64 {
            let table = &table;
            scope.spawn(move || {
                for n in 0..EACH {
                    let key = room(writer << 32 | n);
                    table.set(&key, SetNumber(n)).expect("available");
                    assert_eq!(table.get(&key).expect("just set").route, SetNumber(n));
                    table.set(&key, SetNumber(n + 1)).expect("available");
                    table.touch(&key).expect("just set");
                    assert_eq!(table.get(&key).expect("just set").route, SetNumber(n + 1));
                    if n % 3 == 0 {
                        assert_eq!(table.remove(&key), Ok(Some(SetNumber(n + 1))));
                        assert!(table.get(&key).is_err());
                    }
                }
            });
        }
    });
    let left = (0..3).flat_map(|writer| (0..EACH).map(move |n| (writer, n)));
    for (writer, n) in left {
        let found = table.peek(room(writer << 32 | n)).ok().map(|record| record.route);
        assert_eq!(found, (n % 3 != 0).then_some(SetNumber(n + 1)));
    }
    let stats = table.stats();
    assert_eq!((stats.set, stats.touched, stats.evicted), (6 * EACH, 3 * EACH, 0));
    assert_eq!(table.iter(&pin()).count(), table.len());
}

/// Of the sets of one writer a reader sees the later ones later; the last of all is the last of some writer.
#[test]
fn the_last_set_wins_and_no_reader_goes_back_in_time() {
    const SETS: u64 = 30_000;
    let table: RouteTable<SetNumber> = table(2, 10);
    let key = room(0);
    // Every set is repeated, so that equal routes are renewed while others replace them.
    let write = |writer: u64| {
        for n in 1..=SETS {
            table.set(&key, SetNumber((writer << 32) | (n / 2))).expect("available");
        }
    };
    let latest = std::cell::RefCell::new([0; 3]);
    while_they_run(3, write, || {
        let Ok(record) = table.get(&key) else { return };
        let (writer, n) =
            (usize::try_from(record.route.0 >> 32).expect("small"), record.route.0 & 0xffff_ffff);
        let latest = &mut latest.borrow_mut()[writer];
        assert!(n >= *latest, "writer {writer} has set {latest} before, now {n}");
        *latest = n;
    });
    assert_eq!(table.get(&key).expect("set").route.0 & 0xffff_ffff, SETS / 2);
    assert_eq!(table.len(), 1);
}

#[test]
fn a_write_back_never_overwrites_a_concurrent_set() {
    let clock = ManualClock::new();
    let table: RouteTable<&'static str> =
        builder(4, 1_000).clock(clock.clone()).ttl(Duration::from_secs(1)).build().expect("valid");
    for round in 0..2_000 {
        let key = SessionKey::new("irc", "libera", "#rust", Some(&(round % 7).to_string()));
        if round % 2 == 0 {
            table.set(room(0).room_scope(), "!unrelated").expect("available");
            table.set(key.room_scope(), "!room").expect("available");
        }
        let start = Barrier::new(2);
        let found = thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                table.set(&key, "!set").expect("available");
            });
            start.wait();
            table.resolve(&key, &["!brought"]).expect("there is a fallback")
        });
        let after = table.peek(&key).expect("set").route;
        assert_eq!(after, "!set", "round {round}: a resolution answered {found:?} and has overwritten a set");
        assert_eq!(found.source == Source::Exact, found.route == "!set");
        // Every other time the record stays and expires, for the next resolution to meet.
        if round % 3 == 0 {
            table.remove(&key).expect("available");
        }
        clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn a_walk_shows_what_stays_exactly_once_whatever_comes_and_goes() {
    const STAY: u64 = 500;
    let table: RouteTable<SetNumber> = table(2, 100_000);
    for n in 0..STAY {
        table.set(room(n), SetNumber(n)).expect("available");
    }
    // Grows the table by and by, removes, and sets again what stays.
    let write = |writer: u64| {
        for n in 0..6_000 {
            let other = room((1 + writer) << 32 | n);
            table.set(&other, SetNumber(n)).expect("available");
            table.set(room(n % STAY), SetNumber(n % STAY)).expect("available");
            if n % 2 == 0 {
                table.remove(&other).expect("available");
            }
        }
    };
    while_they_run(2, write, || {
        let guard = pin();
        let mut seen = HashMap::new();
        for record in table.iter(&guard) {
            let n: u64 = record.key().room().parse().expect("a number");
            if n < STAY {
                *seen.entry(n).or_insert(0) += 1;
            }
        }
        assert_eq!(seen.len() as u64, STAY, "some record that stays was not shown");
        assert!(seen.values().all(|&times| times == 1), "some record was shown twice");
    });
}

/// What an observer was told, by kind.
#[derive(Default)]
struct Told {
    set: AtomicU64,
    resolved: [AtomicU64; 3],
    fallback: AtomicU64,
    stale: AtomicU64,
    evicted: AtomicU64,
    pruned: AtomicU64,
    removed: AtomicU64,
    panics: AtomicU64,
}

impl Told {
    fn note(&self, event: &Event<'_>) {
        let What::Route { kind, .. } = event.what else { return };
        let told = match kind {
            RouteEvent::Set => &self.set,
            RouteEvent::Resolved(Outcome::Hit) => &self.resolved[0],
            RouteEvent::Resolved(Outcome::Fallback) => &self.resolved[1],
            RouteEvent::Resolved(Outcome::Miss) => &self.resolved[2],
            RouteEvent::Fallback => &self.fallback,
            RouteEvent::Stale => &self.stale,
            RouteEvent::Evicted => &self.evicted,
            RouteEvent::Pruned => &self.pruned,
            RouteEvent::Removed => &self.removed,
            _ => panic!("an event that this test does not know: {kind:?}"),
        };
        if told.fetch_add(1, Ordering::Relaxed) % 500 == 499 {
            self.panics.fetch_add(1, Ordering::Relaxed);
            panic!("an observer's own");
        }
    }
}

#[test]
fn events_and_counters_add_up_and_a_panicking_observer_stays() {
    const EACH: u64 = 8_000;
    let told = std::sync::Arc::new(Told::default());
    let (noting, clock) = (std::sync::Arc::clone(&told), ManualClock::new());
    let table: RouteTable<SetNumber> = builder(2, 50)
        .clock(clock.clone())
        .ttl(Duration::from_millis(40))
        .observer(move |event: &Event<'_>| noting.note(event))
        .build()
        .expect("valid");
    let (resolved, removed, touched) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (sets, pruned) = (AtomicU64::new(0), AtomicU64::new(0));
    let count = |counter: &AtomicU64, n| {
        counter.fetch_add(n, Ordering::Relaxed);
    };
    let write = |writer: u64| {
        let mut draws = Draws(writer + 100);
        for n in 0..EACH {
            let parent = room(draws.below(60));
            let thread = draws.below(4).to_string();
            let key = SessionKey::new("irc", "libera", parent.room(), (n % 2 == 0).then_some(&thread));
            match draws.below(12) {
                0..4 => {
                    table.set(&key, SetNumber(n % 3)).expect("available");
                    count(&sets, 1);
                }
                4..8 => {
                    let brought = [SetNumber(n)];
                    let _ = table.resolve(&key, &brought[..usize::from(n % 3 > 0)]);
                    count(&resolved, 1);
                }
                8 => count(&removed, u64::from(table.remove(&key).expect("available").is_some())),
                9 => count(&touched, u64::from(table.touch(&key).is_ok())),
                10 => count(&pruned, table.prune() as u64),
                _ => drop(clock.advance(Duration::from_millis(1))),
            }
        }
    };
    while_they_run(3, write, || assert!(table.stats().held <= 100));

    let stats = table.stats();
    let is = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!(stats.exact + stats.room + stats.provided + stats.no_route, is(&resolved));
    assert_eq!((stats.touched, stats.removed), (is(&touched), is(&removed)));
    assert!(stats.pruned >= is(&pruned) && stats.unavailable == 0);
    assert!(stats.set >= is(&sets) && stats.set <= is(&sets) + stats.room + stats.provided + stats.exact);
    let events = told.resolved.each_ref().map(is);
    assert_eq!(events, [stats.exact, stats.room + stats.provided, stats.no_route]);
    assert_eq!(is(&told.fallback), stats.room + stats.provided);
    assert_eq!((is(&told.set), is(&told.evicted)), (stats.set, stats.evicted));
    assert_eq!((is(&told.pruned), is(&told.removed)), (stats.pruned, stats.removed));
    assert_eq!(is(&told.stale), stats.stale);
    assert!(stats.observer_panics > 0);
    assert_eq!(stats.observer_panics, is(&told.panics));
    let parts = (0..2).map(|index| table.partition(index).expect("one of 2").stats().set);
    assert_eq!(parts.sum::<u64>(), stats.set);

    clock.advance(Duration::from_millis(40));
    table.prune();
    assert_eq!((table.len(), table.stats().held, table.iter(&pin()).count()), (0, 0, 0));
}

#[test]
fn partitions_that_fail_under_load_come_back_and_the_others_notice_nothing() {
    let table: RouteTable<SetNumber> = table(4, 20_000);
    let sound: Vec<SessionKey> =
        (0..).map(room).filter(|key| table.partition_of(key) == 3).take(50).collect();
    for key in &sound {
        table.set(key, SetNumber(7)).expect("available");
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..2 {
            let (table, stop) = (&table, &stop);
            scope.spawn(move || {
                let mut draws = Draws(writer);
                while !stop.load(Ordering::Relaxed) {
                    let key = room(1_000_000 + draws.below(10_000));
                    let found = table.resolve(&key, &[SetNumber(1)]).expect("the fallback, if nothing else");
                    assert_eq!(found.route, SetNumber(1));
                    let _ = (table.set(&key, SetNumber(1)), table.get(&key), table.remove(&key));
                }
            });
        }
        for round in 0..300 {
            let index = round % 3;
            assert!(table.fail_partition(index));
            assert!(!table.partition(index).expect("one of 4").is_available());
            table.maintain();
            assert!(table.partition(index).expect("one of 4").is_available());
        }
        stop.store(true, Ordering::Relaxed);
    });
    let kept = sound.iter().all(|key| table.peek(key).is_ok_and(|record| record.route == SetNumber(7)));
    assert!(kept, "the records of a partition that has not failed");
    assert!(table.partition(3).expect("the last").is_available());
}
