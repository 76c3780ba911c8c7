//! How much waits to be freed where nobody maintains a table: `docs/guarantees.md` says so many. A process of its own:
//! other tests' guards would add to it.

mod patience;

use patience::until;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};
use tenure_core::{Destination, KeyRef, RouteTable, pin};

/// What a thread collects before it hands it on.
const BATCH: usize = 64;
/// Of each of three epochs one batch, for the epoch moves with each that is handed on; and what is collected meanwhile.
const MOST: usize = 4 * BATCH;
/// Of each of three epochs 33, for only with every 33rd a barrier is made on all threads.
const MOST_BESIDE_READERS: usize = (3 * 33 + 1) * BATCH;

struct Counted(Arc<AtomicUsize>, usize);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>, number: usize) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(alive), number)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(&self.0, self.1)
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}

impl Destination for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The most that wait while one record is replaced again and again.
fn most_that_wait() -> usize {
    let alive = Arc::default();
    let table = RouteTable::builder().partitions(1).build().expect("valid");
    let set = |number| {
        table.set(KeyRef::new("irc", "net", "room", None), Counted::new(&alive, number)).expect("available");
        alive.load(Ordering::Relaxed) - 1
    };
    (0..100_000).map(set).max().expect("some")
}

#[test]
fn no_more_waits_than_is_promised() {
    let alone = most_that_wait();
    let (ready, is_ready) = mpsc::channel();
    let (end, is_over) = mpsc::channel::<()>();
    // A thread that reads so often that it makes no barriers, and then does nothing.
    let light = std::thread::spawn(move || {
        (0..10_000).for_each(|_| drop(pin()));
        ready.send(()).expect("the test waits");
        _ = is_over.recv();
    });
    until("the other thread has read so often", || is_ready.try_recv().is_ok());
    let beside = most_that_wait();
    drop(end);
    light.join().expect("it only reads");
    println!("at most {alone} waited, and {beside} beside a thread that makes no barriers");
    assert!(alone <= MOST, "{alone}");
    assert!(beside <= MOST_BESIDE_READERS, "{beside}");
}
