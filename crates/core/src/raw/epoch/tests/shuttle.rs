//! Who is light and who is not, while places change hands and the epoch moves: in many interleavings, each chosen by
//! shuttle. Its threads see at once what others write, so this finds mistakes of logic, not missing barriers.

use super::{super::GRACE, Collector, Handle};
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use shuttle::{
    rand::{Rng, thread_rng},
    thread,
};
use std::sync::Arc;

/// Values that take each other's place, at most.
const VALUES: usize = 4;

/// The one in use, and of each whether it was freed.
struct World {
    collector: Arc<Collector>,
    current: AtomicUsize,
    freed: Arc<[AtomicBool; VALUES + 1]>,
}

impl World {
    fn read(&self, handle: &Handle) {
        let _pin = handle.pin();
        let seen = self.current.load(Ordering::Relaxed);
        for _ in 0..3 {
            assert!(!self.freed[seen].load(Ordering::Relaxed), "{seen} was freed under a guard");
        }
    }

    fn replace(&self, handle: &Handle) {
        let pin = handle.pin();
        let old = self.current.fetch_add(1, Ordering::Relaxed);
        let freed = Arc::clone(&self.freed);
        let free = move || assert!(!freed[old].swap(true, Ordering::Relaxed), "{old} was freed twice");
        // SAFETY: any thread may note it. It unwinds where the test has failed.
        unsafe { pin.defer(free) };
    }
}

/// Reads often enough to be light, now and then gives its place to another, or flushes.
fn reader(world: &World) {
    for _ in 0..2 {
        let handle = world.collector.register();
        for _ in 0..5 {
            world.read(&handle);
        }
        if thread_rng().r#gen() {
            handle.pin().flush(thread_rng().r#gen());
            world.read(&handle);
        }
    }
}

fn writer(world: &World) {
    let handle = world.collector.register();
    for _ in 0..VALUES / 2 {
        world.replace(&handle);
        for _ in 0..thread_rng().gen_range(0..=GRACE) {
            handle.pin().flush(thread_rng().r#gen());
        }
    }
}

fn race() {
    let world = Arc::new(World {
        collector: Arc::new(Collector::new()),
        current: AtomicUsize::new(0),
        freed: Arc::new(std::array::from_fn(|_| AtomicBool::new(false))),
    });
    let tasks = [reader, reader, writer, writer].map(|task| {
        let world = Arc::clone(&world);
        thread::spawn(move || task(&world))
    });
    for task in tasks {
        task.join().expect("no assertion failed");
    }
    let last = world.collector.register();
    for _ in 0..GRACE {
        last.pin().flush(true);
    }
    assert!(world.collector.is_idle(), "something still waits");
    let freed = world.freed.iter().filter(|freed| freed.load(Ordering::Relaxed)).count();
    assert_eq!(freed, VALUES);
}

fn schedules() -> usize {
    std::env::var("SHUTTLE_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(3_000)
}

#[test]
fn shuttle_what_is_put_aside_outlives_its_readers() {
    shuttle::check_random(race, schedules());
}

#[test]
fn shuttle_what_is_put_aside_outlives_its_readers_where_tasks_change_seldom() {
    shuttle::check_pct(race, schedules(), 4);
}
