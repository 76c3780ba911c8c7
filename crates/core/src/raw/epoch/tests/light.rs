//! Threads that leave their barriers to others: that these are made for them, and only for them.

use super::{
    super::{GRACE, SYMMETRIC, WORTHWHILE, local::SELDOM},
    Collector, Handle, Place, flush,
};
use crate::{
    raw::barrier,
    sync::{AtomicPtr, AtomicUsize, Ordering, thread},
};
use std::{cell::Cell, sync::Arc};

thread_local! {
    /// Barriers that this test has had made.
    static MADE: Cell<usize> = const { Cell::new(0) };
    /// What becomes visible while one is made.
    static MEANWHILE: Cell<Option<(Arc<Collector>, usize)>> = const { Cell::new(None) };
}

/// Counts, and lets another thread's pin be seen.
fn counted() -> bool {
    MADE.set(MADE.get() + 1);
    if let Some((collector, state)) = MEANWHILE.take() {
        // Relaxed: one thread plays both.
        let light = collector.locals().find(|local| local.light.load(Ordering::Relaxed));
        light.expect("there is one").state.store(state, Ordering::Relaxed);
    }
    true
}

fn collector(on_all_threads: fn() -> bool) -> Arc<Collector> {
    Arc::new(Collector::with_barrier(Some(on_all_threads)))
}

fn make_light(handle: &Handle) {
    (0..=SELDOM).for_each(|_| drop(handle.pin()));
    // Relaxed: this thread's own.
    assert!(handle.local().light.load(Ordering::Relaxed));
}

fn epoch(collector: &Collector) -> usize {
    // Relaxed: this thread alone moves it.
    collector.epoch.load(Ordering::Relaxed)
}

#[test]
fn a_barrier_is_made_for_those_who_make_none_and_for_nobody_else() {
    let collector = collector(counted);
    let (other, own) = (collector.register(), collector.register());
    let put_aside = || {
        Place::new().empty(&own);
        flush(&own, 1);
        MADE.take()
    };
    drop(other.pin());
    assert_eq!(put_aside(), 0, "nobody is light");
    make_light(&own);
    assert_eq!(put_aside(), 0, "who flushes makes its own");
    make_light(&other);
    assert_eq!(put_aside(), 1);
    other.pin().flush(true);
    MADE.take();
    assert_eq!(put_aside(), 0, "who has flushed makes its own again");
}

#[test]
fn a_pin_that_is_seen_by_the_barrier_alone_holds_the_epoch() {
    let collector = collector(counted);
    let (other, own) = (collector.register(), collector.register());
    make_light(&other);
    Place::new().empty(&own);
    flush(&own, 1);
    let before = epoch(&collector);
    // Pinned in an epoch that is over, and not seen before the barrier.
    MEANWHILE.set(Some((Arc::clone(&collector), before - super::super::STEP)));
    flush(&own, 1);
    assert_eq!((epoch(&collector), MADE.get()), (before, 2));
    flush(&own, GRACE);
    assert_eq!(epoch(&collector), before, "it stays");
    // Relaxed: one thread plays both.
    other.local().state.store(0, Ordering::Relaxed);
    flush(&own, GRACE);
    assert!(collector.is_idle());
}

#[test]
fn a_place_that_is_taken_over_is_as_a_new_one() {
    let collector = collector(counted);
    let (first, own) = (collector.register(), collector.register());
    make_light(&first);
    let place = std::ptr::from_ref(first.local());
    drop(first);
    Place::new().empty(&own);
    flush(&own, GRACE);
    assert!(collector.is_idle());
    assert_eq!(MADE.get(), 0, "nobody makes a barrier for a thread that is gone");

    let next = collector.register();
    assert!(std::ptr::eq(next.local(), place), "the place is used again");
    for pins in 0..SELDOM {
        // Relaxed: this thread's own.
        assert!(!next.local().light.load(Ordering::Relaxed), "after {pins} pins");
        drop(next.pin());
    }
    drop(next.pin());
    // Relaxed: as above.
    assert!(next.local().light.load(Ordering::Relaxed));
}

