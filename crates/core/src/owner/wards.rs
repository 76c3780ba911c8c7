//! Whether owners are alive, said of many at once.
//!
//! An owner's own word lies wherever its memory is: among a million sessions, reading it is a cache miss. So the owners
//! of a map are kept in *wards*, by their numbers, and each ward counts those of its owners that may be anything but
//! alive and not suspended. While that is none, which it nearly always is, a look-up need not go to the owner; all
//! counts together fit into a core's first cache.
//!
//! A count is raised before an owner's word changes, and falls after the owner is as it was, or gone. So it is never too
//! low: who knows that an owner has died sees its ward's count raised. That it is too high for a while, or for the sake
//! of another owner, costs a look at the owner's word and nothing else: that word decides.

use super::Incarnation;
use crate::sync::{AtomicUsize, Ordering};
use std::array;

/// So many wards. In models one, since owners' numbers come from all models that run at the time, and what an execution
/// does must follow from its own choices.
const WARDS: usize = if cfg!(any(tenure_loom, tenure_shuttle)) { 1 } else { 1_024 };

/// The wards of a map's owners.
pub(crate) struct Wards([AtomicUsize; WARDS]);

/// The number of one of them.
#[derive(Clone, Copy)]
pub(crate) struct Ward(u32);

impl Ward {
    pub(super) fn of(owner: Incarnation) -> Self {
        Self((owner.get() % WARDS as u64) as u32)
    }
}

impl Wards {
    pub(crate) fn new() -> Self {
        Self(array::from_fn(|_| AtomicUsize::new(0)))
    }

    fn count(&self, ward: Ward) -> &AtomicUsize {
        &self.0[ward.0 as usize % WARDS]
    }

    /// Whether all owners of this ward are alive, and none is suspended.
    #[inline]
    pub(crate) fn is_calm(&self, ward: Ward) -> bool {
        // Acquire: pairs with the Release in `lower`: who sees that an owner was resumed sees that in its word, too.
        self.count(ward).load(Ordering::Acquire) == 0
    }

    /// An owner's word is about to change.
    pub(super) fn raise(&self, ward: Ward) {
        // Relaxed: published by the exchange of the word, which comes next.
        self.count(ward).fetch_add(1, Ordering::Relaxed);
    }

    /// So many raises are over.
    pub(super) fn lower(&self, ward: Ward, by: usize) {
        // Release: pairs with the Acquire in `is_calm`.
        let before = self.count(ward).fetch_sub(by, Ordering::Release);
        debug_assert!(before >= by, "a ward is calmer than calm");
    }
}

#[cfg(test)]
mod tests;
