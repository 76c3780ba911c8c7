//! When what was removed is freed, and how it is counted. Here the reclaimer's own steps are part of the models.

#[allow(clippy::duplicate_mod, dead_code, reason = "shared, and each uses some of it")]
#[path = "../table/tests/harness.rs"]
mod harness;

#[cfg(not(tenure_loom))]
use super::BATCH;
use super::{CachePadded, DropPanics, Graveyard, Ledger, Plot, Shared, flush, pin};
#[cfg(not(tenure_loom))]
use crate::patience::{PATIENCE, until};
use crate::raw::lend::both;
use crate::{
    raw::{Guard, advance, link::Managed},
    sync::{Arc, AtomicUsize, Ordering, model, model_within, thread},
};
use harness::{Key, Map, Tracked, map, remove, replace};
#[cfg(not(any(tenure_loom, tenure_shuttle)))]
use std::time::Instant;

const A: Key = Key(0, 1);

/// A reader's guard, by which another thread may read as well, but not drive the reclaimer.
struct Lent(*const Guard);
// SAFETY: whoever keeps the guard keeps it until the other thread reads no more.
unsafe impl Send for Lent {}

/// One thread reads `A` and gives its guard up while another ends the entry and maintains the table.
fn a_reader_is_waited_for(
    expected: &'static [Option<u64>],
    end: impl Fn(&Map, &Guard) + Copy + Send + Sync + 'static,
) {
    model(move || {
        let table = map([A]);
        let guard = pin();
        let (gate, lent) = (Arc::new(AtomicUsize::new(0)), Lent(&raw const guard));
        let (theirs, their_gate) = (Arc::clone(&table), Arc::clone(&gate));
        let other = thread::spawn(move || {
            let lent = lent;
            // SAFETY: the reader waits for the gate before it gives the guard up.
            end(&theirs, unsafe { &*lent.0 });
            // Relaxed: whether the reader's reads are over is the reclaimer's to know, not the gate's.
            their_gate.fetch_add(1, Ordering::Relaxed);
            theirs.maintain();
        });
        let entry = table.get(&A, &guard);
        while gate.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        let seen = entry.map(|entry| entry.value().read());
        assert!(expected.contains(&seen), "{seen:?}");
        drop(guard);
        other.join().expect("no assertion failed");
    });
}

#[test]
fn loom_what_is_removed_outlives_its_readers() {
    a_reader_is_waited_for(&[None, Some(1)], |table, guard| assert!(remove(table, A, guard)));
}

#[test]
fn loom_what_is_replaced_outlives_its_readers() {
    a_reader_is_waited_for(&[Some(1), Some(10)], |table, guard| assert!(replace(table, A, 10, guard)));
}

/// What nobody has ever been able to see may be retired without a guard: so the reclaimer's steps are one thread's.
struct Dead {
    content: Tracked,
    drops: Arc<AtomicUsize>,
}

impl Drop for Dead {
    fn drop(&mut self) {
        assert_eq!(self.content.read(), 1);
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn loom_garbage_is_what_is_retired_and_not_yet_dropped() {
    model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let graveyard = Arc::new(Graveyard::new(DropPanics::default()));
        let (ones, others) = (Arc::clone(&graveyard), Arc::clone(&graveyard));
        let theirs = Arc::clone(&drops);
        both(
            move || {
                let content = Tracked::new(1);
                let dead = Managed::new(Dead { content, drops: Arc::clone(&theirs) });
                // SAFETY: just made, and given to nobody else.
                unsafe { ones.retire(Box::into_raw(Box::new(dead))) };
                // The ledger is no step of the model, so this is one: it makes the model ask while a drop is due.
                theirs.fetch_add(0, Ordering::Relaxed);
                let garbage = ones.len();
                assert!(garbage + theirs.load(Ordering::Relaxed) >= 1, "retired, not dropped, not counted");
                assert!(garbage <= 1, "{garbage}");
            },
            move || {
                others.collect();
                advance();
                others.bury();
                assert!(others.len() <= 1);
            },
        );
        while graveyard.len() > 0 {
            graveyard.collect();
            advance();
            graveyard.bury();
            thread::yield_now();
        }
        assert_eq!(drops.load(Ordering::Relaxed), 1, "no garbage, but not dropped");
    });
}

