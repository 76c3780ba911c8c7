//! Stripes: a small number for each thread, so that what many threads write can be kept apart.
//!
//! A word in one place costs two threads a cache line's journey for every write (40 to 190 ns between two cores), more
//! than the look-up during which it is written. So most threads have a stripe of their own; the rest share one.

#[cfg(any(test, not(any(tenure_loom, tenure_shuttle))))]
use crate::sync::{AtomicU64, Ordering};

/// Threads that can have a stripe of their own at the same time.
pub(crate) const OWN: usize = 32;

/// Which stripes living threads have: a bit for each.
#[cfg(any(test, not(any(tenure_loom, tenure_shuttle))))]
struct Taken(AtomicU64);

#[cfg(any(test, not(any(tenure_loom, tenure_shuttle))))]
impl Taken {
    /// The first free stripe, if there is one. Whoever has it sees what its last owner has written.
    fn take(&self) -> Option<usize> {
        // Relaxed: the exchange decides.
        let mut taken = self.0.load(Ordering::Relaxed);
        loop {
            let free = (!taken).trailing_zeros() as usize;
            if free >= OWN {
                return None;
            }
            // Acquire: pairs with the Release in `give_back`: the last owner's counts are seen, and so not
            // overwritten. Relaxed on failure: tried again.
            match self.0.compare_exchange_weak(taken, taken | 1 << free, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Some(free),
                Err(actual) => taken = actual,
            }
        }
    }

    fn give_back(&self, stripe: usize) {
        // Release: pairs with the Acquire in `take`.
        self.0.fetch_and(!(1 << stripe), Ordering::Release);
    }
}

#[cfg(not(any(tenure_loom, tenure_shuttle)))]
pub(crate) use of_thread::{known_stripe, stripe};

/// The threads of loom and of shuttle share one real thread, and so would share an "own" stripe.
#[cfg(any(tenure_loom, tenure_shuttle))]
pub(crate) fn stripe() -> usize {
    OWN
}

/// As [`stripe`].
#[cfg(any(tenure_loom, tenure_shuttle))]
pub(crate) fn known_stripe() -> usize {
    OWN
}

#[cfg(not(any(tenure_loom, tenure_shuttle)))]
mod of_thread {
    use super::{OWN, Taken};
    use crate::sync::AtomicU64;
    use std::cell::Cell;

    static TAKEN: Taken = Taken(AtomicU64::new(0));

    /// Holds a stripe for the life of a thread.
    struct Stripe(Option<usize>);

    impl Drop for Stripe {
        fn drop(&mut self) {
            // While the thread's other locals are being destroyed, the shared stripe serves.
            set_mine(OWN);
            if let Some(stripe) = self.0 {
                TAKEN.give_back(stripe);
            }
        }
    }

    /// Not asked for yet.
    const UNKNOWN: usize = OWN + 1;

    thread_local! {
        /// This thread's stripe. Apart from what holds it, so that reading it needs no check for destruction.
        static MINE: Cell<usize> = const { Cell::new(UNKNOWN) };
        static HELD: Stripe = Stripe(TAKEN.take());
    }

    /// This thread's stripe: below [`OWN`] if no other living thread has it, [`OWN`] if it is the one that all others
    /// share.
    #[inline]
    pub(crate) fn stripe() -> usize {
        let mine = known_stripe();
        if mine > OWN { find_stripe() } else { mine }
    }

    /// This thread's stripe if it is below [`OWN`] and was asked for before; anything else is no answer.
    #[inline(always)]
    pub(crate) fn known_stripe() -> usize {
        // Fails only where a target destroys even a local without a destructor with its thread.
        MINE.try_with(Cell::get).unwrap_or(OWN)
    }

    #[cold]
    fn find_stripe() -> usize {
        // Fails while the thread's locals are being destroyed: then the shared stripe serves.
        let mine = HELD.try_with(|stripe| stripe.0).ok().flatten().unwrap_or(OWN);
        set_mine(mine);
        mine
    }

    fn set_mine(stripe: usize) {
        // Fails as in `stripe`: then the shared one serves already.
        let _ = MINE.try_with(|mine| mine.set(stripe));
    }
}

#[cfg(test)]
mod tests;
