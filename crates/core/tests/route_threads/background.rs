//! The background thread of a route table.

use super::{SetNumber, builder, room};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tenure_core::{Destination, Event, ManualClock, Pruner, RouteEvent, RouteTable, What};

/// Waits until it is so, and fails where that takes far longer than any machine needs.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        thread::yield_now();
    }
}

/// Lets a table's time pass and has its thread look at the clock, which it otherwise does when its own time comes.
fn pass<R: Destination>(clock: &ManualClock, table: &RouteTable<R>, span: Duration) {
    clock.advance(span);
    table.set_prune_interval(table.prune_interval()).expect("positive");
}

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn it_prunes_and_drops_without_any_traffic() {
    let clock = ManualClock::new();
    let table: RouteTable<Arc<SetNumber>> =
        builder(3, 10_000).clock(clock.clone()).background().build().expect("a thread");
    let route = Arc::new(SetNumber(1));
    for n in 0..5_000 {
        table.set(room(n), Arc::clone(&route)).expect("available");
    }
    pass(&clock, &table, HOUR);
    until("all have expired and are pruned", || table.is_empty());
    until("every route is dropped", || Arc::strong_count(&route) == 1);
    until("no garbage is left", || table.stats().garbage == 0);
    assert_eq!(table.stats().pruned, 5_000);
}

#[test]
fn it_drops_what_was_replaced_or_removed_though_nobody_comes_back() {
    let table: RouteTable<Arc<SetNumber>> = builder(2, 100).background().build().expect("a thread");
    let route = Arc::new(SetNumber(1));
    for n in 0..5 {
        table.set(room(n), Arc::clone(&route)).expect("available");
    }
    table.set(room(0), Arc::new(SetNumber(2))).expect("available");
    assert!(table.remove(room(1)).expect("available").is_some());
    until("three are left", || Arc::strong_count(&route) == 4);
    for partition in 0..2 {
        assert!(table.fail_partition(partition));
    }
    until("what failed is dropped", || Arc::strong_count(&route) == 1);
}

#[test]
fn it_replaces_a_failed_partition_however_often() {
    let table: RouteTable<SetNumber> = builder(3, 100).background().build().expect("a thread");
    for round in 0..300 {
        let index = round % 3;
        assert!(table.fail_partition(index));
        until("it is available again", || {
            table.partition(index).is_some_and(|partition| partition.is_available())
        });
        table.set(room(round as u64), SetNumber(1)).expect("all are available");
    }
}

#[test]
fn it_survives_a_panicking_observer() {
    let clock = ManualClock::new();
    let table: RouteTable<SetNumber> = builder(2, 1_000)
        .clock(clock.clone())
        .background()
        .observer(|event: &Event<'_>| {
            let pruned = matches!(event.what, What::Route { kind: RouteEvent::Pruned, .. });
            assert!(!pruned, "an observer's own");
        })
        .build()
        .expect("a thread");
    for round in 1..=3 {
        for n in 0..100 {
            table.set(room(n), SetNumber(n)).expect("available");
        }
        pass(&clock, &table, HOUR);
        until("all are pruned", || table.is_empty());
        until("all was told", || table.stats().observer_panics == 100 * round);
    }
}

/// Panics when it is dropped, unless it is told not to.
#[derive(Clone, PartialEq)]
struct Grenade(bool);

impl Destination for Grenade {}

impl Drop for Grenade {
    fn drop(&mut self) {
        assert!(!self.0 || thread::panicking(), "a route's own");
    }
}

#[test]
fn it_survives_a_panicking_drop() {
    let clock = ManualClock::new();
    let table: RouteTable<Grenade> =
        builder(2, 1_000).clock(clock.clone()).background().build().expect("a thread");
    for round in 1..=3 {
        for n in 0..50 {
            table.set(room(n), Grenade(true)).expect("available");
        }
        pass(&clock, &table, HOUR);
        until("all are pruned", || table.is_empty());
        until("all are dropped", || table.stats().drop_panics == 50 * round);
    }
    table.set(room(0), Grenade(true)).expect("available");
    assert!(table.fail_partition(table.partition_of(room(0))));
    until("it is replaced", || {
        table.peek(room(0)).is_err_and(|error| error == tenure_core::GetError::NotFound)
    });
    until("what it replaced is dropped, and counted with the others", || table.stats().drop_panics == 151);
}

