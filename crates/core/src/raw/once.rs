//! A value that is written once, by whoever comes first.

use crate::sync::{AtomicPtr, Ordering};
use std::{marker::PhantomData, ptr};

/// A place for a value that is written once. Unlike `OnceLock` nobody waits for a writer: of several who write at
/// once the first exchange wins, and a writer that is stopped before it has written nothing.
pub(crate) struct Once<T: Send + Sync> {
    value: AtomicPtr<T>,
    owns: PhantomData<T>,
}

impl<T: Send + Sync> Once<T> {
    pub(crate) fn new() -> Self {
        Self { value: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// The value, if it has been written.
    pub(crate) fn get(&self) -> Option<&T> {
        // Acquire: pairs with the Release in `get_or_set`; the value's content is visible.
        let value = self.value.load(Ordering::Acquire);
        // SAFETY: null or from `Box::into_raw`; once written it is neither changed nor freed before the place itself.
        unsafe { value.as_ref() }
    }

    /// Writes the value unless one is there, and answers the one that stands.
    pub(crate) fn get_or_set(&self, value: T) -> &T {
        let fresh = Box::into_raw(Box::new(value));
        // Release: publishes the value to `get`. Acquire on failure: as in `get`.
        let written =
            self.value.compare_exchange(ptr::null_mut(), fresh, Ordering::Release, Ordering::Acquire);
        match written {
            // SAFETY: as in `get`: written just now.
            Ok(_) => unsafe { &*fresh },
            Err(stands) => {
                // SAFETY: made above and never shared.
                drop(unsafe { Box::from_raw(fresh) });
                // SAFETY: as in `get`: not null, or the exchange would not have failed.
                unsafe { &*stands }
            }
        }
    }
}

impl<T: Send + Sync> Drop for Once<T> {
    fn drop(&mut self) {
        // Relaxed: `&mut self` orders everything before.
        let value = self.value.load(Ordering::Relaxed);
        if !value.is_null() {
            // SAFETY: made by `Box::into_raw`, and nobody else has the place any more.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}

#[cfg(test)]
mod tests;
