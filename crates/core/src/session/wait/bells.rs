//! How a waiter is woken.
//!
//! Who waits leaves a waker under the code, in a *bell*; who changes a session rings its bell. Bells lie in a table of
//! their own, and only codes that somebody waits for have one. No operation takes a lock or waits for a waiter; while
//! nobody waits, a change pays one fence and one load.
//!
//! # No wake-up is lost
//! | the waiter | who changes |
//! | --- | --- |
//! | puts its waker into the bell | changes the session |
//! | fence | fence |
//! | looks at the session | looks for the bell |
//!
//! Both fences are `SeqCst`, so one comes first: either the waiter sees the change, or its bell is found. A bell is
//! rung by removing it and waking all that is in it. A waiter may put its waker into a bell that is being removed; so
//! it looks, after the same fence, whether the bell is still in its place, and whoever removes one fences before
//! taking what is in it. Again one fence is first: the waiter takes a new bell, or its waker is found in the old one.

use super::WaitError;
use crate::{
    panics::contain,
    raw::{Entry, Fresh, Guard, Stack, Table, pin},
    session::{Asked, Code, Payload, SessionMap},
    sync::{AtomicBool, AtomicUsize, Ordering, fence},
};
use std::{fmt, sync::Arc, task::Waker};

/// The bells of a map.
pub(in crate::session) struct Bells {
    table: Table<Code, Bell>,
    /// Those who wait, or may.
    waiting: AtomicUsize,
}

struct Bell {
    waiters: Stack<Arc<Waiter>>,
    /// How many wakers were put in, and how many of those nobody needs any more.
    entered: AtomicUsize,
    left: AtomicUsize,
}

struct Waiter {
    waker: Waker,
    /// Whether it was taken out of its bell to be woken.
    rung: AtomicBool,
}

impl Waiter {
    fn ring(self: Arc<Self>) {
        // Release: pairs with the Acquire in `Seat::sit`.
        self.rung.store(true, Ordering::Release);
        // A waker is code of the user's runtime, and so is its destructor. Their panics are no reason to leave others
        // asleep, or to unwind through whoever has changed the session.
        let _ = contain(|| self.waker.wake_by_ref());
        let _ = contain(|| drop(self));
    }
}

impl Bells {
    pub(in crate::session) fn new() -> Self {
        Self { table: Table::new(), waiting: AtomicUsize::new(0) }
    }

    /// Wakes whoever waits for this code. To be called after the change.
    #[inline]
    pub(in crate::session) fn ring(&self, code: &Code, hash: u64, guard: &Guard) {
        // SeqCst: pairs with the fence in `enter`; see the module's table.
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence.
        if self.waiting.load(Ordering::Relaxed) != 0 {
            self.ring_for(code, hash, guard);
        }
    }

    #[cold]
    fn ring_for(&self, code: &Code, hash: u64, guard: &Guard) {
        if let Some(bell) = self.table.get(&Asked::of(code, hash), guard) {
            Self::empty(bell);
        }
    }

    /// Removes a bell and wakes all that is in it. If another has removed it, that one wakes them, after this call
    /// began.
    fn empty(bell: Entry<'_, Code, Bell>) {
        if bell.remove() {
            // SeqCst: pairs with the fence in `enter`; see the module's words.
            fence(Ordering::SeqCst);
            for waiter in bell.value().waiters.take_all() {
                waiter.ring();
            }
        }
    }

    /// Puts a waker into the bell of this code. To be called before looking.
    fn enter(&self, code: &Code, hash: u64, waker: &Waker, guard: &Guard) -> Arc<Waiter> {
        loop {
            let bell = self.table.get(&Asked::of(code, hash), guard).unwrap_or_else(|| {
                let bell =
                    Bell { waiters: Stack::new(), entered: AtomicUsize::new(0), left: AtomicUsize::new(0) };
                let inserted = self.table.insert(Fresh::new(hash, code.clone(), bell), guard);
                inserted.unwrap_or_else(|occupied| occupied.existing)
            });
            let waiter = Arc::new(Waiter { waker: waker.clone(), rung: AtomicBool::new(false) });
            // Relaxed: a count that only says when tidying pays.
            bell.value().entered.fetch_add(1, Ordering::Relaxed);
            bell.value().waiters.push(Arc::clone(&waiter));
            // SeqCst: pairs with the fences in `ring` and `empty`.
            fence(Ordering::SeqCst);
            if bell.is_current() {
                return waiter;
            }
        }
    }

    /// A waker is not needed any more. If that is true of half of those in the bell, the others are woken to make a
    /// new one.
    fn leave(&self, code: &Code, hash: u64, waiter: &Waiter) {
        // Relaxed: if it was taken out, nothing is left behind.
        if waiter.rung.load(Ordering::Relaxed) {
            return;
        }
        let guard = pin();
        let Some(bell) = self.table.get(&Asked::of(code, hash), &guard) else { return };
        // Relaxed, both: counts that only say when tidying pays.
        let left = bell.value().left.fetch_add(1, Ordering::Relaxed) + 1;
        if 2 * left >= bell.value().entered.load(Ordering::Relaxed) {
            // This one is woken as well, for nothing.
            Self::empty(bell);
        }
    }

    pub(in crate::session) fn maintain(&self) {
        self.table.maintain();
    }

    #[cfg(all(test, not(tenure_loom)))]
    pub(in crate::session) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    #[cfg(all(test, not(tenure_loom)))]
    pub(in crate::session) fn len(&self) -> usize {
        self.table.len()
    }
}

/// A waiter's place: what leaves no trace when it is dropped.
pub(super) struct Seat<P: Payload> {
    pub(super) map: SessionMap<P>,
    pub(super) code: Code,
    hash: u64,
    waiter: Option<Arc<Waiter>>,
}

impl<P: Payload> Seat<P> {
    pub(super) fn new(map: &SessionMap<P>, code: &str) -> Self {
        // Relaxed: comes before the fence in `enter`, as entering does.
        map.inner.bells.waiting.fetch_add(1, Ordering::Relaxed);
        Self { map: map.clone(), code: Code::new(code), hash: Asked::new(code).hash(), waiter: None }
    }

    /// To be woken by the next change that this thread has not seen yet.
    pub(super) fn sit(&mut self, waker: &Waker, guard: &Guard) {
        if let Some(waiter) = &self.waiter {
            // Acquire: pairs with the Release in `ring`.
            let rung = waiter.rung.load(Ordering::Acquire);
            if !rung && waiter.waker.will_wake(waker) {
                return;
            }
        }
        self.stand_up();
        self.waiter = Some(self.map.inner.bells.enter(&self.code, self.hash, waker, guard));
    }

    fn stand_up(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            self.map.inner.bells.leave(&self.code, self.hash, &waiter);
        }
    }

    pub(super) fn asked(&self) -> Asked<'_> {
        Asked::of(&self.code, self.hash)
    }

    pub(super) fn not_found(&self) -> WaitError {
        WaitError::NotFound { code: self.code.clone() }
    }
}

impl<P: Payload> Drop for Seat<P> {
    fn drop(&mut self) {
        self.stand_up();
        // Relaxed: a count; nobody relies on its fall.
        self.map.inner.bells.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<P: Payload> fmt::Debug for Seat<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("code", &self.code).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
