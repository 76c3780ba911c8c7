//! Whether what is put aside is run once, after those who may see it are gone, and soon after.

use super::{Collector, GRACE, Handle};
use crate::{
    raw::lend::{Tracked, both},
    sync::{AtomicPtr, AtomicUsize, Ordering, model_within, thread},
};
use std::{
    ptr,
    sync::{Arc, Mutex},
};

#[cfg(not(any(tenure_loom, tenure_shuttle)))]
mod light;
#[cfg(tenure_shuttle)]
mod shuttle;

/// One value in one place.
struct Place(AtomicPtr<Tracked>);

impl Place {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicPtr::new(Box::into_raw(Box::new(Tracked::new(1))))))
    }

    /// What is read under a pin, if there is anything.
    fn read(&self, handle: &Handle) -> Option<u64> {
        let _pin = handle.pin();
        // Acquire: what was made is read. Not to see what was unlinked: that is what the pin is for.
        let value = self.0.load(Ordering::Acquire);
        // SAFETY: freed only after every pin that can have seen it: what the models check.
        unsafe { value.as_ref() }.map(Tracked::read)
    }

    /// Takes the value out and puts aside what frees it.
    fn empty(&self, handle: &Handle) {
        let pin = handle.pin();
        // Relaxed: the reclaimer is to see to the order.
        let value = self.0.swap(ptr::null_mut(), Ordering::Relaxed);
        assert!(!value.is_null());
        let free = move || {
            // SAFETY: from `new`, and taken out once.
            drop(unsafe { Box::from_raw(value) });
        };
        // SAFETY: any thread may drop it.
        unsafe { pin.defer(free) };
    }
}

fn flush(handle: &Handle, times: usize) {
    for _ in 0..times {
        handle.pin().flush(true);
    }
}

#[test]
fn loom_what_is_put_aside_outlives_its_readers() {
    model_within(Some(3), || {
        let (collector, place) = (Arc::new(Collector::new()), Place::new());
        let (reads, frees) = (collector.register(), collector.register());
        let read_at = Arc::clone(&place);
        let (reads, frees) = (Moved(reads), Moved(frees));
        let (seen, ()) = both(
            move || {
                let reads = reads;
                read_at.read(&reads.0)
            },
            move || {
                let frees = frees;
                place.empty(&frees.0);
                flush(&frees.0, GRACE);
            },
        );
        assert!([None, Some(1)].contains(&seen), "{seen:?}");
    });
}

/// Who takes out and who moves the epoch on are two, and the epoch may move between.
#[test]
fn loom_another_thread_may_move_the_epoch_on() {
    model_within(Some(2), || {
        let (collector, place) = (Arc::new(Collector::new()), Place::new());
        let read_at = Arc::clone(&place);
        let moves = Moved(collector.register());
        let other = thread::spawn(move || {
            let moves = moves;
            flush(&moves.0, GRACE);
        });
        let takes = Moved(collector.register());
        let taker = thread::spawn(move || {
            let takes = takes;
            place.empty(&takes.0);
        });
        let seen = read_at.read(&collector.register());
        other.join().expect("no assertion failed");
        taker.join().expect("no assertion failed");
        assert!([None, Some(1)].contains(&seen), "{seen:?}");
    });
}

/// Here is why there are three. `moves` looks for readers; one comes, with the epoch that it finds; then `takes` takes out
/// what that reads, puts it aside in the epoch that it knows, which is one behind, and leaves; and `moves` sees that it has
/// left. (Loom lets a thread read an old epoch where nothing has told it of the new one.)
#[test]
fn loom_two_epochs_would_be_too_few() {
    model_within(Some(3), || {
        let (collector, place) = (Arc::new(Collector::new()), Place::new());
        // Whom `moves` looks at first was registered last.
        let takes = collector.register();
        let (reads, moves) = (Moved(collector.register()), Moved(collector.register()));
        let pin = takes.pin();
        let other = thread::spawn(move || {
            let moves = moves;
            flush(&moves.0, 2);
        });
        let read_at = Arc::clone(&place);
        let reader = thread::spawn(move || {
            let reads = reads;
            read_at.read(&reads.0)
        });
        place.empty(&takes);
        drop(pin);
        other.join().expect("no assertion failed");
        let seen = reader.join().expect("no assertion failed");
        assert!([None, Some(1)].contains(&seen), "{seen:?}");
    });
}

