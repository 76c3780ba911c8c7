//! What all partitions of a table share: its name, its clock, what can be changed while it runs, who is told.

use crate::{
    clock::{Millis, TableClock, Tick},
    event::{Event, Observers, RouteEvent, What},
    key::KeyRef,
    pruner::Signal,
    sync::{AtomicU64, AtomicUsize, Ordering, fence},
};
use std::{sync::Arc, time::Duration};

pub(super) struct Shared {
    pub(super) name: Arc<str>,
    clock: TableClock,
    pub(super) write_back: bool,
    pub(super) observers: Observers,
    pub(super) signal: Signal,
    // The three that change while the table runs. Relaxed throughout: each is read on its own, and a change takes
    // effect for operations that begin after it.
    ttl: AtomicU64,
    bound: AtomicUsize,
    interval: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        name: Arc<str>,
        clock: TableClock,
        write_back: bool,
        observers: Observers,
        signal: Signal,
    ) -> Self {
        Self {
            name,
            clock,
            write_back,
            observers,
            signal,
            ttl: AtomicU64::new(0),
            bound: AtomicUsize::new(0),
            interval: AtomicU64::new(0),
        }
    }

    /// The time of an operation.
    #[inline]
    pub(super) fn now(&self) -> Tick {
        self.clock.now()
    }

    #[inline]
    pub(super) fn ttl(&self) -> Millis {
        // Relaxed: as for all that changes while the table runs.
        Millis(self.ttl.load(Ordering::Relaxed))
    }

    pub(super) fn set_ttl(&self, ttl: Millis) {
        // Relaxed: as for all that changes while the table runs.
        self.ttl.store(ttl.0, Ordering::Relaxed);
    }

    pub(super) fn bound(&self) -> usize {
        // Relaxed: as for all that changes while the table runs.
        self.bound.load(Ordering::Relaxed)
    }

    pub(super) fn set_bound(&self, bound: usize) {
        // Relaxed: as for all that changes while the table runs.
        self.bound.store(bound, Ordering::Relaxed);
        // SeqCst: pairs with the fence in `Store::take_place`, see there.
        fence(Ordering::SeqCst);
    }

    pub(super) fn interval(&self) -> Duration {
        // Relaxed: as for all that changes while the table runs.
        Duration::from_millis(self.interval.load(Ordering::Relaxed))
    }

    pub(super) fn set_interval(&self, interval: Duration) {
        // Relaxed: as for all that changes while the table runs.
        self.interval.store(Millis::from(interval).0, Ordering::Relaxed);
    }

    /// Whether there is anybody to be told.
    #[inline]
    pub(super) fn is_observed(&self) -> bool {
        !self.observers.is_empty()
    }

    /// Tells the observers, if there are any.
    #[inline]
    pub(super) fn tell<'k>(
        &self,
        at: Tick,
        partition: usize,
        kind: RouteEvent,
        key: impl FnOnce() -> KeyRef<'k>,
    ) {
        if self.is_observed() {
            let what = What::Route { key: key(), partition, kind };
            self.observers.emit(&Event { table: &self.name, at, what });
        }
    }
}