#[test]
fn pins_are_counted_as_far_as_it_matters() {
    for collector in [Arc::new(Collector::with_barrier(None)), collector(counted)] {
        let handle = collector.register();
        (0..3 * SELDOM).for_each(|_| drop(handle.pin()));
        assert_eq!(handle.local().pins.get(), SELDOM);
    }
}

/// The kernel makes no more barriers: nothing is freed under a light thread's eyes, and all once it has pinned again.
#[test]
fn a_barrier_that_is_refused_is_made_by_everybody_from_then_on() {
    let collector = collector(|| {
        MADE.set(MADE.get() + 1);
        false
    });
    let (light, gone, own) = (collector.register(), collector.register(), collector.register());
    make_light(&light);
    make_light(&gone);
    Place::new().empty(&own);
    flush(&own, 3 * GRACE);
    assert!(!collector.is_idle(), "nobody knows what the two see");
    assert_eq!(MADE.get(), 1, "it is asked for once");
    assert_ne!(epoch(&collector) & SYMMETRIC, 0);
    // One ends, one pins: and it may be pinned while the others go on.
    drop(gone);
    let place = Place::new();
    let pin = light.pin();
    // Relaxed: this thread's own.
    assert!(!light.local().light.load(Ordering::Relaxed));
    place.empty(&own);
    flush(&own, 3 * GRACE);
    assert!(!collector.is_idle(), "the guard holds what was put aside under it");
    drop(pin);
    flush(&own, GRACE);
    assert!(collector.is_idle());
    // For good.
    (0..3 * SELDOM).for_each(|_| drop(light.pin()));
    // Relaxed: as above.
    assert!(!light.local().light.load(Ordering::Relaxed));
    assert_eq!(MADE.get(), 1);
}

/// A thread that pins often leaves its barriers to others, and is waited for all the same.
#[test]
fn a_thread_that_makes_no_barriers_is_waited_for() {
    const ROUNDS: usize = 2_000;
    let collector = Arc::new(Collector::new());
    let place = Arc::new(AtomicPtr::new(Box::into_raw(Box::new(0))));
    let done = Arc::new(AtomicUsize::new(0));
    let readers = (0..2).map(|_| {
        let (collector, place, done) = (Arc::clone(&collector), Arc::clone(&place), Arc::clone(&done));
        thread::spawn(move || {
            let (handle, mut last) = (collector.register(), 0);
            while done.load(Ordering::Relaxed) == 0 {
                let _pin = handle.pin();
                // SAFETY: freed only after this pin.
                let seen = unsafe { *place.load(Ordering::Acquire) };
                assert!((last..=ROUNDS).contains(&seen), "{seen} after {last}: freed, and used again");
                last = seen;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    let handle = collector.register();
    for round in 1..=ROUNDS {
        let pin = handle.pin();
        let old = place.swap(Box::into_raw(Box::new(round)), Ordering::AcqRel);
        let free = move || {
            // SAFETY: made above, and taken out once.
            let mut old = unsafe { Box::from_raw(old) };
            *old = usize::MAX;
        };
        // SAFETY: any thread may drop it.
        unsafe { pin.defer(free) };
        drop(pin);
        flush(&handle, 1);
    }
    // Each reader has pinned often enough to be light: as often as it takes.
    while barrier::register() && !collector.locals().any(|local| local.light.load(Ordering::Relaxed)) {
        thread::yield_now();
    }
    done.store(1, Ordering::Relaxed);
    for reader in readers {
        reader.join().expect("no assertion failed");
    }
    // SAFETY: nobody else has it any more.
    drop(unsafe { Box::from_raw(place.load(Ordering::Relaxed)) });
}

/// Where nobody is in a hurry a barrier on all threads is put off, but not for ever.
#[test]
fn whoever_flushes_often_enough_gets_it_run() {
    let collector = Arc::new(Collector::new());
    let (light, own) = (collector.register(), collector.register());
    for _ in 0..2 * SELDOM {
        drop(light.pin());
    }
    let place = Place::new();
    place.empty(&own);
    let mut flushes = 0;
    while !collector.is_idle() {
        own.pin().flush(false);
        flushes += 1;
        assert!(flushes <= (WORTHWHILE + 1) * GRACE + 1, "still not run after {flushes}");
    }
}
