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
//! Both fences are `SeqCst`, so one comes first: either the waiter sees the change, or its bell is found. A bell is rung
//! by *closing* it, waking all that is in it, and only then taking it out of the table. Closing is one exchange of the
//! very word by which wakers are put in: a waker is in before, and woken, or refused, and put into another bell.
//!
//! # Not even behind a thread that is stopped
//! Who rings may be stopped at any point. A closed bell stays in its place, with all that is in it, until somebody has
//! woken it all: whoever comes to it next, to ring it or to wait there, does what is left. Waking twice is harmless.
//! And one who was stopped before it came to the bell at all, or came too late to a session's end, is found out by the
//! background thread: a bell remembers what the session was like when the bell was put there, and one that has
//! changed since is rung (`rounds.rs`).

use super::{Sight, WaitError, rounds::Rounds};
use crate::{
    panics::contain,
    raw::{Counted, Entry, Fresh, Guard, Roll, pin},
    session::{Asked, Code, Payload, SessionMap},
    sync::{AtomicBool, AtomicUsize, Ordering, after_exchange, fence},
};
use std::{fmt, sync::Arc, task::Waker};

/// The bells of a map.
pub(in crate::session) struct Bells {
    pub(super) table: Counted<Code, Bell>,
    /// Those who wait, or may.
    waiting: AtomicUsize,
    pub(super) rounds: Rounds,
}

pub(super) struct Bell {
    waiters: Roll<Arc<Waiter>>,
    /// How many wakers were put in, and how many of those nobody needs any more.
    entered: AtomicUsize,
    left: AtomicUsize,
    /// What the session was like a moment before the bell was put there.
    seen: Option<Sight>,
}

impl Bell {
    /// Whether somebody is to be woken who has not been: the ringing was begun, or the session is no longer like that.
    pub(super) fn is_due(&self, now: impl FnOnce() -> Option<Sight>) -> bool {
        self.waiters.is_closed() || self.seen != now()
    }
}

pub(super) struct Waiter {
    /// None only while it is dropped.
    waker: Option<Waker>,
    /// Whether its bell has been closed, so that no later change will wake it.
    rung: AtomicBool,
    /// Whether it has been woken since.
    woken: AtomicBool,
}

impl Waiter {
    fn new(waker: &Waker) -> Self {
        Self { waker: Some(waker.clone()), rung: AtomicBool::new(false), woken: AtomicBool::new(false) }
    }

    fn ring(&self) {
        // Relaxed: before the waker is called, so that who is woken sees it. It then enters another bell, and fences
        // before it looks at the session, whose change came before the fence of who rang.
        self.rung.store(true, Ordering::Relaxed);
        // Relaxed: whoever it was that has called the waker, it was called after the bell was closed, so who is woken
        // looks after this thread has found the bell in its place, and by the fences sees its change as well.
        if self.woken.load(Ordering::Relaxed) {
            return;
        }
        if let Some(waker) = &self.waker {
            // Code of the user's runtime. Its panic is no reason to leave others asleep, or to unwind through whoever
            // has changed the session.
            let _ = contain(|| waker.wake_by_ref());
        }
        // After the call: if this thread is stopped in it, another one calls again.
        self.woken.store(true, Ordering::Relaxed);
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        // The destructor is the user's as well.
        let _ = contain(|| drop(self.waker.take()));
    }
}

impl Bells {
    pub(in crate::session) fn new() -> Self {
        Self { table: Counted::new(), waiting: AtomicUsize::new(0), rounds: Rounds::new() }
    }

    /// Wakes whoever waits for this code. To be called after the change.
    #[inline]
    pub(in crate::session) fn ring(&self, code: &Code, hash: u64, guard: &Guard) {
        // SeqCst: pairs with the fence in `enter`; see the module's table.
        after_exchange::fence(Ordering::SeqCst);
        if self.is_awaited() {
            self.ring_for(code, hash, guard);
        }
    }

