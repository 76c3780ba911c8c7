//! A table that counts its entries itself, for users that have no count of their own.

use super::{
    node::Fresh,
    reclaim::Guard,
    table::{Entry, Occupied, Table},
};
use crate::sync::{AtomicIsize, Ordering};
use std::ops::Deref;

/// A table with a count of its entries: a locked instruction more for each insertion and for each removal. They are
/// removed by [`remove`](Counted::remove): an entry's own would leave the count too high.
pub(crate) struct Counted<K: Send + Sync + 'static, V: Send + Sync + 'static> {
    table: Table<K, V>,
    /// One that is being inserted or removed at the moment may or may not count, so for a moment it may be negative.
    entries: AtomicIsize,
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Counted<K, V> {
    pub(crate) fn new() -> Self {
        Self { table: Table::new(), entries: AtomicIsize::new(0) }
    }

    /// As [`Table::insert`].
    pub(crate) fn insert<'g>(
        &'g self,
        fresh: Fresh<K, V>,
        guard: &'g Guard,
    ) -> Result<Entry<'g, K, V>, Occupied<'g, K, V>>
    where
        K: Eq,
    {
        // Relaxed: a count, ordered with nothing.
        let count = || usize::try_from(self.entries.fetch_add(1, Ordering::Relaxed) + 1).unwrap_or(0);
        self.table.insert(fresh, count, guard)
    }

    /// As [`Entry::remove`], for an entry of this table.
    pub(crate) fn remove(&self, entry: Entry<'_, K, V>) -> bool {
        let removed = entry.remove();
        if removed {
            // Relaxed: as in `insert`.
            self.entries.fetch_sub(1, Ordering::Relaxed);
        }
        removed
    }

    #[cfg(all(test, not(tenure_loom)))]
    pub(crate) fn len(&self) -> usize {
        // Relaxed: as in `insert`.
        usize::try_from(self.entries.load(Ordering::Relaxed)).unwrap_or(0)
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Deref for Counted<K, V> {
    type Target = Table<K, V>;

    fn deref(&self) -> &Table<K, V> {
        &self.table
    }
}
