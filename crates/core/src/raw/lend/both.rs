//! Two threads that race, and values whose every access and whose freeing the model sees.

#[cfg(tenure_loom)]
use loom::cell::UnsafeCell;

use crate::sync::{Arc, AtomicUsize, Ordering, thread};

/// Runs the two in a thread each and answers what they answer.
///
/// Loom tries another order only where two accesses of different threads meet, and compares an access with the last
/// one before it alone: a reader that runs first is hidden from a writer that reads before it writes, and the model
/// would see one order only. So the threads begin with a write to one place, which makes it try either first.
pub(crate) fn both<A: Send + 'static, B: Send + 'static>(
    one: impl FnOnce() -> A + Send + 'static,
    other: impl FnOnce() -> B + Send + 'static,
) -> (A, B) {
    let gate = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&gate);
    let one = thread::spawn(move || {
        // Relaxed: must not order anything.
        gate.fetch_add(1, Ordering::Relaxed);
        one()
    });
    let other = thread::spawn(move || {
        // Relaxed: as above.
        theirs.fetch_add(1, Ordering::Relaxed);
        other()
    });
    (one.join().expect("no assertion failed"), other.join().expect("no assertion failed"))
}

/// A number in loom's cell: reading it while another thread writes it is an error of the model, and making and
/// dropping it are writes. So a value that is read before it was published, or after it was freed, is found.
pub(crate) struct Tracked(UnsafeCell<u64>);

// SAFETY: written only by who makes it and by who drops it; that nobody reads it meanwhile is what the models check.
unsafe impl Sync for Tracked {}
// SAFETY: as above.
unsafe impl Send for Tracked {}

impl Tracked {
    pub(crate) fn new(value: u64) -> Self {
        let fresh = Self(UnsafeCell::new(0));
        fresh.write(value);
        fresh
    }

    pub(crate) fn read(&self) -> u64 {
        // SAFETY: nobody writes to it after it was made and before it is dropped.
        self.0.with(|value| unsafe { *value })
    }

    /// For those who have it to themselves, or should have.
    pub(crate) fn write(&self, new: u64) {
        // SAFETY: the caller's contract.
        self.0.with_mut(|value| unsafe { *value = new });
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.write(u64::MAX);
    }
}

/// Loom's cell without loom: the models also run once in the plain test run.
#[cfg(not(tenure_loom))]
struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(tenure_loom))]
impl<T> UnsafeCell<T> {
    fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
