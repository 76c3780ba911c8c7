//! Destructors that maintain tables: of what one table drops, and of nothing else, so that the reclaimer runs them.

mod patience;

use patience::{PATIENCE, until};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};
use tenure_core::{Destination, KeyRef, RouteTable};

fn key() -> KeyRef<'static> {
    KeyRef::new("irc", "libera", "#rust", None)
}

/// A route that counts those of its kind.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(alive))
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl PartialEq for Counted {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Destination for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A route that does something when its last copy is dropped.
#[derive(Clone)]
struct Heir {
    _will: Arc<Will>,
}

struct Will(Box<dyn Fn() + Send + Sync>);

impl Drop for Will {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl PartialEq for Heir {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Destination for Heir {}

/// Has the reclaimer drop something that then does `act`, on a thread of its own; answers when it was done. The thread
/// stays, and does nothing more, until the answer is dropped.
fn in_a_destructor(act: impl Fn() + Send + Sync + 'static) -> mpsc::Sender<()> {
    let (done, is_done) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let (dropped, was_dropped) = mpsc::channel();
    thread::spawn(move || {
        let table = RouteTable::builder().partitions(1).build().expect("valid");
        let act = move || {
            act();
            let _ = dropped.send(());
        };
        table.set(key(), Heir { _will: Arc::new(Will(Box::new(act))) }).expect("available");
        table.remove(key()).expect("available");
        until("what was removed is dropped", || {
            table.maintain();
            was_dropped.try_recv().is_ok()
        });
        done.send(()).expect("awaited");
        // An error: the other end is gone.
        let _ = ended.recv();
    });
    is_done.recv_timeout(PATIENCE).expect("the destructor comes to its end");
    end
}

#[test]
fn a_destructor_that_maintains_another_table_to_the_end_comes_to_its_end() {
    let alive = Arc::default();
    let other = RouteTable::<Counted>::builder().partitions(1).build().expect("valid");
    let inner = other.clone();
    let made = Arc::clone(&alive);
    let _idle = in_a_destructor(move || {
        inner.set(key(), Counted::new(&made)).expect("available");
        inner.remove(key()).expect("available");
        while inner.maintain() {}
    });
    until("what was removed is dropped", || !other.maintain());
    assert_eq!(alive.load(Ordering::SeqCst), 0, "what was removed is dropped");
}

#[test]
fn what_a_destructor_takes_out_of_service_waits_for_no_idle_thread() {
    let alive = Arc::default();
    let other = RouteTable::<Counted>::builder().partitions(1).build().expect("valid");
    other.set(key(), Counted::new(&alive)).expect("available");
    let inner = other.clone();
    let idle = in_a_destructor(move || {
        assert!(inner.fail_partition(0));
        inner.maintain();
    });
    // A round more than one grace period takes, and then as many as others' guards cost: each round removes a witness,
    // and waits until that is dropped.
    let witnesses = RouteTable::<Counted>::builder().partitions(1).build().expect("valid");
    for _ in 0..4 {
        other.maintain();
        let witness = Arc::default();
        witnesses.set(key(), Counted::new(&witness)).expect("available");
        witnesses.remove(key()).expect("available");
        until("the witness is dropped", || {
            witnesses.maintain();
            witness.load(Ordering::SeqCst) == 0
        });
    }
    assert_eq!(alive.load(Ordering::SeqCst), 0, "an idle thread holds what was in the partition");
    assert!(other.partition(0).expect("the first").is_available());
    drop(idle);
}
