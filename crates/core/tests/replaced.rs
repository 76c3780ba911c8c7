//! What was removed or replaced is dropped although nobody calls again: by the maintenance that has replaced it, by the
//! background thread, with its table. A process of its own, and one test: elsewhere the guards of other tests are in the
//! way, or their maintenance helps.

mod patience;

use patience::until;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};
use tenure_core::{Destination, KeyRef, RouteTable, SessionMap, pin};

#[derive(Clone)]
struct Counted(Arc<AtomicUsize>);

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Destination for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn room(name: &str) -> KeyRef<'_> {
    KeyRef::new("irc", "net", name, None)
}

fn fill(table: &RouteTable<Counted>, count: usize) -> Arc<AtomicUsize> {
    let drops = Arc::default();
    for n in 0..count {
        table.set(room(&n.to_string()), Counted(Arc::clone(&drops))).expect("available");
    }
    drops
}

fn dropped(drops: &Arc<AtomicUsize>) -> usize {
    drops.load(Ordering::Relaxed)
}

#[test]
fn what_has_gone_is_dropped_although_nobody_calls_again() {
    let (ready, is_ready) = mpsc::channel();
    let (end, is_over) = mpsc::channel::<()>();
    // One more thread that reads so often that it makes no barriers, and then does nothing.
    let light = thread::spawn(move || {
        (0..10_000).for_each(|_| drop(pin()));
        ready.send(()).expect("the test waits");
        _ = is_over.recv();
    });
    until("the other thread has read so often", || is_ready.try_recv().is_ok());
    a_replaced_content_by_the_maintenance();
    a_replaced_content_by_the_background_thread();
    removed_records_and_sessions_by_the_background_thread();
    what_was_removed_with_its_table();
    drop(end);
    light.join().expect("it only reads");
}

fn a_replaced_content_by_the_maintenance() {
    let table = RouteTable::builder().partitions(1).build().expect("valid");
    let drops = fill(&table, 2);
    let guard = pin();
    assert!(table.fail_partition(0));
    // So the background thread looks again.
    assert!(table.maintain(), "a guard is in the way");
    drop(guard);
    assert!(!table.maintain());
    assert_eq!(dropped(&drops), 2);
}

fn a_replaced_content_by_the_background_thread() {
    let table = RouteTable::builder().partitions(1).background().build().expect("a thread");
    let drops = fill(&table, 2);
    let guard = pin();
    assert!(table.fail_partition(0));
    // Its first round finds the guard in the way.
    until("the partition is replaced", || table.partition(0).expect("the first").is_available());
    assert_eq!(dropped(&drops), 0);
    drop(guard);
    until("the content is dropped", || dropped(&drops) == 2);
}

fn removed_records_and_sessions_by_the_background_thread() {
    let table = RouteTable::builder().partitions(1).background().build().expect("a thread");
    let drops = fill(&table, 3);
    let map = SessionMap::<Counted>::builder().background().build().expect("a thread");
    map.create("K7QX", Counted(Arc::clone(&drops)), None).expect("a new one");
    drop(table.remove(room("0")).expect("available"));
    assert!(map.delete("K7QX"));
    // The copy that came back, the record and the session.
    until("all is dropped", || dropped(&drops) == 3);
}

/// More than a thread keeps, so that the reclaimer has some.
fn what_was_removed_with_its_table() {
    let table = RouteTable::builder().partitions(1).build().expect("valid");
    let drops = fill(&table, 100);
    for n in 0..100 {
        drop(table.remove(room(&n.to_string())).expect("available"));
    }
    drop(table);
    assert_eq!(dropped(&drops), 200, "the copies that came back, and the records");
}