#[test]
fn loom_what_two_retire_is_dropped_once_each() {
    model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let graveyard = Arc::new(Graveyard::new(DropPanics::default()));
        let retire = |graveyard: &Graveyard<Dead>, drops| {
            let dead = Managed::new(Dead { content: Tracked::new(1), drops });
            // SAFETY: just made, and given to nobody else.
            unsafe { graveyard.retire(Box::into_raw(Box::new(dead))) };
        };
        let (ones, others) = (Arc::clone(&graveyard), Arc::clone(&graveyard));
        let (first, second) = (Arc::clone(&drops), Arc::clone(&drops));
        both(move || retire(&ones, first), move || retire(&others, second));
        assert_eq!(graveyard.len(), 2);
        drop(graveyard);
        assert_eq!(drops.load(Ordering::Relaxed), 2);
    });
}

/// A thread has a plot of its own only where there are no models, so here it is made by hand: its owner retires into it
/// and drops what has come back, while another hands on what waits there and drops what has come back as well.
#[test]
fn loom_what_is_retired_into_a_plot_is_dropped_once_whoever_does_it() {
    model_within(Some(2), || {
        let drops = Arc::new(AtomicUsize::new(0));
        let ledger = Ledger { freed: AtomicUsize::new(0), panics: DropPanics::default() };
        let ledger = std::sync::Arc::new(ledger);
        let plot: Shared<Dead> = std::sync::Arc::new(CachePadded::new(Plot::new(&ledger)));
        let retire = |plot: &Plot<Dead>, drops: &Arc<AtomicUsize>| {
            let dead = Managed::new(Dead { content: Tracked::new(1), drops: Arc::clone(drops) });
            // SAFETY: one thread retires at a time.
            let pushed = unsafe { plot.retired.push(Box::into_raw(Box::new(dead))) };
            assert!(pushed.is_some(), "there is room");
        };
        let maintain = |plot: &Shared<Dead>| {
            let guard = pin();
            Plot::hand_on(plot, &guard);
            flush(&guard);
            drop(guard);
            advance();
            plot.bury(drop);
        };
        retire(&plot, &drops);
        let (ones, others, theirs) = (Shared::clone(&plot), Shared::clone(&plot), Arc::clone(&drops));
        both(
            move || {
                retire(&ones, &theirs);
                ones.bury(drop);
            },
            move || maintain(&others),
        );
        while drops.load(Ordering::Relaxed) < 2 {
            maintain(&plot);
            thread::yield_now();
        }
        assert_eq!(ledger.freed.load(Ordering::Relaxed), 2, "dropped, and not counted");
        drop(plot);
        assert_eq!(drops.load(Ordering::Relaxed), 2, "dropped twice");
    });
}

/// Drives the reclaimer until nothing is left.
#[cfg(not(tenure_loom))]
fn until_empty<T: Send>(graveyard: &Graveyard<T>) {
    until("all that was retired is dropped", || {
        graveyard.collect();
        advance();
        graveyard.bury();
        graveyard.len() == 0
    });
}

#[cfg(not(tenure_loom))]
fn joined<T>(thread: thread::JoinHandle<T>) -> T {
    until("the thread's end", || thread.is_finished());
    thread.join().expect("no assertion failed")
}

