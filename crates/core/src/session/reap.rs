//! What ends a session: deletion and its owner's death. (Its age: `sweep.rs`.)

use super::{Asked, Cell, Code, Count, Inner, Payload, SessionMap, sweep::ENTRIES};
use crate::{
    clock::Tick,
    event::{EndCause, SessionEvent},
    owner::{Home, OwnerRef},
    pruner::{Maintain, Next},
    raw::{Entry, Guard, advance, pin},
    sync::{Ordering, after_exchange},
};
use std::{cell, mem, time::Duration};

/// So many sessions of an owner are freed, about, by who ends it. A larger owner is left to the background thread.
const FREED_AT_DEATH: usize = 64;
/// Hints looked at in one go.
const HINTS: usize = 32;
/// Dead owners looked at in one step of the background thread.
const OWNERS: usize = 8;
/// So often may an observer that is told of what is freed make room or end an owner in its turn, one inside the other.
const DEEPEST: u32 = 8;
/// When the background thread looks again whether what was removed can be dropped: a reader was in the way.
const WASTE_REMAINS: Duration = Duration::from_millis(2);

impl<P: Payload> SessionMap<P> {
    /// Deletes the session under this code; false if there was none, which is fine.
    ///
    /// Once it returns, nobody sees that session any more, and it does not come back. Of several that delete it, one
    /// is answered true.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// assert!(map.delete("K7QX"));
    /// assert!(!map.delete("K7QX"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delete(&self, code: &str) -> bool {
        let guard = pin();
        while let Some(entry) = self.inner.visible(Asked::new(code), &guard) {
            if let Some(cause) = self.inner.take_out(entry, &guard) {
                // Its owner may have died, and somebody have seen that, before this call came to remove it.
                return *cause == EndCause::Deleted;
            }
        }
        false
    }

    /// Frees every session that is not visible any more, now, and says how many this call has freed.
    ///
    /// For maps without background thread, and for tests. What is removed by somebody else at the same moment is
    /// theirs. Costs a look at the whole table.
    ///
    /// ```
    /// use tenure_core::{ManualClock, SessionMap};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let map = SessionMap::<()>::builder().clock(clock.clone()).build()?;
    /// map.create("K7QX", (), None)?;
    /// clock.advance(Duration::from_secs(24 * 60 * 60));
    /// assert_eq!(map.prune(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prune(&self) -> usize {
        let mut freed = 0;
        while self.inner.dead.len() > 0 {
            let (more, left) = self.inner.bury_some(usize::MAX);
            freed += more;
            if !left {
                break;
            }
        }
        freed += self.inner.free_invisible(usize::MAX);
        while self.inner.lapse_step() == Next::More {}
        self.inner.table.maintain();
        freed
    }

    /// Does one bounded step of what the background thread does: frees sessions of dead owners, drops what was
    /// removed, sweeps where that is due. True if there is more to do at once.
    ///
    /// For maps without background thread: call it now and then, and again while it returns true.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<u32>::new();
    /// let owner = map.owner();
    /// for number in 0..1_000 {
    ///     map.create(&number.to_string(), number, &owner)?;
    /// }
    /// drop(owner); // all are gone for every reader, and few are freed
    /// assert_eq!(map.count_active(), 0);
    /// while map.maintain() {}
    /// assert_eq!(map.occupied(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn maintain(&self) -> bool {
        self.inner.maintain() == Next::More
    }
}

impl<P: Payload> Inner<P> {
    /// Removes a session that was seen dead, for this cause. True if this call did.
    pub(super) fn end(&self, entry: Entry<'_, Code, Cell<P>>, cause: EndCause, guard: &Guard) -> bool {
        // SeqCst: as in `look`: only what is still in its place after this is dead for good, and no older version of a
        // session that was handed over.
        after_exchange::fence(Ordering::SeqCst);
        if !entry.is_current() {
            return false;
        }
        // Before the removal: see `Life::end`.
        entry.value().shared().end(cause);
        self.take_out(entry, guard).is_some()
    }

