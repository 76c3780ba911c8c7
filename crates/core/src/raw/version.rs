//! Values that come in versions, and what all versions of one entry share: each hands it on to the next, uncounted.
//!
//! A count would go up for each new version and down when the one before is dropped: two locked instructions for every
//! change. But of the versions of one entry only the last needs to be an owner of what they share: the others are seen
//! under guards alone, and those keep the last one, too (invariant 9).

use super::{
    strong::{Owned, Strong},
    table::Entry,
};
use crate::sync::{AtomicPtr, Ordering};
use std::{marker::PhantomData, mem::ManuallyDrop, ops::Deref};

/// One version of an entry: what it shares with the others, and what is its own, to which it derefs.
pub(crate) struct Version<S: Send + Sync + 'static, B> {
    shared: Share<S>,
    own: B,
}

/// In a share's pointer: it is not an owner. It was handed on, or is not in the table yet.
const LENT: usize = 1;

struct Share<S: Send + Sync + 'static> {
    /// From `Strong::into_raw`, perhaps tagged.
    place: AtomicPtr<Owned<S>>,
    owns: PhantomData<Strong<S>>,
}

impl<S: Send + Sync + 'static> Share<S> {
    fn new(place: *mut Owned<S>) -> Self {
        Self { place: AtomicPtr::new(place), owns: PhantomData }
    }

    #[inline]
    fn place(&self) -> *mut Owned<S> {
        // Relaxed: where it points to never changes; only the tag does.
        self.place.load(Ordering::Relaxed).map_addr(|address| address & !LENT)
    }

    /// The same, not an owner.
    fn lent(&self) -> Self {
        Self::new(self.place().map_addr(|address| address | LENT))
    }

    /// Makes it an owner, or one no more.
    ///
    /// # Safety
    /// Whenever one of those that point to a place may be dropped, as many of them are owners as are counted there.
    unsafe fn set_owner(&self, owns: bool) {
        let tag = if owns { 0 } else { LENT };
        // Relaxed: who drops this reads the tag. Either nobody else has it yet, or it is not dropped before this thread's
        // guard is gone, which is seen by who drops it.
        self.place.store(self.place().map_addr(|address| address | tag), Ordering::Relaxed);
    }
}

impl<S: Send + Sync + 'static> Drop for Share<S> {
    #[inline]
    fn drop(&mut self) {
        // Relaxed: `&mut self` orders everything before.
        let place = self.place.load(Ordering::Relaxed);
        if place.addr() & LENT == 0 {
            // SAFETY: invariant 9: from `Strong::into_raw`, an owner, and it has not been handed on.
            drop(unsafe { Strong::from_raw(place) });
        }
    }
}

impl<S: Send + Sync + 'static, B> Version<S, B> {
    /// The first version of an entry.
    #[inline]
    pub(crate) fn first(shared: S, own: B) -> Self {
        Self { shared: Share::new(Strong::new(shared).into_raw()), own }
    }

    /// What it shares with all other versions of its entry.
    #[inline]
    pub(crate) fn shared(&self) -> &S {
        // SAFETY: invariant 9: this version is an owner, or is seen under a guard that keeps the one that is.
        unsafe { Strong::peek(self.shared.place()) }
    }

    /// The same, for longer than a guard.
    pub(crate) fn share(&self) -> Strong<S> {
        // SAFETY: as in `shared`; it is not dropped, and so lets go of nothing that is not its own.
        let counted = ManuallyDrop::new(unsafe { Strong::from_raw(self.shared.place()) });
        Strong::clone(&counted)
    }

    /// What is its own, of one that never was in a table.
    pub(crate) fn into_own(self) -> B {
        self.own
    }
}

impl<S: Send + Sync + 'static, B> Deref for Version<S, B> {
    type Target = B;

    #[inline]
    fn deref(&self) -> &B {
        &self.own
    }
}

impl<K, S, B> Entry<'_, K, Version<S, B>>
where
    K: Send + Sync + 'static,
    S: Send + Sync + 'static,
    B: Send + Sync + 'static,
{
    /// Puts the next version in the place of this one, in one step, and hands on what they share. None if this one was
    /// removed or replaced meanwhile. `key` is this entry's.
    #[inline]
    pub(crate) fn succeed(self, key: K, own: B) -> Option<Self> {
        let old = &self.value().shared;
        let fresh = self.next(key, Version { shared: old.lent(), own });
        // SAFETY: invariant 9: nothing is dropped and nothing unwinds before the exchange; if that fails, it is undone.
        unsafe { fresh.value().shared.set_owner(true) };
        match self.exchange(fresh) {
            Ok(entry) => {
                // SAFETY: invariant 9: the exchange succeeds once for each version, which was an owner until then. Both
                // are now, but neither is dropped before this thread's guard is gone.
                unsafe { old.set_owner(false) };
                self.unlink();
                Some(entry)
            }
            Err(fresh) => {
                // SAFETY: nobody else has it, and it was made an owner above without being counted.
                unsafe { fresh.value().shared.set_owner(false) };
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
