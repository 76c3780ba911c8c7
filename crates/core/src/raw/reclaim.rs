//! When memory that other threads may still read is given back.
//!
//! A thread reads shared nodes only under a [`Guard`]; what was unlinked is freed once every guard that existed at that
//! time is gone, which the [`epoch`](super::epoch)s tell.
//!
//! A node is retired onto a graveyard of its table (`graveyard.rs`). Whoever maintains the table, and who has retired many,
//! defers the freeing of what is there as one unit. So a thread that removes one record and goes idle holds on to nothing.

use super::epoch::{GRACE, Handle, Pin};
use crate::{panics::contain, sync::Ordering};
use std::{
    cell::Cell,
    fmt,
    mem::MaybeUninit,
    ptr,
    // Plain statistics, never a reason to touch memory: a std atomic also under loom, relaxed everywhere.
    sync::{Arc, atomic::AtomicU64},
};

use of_thread::{COLLECTOR, HANDLE};

/// A short permission to read: while it lives, nothing that was reachable when it was made is freed.
///
/// Borrowed answers of the tables live no longer than the guard they were asked with. Keep it for the length of a
/// few look-ups: a guard that is held delays the freeing of everything removed meanwhile, in every table of the
/// process, but makes nobody wait. It cannot be sent to another thread, so it cannot be held across an `.await` of a
/// task that may move. Guards nest, and no order of taking them can deadlock.
///
/// ```
/// use tenure_core::{RouteTable, SessionKey, pin};
///
/// let table: RouteTable<&'static str> = RouteTable::default();
/// let key = SessionKey::for_room("irc", "libera", "#rust");
/// table.set(&key, "!rust")?;
/// let guard = pin();
/// let view = table.peek_view(&key, &guard)?;
/// table.remove(&key)?;
/// assert_eq!(*view.route(), "!rust"); // readable while the guard lives
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail
/// fn into_another_thread<T: Send>(_: T) {}
/// into_another_thread(tenure_core::pin());
/// ```
pub struct Guard {
    epoch: Pin,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard { .. }")
    }
}

/// Makes a [`Guard`]: a nanosecond or a few, no lock. A thread that removes or replaces often makes a memory barrier
/// each time, 5 ns; so does every thread where the system cannot make one for all (elsewhere than on Linux).
///
/// Worth sharing between several look-ups in a row.
///
/// ```
/// let outer = tenure_core::pin();
/// let inner = tenure_core::pin(); // nests
/// drop(outer);
/// drop(inner);
/// ```
#[inline(always)]
pub fn pin() -> Guard {
    let epoch = HANDLE.try_with(Handle::pin).unwrap_or_else(|_| COLLECTOR.register().pin());
    Guard { epoch }
}

/// Where this process's threads say what they see.
#[cfg(not(any(tenure_loom, tenure_shuttle)))]
mod of_thread {
    use super::super::epoch::{Collector, Handle};
    use std::sync::{Arc, LazyLock};

    pub(super) static COLLECTOR: LazyLock<Arc<Collector>> = LazyLock::new(|| Arc::new(Collector::new()));

    thread_local! {
        pub(super) static HANDLE: Handle = COLLECTOR.register();
    }
}

/// Loom's and shuttle's threads are tasks: each has a handle, and each execution a collector.
#[cfg(any(tenure_loom, tenure_shuttle))]
mod of_thread {
    use super::super::epoch::{Collector, Handle};
    #[cfg(tenure_loom)]
    use loom::{lazy_static, thread_local};
    #[cfg(tenure_shuttle)]
    use shuttle::{lazy_static, thread_local};
    use std::sync::Arc;

    lazy_static! {
        pub(super) static ref COLLECTOR: Arc<Collector> = Arc::new(Collector::new());
    }

    thread_local! {
        pub(super) static HANDLE: Handle = COLLECTOR.register();
    }
}