    /// Removes a session, dead or deleted by this call. If this call did, the cause that everybody is told.
    fn take_out<'g>(&self, entry: Entry<'g, Code, Cell<P>>, guard: &Guard) -> Option<&'g EndCause> {
        if !entry.remove() {
            return None;
        }
        // Before the place is free: see `Inner::is_over`.
        let _telling = self.telling();
        self.release_place();
        Some(self.close(entry, guard))
    }

    /// A session was removed, or another has taken its place in the table: what its winner has to do.
    pub(super) fn close<'g>(&self, entry: Entry<'g, Code, Cell<P>>, guard: &Guard) -> &'g EndCause {
        let cell = entry.value();
        let cause = cell.shared().ended();
        self.count(match cause {
            EndCause::Deleted => Count::Deleted,
            EndCause::OwnerDied(_) => Count::OwnerDied,
            EndCause::Expired => Count::Expired,
            EndCause::Drained => Count::Drained,
        });
        if let Some(owner) = cell.settled_holder() {
            owner.core().release_place();
            self.left(owner, entry.hash(), guard);
        }
        self.signal.wake();
        self.tell(entry, guard, || SessionEvent::Ended(cause.clone()));
        cause
    }

    /// Ends the sessions of a dead owner to which one hint leads, and says how many.
    pub(super) fn end_by_hint(&self, hash: u64, owner: &OwnerRef, guard: &Guard) -> usize {
        let mut freed = 0;
        loop {
            let mut missed = false;
            for entry in self.table.with_hash(hash, guard).filter(|entry| entry.value().dies_with(owner)) {
                let ended = self.end(entry, EndCause::OwnerDied(owner.core().why()), guard);
                freed += usize::from(ended);
                missed |= !ended;
            }
            // Found, but removed or replaced before this call could end it: look again.
            if !missed {
                return freed;
            }
        }
    }

    /// Ends sessions of a dead owner, looking at about so many hints. Returns how many it has ended, and whether that
    /// was all.
    fn reap(&self, owner: &OwnerRef, hints: usize) -> (usize, bool) {
        let guard = pin();
        let mut freed = 0;
        let end = |hash| {
            freed += self.end_by_hint(hash, owner, &guard);
            false
        };
        let expect = |hashes: &[u64]| {
            // One alone is looked up at once.
            if hashes.len() > 1 {
                for &hash in hashes {
                    self.table.expect(hash);
                }
            }
        };
        let done = owner.core().hints.step_ahead(hints, expect, end);
        (freed, done)
    }

    /// Ends about so many sessions of the owners that are dead. Returns how many, and whether there may be more.
    fn bury_some(&self, limit: usize) -> (usize, bool) {
        let mut freed = 0;
        let mut looked_at = 0;
        let all = self.dead.step(OWNERS, |owner| {
            while looked_at < limit {
                looked_at = looked_at.saturating_add(HINTS);
                let (more, done) = self.reap(owner, HINTS);
                freed += more;
                if done {
                    // Relaxed: a hint for who finds the map full.
                    self.unburied.fetch_sub(1, Ordering::Relaxed);
                    return false;
                }
            }
            true
        });
        // Those that who was told of this has ended meanwhile.
        (freed, !all || self.dead.has_news())
    }

    /// Leaves a dead owner to the background thread, or to the next that prunes.
    pub(super) fn leave(&self, owner: OwnerRef) {
        // Relaxed: a hint for who finds the map full. Before the push, so that it never goes below zero. Not before
        // `bury` has tried: while a small owner is freed, who finds the map full is refused rather than sent through the
        // whole table for places that come back at this very moment.
        self.unburied.fetch_add(1, Ordering::Relaxed);
        self.dead.push(owner);
        self.signal.wake();
    }

    /// The map is full: frees some of what nobody sees any more. False if there was nothing.
    ///
    /// Who is freed is told to observers, which may create sessions and so come here again, and so on: false as well
    /// where that has gone too deep.
    pub(super) fn make_room(&self) -> bool {
        let Some(_inside) = Inside::enter() else { return false };
        if self.bury_some(FREED_AT_DEATH).0 > 0 {
            return true;
        }
        // Relaxed, and a hint as `earliest`: a death or an end that this does not know of is one of this very moment.
        let now = self.clock.now();
        let expired = self.earliest.get() <= now || self.suspended.may_be_over(now);
        (expired || self.unburied.load(Ordering::Relaxed) > 0) && self.free_invisible(FREED_AT_DEATH) > 0
    }
}

