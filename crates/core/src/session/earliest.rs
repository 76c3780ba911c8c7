//! When the next session ends by its age, as far as is known; so that nobody looks for one that has not ended.

use crate::{
    clock::Tick,
    sync::{AtomicU64, Ordering},
};
use std::mem;

/// A tick before which no session without owner ends.
///
/// A session that is created lowers it at once. Only a *pass* over the whole table can raise it: it begins, sees every
/// session that is in the table then, and completes with the first deadline that it has found. A session that comes
/// while it is under way may be behind it; so deadlines are noted in two places, and a pass replaces only one of them:
///
/// | word | holds the first deadline of | changed by |
/// | --- | --- | --- |
/// | `known` | the sessions that were there when the passes under way began | who completes a pass |
/// | `fresh` | those that came since | who creates |
///
/// The first pass to begin moves `fresh` over to `known`. One that begins while others are under way moves nothing,
/// for they have not seen what is in `fresh`. A pass that never ends thus costs that `fresh` is not renewed: after a
/// time to live, passes are made that find nothing. No end is missed.
pub(super) struct Earliest {
    known: AtomicU64,
    /// A deadline, and below it the number of passes under way.
    fresh: AtomicU64,
}

const PASSES_BITS: u32 = 20;
const NEVER: u64 = Tick::MAX.as_millis();

impl Earliest {
    pub(super) fn never() -> Self {
        Self { known: AtomicU64::new(NEVER), fresh: AtomicU64::new(NEVER << PASSES_BITS) }
    }

    /// A session without owner, which is in the table already, ends then. True if it is the first to end of those
    /// that came lately.
    pub(super) fn expect(&self, deadline: Tick) -> bool {
        let lower = |word| {
            let (fresh, passes) = split(word);
            join(fresh.min(deadline.as_millis()), passes)
        };
        // Release, also where nothing is changed: pairs with the Acquire in `begin`: a pass that begins after this
        // sees the session.
        let before = self.update(Ordering::Release, lower);
        deadline.as_millis() < split(before).0
    }

    /// The first deadline that may still be to come.
    pub(super) fn get(&self) -> Tick {
        // Acquire, and first: pairs with the Release in `begin`. If `fresh` was moved, `known` has it.
        let fresh = split(self.fresh.load(Ordering::Acquire)).0;
        // Relaxed: ordered by that.
        Tick::from_millis(fresh.min(self.known.load(Ordering::Relaxed)))
    }

    /// A pass begins.
    pub(super) fn begin(&self) -> UnderWay<'_> {
        // Relaxed: the exchange decides.
        let mut word = self.fresh.load(Ordering::Relaxed);
        loop {
            let (fresh, passes) = split(word);
            let new = if passes == 0 {
                // Relaxed: published by the exchange. If that fails, it is only lower than it need be.
                self.known.fetch_min(fresh, Ordering::Relaxed);
                join(NEVER, 1)
            } else {
                join(fresh, passes + 1)
            };
            // Acquire: pairs with the Release in `expect`. Release: pairs with the Acquire in `get`.
            match self.fresh.compare_exchange_weak(word, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    if passes == 0 {
                        // Relaxed: again, for the word may have gone and come back in between.
                        self.known.fetch_min(fresh, Ordering::Relaxed);
                    }
                    return self.take_up();
                }
                Err(actual) => word = actual,
            }
        }
    }

    /// Goes on with a pass that was set aside.
    pub(super) fn take_up(&self) -> UnderWay<'_> {
        UnderWay { earliest: self }
    }

    fn update(&self, order: Ordering, change: impl Fn(u64) -> u64) -> u64 {
        // Relaxed: the exchange decides.
        let mut word = self.fresh.load(Ordering::Relaxed);
        loop {
            match self.fresh.compare_exchange_weak(word, change(word), order, Ordering::Relaxed) {
                Ok(before) => return before,
                Err(actual) => word = actual,
            }
        }
    }
}

fn split(word: u64) -> (u64, u64) {
    (word >> PASSES_BITS, word & ((1 << PASSES_BITS) - 1))
}

fn join(deadline: u64, passes: u64) -> u64 {
    deadline << PASSES_BITS | passes
}

/// A pass in the hands of a thread. Given up, if it is dropped without having been completed or set aside.
pub(super) struct UnderWay<'a> {
    earliest: &'a Earliest,
}

impl UnderWay<'_> {
    /// The pass has seen the whole table, and this is the first deadline that is still to come.
    pub(super) fn complete(self, found: Tick) {
        // Relaxed: published by the exchange in `drop`. Another pass may write there as well: while both are under way,
        // what either has not seen is in `fresh`.
        self.earliest.known.store(found.as_millis(), Ordering::Relaxed);
    }

    /// The pass goes on later, by [`Earliest::take_up`].
    pub(super) fn set_aside(self) {
        mem::forget(self);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        // Release: what `complete` has written comes before it; pairs with the Acquire in `begin` and in `get`.
        self.earliest.update(Ordering::Release, |word| {
            let (fresh, passes) = split(word);
            debug_assert!(passes > 0, "a pass ended twice");
            join(fresh, passes.saturating_sub(1))
        });
    }
}

#[cfg(test)]
mod tests;
