//! Owners that live as long as somebody gives a sign of life.

use std::{
    cmp::Ordering as Cmp,
    collections::{BinaryHeap, binary_heap::PeekMut},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tenure_core::{DeathReason, Owner, OwnerRef, Tick};

/// The sign of life of one owner: what [`Monitor::heartbeat`](crate::Monitor::heartbeat) answers.
///
/// Time is divided into intervals of the length asked for. If one passes without a [`beat`](Heartbeat::beat), the
/// owner is dead, with the reason [`HeartbeatMissed`](DeathReason::HeartbeatMissed): so between one and two intervals
/// after the last beat. Dropping it ends the owner as dropping its handle would.
#[must_use = "an owner whose heartbeat is dropped is dead at once"]
pub struct Heartbeat {
    heart: Arc<Heart>,
}

struct Heart {
    beaten: AtomicBool,
    every: Duration,
    /// If it is missed, the owner is suspended for so long instead.
    grace: Option<Duration>,
    name: OwnerRef,
    owner: Mutex<Option<Owner>>,
}

impl Heartbeat {
    /// Gives a sign of life: one relaxed store. From any thread.
    #[inline]
    pub fn beat(&self) {
        // Relaxed: a sign that orders nothing; it is seen well within an interval.
        self.heart.beaten.store(true, Ordering::Relaxed);
    }

    /// The owner's name.
    pub fn name(&self) -> &OwnerRef {
        &self.heart.name
    }

    /// Ends the owner with a reason of your choice.
    pub fn release(self, reason: DeathReason) {
        if let Some(owner) = self.into_owner() {
            owner.release(reason);
        }
    }

    /// Gives the owner back, which then lives without heartbeats; none if it has missed one.
    pub fn into_owner(self) -> Option<Owner> {
        lock(&self.heart.owner).take()
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        let owner = lock(&self.heart.owner).take();
        drop(owner);
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat").field("owner", self.name()).field("every", &self.heart.every).finish()
    }
}

/// Heartbeats that somebody looks at: a monitor's thread does, or whoever has a clock and calls
/// [`step`](Hearts::step).
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{DeathReason, SessionMap, Tick};
/// use tenure_std::Hearts;
///
/// let map = SessionMap::<()>::new();
/// let hearts = Hearts::new();
/// let heartbeat = hearts.add(map.owner(), Duration::from_millis(10), None, Tick::ZERO);
/// heartbeat.beat();
/// assert_eq!(hearts.step(Tick::from_millis(10)), Some(Tick::from_millis(20)));
/// assert_eq!(hearts.step(Tick::from_millis(20)), None); // no beat since
/// assert_eq!(heartbeat.name().reason(), Some(DeathReason::HeartbeatMissed));
/// ```
#[derive(Debug, Default)]
pub struct Hearts {
    due: Mutex<BinaryHeap<Due>>,
}

/// When to look at a heart. The greatest is the first to be looked at.
struct Due {
    at: Tick,
    heart: Arc<Heart>,
}

impl Hearts {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more, whose first interval begins now. With a grace, an owner that misses a beat is suspended for so long
    /// instead of ended. An interval of 0 counts as a millisecond.
    ///
    /// Costs two allocations at most, and the logarithm of how many there are.
    pub fn add(&self, owner: Owner, every: Duration, grace: Option<Duration>, now: Tick) -> Heartbeat {
        let every = every.max(Duration::from_millis(1));
        let name = owner.name().clone();
        let beaten = AtomicBool::new(false);
        let heart = Arc::new(Heart { beaten, every, grace, name, owner: Mutex::new(Some(owner)) });
        lock(&self.due).push(Due { at: now.saturating_add(every), heart: Arc::clone(&heart) });
        Heartbeat { heart }
    }

    /// Looks at every heart whose interval is over, and ends the owners of those that have not beaten in it. Answers
    /// when the next interval is over; none if there are no hearts.
    ///
    /// What was dropped meanwhile is forgotten at the end of its interval.
    pub fn step(&self, now: Tick) -> Option<Tick> {
        let mut missed = Vec::new();
        let next = self.look(now, &mut missed);
        for (owner, grace) in missed {
            end(owner, DeathReason::HeartbeatMissed, grace);
        }
        next
    }

    /// Ends the owners of all, with this reason: nobody will look at them any more.
    pub fn end_all(&self, reason: &DeathReason) {
        let all = std::mem::take(&mut *lock(&self.due));
        for due in all {
            let owner = lock(&due.heart.owner).take();
            if let Some(owner) = owner {
                owner.release(reason.clone());
            }
        }
    }

    /// How many are looked at.
    pub fn len(&self) -> usize {
        lock(&self.due).len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn look(&self, now: Tick, missed: &mut Vec<(Owner, Option<Duration>)>) -> Option<Tick> {
        let mut due = lock(&self.due);
        loop {
            let mut first = due.peek_mut()?;
            if first.at > now {
                return Some(first.at);
            }
            // Relaxed: as in `beat`.
            if first.heart.beaten.swap(false, Ordering::Relaxed) && lock(&first.heart.owner).is_some() {
                // Moves to its new place when `first` goes.
                first.at = now.saturating_add(first.heart.every);
                continue;
            }
            let heart = PeekMut::pop(first).heart;
            let owner = lock(&heart.owner).take();
            missed.extend(owner.map(|owner| (owner, heart.grace)));
        }
    }
}

/// Ends an owner whose connection is lost: at once, or after a grace.
pub(crate) fn end(owner: Owner, reason: DeathReason, grace: Option<Duration>) {
    let Some(grace) = grace else { return owner.release(reason) };
    if let Err(error) = owner.suspend(grace) {
        error.into_owner().release(reason);
    }
}

/// What a panicking thread left behind is whole: every lock here guards a plain value.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Cmp> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Cmp {
        other.at.cmp(&self.at)
    }
}

impl fmt::Debug for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Due").field("at", &self.at).field("owner", &self.heart.name).finish()
    }
}

#[cfg(test)]
mod tests;
