//! One call on a partition: when and where it happens, what it counts, who is told.

use super::shared::Shared;
use crate::{clock::Tick, event::RouteEvent, key::KeyParts, raw::Guard, stats::Counters};

/// What a partition counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Exact,
    Room,
    Provided,
    NoRoute,
    Stale,
    Unavailable,
    Set,
    Touched,
    Removed,
    Evicted,
    Pruned,
}

/// How many there are.
pub(super) const COUNTS: usize = Count::Pruned as usize + 1;

/// One call's view: where and when it happens, and who is told.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) shared: &'a Shared,
    pub(super) counters: &'a Counters<COUNTS>,
    pub(super) partition: usize,
    pub(super) guard: &'a Guard,
    pub(super) now: Tick,
}

impl Call<'_> {
    #[inline]
    pub(super) fn count(&self, count: Count) {
        self.counters.add(count as usize, 1);
    }

    /// A record has ended: counts it, tells, and has its memory freed.
    pub(super) fn gone(&self, key: &KeyParts, count: Count, event: RouteEvent) {
        self.count(count);
        self.shared.tell(self.now, self.partition, event, || key.key_ref());
        self.shared.signal.wake();
    }
}