impl Guard {
    /// Runs `then` once no guard that exists now is left, on any thread. Not before somebody flushes.
    ///
    /// # Safety
    /// What `then` does may be done then: what it takes along may go to another thread, whatever its type says.
    pub(super) unsafe fn defer<F: FnOnce() + 'static>(&self, then: F) {
        // SAFETY: the caller's contract.
        unsafe { self.epoch.defer(then) };
    }

    /// Frees `value` once no guard that exists now is left.
    ///
    /// In a destructor that the reclaimer runs, nothing is flushed: `value` waits for whoever flushes next.
    ///
    /// # Safety
    /// `value` came from `Box::into_raw`, is unreachable for every guard made from now on, and is retired once.
    pub(super) unsafe fn retire_box<T: Send + 'static>(&self, value: *mut T) {
        let value = SendPtr(value);
        // SAFETY: the caller's contract is exactly what this needs; `T: Send + 'static`, so it may be dropped on another
        // thread and at any later time; a destructor's panic is contained.
        unsafe {
            self.epoch.defer(move || {
                let value = value;
                free_box(value.0);
            });
        }
        flush(self);
    }
}

/// Makes the epoch advance as far as other threads' guards let it, and runs what has become due.
///
/// A round for each epoch after which garbage is due: each can advance by one.
pub(crate) fn advance() {
    if !is_freeing() {
        for _ in 0..GRACE {
            pin().epoch.flush(true);
        }
    }
}

/// Makes the epoch advance if that is cheap or was asked for often, and runs a share of what has become due.
pub(super) fn flush(guard: &Guard) {
    // A destructor that is run by a flush and flushes again would go one level deeper for every batch that is due.
    if !is_freeing() {
        guard.epoch.flush(false);
    }
}

thread_local! {
    /// Whether this thread is running destructors of what was retired. (Not under loom and shuttle, whose
    /// threads are one.)
    static FREEING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a destructor of what was retired, and so holds the reclaimer back itself.
///
/// Where a target destroys even such a local with its thread, the answer is yes from then on: nothing is flushed.
#[inline]
pub(crate) fn is_freeing() -> bool {
    FREEING.try_with(Cell::get).unwrap_or(true)
}

/// A pointer that owns what it points to.
pub(super) struct SendPtr<T>(pub(super) *mut T);
// SAFETY: only made for `T: Send` values whose ownership moves with the pointer (`Guard::retire_box`, `graveyard.rs`).
unsafe impl<T: Send> Send for SendPtr<T> {}
// SAFETY: as above; who only shares the pointer does not follow it.
unsafe impl<T: Send> Sync for SendPtr<T> {}

/// How many destructors have panicked. They are contained: the memory was freed, the others have run. May be shared
/// by several tables, and outlives them.
#[derive(Clone, Debug, Default)]
pub(crate) struct DropPanics(Arc<AtomicU64>);

impl DropPanics {
    pub(crate) fn get(&self) -> u64 {
        // Relaxed: statistics.
        self.0.load(Ordering::Relaxed)
    }

    /// How many have this in their hands: whoever asks, and each table whose entries are not all freed yet.
    pub(crate) fn sharers(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    pub(super) fn add(&self, panics: u64) {
        // Relaxed: statistics.
        self.0.fetch_add(panics, Ordering::Relaxed);
    }

    /// Frees a boxed value and counts it if its destructor panics.
    pub(super) fn free<T>(&self, value: *mut T) {
        self.add(u64::from(!free_box(value)));
    }
}

/// Drops a boxed value and keeps its memory; false if its destructor panicked, which is contained here: unwinding
/// through the reclaimer would cost the other values of the batch, or the process.
pub(super) fn clear<T>(value: *mut T) -> (Box<MaybeUninit<T>>, bool) {
    let outer = is_freeing();
    set_freeing(cfg!(not(any(tenure_loom, tenure_shuttle))));
    // SAFETY: every caller owns `value`, which came from `Box::into_raw`, and hands it in once.
    let dropped = contain(|| unsafe { ptr::drop_in_place(value) });
    set_freeing(outer);
    // SAFETY: as above: a box's memory, whose content is dropped, or forgotten where a destructor unwound.
    let memory = unsafe { Box::from_raw(value.cast::<MaybeUninit<T>>()) };
    (memory, dropped.is_some())
}

/// Frees a boxed value; false if its destructor panicked.
pub(super) fn free_box<T>(value: *mut T) -> bool {
    clear(value).1
}

fn set_freeing(freeing: bool) {
    // Destroyed with its thread: see `is_freeing`.
    let _ = FREEING.try_with(|now| now.set(freeing));
}
