//! A record as it stands in the table: the route, and the few words that change without rewriting it.

use crate::{
    clock::{Millis, Tick},
    sync::{AtomicU64, Ordering},
};

const DOOMED: u64 = 1;
const VERSION_BITS: u32 = 19;
const VERSION_SHIFT: u32 = 1;
const VERSION_MASK: u64 = (1 << VERSION_BITS) - 1;
const DEADLINE_SHIFT: u32 = VERSION_SHIFT + VERSION_BITS;

/// The word that decides over a record, as a plain value: its deadline, the low bits of the stamp of its last set,
/// and whether it is *doomed*: gone for every reader, and to be taken out of the table by whoever meets it.
///
/// Whoever makes a record live longer and whoever ends it both exchange this one word, so that neither overlooks the
/// other: a record that is set again is not removed for the deadline it had before, nor evicted for its old age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life(u64);

impl Life {
    pub(super) fn new(deadline: Tick, stamp: u64) -> Self {
        Self(deadline.as_millis() << DEADLINE_SHIFT | (stamp & VERSION_MASK) << VERSION_SHIFT)
    }

    #[inline]
    pub(super) fn deadline(self) -> Tick {
        Tick::from_millis(self.0 >> DEADLINE_SHIFT)
    }

    #[inline]
    pub(super) fn is_doomed(self) -> bool {
        self.0 & DOOMED != 0
    }

    /// `now` is never [`Tick::MAX`], so that a deadline there never comes.
    #[inline]
    pub(super) fn is_fresh(self, now: Tick) -> bool {
        !self.is_doomed() && now < self.deadline()
    }

    pub(super) fn is_expired(self, now: Tick) -> bool {
        !self.is_doomed() && now >= self.deadline()
    }

    #[must_use]
    fn doomed(self) -> Self {
        Self(self.0 | DOOMED)
    }

    #[must_use]
    fn moved(self, deadline: Tick) -> Self {
        Self(deadline.as_millis() << DEADLINE_SHIFT | self.0 & ((1 << DEADLINE_SHIFT) - 1))
    }

    /// Whether a set with this stamp may have written this word.
    fn agrees(self, stamp: u64) -> bool {
        self.0 >> VERSION_SHIFT & VERSION_MASK == stamp & VERSION_MASK
    }

    /// The latest stamp up to `newest` that agrees with this word.
    fn latest_stamp(self, newest: u64) -> u64 {
        let version = self.0 >> VERSION_SHIFT & VERSION_MASK;
        newest.saturating_sub(newest.wrapping_sub(version) & VERSION_MASK)
    }
}

/// A route with its times. `life` is the truth; `stamp` and `set_at` are written before it by whoever sets.
#[repr(C)]
pub(super) struct Record<R> {
    life: AtomicU64,
    /// The place in the partition's set order: the higher, the younger.
    stamp: AtomicU64,
    set_at: AtomicU64,
    pub(super) route: R,
}

impl<R> Record<R> {
    pub(super) fn new(route: R, now: Tick, deadline: Tick, stamp: u64) -> Self {
        Self {
            life: AtomicU64::new(Life::new(deadline, stamp).0),
            stamp: AtomicU64::new(stamp),
            set_at: AtomicU64::new(now.as_millis()),
            route,
        }
    }

    /// A record that no other thread can see yet, set anew.
    pub(super) fn reset(&mut self, now: Tick, deadline: Tick, stamp: u64) {
        // Relaxed: published together with the node.
        self.life.store(Life::new(deadline, stamp).0, Ordering::Relaxed);
        self.stamp.store(stamp, Ordering::Relaxed);
        self.set_at.store(now.as_millis(), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn life(&self) -> Life {
        // Acquire: pairs with the Release in `renew`; `stamp` and `set_at` are at least as new as this word.
        Life(self.life.load(Ordering::Acquire))
    }

    /// The time of the last set, or of one that is under way at the moment.
    pub(super) fn set_at(&self) -> Tick {
        // Acquire: pairs with the Release in `renew`; a word that is read after this is no older than the one that the
        // set of this time has found.
        Tick::from_millis(self.set_at.load(Ordering::Acquire))
    }

    /// The time that belongs to `life`: that of its set, or of one that was under way while `life` stood. None if
    /// another word stands by now.
    pub(super) fn set_at_with(&self, life: Life) -> Option<Tick> {
        let set_at = self.set_at();
        (self.life() == life).then_some(set_at)
    }

    /// The stamp that belongs to `life`; `newest` tells the last that was drawn.
    ///
    /// While another thread is between its two writes in `renew`, the stamp it has left here may be another one than
    /// the word tells: then the latest that fits the word is the answer. It is the right one unless 2^19 sets have
    /// passed since; then the record is taken for younger than it is, until that thread goes on.
    pub(super) fn stamp(&self, life: Life, newest: impl FnOnce() -> u64) -> u64 {
        // Relaxed: what came with the word that was read is visible through it.
        let stamp = self.stamp.load(Ordering::Relaxed);
        if life.agrees(stamp) { stamp } else { life.latest_stamp(newest()) }
    }

    /// Sets the same route again: a new deadline and a new place, nothing allocated, nothing retired. False if the
    /// record is doomed. Linearizes at the exchange of the word.
    ///
    /// Draws a new stamp for each try, so that of two sets of one record the one that takes effect later also has
    /// the later stamp.
    ///
    /// `now` is not before the record's last set as the caller has seen it; after a failed try the clock is asked
    /// again. So a set that was slow does not move the deadline of a later one back.
    #[inline]
    pub(super) fn renew(
        &self,
        mut now: Tick,
        ttl: Millis,
        draw: impl Fn() -> u64,
        clock: impl Fn() -> Tick,
    ) -> bool {
        let mut life = self.life();
        while !life.is_doomed() {
            let stamp = draw();
            // Relaxed: published by the Release below.
            self.stamp.store(stamp, Ordering::Relaxed);
            // Release: pairs with the Acquire in `set_at`; who reads this time reads no word older than `life` after it.
            self.set_at.store(now.as_millis(), Ordering::Release);
            match self.exchange(life, Life::new(now.after(ttl), stamp)) {
                Ok(()) => return true,
                Err(actual) => (life, now) = (actual, clock()),
            }
        }
        false
    }

    /// Moves the deadline of a record that was read as `life`.
    pub(super) fn touch(&self, life: Life, deadline: Tick) -> Result<(), Life> {
        self.exchange(life, life.moved(deadline))
    }

    /// Ends a record that was read as `life`. Of all who try, one succeeds.
    pub(super) fn doom(&self, life: Life) -> Result<(), Life> {
        self.exchange(life, life.doomed())
    }

    fn exchange(&self, current: Life, new: Life) -> Result<(), Life> {
        // Release: pairs with the Acquire in `life`; this thread's `stamp` and `set_at` are visible with the word.
        // Acquire on failure: what the other thread wrote before its word is visible.
        match self.life.compare_exchange(current.0, new.0, Ordering::Release, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(actual) => Err(Life(actual)),
        }
    }
}

#[cfg(test)]
mod tests;