/// A dead owner whose sessions are not all freed. When this goes, also by unwinding, it is left to the background
/// thread, or to the next that prunes.
struct Unburied<'a, P: Payload> {
    map: &'a Inner<P>,
    owner: &'a OwnerRef,
}

impl<P: Payload> Drop for Unburied<'_, P> {
    fn drop(&mut self) {
        self.map.leave(self.owner.clone());
    }
}

thread_local! {
    /// How often this thread is making room or burying, one inside the other.
    static DEPTH: cell::Cell<u32> = const { cell::Cell::new(0) };
}

/// Counts a thread that is making room or burying, in whichever map.
struct Inside;

impl Inside {
    fn enter() -> Option<Self> {
        // Fails only where a target destroys even a local without a destructor with its thread: as if too deep.
        let depth = DEPTH.try_with(cell::Cell::get).unwrap_or(DEEPEST);
        (depth < DEEPEST).then(|| {
            set_depth(depth + 1);
            Self
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        set_depth(DEPTH.try_with(cell::Cell::get).unwrap_or(1) - 1);
    }
}

fn set_depth(depth: u32) {
    // Fails as in `enter`: then nobody makes room or buries on this thread any more.
    let _ = DEPTH.try_with(|now| now.set(depth));
}

impl<P: Payload> Home for Inner<P> {
    /// A small owner is freed at once. A larger one is left to the background thread, or to the next that prunes.
    fn bury(&self, owner: &OwnerRef) {
        let unburied = Unburied { map: self, owner };
        // An observer or a waker may end another owner, whose end has it end the next: not down to the end of the stack.
        let Some(_inside) = Inside::enter() else { return };
        // A small owner has no more hints than twice its sessions and a few (`OwnerCore::is_untidy`).
        for _ in 0..4 * FREED_AT_DEATH / HINTS {
            if self.reap(owner, HINTS).1 {
                return mem::forget(unburied);
            }
        }
    }

    fn now(&self) -> Tick {
        self.clock.now()
    }

    fn suspend(&self, owner: &OwnerRef, until: Tick) -> bool {
        self.suspend_owner(owner, until)
    }

    fn tell_suspended(&self, owner: &OwnerRef, until: Tick) {
        self.announce(owner, Some(until));
    }
}

impl<P: Payload> Maintain for Inner<P> {
    fn maintain(&self) -> Next {
        let (_, more) = self.bury_some(ENTRIES);
        self.table.collect();
        if more {
            // What is removed is freed as it becomes due. To make it due at each step would interrupt every core again and
            // again, and take as long as the burying itself.
            self.table.bury();
            return Next::More;
        }
        self.bells.collect();
        self.suspended.collect();
        self.feed.collect();
        // Once for all four, for the same reason.
        advance();
        self.table.bury();
        let waste = [self.bells.bury(), self.suspended.bury(), self.feed.bury()].contains(&true);
        let waste = waste || self.table.garbage() > 0;
        let waste = Next::In(if waste { WASTE_REMAINS } else { Duration::MAX });
        let rounds = self.make_rounds().unwrap_or(waste);
        self.sweep_step().sooner(self.lapse_step()).sooner(rounds).sooner(waste)
    }
}
