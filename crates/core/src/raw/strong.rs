//! A value that several own together, as `Arc` has it, but without weak references: a word less, and no locked
//! instruction where the last owner lets go.

use crate::sync::{AtomicUsize, Ordering};
use std::{marker::PhantomData, mem::ManuallyDrop, ops::Deref, process, ptr::NonNull};

/// One owner of a value, which is dropped with the last of them.
pub(crate) struct Strong<T: Send + Sync> {
    /// From `Box::leak`. There as long as there is an owner, for each has counted itself.
    owned: NonNull<Owned<T>>,
    owns: PhantomData<Owned<T>>,
}

/// Where it lies, and how many own it.
pub(super) struct Owned<T> {
    owners: AtomicUsize,
    value: T,
}

// SAFETY: owners share the value and any of them may drop it: `T: Send + Sync`.
unsafe impl<T: Send + Sync> Send for Strong<T> {}
// SAFETY: as above; who shares an owner can become one.
unsafe impl<T: Send + Sync> Sync for Strong<T> {}

impl<T: Send + Sync> Strong<T> {
    pub(crate) fn new(value: T) -> Self {
        let owned = Box::new(Owned { owners: AtomicUsize::new(1), value });
        Self { owned: NonNull::from(Box::leak(owned)), owns: PhantomData }
    }

    /// The place of the value, for who goes on to own it: as long as it has not come back by `from_raw`, it is there.
    pub(super) fn into_raw(self) -> *mut Owned<T> {
        ManuallyDrop::new(self).owned.as_ptr()
    }

    /// # Safety
    /// `place` came from `into_raw`, and is given back once.
    pub(super) unsafe fn from_raw(place: *mut Owned<T>) -> Self {
        // SAFETY: from `into_raw`, so not null.
        Self { owned: unsafe { NonNull::new_unchecked(place) }, owns: PhantomData }
    }

    /// # Safety
    /// `place` came from `into_raw`, and there is an owner as long as the answer is used.
    #[inline]
    pub(super) unsafe fn peek<'a>(place: *mut Owned<T>) -> &'a T {
        // SAFETY: the caller's contract.
        unsafe { &(*place).value }
    }

    #[inline]
    fn owned(&self) -> &Owned<T> {
        // SAFETY: there, since this is one of its owners; nobody has it exclusively before the last of them is dropped.
        unsafe { self.owned.as_ref() }
    }
}

impl<T: Send + Sync> Clone for Strong<T> {
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: this owner keeps the value there meanwhile; whoever the new one goes to gets it by some other way.
        if self.owned().owners.fetch_add(1, Ordering::Relaxed) > isize::MAX.cast_unsigned() {
            // So many were leaked. The count must not come round to 0.
            process::abort();
        }
        Self { owned: self.owned, owns: PhantomData }
    }
}

impl<T: Send + Sync> Deref for Strong<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.owned().value
    }
}

impl<T: Send + Sync> Drop for Strong<T> {
    #[inline]
    fn drop(&mut self) {
        let owners = &self.owned().owners;
        // Acquire: pairs with the Release below: what the other owners did with the value comes before its destructor.
        // If this is the only one, nobody can become another: that takes a reference to an owner. Who had one under a
        // guard, and became another by it, did so before the grace period ended after which the owner is dropped.
        let alone = owners.load(Ordering::Acquire) == 1;
        // Release: pairs with the Acquire above and here, of who finds itself the last.
        if alone || owners.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: made by `Box::new`, and this was the last owner.
            drop(unsafe { Box::from_raw(self.owned.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests;
