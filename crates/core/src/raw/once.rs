//! A value that is written once, by whoever comes first.

use crate::sync::{AtomicPtr, Ordering};
use std::{marker::PhantomData, ptr};

/// The value is not the place's own but lives as long as the process: a tag of the pointer.
const LASTING: usize = 1;

/// A place for a value that is written once. Unlike `OnceLock` nobody waits for a writer: of several who write at
/// once the first exchange wins, and a writer that is stopped before it has written nothing.
pub(crate) struct Once<T: Send + Sync> {
    value: AtomicPtr<T>,
    owns: PhantomData<T>,
}

impl<T: Send + Sync> Once<T> {
    pub(crate) fn new() -> Self {
        const { assert!(align_of::<T>() > LASTING, "the tag must fit below the value's address") };
        Self { value: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// The value, if it has been written.
    pub(crate) fn get(&self) -> Option<&T> {
        // Acquire: pairs with the Release in `get_or_set`; the value's content is visible.
        let value = untagged(self.value.load(Ordering::Acquire));
        // SAFETY: null, lasting or from `Box::into_raw`; once written it is neither changed nor freed before the place.
        unsafe { value.as_ref() }
    }

    /// Writes the value unless one is there, and returns the one that stands.
    pub(crate) fn get_or_set(&self, value: T) -> &T {
        let fresh = Box::into_raw(Box::new(value));
        let (stands, written) = self.write(fresh);
        if !written {
            // SAFETY: made above and never shared.
            drop(unsafe { Box::from_raw(fresh) });
        }
        stands
    }

    /// As `get_or_set`, with a value that lasts: allocates nothing.
    pub(crate) fn get_or_set_lasting(&self, value: &'static T) -> &T {
        self.write(ptr::from_ref(value).cast_mut().map_addr(|address| address | LASTING)).0
    }

    /// The value that stands, and whether it is this one, which belongs to the place then.
    fn write(&self, fresh: *mut T) -> (&T, bool) {
        // Release: publishes the value to `get`. Acquire on failure: as in `get`.
        let written =
            self.value.compare_exchange(ptr::null_mut(), fresh, Ordering::Release, Ordering::Acquire);
        let stands = untagged(written.err().unwrap_or(fresh));
        // SAFETY: as in `get`: written just now, or not null, or the exchange would not have failed.
        (unsafe { &*stands }, written.is_ok())
    }
}

fn untagged<T>(value: *mut T) -> *mut T {
    value.map_addr(|address| address & !LASTING)
}

impl<T: Send + Sync> Drop for Once<T> {
    fn drop(&mut self) {
        // Relaxed: `&mut self` orders everything before.
        let value = self.value.load(Ordering::Relaxed);
        if !value.is_null() && value.addr() & LASTING == 0 {
            // SAFETY: made by `Box::into_raw`, for it does not last, and nobody else has the place any more.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}

#[cfg(test)]
mod tests;
