//! A short queue with one writer, which anybody takes as a whole.
//!
//! The writer pays two plain stores for each value and no exchange. Whoever takes copies what is there and then moves
//! one number on, by an exchange: of several who take at once, one gets it.

use crate::sync::{AtomicPtr, AtomicU64, Ordering};
use std::{array, ptr};

/// So many values, and no more.
#[cfg(not(any(tenure_loom, tenure_shuttle)))]
pub(super) const LENGTH: usize = 64;
#[cfg(any(tenure_loom, tenure_shuttle))]
pub(super) const LENGTH: usize = 2;

pub(super) struct Ring<T> {
    slots: [AtomicPtr<T>; LENGTH],
    /// How many values were ever pushed, and how many of those were taken. At 64 bits they never come round.
    pushed: AtomicU64,
    taken: AtomicU64,
}

impl<T> Ring<T> {
    pub(super) fn new() -> Self {
        let slots = array::from_fn(|_| AtomicPtr::new(ptr::null_mut()));
        Self { slots, pushed: AtomicU64::new(0), taken: AtomicU64::new(0) }
    }

    fn slot(&self, number: u64) -> &AtomicPtr<T> {
        &self.slots[number as usize % LENGTH]
    }

    /// Adds a value, and returns how many were ever added; none, and does nothing, if there is no room.
    ///
    /// # Safety
    /// No other thread pushes meanwhile, and the push of another thread before happens before this one.
    #[inline]
    pub(super) unsafe fn push(&self, value: *mut T) -> Option<u64> {
        // Relaxed: nobody else writes it, by the caller's contract.
        let pushed = self.pushed.load(Ordering::Relaxed);
        // Acquire: pairs with the Release in `take`: who has taken what was in the slot has read it.
        if pushed - self.taken.load(Ordering::Acquire) >= LENGTH as u64 {
            return None;
        }
        // Relaxed: published by the store below.
        self.slot(pushed).store(value, Ordering::Relaxed);
        // Release: pairs with the Acquire in `take`; the slot, and what the value points to, are visible.
        self.pushed.store(pushed + 1, Ordering::Release);
        Some(pushed + 1)
    }

    /// All that was pushed before, in order, less what others have taken: the caller's own now.
    pub(super) fn take(&self) -> Vec<*mut T> {
        loop {
            // Acquire: pairs with the Release below: what was taken was pushed before, so `pushed`, which is read
            // next, is not less.
            let taken = self.taken.load(Ordering::Acquire);
            // Acquire: pairs with the Release in `push`; the slots, and what the values point to, are visible.
            let pushed = self.pushed.load(Ordering::Acquire);
            if pushed == taken {
                return Vec::new();
            }
            // More than there is room for: then somebody has taken since, and the exchange would fail.
            if pushed - taken <= LENGTH as u64 {
                // Relaxed: acquired above. A slot is written again only after its value was taken; then the exchange
                // fails, and what was read is forgotten.
                let values =
                    (taken..pushed).map(|number| self.slot(number).load(Ordering::Relaxed)).collect();
                // Release: pairs with the Acquire in `push`: the slots are read before they are written again. Relaxed
                // on failure: all is read again.
                let won = self.taken.compare_exchange(taken, pushed, Ordering::Release, Ordering::Relaxed);
                if won.is_ok() {
                    return values;
                }
            }
        }
    }

    /// How many values were ever pushed.
    pub(super) fn pushed(&self) -> u64 {
        // Relaxed: a count.
        self.pushed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
