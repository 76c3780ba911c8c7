//! Memory that is kept for the next value of the same type.

use std::{cell::UnsafeCell, mem::MaybeUninit};

/// So many at most.
const MOST: usize = 128;

/// Where the memory is to be given back at once, so that a tool that looks for its use after that finds it.
const NONE: bool = cfg!(any(tenure_loom, tenure_shuttle, tenure_no_reuse));

/// Empty boxes. One thread's at a time: whoever calls says so.
pub(super) struct Spares<T>(UnsafeCell<Vec<Box<MaybeUninit<T>>>>);

// SAFETY: boxes without content; the two functions that reach them ask for one thread at a time.
unsafe impl<T> Send for Spares<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Spares<T> {}

impl<T> Spares<T> {
    pub(super) fn new() -> Self {
        // Room for all: so that keeping one never calls the allocator, which is the caller's code.
        Self(UnsafeCell::new(Vec::with_capacity(if NONE { 0 } else { MOST })))
    }

    /// # Safety
    /// No other thread uses these spares meanwhile, and its use of them before happens before this.
    #[inline]
    pub(super) unsafe fn take(&self) -> Option<Box<MaybeUninit<T>>> {
        // SAFETY: the caller's contract, and nothing in here calls anything that could come back here.
        unsafe { &mut *self.0.get() }.pop()
    }

    /// Keeps one, or frees it if there are enough.
    ///
    /// # Safety
    /// As for `take`.
    pub(super) unsafe fn put(&self, memory: Box<MaybeUninit<T>>) {
        // SAFETY: as in `take`.
        let spares = unsafe { &mut *self.0.get() };
        if !NONE && spares.len() < MOST {
            spares.push(memory);
        }
    }
}
