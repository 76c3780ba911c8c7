//! Stripes: a small number for each thread, so that what many threads write can be kept apart.
//!
//! A word in one place costs two threads a cache line's journey for every write (40 to 190 ns between two cores), more
//! than the look-up during which it is written. So most threads have a stripe of their own; the rest share one.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

// Std atomics also under loom: a stripe is never a reason to touch memory, so a model need not explore it.

/// Threads that can have a stripe of their own at the same time.
pub(crate) const OWN: usize = 32;

/// One bit for each own stripe that a living thread has.
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// Holds a stripe for the life of a thread.
struct Stripe(usize);

impl Stripe {
    /// The first free stripe, or the shared one.
    fn take() -> Self {
        let mut taken = TAKEN.load(Ordering::Relaxed);
        loop {
            let free = (!taken).trailing_zeros() as usize;
            if free >= OWN {
                return Self(OWN);
            }
            // Acquire: pairs with the Release in `drop`: the last owner's counts are seen, and so not overwritten.
            match TAKEN.compare_exchange_weak(taken, taken | 1 << free, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Self(free),
                Err(actual) => taken = actual,
            }
        }
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        // While the thread's other locals are being destroyed, the shared stripe serves.
        MINE.set(OWN);
        if self.0 < OWN {
            // Release: pairs with the Acquire in `take`.
            TAKEN.fetch_and(!(1 << self.0), Ordering::Release);
        }
    }
}

/// Not asked for yet.
const UNKNOWN: usize = OWN + 1;

thread_local! {
    /// This thread's stripe. Apart from what holds it, so that reading it needs no check for destruction.
    static MINE: Cell<usize> = const { Cell::new(UNKNOWN) };
    static HELD: Stripe = Stripe::take();
}

/// This thread's stripe: below [`OWN`] if no other living thread has it, [`OWN`] if it is the one that all others share.
#[inline]
pub(crate) fn stripe() -> usize {
    let mine = MINE.get();
    if mine == UNKNOWN { find_stripe() } else { mine }
}

#[cold]
fn find_stripe() -> usize {
    // Loom's threads share one real thread, and so would share an "own" stripe.
    if cfg!(tenure_loom) {
        return OWN;
    }
    // Fails while the thread's locals are being destroyed: then the shared stripe serves.
    let mine = HELD.try_with(|stripe| stripe.0).unwrap_or(OWN);
    MINE.set(mine);
    mine
}
