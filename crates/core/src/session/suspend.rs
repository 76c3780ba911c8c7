//! Owners that are suspended: who takes them up again, and what becomes of those that nobody does.
//!
//! An owner's word says whether it is suspended, and until when (`owner/core.rs`). What is kept here is only a way to
//! it: by its number, for who comes with its token, and for the background thread, which frees its sessions if nobody
//! does. An owner is entered here first, suspended then, and its entry *settled* last: so who sees it suspended finds
//! it here, and one that is settled, or dead, and not suspended was resumed or has come to its end, and can be struck
//! out.

use super::{Inner, Payload, SessionMap, earliest::Earliest, sweep::ENTRIES};
use crate::{
    clock::Tick,
    owner::{Home, Incarnation, Owner, OwnerRef, ResumeError, Token},
    pruner::Next,
    raw::{Counted, Cursor, Fresh, Guard, Occupied, Query, Slot, pin},
    sync::{AtomicBool, AtomicU64, Ordering},
};
use std::time::Duration;

/// A pass over the suspended owners is not made more often than this.
const BETWEEN_PASSES: Duration = Duration::from_millis(100);

/// The suspended owners of a map.
pub(super) struct Suspended {
    table: Counted<Incarnation, Entered>,
    /// None of them is over before this tick.
    earliest: Earliest,
    /// The pass that is under way, while no thread has it in its hands.
    pass: Slot<Pass>,
    /// The tick at which the last pass began. Who moves it on begins one.
    passed_at: AtomicU64,
}

/// An owner that is suspended, or is about to be.
struct Entered {
    owner: OwnerRef,
    until: Tick,
    /// Whether it has been suspended since it was entered.
    settled: AtomicBool,
}

struct Pass {
    cursor: Cursor,
    /// The first deadline still to come.
    earliest: Tick,
}

/// A question for an owner by its number, which is its hash: numbers that follow each other fall into buckets of
/// their own.
struct Number(Incarnation);

impl Query<Incarnation> for Number {
    fn hash(&self) -> u64 {
        self.0.get()
    }

    fn matches(&self, incarnation: &Incarnation) -> bool {
        self.0 == *incarnation
    }
}

impl Suspended {
    pub(super) fn none() -> Self {
        Self {
            table: Counted::new(),
            earliest: Earliest::never(),
            pass: Slot::empty(),
            passed_at: AtomicU64::new(0),
        }
    }

    /// Enters an owner, suspends it, and settles its entry. None if it is dead; else whether it is the first to be over
    /// of those that came lately.
    fn suspend(&self, owner: &OwnerRef, until: Tick) -> Option<bool> {
        let guard = pin();
        let entered = self.enter(owner, until, &guard);
        let first = self.earliest.expect(until);
        let suspended = owner.core().suspend(until);
        // Release: pairs with the Acquire in `step`: who sees the entry settled sees the owner's word as it is since.
        entered.settled.store(true, Ordering::Release);
        suspended.then_some(first)
    }

    fn enter<'g>(&'g self, owner: &OwnerRef, until: Tick, guard: &'g Guard) -> &'g Entered {
        let number = owner.incarnation();
        let entered = Entered { owner: owner.clone(), until, settled: AtomicBool::new(false) };
        let mut fresh = Fresh::new(number.get(), number, entered);
        loop {
            fresh = match self.table.insert(fresh, guard) {
                Ok(entry) => return entry.value(),
                // Left over from before: in its place, so that nobody strikes out this one for that one.
                Err(Occupied { existing, fresh }) => match existing.replace(fresh) {
                    Ok(entry) => return entry.value(),
                    Err(fresh) => fresh,
                },
            };
        }
    }

    /// Whether one of them may be over by now.
    pub(super) fn may_be_over(&self, now: Tick) -> bool {
        self.earliest.get() <= now
    }

    /// One step of a look at all of them, if one is under way or due: strikes out who is not suspended any more, and
    /// answers who was not resumed in time.
    fn step(&self, now: Tick, lapsed: &mut Vec<OwnerRef>) -> Next {
        let (mut pass, under_way) = match self.pass.take() {
            Some(pass) => (pass, self.earliest.take_up()),
            None => match self.due(now) {
                None => {
                    (Box::new(Pass { cursor: Cursor::default(), earliest: Tick::MAX }), self.earliest.begin())
                }
                Some(wait) => return Next::In(wait),
            },
        };
        let guard = pin();
        let Pass { cursor, earliest } = &mut *pass;
        let complete = self.table.scan(cursor, ENTRIES, &guard, |entry| {
            let Entered { owner, until, settled } = entry.value();
            // Acquire: pairs with the Release in `suspend`. Read before the owner's word: if it is not suspended after
            // that, it is not any more.
            let settled = settled.load(Ordering::Acquire);
            if owner.suspended_until().is_some() || !settled && owner.is_alive() {
                *earliest = (*until).min(*earliest);
            } else if self.table.remove(entry) && owner.core().has_lapsed() {
                lapsed.push(owner.clone());
            }
        });
        if complete {
            under_way.complete(*earliest);
        } else {
            under_way.set_aside();
            if self.pass.put(pass).is_some() {
                // Another pass was begun meanwhile and set aside: this one stands for it.
                drop(self.earliest.take_up());
            }
        }
        Next::More
    }