#[cfg(not(tenure_loom))]
#[test]
fn garbage_is_never_more_than_was_retired() {
    const THREADS: usize = 3;
    const EACH: usize = 5_000;
    let graveyard = Arc::new(Graveyard::new(DropPanics::default()));
    let workers = (0..THREADS).map(|_| {
        let graveyard = Arc::clone(&graveyard);
        thread::spawn(move || {
            for i in 0..EACH {
                let _guard = pin();
                // SAFETY: just made, and given to nobody else.
                unsafe { graveyard.retire(Box::into_raw(Box::new(Managed::new(i)))) };
                graveyard.collect();
                let garbage = graveyard.len();
                assert!(garbage <= THREADS * EACH, "{garbage}");
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        joined(worker);
    }
    until_empty(&graveyard);
}

/// Retires two batches when it is dropped itself.
#[cfg(not(tenure_loom))]
struct Heir(Arc<Graveyard<usize>>);

#[cfg(not(tenure_loom))]
impl Drop for Heir {
    fn drop(&mut self) {
        for i in 0..2 * BATCH as usize {
            // SAFETY: just made, and given to nobody else.
            unsafe { self.0.retire(Box::into_raw(Box::new(Managed::new(i)))) };
        }
        self.0.collect();
    }
}

#[cfg(not(tenure_loom))]
#[test]
fn what_a_destructor_retires_does_not_wait_for_the_thread_that_ran_it() {
    let heritage = Arc::new(Graveyard::new(DropPanics::default()));
    let (idle, goes_idle) = std::sync::mpsc::channel();
    let (wake, woken) = std::sync::mpsc::channel::<()>();
    let theirs = Arc::clone(&heritage);
    let other = thread::spawn(move || {
        let graveyard = Graveyard::new(DropPanics::default());
        // SAFETY: just made, and given to nobody else.
        unsafe { graveyard.retire(Box::into_raw(Box::new(Managed::new(Heir(theirs))))) };
        graveyard.collect();
        // One at a time: this thread is not to come back after it has run the destructor.
        until("what this thread has retired is dropped", || {
            flush(&pin());
            graveyard.bury();
            graveyard.len() == 0
        });
        idle.send(()).expect("awaited");
        woken.recv_timeout(PATIENCE).expect("the test lets it end");
    });
    goes_idle.recv_timeout(PATIENCE).expect("the thread has run the destructor");
    // A grace period after another: in the first, another thread may be about to drop the heritage, and would be
    // waited for in the second.
    for _ in 0..4 {
        heritage.collect();
        let witness = Graveyard::new(DropPanics::default());
        // SAFETY: just made, and given to nobody else.
        unsafe { witness.retire(Box::into_raw(Box::new(Managed::new(0_usize)))) };
        until_empty(&witness);
    }
    let left = heritage.len();
    wake.send(()).expect("awaited");
    joined(other);
    assert_eq!(left, 0, "an idle thread holds it");
}

/// A thread has a plot of its own only where there are no models: so what it does there, with all threads at once.
#[cfg(not(any(tenure_loom, tenure_shuttle)))]
#[test]
fn what_threads_retire_is_dropped_once_whoever_drops_it_and_its_memory_is_used_again() {
    const THREADS: usize = 3;
    const EACH: usize = 2_000;
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let graveyard = Arc::new(Graveyard::new(DropPanics::default()));
    let workers = (0..THREADS).map(|worker| {
        let (graveyard, drops) = (Arc::clone(&graveyard), Arc::clone(&drops));
        thread::spawn(move || {
            let (mut retired, mut again) = (0, cfg!(tenure_no_reuse));
            // Other tests of this process may hold guards for a moment: until then nothing comes back.
            let since = Instant::now();
            while retired < EACH || !again {
                assert!(since.elapsed() < PATIENCE, "no memory has come back");
                let _guard = pin();
                let memory = graveyard.spare();
                again |= memory.is_some();
                let dead = Managed::new(Counted(Arc::clone(&drops)));
                let node = Box::write(memory.unwrap_or_else(Box::new_uninit), dead);
                // SAFETY: just made, and given to nobody else.
                unsafe { graveyard.retire(Box::into_raw(node)) };
                retired += 1;
                if worker == 0 && retired % 100 == 0 {
                    graveyard.collect();
                    graveyard.bury();
                }
            }
            retired
        })
    });
    let workers: Vec<_> = workers.collect();
    let retired: usize = workers.into_iter().map(joined).sum();
    until_empty(&graveyard);
    assert_eq!(drops.load(Ordering::Relaxed), retired);
}