/// `frees` is pinned in the epoch before, and the last reader's end is known to `moves` alone.
#[test]
fn loom_who_finds_the_epoch_moved_frees_behind_the_last_reader() {
    model_within(Some(3), || {
        let (collector, place) = (Arc::new(Collector::new()), Place::new());
        let (takes, frees) = (Pinned::new(&collector), collector.register());
        let moves = Moved(collector.register());
        let take_from = Arc::clone(&place);
        let taker = thread::spawn(move || takes.empty(&take_from));
        keep_busy(&frees);
        flush(&frees, 1);
        let reads = Pinned::new(&collector);
        let value = Seen(place.0.load(Ordering::Acquire));
        taker.join().expect("no assertion failed");
        let reader = thread::spawn(move || {
            let (reads, value) = (reads, value);
            // SAFETY: as in `Place::read`: seen under the pin.
            let seen = unsafe { value.0.as_ref() }.map(Tracked::read);
            drop(reads);
            seen
        });
        flush(&frees, 1);
        let mover = thread::spawn(move || {
            let moves = moves;
            flush(&moves.0, 1);
        });
        flush(&frees, 1);
        mover.join().expect("no assertion failed");
        let seen = reader.join().expect("no assertion failed");
        assert!([None, Some(1)].contains(&seen), "{seen:?}");
    });
}

#[test]
fn loom_two_who_flush_run_it_once() {
    model_within(Some(1), || {
        let collector = Arc::new(Collector::new());
        let runs = Arc::new(AtomicUsize::new(0));
        let own = collector.register();
        let counted = Arc::clone(&runs);
        // SAFETY: any thread may count.
        unsafe {
            own.pin().defer(move || {
                counted.fetch_add(1, Ordering::Relaxed);
            });
        }
        let (one, other) = (Moved(collector.register()), Moved(collector.register()));
        both(
            move || {
                let one = one;
                flush(&one.0, GRACE);
            },
            move || {
                let other = other;
                flush(&other.0, 1);
            },
        );
        flush(&own, GRACE);
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_a_place_is_handed_from_thread_to_thread() {
    model_within(Some(3), || {
        let collector = Arc::new(Collector::new());
        let visit = |collector: Arc<Collector>| move || drop(collector.register().pin());
        both(visit(Arc::clone(&collector)), visit(Arc::clone(&collector)));
        assert!(collector.locals().count() <= 2);
        drop(collector.register());
        assert!(collector.locals().count() <= 2, "one that was given back is used again");
    });
}

#[test]
fn what_is_put_aside_under_a_guard_waits_for_it_and_for_no_other() {
    let collector = Arc::new(Collector::new());
    let (reads, frees) = (collector.register(), collector.register());
    let place = Place::new();
    let pin = reads.pin();
    let inner = reads.pin();
    place.empty(&frees);
    flush(&frees, 3 * GRACE);
    drop(inner);
    flush(&frees, 3 * GRACE);
    assert!(!collector.is_idle(), "the outer guard is still there");
    drop(pin);
    flush(&frees, GRACE);
    assert!(collector.is_idle());
}

#[test]
fn a_guard_may_outlive_its_threads_place_and_its_collector() {
    let collector = Arc::new(Collector::new());
    let handle = collector.register();
    let (outer, inner) = (handle.pin(), handle.pin());
    drop(handle);
    let place = Place::new();
    place.empty(&collector.register());
    drop(collector);
    drop(outer);
    drop(inner);
}

#[test]
fn what_has_waited_longest_is_run_first() {
    const LENGTH: u32 = 40;
    let collector = Arc::new(Collector::new());
    let (one, order) = (collector.register(), Arc::new(Mutex::new(Vec::new())));
    for number in 0..LENGTH {
        let order = Arc::clone(&order);
        // SAFETY: any thread may note it.
        unsafe { one.pin().defer(move || order.lock().unwrap().push(number)) };
        // Some wait for the same epoch, some are due and wait for their turn.
        if number % 10 == 9 {
            one.pin().flush(false);
        }
    }
    while order.lock().unwrap().len() < LENGTH as usize {
        one.pin().flush(false);
    }
    assert!(order.lock().unwrap().is_sorted(), "{order:?}");
}

/// So that there is a reason to move the epoch on before anything else is put aside.
fn keep_busy(handle: &Handle) {
    // SAFETY: any thread may do nothing.
    unsafe { handle.pin().defer(|| ()) };
}

/// A handle, and a guard that was made before another thread is to use both.
struct Pinned {
    guard: super::Pin,
    handle: Handle,
}

impl Pinned {
    fn new(collector: &Arc<Collector>) -> Self {
        let handle = collector.register();
        Self { guard: handle.pin(), handle }
    }

    /// Takes the value out under this guard, and ends it.
    fn empty(self, place: &Place) {
        place.empty(&self.handle);
        drop(self.guard);
    }
}

// SAFETY: one thread uses it at a time, and hands it on by a spawn.
unsafe impl Send for Pinned {}

/// What was seen under a guard that goes with it.
struct Seen(*mut Tracked);
// SAFETY: read while that guard lives.
unsafe impl Send for Seen {}

/// A handle that another thread is to use, as its first and only one.
struct Moved(Handle);
// SAFETY: no thread has used it before.
unsafe impl Send for Moved {}