    /// In how long the next pass is due; none if it is now, and this caller's.
    fn due(&self, now: Tick) -> Option<Duration> {
        // Relaxed, throughout: times that order nothing; the exchange only decides who begins.
        let passed = self.passed_at.load(Ordering::Relaxed);
        let due = self.earliest.get().max(Tick::from_millis(passed).saturating_add(BETWEEN_PASSES));
        if now < due {
            return Some(due.saturating_since(now));
        }
        // Relaxed, both: as above.
        let begun =
            self.passed_at.compare_exchange(passed, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed);
        // Else another thread has begun it.
        begun.is_err().then_some(BETWEEN_PASSES)
    }

    /// Hands those that were struck out to the reclaimer.
    pub(super) fn collect(&self) {
        self.table.collect();
    }

    /// Drops those that the reclaimer has given back; whether some are left.
    pub(super) fn bury(&self) -> bool {
        self.table.bury();
        self.table.garbage() > 0
    }

    #[cfg(all(test, not(tenure_loom)))]
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }
}

impl<P: Payload> SessionMap<P> {
    /// Takes up an owner again that was suspended: the peer is back, with its token. Returns its handle.
    ///
    /// The owner is the one it was, with all of its sessions; of several that resume it at once, one succeeds. Once
    /// it returns, nobody sees the sessions end by that suspension, whoever waits for one of them has been woken, and
    /// whoever reads events has [`Resumed`](crate::SessionEvent::Resumed) for each. Costs a look-up; and one for each
    /// of the owner's sessions where somebody waits or reads, as [`suspend`](Owner::suspend) does.
    ///
    /// # Errors
    /// The owner is not suspended (any more), it is too late, or the token is not its own.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{ResumeError, SessionMap};
    ///
    /// let map = SessionMap::<()>::new();
    /// let token = map.owner().suspend(Duration::from_secs(30))?;
    /// let owner = map.resume(&token)?;
    /// let again = map.resume(&token).unwrap_err();
    /// assert_eq!(again, ResumeError::NotSuspended { incarnation: owner.incarnation().get() });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(&self, token: &Token) -> Result<Owner, ResumeError> {
        let incarnation = token.incarnation().get();
        let guard = pin();
        let Some(entry) = self.inner.suspended.table.get(&Number(token.incarnation()), &guard) else {
            return Err(ResumeError::NotSuspended { incarnation });
        };
        let owner = &entry.value().owner;
        if !owner.core().knows(token.secret()) {
            return Err(ResumeError::WrongToken { incarnation });
        }
        if !owner.resume(self.inner.clock.now()) {
            return Err(if owner.is_alive() {
                ResumeError::NotSuspended { incarnation }
            } else {
                ResumeError::OwnerDead { incarnation }
            });
        }
        // Nobody else suspends it before its handle is given out, so this is not the entry of a later time.
        self.inner.suspended.table.remove(entry);
        // The handle first: user code that is told may unwind.
        let owner = Owner::of(owner.clone());
        self.inner.announce(&owner, None);
        Ok(owner)
    }
}

impl<P: Payload> Inner<P> {
    /// Suspends an owner. False if it is dead.
    pub(super) fn suspend_owner(&self, owner: &OwnerRef, until: Tick) -> bool {
        let suspended = self.suspended.suspend(owner, until);
        if suspended == Some(true) {
            self.signal.wake();
        }
        suspended.is_some()
    }

    /// Frees, a step at a time, the sessions of owners that were not resumed in time.
    pub(super) fn lapse_step(&self) -> Next {
        let mut lapsed = Lapsed { map: self, owners: Vec::new() };
        let next = self.suspended.step(self.clock.now(), &mut lapsed.owners);
        while let Some(owner) = lapsed.owners.pop() {
            self.bury(&owner);
        }
        next
    }
}

/// Owners that were struck out and are to be buried. Those that are not when this goes, which is by unwinding, are left
/// to who buries the dead: nothing else leads to them any more.
struct Lapsed<'a, P: Payload> {
    map: &'a Inner<P>,
    owners: Vec<OwnerRef>,
}

impl<P: Payload> Drop for Lapsed<'_, P> {
    fn drop(&mut self) {
        for owner in self.owners.drain(..) {
            self.map.leave(owner);
        }
    }
}
