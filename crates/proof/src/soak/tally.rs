//! What the threads have had answered, to compare with what the tables have counted.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};
use tenure_core::{Event, Observer, Outcome, RouteEvent, SessionEvent, What};

/// Answers that a table counts as well.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Exact,
    Room,
    Provided,
    NoRoute,
    Unavailable,
    Touched,
    Removed,
    KeptSet,
    KeptTouched,
    KeptRemoved,
    Created,
    Updated,
    Claimed,
    HandedOver,
    Deleted,
}

const ANSWERS: usize = Answer::Deleted as usize + 1;

/// How often each was answered: of one thread, or of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally([u64; ANSWERS]);

impl Tally {
    #[inline]
    pub(crate) fn count(&mut self, answer: Answer) {
        self.0[answer as usize] += 1;
    }

    pub(crate) fn get(&self, answer: Answer) -> u64 {
        self.0[answer as usize]
    }

    /// Takes over what another has counted.
    pub(crate) fn take(&mut self, other: &mut Self) {
        for (sum, part) in self.0.iter_mut().zip(&mut other.0) {
            *sum += std::mem::take(part);
        }
    }
}

/// What an observer was told, by kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<[AtomicU64; TOLD]>);

/// Kinds of events.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Set,
    Hit,
    Fallback,
    Miss,
    Stale,
    Evicted,
    Pruned,
    Removed,
    Created,
    Updated,
    Claimed,
    HandedOver,
    Ended,
    Other,
}

const TOLD: usize = Kind::Other as usize + 1;

impl Told {
    pub(crate) fn get(&self, kind: Kind) -> u64 {
        // Relaxed: read where all threads stand, which orders it.
        self.0[kind as usize].load(Ordering::Relaxed)
    }
}

impl Observer for Told {
    fn observe(&self, event: &Event<'_>) {
        let kind = match &event.what {
            What::Route { kind, .. } => match kind {
                RouteEvent::Set => Kind::Set,
                RouteEvent::Resolved(Outcome::Hit) => Kind::Hit,
                RouteEvent::Resolved(Outcome::Fallback) => Kind::Fallback,
                RouteEvent::Resolved(Outcome::Miss) => Kind::Miss,
                RouteEvent::Stale => Kind::Stale,
                RouteEvent::Evicted => Kind::Evicted,
                RouteEvent::Pruned => Kind::Pruned,
                RouteEvent::Removed => Kind::Removed,
                _ => Kind::Other,
            },
            What::Session { kind, .. } => match kind {
                SessionEvent::Created => Kind::Created,
                SessionEvent::Updated => Kind::Updated,
                SessionEvent::Claimed => Kind::Claimed,
                SessionEvent::HandedOver => Kind::HandedOver,
                SessionEvent::Ended(_) => Kind::Ended,
                _ => Kind::Other,
            },
            _ => Kind::Other,
        };
        // Relaxed: a count.
        self.0[kind as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// How many values of one kind exist: each that is made or cloned counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Alive(&'static AtomicI64);

/// Routes that exist, wherever.
pub(crate) static ROUTES: AtomicI64 = AtomicI64::new(0);
/// Payloads of sessions that exist, wherever.
pub(crate) static PAYLOADS: AtomicI64 = AtomicI64::new(0);

impl Alive {
    pub(crate) fn one_of(kind: &'static AtomicI64) -> Self {
        // Relaxed, here and below: a count, read where all threads stand.
        kind.fetch_add(1, Ordering::Relaxed);
        Self(kind)
    }
}

impl Clone for Alive {
    fn clone(&self) -> Self {
        Self::one_of(self.0)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