/// The names of all threads of this process.
#[cfg(target_os = "linux")]
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux tells");
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    tasks.filter_map(|task| name(task.ok()?)).map(|name| name.trim().to_owned()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn it_is_named_like_the_table_and_ends_with_it() {
    let there = || threads().iter().any(|name| name == "t-named");
    for _ in 0..20 {
        let table: RouteTable<SetNumber> =
            builder(2, 10).name("t-named").background().build().expect("a thread");
        until("it is there", there);
        drop(table);
        // It is joined, but the system may list a thread for a moment after that.
        until("it is gone", || !there());
    }
}

/// The thread borrows the table while it works on it: it is joined, so nothing of the table is left after the drop.
#[test]
fn nothing_of_a_table_is_left_when_the_last_handle_is_dropped() {
    let token = Arc::new(());
    for round in 0..300 {
        let seen = Arc::clone(&token);
        let clock = ManualClock::new();
        let table: RouteTable<SetNumber> = builder(4, 100)
            .clock(clock.clone())
            .background()
            .observer(move |_: &Event<'_>| assert!(Arc::strong_count(&seen) > 1))
            .build()
            .expect("a thread");
        let clone = table.clone();
        drop(table);
        for n in 0..round % 50 {
            clone.set(room(n), SetNumber(0)).expect("available");
        }
        pass(&clock, &clone, HOUR);
        drop(clone);
        assert_eq!(Arc::strong_count(&token), 1, "round {round}");
    }
}

#[test]
fn a_table_is_gone_when_its_last_handle_is() {
    let route = Arc::new(SetNumber(1));
    for _ in 0..100 {
        let table: RouteTable<Arc<SetNumber>> = builder(2, 10).background().build().expect("a thread");
        table.set(room(0), Arc::clone(&route)).expect("available");
        table.set(room(0), Arc::new(SetNumber(2))).expect("available");
        table.set(room(1), Arc::clone(&route)).expect("available");
    }
    // What was replaced may wait for a guard of another test; whoever pins next drives that on.
    until("all routes are dropped", || {
        drop(tenure_core::pin());
        RouteTable::<SetNumber>::builder().background().build().expect("a thread").maintain();
        Arc::strong_count(&route) == 1
    });
}

type Parked = Arc<Mutex<Option<RouteTable<SetNumber>>>>;

/// A route that holds the last handle of another table.
#[derive(Clone)]
struct Holder(Parked, Arc<AtomicU64>);

impl PartialEq for Holder {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Destination for Holder {}

impl Drop for Holder {
    fn drop(&mut self) {
        let table = self.0.lock().expect("nobody panics with it").take();
        drop(table);
        self.1.fetch_add(1, Ordering::Release);
    }
}

#[test]
fn the_last_handle_of_a_table_may_go_on_the_thread_that_serves_it() {
    let pruner = Pruner::spawn("shared").expect("a thread");
    let clock = ManualClock::new();
    let inner: RouteTable<SetNumber> = builder(1, 10).pruner(&pruner).build().expect("valid");
    let outer: RouteTable<Holder> =
        builder(1, 10).clock(clock.clone()).pruner(&pruner).build().expect("valid");
    let dropped = Arc::new(AtomicU64::new(0));
    outer.set(room(0), Holder(Arc::new(Mutex::new(Some(inner))), Arc::clone(&dropped))).expect("available");
    drop(pruner);
    pass(&clock, &outer, HOUR);
    until("the route and with it the other table are dropped", || dropped.load(Ordering::Acquire) == 1);
    drop(outer);
}

#[test]
fn several_tables_share_one_and_it_outlives_each_of_them() {
    let pruner = Pruner::spawn("shared").expect("a thread");
    let clock = ManualClock::new();
    let tables: Vec<RouteTable<SetNumber>> = (0..4)
        .map(|_| builder(1, 100).clock(clock.clone()).pruner(&pruner).build().expect("valid"))
        .collect();
    for table in &tables {
        table.set(room(0), SetNumber(0)).expect("available");
    }
    let mut tables = tables.into_iter();
    drop(tables.next());
    for table in tables {
        pass(&clock, &table, HOUR);
        until("it is pruned", || table.is_empty());
    }
    assert_eq!(pruner.panics(), 0);
}
