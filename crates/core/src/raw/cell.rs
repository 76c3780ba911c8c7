//! Two small places for one value: one that all read while it is replaced as a whole, one that is taken and put back.

use super::reclaim::{Guard, free_box};
use crate::sync::{AtomicPtr, Ordering};
use std::{marker::PhantomData, ptr};

/// A value that is read under a guard and replaced as a whole. Reading never waits.
pub(crate) struct Cell<T: Send + Sync + 'static> {
    value: AtomicPtr<T>,
    owns: PhantomData<T>,
}

impl<T: Send + Sync + 'static> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: AtomicPtr::new(Box::into_raw(Box::new(value))), owns: PhantomData }
    }

    #[inline]
    pub(crate) fn load<'g>(&'g self, _guard: &'g Guard) -> &'g T {
        // Acquire: pairs with the Release of the exchange in `replace`; the value's content is visible.
        let value = self.value.load(Ordering::Acquire);
        // SAFETY: never null; what it points to is freed only after every guard of this time is gone.
        unsafe { &*value }
    }

    /// Puts `fresh` in the place of `current`, unless another thread has replaced that meanwhile: then `fresh` comes
    /// back. The old value is dropped once no guard can see it.
    pub(crate) fn replace<'g>(&'g self, current: &'g T, fresh: T, guard: &'g Guard) -> Result<(), T> {
        let current = ptr::from_ref(current).cast_mut();
        let fresh = Box::into_raw(Box::new(fresh));
        // Release: publishes `fresh` to `load`. Relaxed on failure: what is there instead is not read.
        match self.value.compare_exchange(current, fresh, Ordering::Release, Ordering::Relaxed) {
            Ok(old) => {
                // SAFETY: made by `Box::into_raw`, unreachable since the exchange, which only one thread can win.
                unsafe { guard.retire_box(old) };
                Ok(())
            }
            // SAFETY: `fresh` was made above and never shared.
            Err(_) => Err(*unsafe { Box::from_raw(fresh) }),
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Cell<T> {
    fn drop(&mut self) {
        // Relaxed: `&mut self` orders everything before. Its destructor's panic is contained like any other's.
        free_box(self.value.load(Ordering::Relaxed));
    }
}

/// A place from which one thread at a time takes the value, to work on it alone and to put it back.
///
/// Taking and putting are one exchange each; a thread that is stopped while it has the value keeps only that value
/// from the others, who find the place empty and go on.
pub(crate) struct Slot<T: Send + 'static> {
    value: AtomicPtr<T>,
    owns: PhantomData<T>,
}

impl<T: Send + 'static> Slot<T> {
    pub(crate) fn empty() -> Self {
        Self { value: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    pub(crate) fn take(&self) -> Option<Box<T>> {
        // Acquire: pairs with the Release in `put`; the last holder's work is visible.
        owned(self.value.swap(ptr::null_mut(), Ordering::Acquire))
    }

    /// Puts a value there; what was there comes back.
    pub(crate) fn put(&self, value: Box<T>) -> Option<Box<T>> {
        // Release: hands this thread's work on to `take`. Acquire: takes over the work in what comes back.
        owned(self.value.swap(Box::into_raw(value), Ordering::AcqRel))
    }
}

impl<T: Send + 'static> Drop for Slot<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// What a swap has taken out of a slot.
fn owned<T>(value: *mut T) -> Option<Box<T>> {
    // SAFETY: only `Box::into_raw` pointers are put into a slot, and the swap has made this thread its only holder.
    (!value.is_null()).then(|| unsafe { Box::from_raw(value) })
}

#[cfg(test)]
mod tests;