    #[cold]
    fn ring_for(&self, code: &Code, hash: u64, guard: &Guard) {
        if let Some(bell) = self.table.get(&Asked::of(code, hash), guard) {
            self.empty(bell);
        }
    }

    /// Wakes all that is in a bell, and takes it away.
    pub(super) fn empty(&self, bell: Entry<'_, Code, Bell>) {
        for waiter in bell.value().waiters.close() {
            waiter.ring();
        }
        self.table.remove(bell);
    }

    /// Puts a waker into the bell of this code. To be called before looking. `sight` says what the session is like.
    pub(super) fn enter(
        &self,
        code: &Code,
        hash: u64,
        waker: &Waker,
        sight: impl Fn() -> Option<Sight>,
        guard: &Guard,
    ) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter::new(waker));
        loop {
            let bell = self.table.get(&Asked::of(code, hash), guard).unwrap_or_else(|| {
                let (entered, left) = (AtomicUsize::new(0), AtomicUsize::new(0));
                let bell = Bell { waiters: Roll::new(), entered, left, seen: sight() };
                let inserted = self.table.insert(Fresh::new(hash, code.clone(), bell), guard);
                inserted.unwrap_or_else(|occupied| occupied.existing)
            });
            // Relaxed: a count that only says when tidying pays.
            bell.value().entered.fetch_add(1, Ordering::Relaxed);
            if bell.value().waiters.push(Arc::clone(&waiter)).is_ok() {
                // SeqCst: pairs with the fence in `ring`.
                fence(Ordering::SeqCst);
                return waiter;
            }
            // Its ringing has begun. Nobody waits for who rings: this call sees to the rest.
            self.empty(bell);
        }
    }

    /// A waker is not needed any more. If that is true of half of those in the bell, the others are woken to make a
    /// new one.
    fn leave(&self, code: &Code, hash: u64, waiter: &Waiter) {
        // Relaxed: if its bell is closed, it goes with the bell.
        if waiter.rung.load(Ordering::Relaxed) {
            return;
        }
        let guard = pin();
        let Some(bell) = self.table.get(&Asked::of(code, hash), &guard) else { return };
        // Relaxed, both: counts that only say when tidying pays.
        let left = bell.value().left.fetch_add(1, Ordering::Relaxed) + 1;
        if 2 * left >= bell.value().entered.load(Ordering::Relaxed) {
            // This one is woken as well, for nothing.
            self.empty(bell);
        }
    }

    /// Whether anybody waits, or may.
    pub(in crate::session) fn is_awaited(&self) -> bool {
        // Relaxed: who must not miss a waiter has fenced before.
        self.waiting.load(Ordering::Relaxed) != 0
    }

    /// Hands bells that were rung to the reclaimer.
    pub(in crate::session) fn collect(&self) {
        self.table.collect();
    }

    /// Drops those that the reclaimer has given back; whether some are left.
    pub(in crate::session) fn bury(&self) -> bool {
        self.table.bury();
        self.table.garbage() > 0
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
        if map.inner.bells.waiting.fetch_add(1, Ordering::Relaxed) == 0 {
            // The background thread makes its rounds from now on.
            map.inner.signal.wake();
        }
        Self { map: map.clone(), code: Code::new(code), hash: Asked::new(code).hash(), waiter: None }
    }

    /// To be woken by the next change that this thread has not seen yet.
    pub(super) fn sit(&mut self, waker: &Waker, guard: &Guard) {
        if let Some(waiter) = &self.waiter {
            // Relaxed: as in `ring`. If true is not seen yet, the wake-up is still to come.
            let rung = waiter.rung.load(Ordering::Relaxed);
            if !rung && waiter.waker.as_ref().is_some_and(|own| own.will_wake(waker)) {
                return;
            }
        }
        self.stand_up();
        let inner = &self.map.inner;
        let sight = || inner.sight(self.asked(), guard);
        self.waiter = Some(inner.bells.enter(&self.code, self.hash, waker, sight, guard));
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
