//! That an owner's hints do not outnumber its sessions, and that no death misses one that is in somebody's hands.

use super::{Inner, Payload};
use crate::{
    owner::{Home, OwnerRef},
    panics::in_destructor,
    raw::Guard,
};

/// Hints that a creation or a deletion looks at when most hints of the owner lead nowhere. More than two, so that
/// they become fewer even if every one of those calls makes one.
const TIDIED: usize = 8;

impl<P: Payload> Inner<P> {
    /// A session that was found under this hash is its owner's no more: forgets the hint to it, if that is at hand.
    pub(super) fn left(&self, owner: &OwnerRef, hash: u64, guard: &Guard) {
        // A hint that is at hand is one of equal ones, and may be that of a session which somebody has created under
        // this code since. That was in the table before its hint was left, so it is found there.
        if owner.core().hints.take(hash) && self.leads(hash, owner, guard) {
            let _keeper = self.keeper(owner);
            owner.core().hints.push(hash);
        }
        self.tidy(owner, guard);
    }

    /// Forgets some hints that lead nowhere, if they are many: so that what was deleted leaves no trace in its owner.
    #[inline]
    pub(super) fn tidy(&self, owner: &OwnerRef, guard: &Guard) {
        if owner.core().is_untidy() {
            self.forget_some(owner, guard);
        }
    }

    #[cold]
    fn forget_some(&self, owner: &OwnerRef, guard: &Guard) {
        if !owner.is_alive() {
            return;
        }
        let _keeper = self.keeper(owner);
        owner.core().hints.step(TIDIED, |hash| self.leads(hash, owner, guard));
    }

    /// Whether a hint of this owner leads to a session that is its own.
    pub(super) fn leads(&self, hash: u64, owner: &OwnerRef, guard: &Guard) -> bool {
        self.table.with_hash(hash, guard).any(|entry| entry.value().concerns(owner))
    }

    /// For who is going to take hints of an owner that may live, and to put them back.
    pub(super) fn keeper<'a>(&'a self, owner: &'a OwnerRef) -> Keeper<'a, P> {
        Keeper { map: self, owner }
    }
}

/// Somebody who keeps hints of an owner. When it goes, also by unwinding, they are back; and if the owner has died
/// meanwhile, whose death did not find them, it is buried. See owner/core.rs.
#[must_use = "it sees to the owner when it is dropped"]
pub(super) struct Keeper<'a, P: Payload> {
    map: &'a Inner<P>,
    owner: &'a OwnerRef,
}

impl<P: Payload> Drop for Keeper<'_, P> {
    fn drop(&mut self) {
        in_destructor(|| {
            if self.owner.core().died_meanwhile() {
                self.map.bury(self.owner);
            }
        });
    }
}

#[cfg(test)]
mod models;
