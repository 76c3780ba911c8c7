//! Where to look for an owner's sessions.

use super::Backlog;
use crate::sync::{AtomicU64, Ordering};
use std::mem;

/// No hint: a hash that is not kept in the first place.
const NONE: u64 = 0;

/// The hashes of codes under which to look for sessions of one owner. Lock-free.
///
/// Many owners have one session, or have a single one left: its hint lies in the owner itself, which costs no
/// allocation, and who buries the owner has it at once. The others lie in a backlog.
pub(crate) struct Hints {
    /// Whichever came when nothing was here.
    first: AtomicU64,
    rest: Backlog<u64>,
}

impl Hints {
    pub(super) fn new() -> Self {
        Self { first: AtomicU64::new(NONE), rest: Backlog::new() }
    }

    pub(crate) fn push(&self, hash: u64) {
        // Relaxed: only whether a try pays.
        let free = hash != NONE && self.first.load(Ordering::Relaxed) == NONE;
        // Release: pairs with the Acquire in `take_first`: who takes the hint finds the session in the table. Relaxed
        // on failure: what is there instead is not looked at.
        let put =
            free && self.first.compare_exchange(NONE, hash, Ordering::Release, Ordering::Relaxed).is_ok();
        if !put {
            self.rest.push(hash);
        }
    }

    /// About how many there are.
    pub(crate) fn len(&self) -> usize {
        // Relaxed: an estimate, like that of the backlog.
        self.rest.len() + usize::from(self.first.load(Ordering::Relaxed) != NONE)
    }

    /// Works on the first hint and on up to `budget` others; `keep` answers whether one is to be kept. True when nothing
    /// is left of what was there when the step began, or of what was kept. What another thread has in its hands at any
    /// moment of the step is left to that one, and may be back by its end: so who keeps hints asks afterwards whether
    /// the owner has died meanwhile.
    ///
    /// If `keep` panics, the hint it had is kept.
    pub(crate) fn step(&self, budget: usize, keep: impl FnMut(u64) -> bool) -> bool {
        self.step_ahead(budget, |_| {}, keep)
    }

    /// As `step`; `ahead` is shown the hints that come next, some of them at a time.
    pub(crate) fn step_ahead(
        &self,
        budget: usize,
        ahead: impl Fn(&[u64]),
        mut keep: impl FnMut(u64) -> bool,
    ) -> bool {
        // Relaxed: shown, and no more. Who must not miss a hint has fenced before.
        let first = self.first.load(Ordering::Relaxed);
        if first != NONE {
            ahead(&[first]);
        }
        let others_done = self.rest.step_ahead(budget, ahead, |&hash| keep(hash));
        let Some(hash) = self.take_first() else { return others_done };
        let kept = Kept { hints: self, hash };
        if keep(hash) {
            return false;
        }
        mem::forget(kept);
        others_done
    }

    /// Takes a hint that equals this one, if it is the first; false if it is not, or somebody else has it.
    #[inline]
    pub(crate) fn take(&self, hash: u64) -> bool {
        // Relaxed: only whether a try pays. Acquire: as in `take_first`; who takes one that was left for another session
        // finds that in the table. Relaxed on failure: what is there instead is not looked at.
        hash != NONE
            && self.first.load(Ordering::Relaxed) == hash
            && self.first.compare_exchange(hash, NONE, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn take_first(&self) -> Option<u64> {
        // Relaxed: as in `step_ahead`; so who finds nothing writes nothing.
        if self.first.load(Ordering::Relaxed) == NONE {
            return None;
        }
        // Acquire: pairs with the Release in `push`.
        Some(self.first.swap(NONE, Ordering::Acquire)).filter(|&hash| hash != NONE)
    }
}

/// A hint that was taken. Put back when this is dropped, also by unwinding.
struct Kept<'a> {
    hints: &'a Hints,
    hash: u64,
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        self.hints.push(self.hash);
    }
}

#[cfg(test)]
mod tests;
