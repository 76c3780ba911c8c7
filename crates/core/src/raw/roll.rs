//! A list that grows one by one, is read while it grows, and is closed once.
//!
//! Unlike a [`Stack`](super::Stack) it is not taken by one thread, who might stop with it in its hands: everybody can
//! walk it, at any time, as often as need be. Nothing leaves it before it is dropped as a whole, so there is no ABA problem.

use crate::sync::{AtomicPtr, Ordering};
use std::{marker::PhantomData, ptr};

/// Values that threads add one by one and that any number of threads read. Lock-free; reading waits for nobody.
pub(crate) struct Roll<T: Send + Sync> {
    /// The last entry, with the tag [`CLOSED`].
    head: AtomicPtr<Entry<T>>,
    owns: PhantomData<T>,
}

struct Entry<T> {
    value: T,
    next: *mut Entry<T>,
}

/// Nothing is added any more.
const CLOSED: usize = 1;

impl<T: Send + Sync> Roll<T> {
    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// Adds a value; gives it back if the roll is closed.
    pub(crate) fn push(&self, value: T) -> Result<(), T> {
        let entry = Box::into_raw(Box::new(Entry { value, next: ptr::null_mut() }));
        // Relaxed: only passed on by the exchange.
        let mut head = self.head.load(Ordering::Relaxed);
        while !is_closed(head) {
            // SAFETY: not shared before the exchange succeeds.
            unsafe { (*entry).next = head };
            // Release: pairs with the Acquire of who reads; the value is visible.
            match self.head.compare_exchange(head, entry, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(actual) => head = actual,
            }
        }
        // SAFETY: made above and never shared.
        let entry = *unsafe { Box::from_raw(entry) };
        Err(entry.value)
    }

    /// Closes the roll, if nobody has yet; returns all that was ever added, the last first.
    pub(crate) fn close(&self) -> impl Iterator<Item = &T> {
        // Acquire, here and below: pairs with the Release of every `push` of an entry (each exchange continues the
        // release sequence of those before it).
        let mut head = self.head.load(Ordering::Acquire);
        while !is_closed(head) {
            let closed = head.map_addr(|address| address | CLOSED);
            // Relaxed: the head that it replaces was acquired. Acquire on failure: as above.
            match self.head.compare_exchange(head, closed, Ordering::Relaxed, Ordering::Acquire) {
                Ok(_) => break,
                Err(actual) => head = actual,
            }
        }
        let mut next = head.map_addr(|address| address & !CLOSED);
        std::iter::from_fn(move || {
            // SAFETY: null, or made by `Box::into_raw` in `push`, and freed only with the roll, which is borrowed.
            let entry = unsafe { next.as_ref() }?;
            next = entry.next;
            Some(&entry.value)
        })
    }

    /// Whether it was closed at the moment of asking.
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: says nothing about what was added.
        is_closed(self.head.load(Ordering::Relaxed))
    }
}

fn is_closed<T>(head: *mut Entry<T>) -> bool {
    head.addr() & CLOSED != 0
}

impl<T: Send + Sync> Drop for Roll<T> {
    fn drop(&mut self) {
        // Relaxed: `&mut self` orders everything before.
        let mut next = self.head.load(Ordering::Relaxed).map_addr(|address| address & !CLOSED);
        while !next.is_null() {
            // SAFETY: made by `Box::into_raw` in `push`, and nobody else has the roll any more.
            let entry = unsafe { Box::from_raw(next) };
            next = entry.next;
        }
    }
}

#[cfg(test)]
mod tests;
