//! Owners that live as long as somebody gives a sign of life.

use crate::contain::contain;
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

/// Hearts are looked at no more often than this.
const SHORTEST_STEP: u64 = 10;
/// In each interval a heart is looked at so often, unless that would be too often.
const LOOKS: u64 = 4;

/// The sign of life of one owner: what [`Monitor::heartbeat`](crate::Monitor::heartbeat) returns.
///
/// It is looked at four times in each interval of the length asked for (less often if that is shorter than 40 ms). If it
/// has not [beaten](Heartbeat::beat) from one look to the next four times in a row, the owner is dead, with the reason
/// [`HeartbeatMissed`](DeathReason::HeartbeatMissed): so between one interval and a quarter more after the last beat.
/// A process that was stopped for longer than an interval looks once when it goes on, and ends nobody for that. Dropping
/// it ends the owner as dropping its handle would.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{DeathReason, SessionMap};
/// use tenure_std::{Heartbeat, Monitor};
///
/// let (map, monitor) = (SessionMap::<()>::new(), Monitor::new()?);
/// let heartbeat: Heartbeat = monitor.heartbeat(map.owner(), Duration::from_secs(30));
/// let name = heartbeat.name().clone();
/// heartbeat.beat(); // whenever something comes from the peer
/// heartbeat.pulse().beat(); // the same, from where the owner is not
/// let owner = heartbeat.into_owner().expect("it has not missed a beat"); // it lives on without beats
///
/// let heartbeat = monitor.heartbeat(owner, Duration::from_secs(30));
/// heartbeat.release(DeathReason::PeerClosed);
/// assert_eq!(name.reason(), Some(DeathReason::PeerClosed));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "an owner whose heartbeat is dropped is dead at once"]
pub struct Heartbeat {
    heart: Arc<Heart>,
}

/// A heart's beat alone: for whatever hears of the peer, while something else holds the [`Heartbeat`] and with it the owner.
///
/// A clone beats the same heart. It keeps nobody alive: once the [`Heartbeat`] is dropped, it does nothing.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{SessionMap, Tick};
/// use tenure_std::Hearts;
///
/// let (map, hearts) = (SessionMap::<()>::new(), Hearts::new());
/// let heartbeat = hearts.add(map.owner(), Duration::from_millis(10), None, Tick::ZERO);
/// let pulse = heartbeat.pulse(); // goes to whatever reads the socket
/// pulse.beat();
/// hearts.step(Tick::from_millis(10));
/// assert!(heartbeat.name().is_alive());
/// ```
#[derive(Clone)]
pub struct Pulse {
    heart: Arc<Heart>,
}

struct Heart {
    beaten: AtomicBool,
    /// From one look to the next.
    step: Duration,
    /// So many looks without a beat in a row, and it has stopped.
    looks: u8,
    /// If it is missed, the owner is suspended for so long instead.
    grace: Option<Duration>,
    name: OwnerRef,
    owner: Mutex<Option<Owner>>,
}

impl Heartbeat {
    /// Gives a sign of life: one relaxed store. From any thread.
    #[inline]
    pub fn beat(&self) {
        self.heart.beat();
    }

    /// The beat alone, for somebody else. Costs one count.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        Pulse { heart: Arc::clone(&self.heart) }
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

impl Pulse {
    /// Gives a sign of life: one relaxed store. From any thread.
    #[inline]
    pub fn beat(&self) {
        self.heart.beat();
    }
}

impl Heart {
    #[inline]
    fn beat(&self) {
        // Relaxed: a sign that orders nothing; it is seen well within an interval.
        self.beaten.store(true, Ordering::Relaxed);
    }

    fn every(&self) -> Duration {
        self.step * u32::from(self.looks)
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
        f.debug_struct("Heartbeat").field("owner", self.name()).field("every", &self.heart.every()).finish()
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").field("owner", &self.heart.name).finish_non_exhaustive()
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
///
/// let other = hearts.add(map.owner(), Duration::from_millis(10), None, Tick::ZERO);
/// assert_eq!((hearts.len(), hearts.is_empty()), (1, false));
/// hearts.end_all(&DeathReason::Shutdown);
/// assert_eq!(other.name().reason(), Some(DeathReason::Shutdown));
/// ```
#[derive(Debug, Default)]
pub struct Hearts {
    due: Mutex<BinaryHeap<Due>>,
}

/// When to look at a heart. The greatest is the first to be looked at.
struct Due {
    at: Tick,
    /// Looks without a beat, in a row.
    silent: u8,
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
        let looks = (every.as_millis() as u64 / SHORTEST_STEP).clamp(1, LOOKS) as u8;
        let step = every / u32::from(looks);
        let name = owner.name().clone();
        let beaten = AtomicBool::new(false);
        let heart = Arc::new(Heart { beaten, step, looks, grace, name, owner: Mutex::new(Some(owner)) });
        lock(&self.due).push(Due { at: now.saturating_add(step), silent: 0, heart: Arc::clone(&heart) });
        Heartbeat { heart }
    }

    /// Looks at every heart whose time has come, and ends the owners of those that have stopped. Returns when to look
    /// next; none if there are no hearts.
    ///
    /// However late it is called, each heart is looked at once. What was dropped meanwhile is forgotten then. What the clock
    /// of an owner's map throws meanwhile is contained: the others are seen to all the same.
    pub fn step(&self, now: Tick) -> Option<Tick> {
        let mut missed = Vec::new();
        let next = self.look(now, &mut missed);
        for (owner, grace) in missed {
            contain(|| end(owner, DeathReason::HeartbeatMissed, grace));
        }
        next
    }

    /// Ends the owners of all, with this reason: nobody will look at them any more.
    pub fn end_all(&self, reason: &DeathReason) {
        let all = std::mem::take(&mut *lock(&self.due));
        for due in all {
            let owner = lock(&due.heart.owner).take();
            if let Some(owner) = owner {
                contain(|| owner.release(reason.clone()));
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
            let beaten = first.heart.beaten.swap(false, Ordering::Relaxed);
            let silent = if beaten { 0 } else { first.silent + 1 };
            if silent < first.heart.looks && lock(&first.heart.owner).is_some() {
                // Moves to its new place when `first` goes.
                (first.at, first.silent) = (now.saturating_add(first.heart.step), silent);
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
        let Self { at, silent, heart } = self;
        f.debug_struct("Due").field("at", at).field("silent", silent).field("owner", &heart.name).finish()
    }
}

#[cfg(test)]
mod tests;
