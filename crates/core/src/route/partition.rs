//! A partition: its content, which can be replaced as a whole, and its counters, which stay.

use super::{
    call::{COUNTS, Call, Count},
    destination::Destination,
    shared::Shared,
    store::Store,
};
use crate::{
    clock::Tick,
    error::PartitionUnavailable,
    raw::{Cell, Cursor, DropPanics, Guard, pin},
    stats::Counters,
};

/// Records that one step of a pass visits under one guard.
pub(super) const STEP: usize = 256;

pub(super) struct Partition<R: Destination> {
    index: usize,
    store: Cell<Store<R>>,
    counters: Counters<COUNTS>,
    drop_panics: DropPanics,
}

impl<R: Destination> Partition<R> {
    pub(super) fn new(index: usize) -> Self {
        let drop_panics = DropPanics::default();
        let store = Cell::new(Store::new(drop_panics.clone()));
        Self { index, store, counters: Counters::new(), drop_panics }
    }

    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// The content, in service or not.
    #[inline]
    pub(super) fn store<'g>(&'g self, guard: &'g Guard) -> &'g Store<R> {
        self.store.load(guard)
    }

    /// The content if it is in service.
    #[inline]
    pub(super) fn available<'g>(&'g self, guard: &'g Guard) -> Result<&'g Store<R>, PartitionUnavailable> {
        let store = self.store(guard);
        if store.is_available() { Ok(store) } else { Err(PartitionUnavailable { partition: self.index }) }
    }

    #[inline]
    pub(super) fn call<'g>(&'g self, shared: &'g Shared, guard: &'g Guard) -> Call<'g> {
        self.call_at(shared, guard, shared.now())
    }

    /// A call that belongs to one that began at this time.
    #[inline]
    pub(super) fn call_at<'g>(&'g self, shared: &'g Shared, guard: &'g Guard, now: Tick) -> Call<'g> {
        Call { shared, counters: &self.counters, partition: self.index, guard, now }
    }

    #[inline]
    pub(super) fn count(&self, count: Count) {
        self.counters.add(count as usize, 1);
    }

    pub(super) fn get_count(&self, count: Count) -> u64 {
        self.counters.get(count as usize)
    }

    pub(super) fn drop_panics(&self) -> u64 {
        self.drop_panics.get()
    }

    pub(super) fn fail(&self) -> bool {
        self.store(&pin()).fail()
    }

    /// Puts an empty content in the place of one that is out of service. True if this call did.
    pub(super) fn replace_failed(&self) -> bool {
        let guard = pin();
        let store = self.store(&guard);
        !store.is_available()
            && self.store.replace(store, Store::new(self.drop_panics.clone()), &guard).is_ok()
    }

    /// Contents that were replaced and are not dropped yet, or of which the reclaimer still has something.
    fn replaced(&self) -> usize {
        // This one's, and that of the content in use.
        self.drop_panics.sharers() - 2
    }

    /// About how many records there are.
    pub(super) fn places_taken(&self) -> usize {
        self.store(&pin()).places_taken()
    }

    /// Removes every expired record.
    pub(super) fn prune(&self, shared: &Shared) -> Result<usize, PartitionUnavailable> {
        let (mut cursor, mut pruned) = (Cursor::default(), 0);
        while !self.prune_step(shared, &mut cursor, &mut pruned)? {}
        Ok(pruned)
    }

    /// Removes the expired among the next few records. True when the pass is complete.
    pub(super) fn prune_step(
        &self,
        shared: &Shared,
        cursor: &mut Cursor,
        pruned: &mut usize,
    ) -> Result<bool, PartitionUnavailable> {
        let guard = pin();
        let store = self.available(&guard)?;
        Ok(store.prune(cursor, STEP, pruned, &self.call(shared, &guard)))
    }

    /// Evicts what is over the bound.
    pub(super) fn shrink(&self, shared: &Shared) {
        let guard = pin();
        // What is out of service is seen by nobody, and goes as a whole.
        if let Ok(store) = self.available(&guard) {
            store.shrink(&self.call(shared, &guard));
        }
    }

    /// Hands what was removed to the reclaimer; whether there was anything that is not dropped yet.
    pub(super) fn collect(&self) -> bool {
        let guard = pin();
        let table = &self.store(&guard).table;
        let waits = table.garbage() + self.replaced() > 0;
        if waits {
            table.collect();
        }
        waits
    }

    /// Drops what the reclaimer has given back; whether anything is left.
    pub(super) fn bury(&self) -> bool {
        let guard = pin();
        let table = &self.store(&guard).table;
        table.bury();
        table.garbage() + self.replaced() > 0
    }
}
