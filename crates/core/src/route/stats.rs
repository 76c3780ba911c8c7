//! What a table has counted, and one partition as it can be looked at.

use super::{call::Count, destination::Destination, partition::Partition, shared::Shared};
use crate::{error::PartitionUnavailable, raw::pin};
use std::{fmt, ops::Add};

/// Counters of a table or of one of its partitions, since it was built. They count while other threads go on, so
/// they need not add up to the last one.
///
/// ```
/// use tenure_core::{RouteStats, RouteTable, SessionKey};
///
/// let table = RouteTable::<&'static str>::default();
/// let key = SessionKey::for_room("irc", "libera", "#rust");
/// table.set(&key, "!rust")?;
/// table.resolve(&key, &[])?;
/// let stats: RouteStats = table.stats();
/// assert_eq!((stats.set, stats.exact, stats.held, stats.evicted), (1, 1, 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RouteStats {
    /// Resolutions from the key's own record.
    pub exact: u64,
    /// Resolutions from the room's record.
    pub room: u64,
    /// Resolutions from what the caller provided.
    pub provided: u64,
    /// Resolutions that found no route.
    pub no_route: u64,
    /// Resolutions that met an expired record.
    pub stale: u64,
    /// Resolutions for which a partition was unavailable.
    pub unavailable: u64,
    /// Records set, by sets and by what resolutions have written back.
    pub set: u64,
    /// Deadlines moved without a set.
    pub touched: u64,
    /// Fresh records removed on request.
    pub removed: u64,
    /// Fresh records removed for the bound.
    pub evicted: u64,
    /// Records removed because they had expired, by whoever met them.
    pub pruned: u64,
    /// Destructors of routes that have panicked, contained.
    pub drop_panics: u64,
    /// Calls of observers that have panicked, contained. Only counted for a table as a whole.
    pub observer_panics: u64,
    /// Records held now.
    pub held: usize,
    /// Removed or replaced records that are not dropped yet.
    pub garbage: usize,
}

impl Add for RouteStats {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            exact: self.exact + other.exact,
            room: self.room + other.room,
            provided: self.provided + other.provided,
            no_route: self.no_route + other.no_route,
            stale: self.stale + other.stale,
            unavailable: self.unavailable + other.unavailable,
            set: self.set + other.set,
            touched: self.touched + other.touched,
            removed: self.removed + other.removed,
            evicted: self.evicted + other.evicted,
            pruned: self.pruned + other.pruned,
            drop_panics: self.drop_panics + other.drop_panics,
            observer_panics: self.observer_panics + other.observer_panics,
            held: self.held + other.held,
            garbage: self.garbage + other.garbage,
        }
    }
}

/// One partition of a table.
///
/// ```
/// use tenure_core::{PartitionView, RouteTable, SessionKey};
///
/// let table = RouteTable::<&'static str>::default();
/// let key = SessionKey::for_room("irc", "libera", "#rust");
/// table.set(&key, "!rust")?;
/// let partition: PartitionView<'_, &str> = table.partition(table.partition_of(&key)).expect("it has one");
/// assert_eq!(partition.index(), table.partition_of(&key));
/// assert!(partition.is_available() && !partition.is_empty());
/// assert_eq!((partition.len(), partition.stats().set), (1, 1));
/// assert_eq!(partition.prune(), Ok(0)); // nothing has expired
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct PartitionView<'t, R: Destination> {
    partition: &'t Partition<R>,
    shared: &'t Shared,
}

impl<R: Destination> fmt::Debug for PartitionView<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionView")
            .field("index", &self.index())
            .field("available", &self.is_available())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl<'t, R: Destination> PartitionView<'t, R> {
    pub(super) fn new(partition: &'t Partition<R>, shared: &'t Shared) -> Self {
        Self { partition, shared }
    }

    /// Which one.
    pub fn index(&self) -> usize {
        self.partition.index()
    }

    /// Whether it is in service.
    pub fn is_available(&self) -> bool {
        self.partition.store(&pin()).is_available()
    }

    /// How many records it holds; see [`RouteTable::len`](crate::RouteTable::len).
    pub fn len(&self) -> usize {
        self.partition.store(&pin()).len(self.shared.bound())
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes its expired records now; says how many.
    ///
    /// # Errors
    /// It is unavailable.
    pub fn prune(&self) -> Result<usize, PartitionUnavailable> {
        self.partition.prune(self.shared)
    }

    /// What has happened in it so far.
    pub fn stats(&self) -> RouteStats {
        let count = |which| self.partition.get_count(which);
        let guard = pin();
        let store = self.partition.store(&guard);
        RouteStats {
            exact: count(Count::Exact),
            room: count(Count::Room),
            provided: count(Count::Provided),
            no_route: count(Count::NoRoute),
            stale: count(Count::Stale),
            unavailable: count(Count::Unavailable),
            set: count(Count::Set),
            touched: count(Count::Touched),
            removed: count(Count::Removed),
            evicted: count(Count::Evicted),
            pruned: count(Count::Pruned),
            drop_panics: self.partition.drop_panics(),
            observer_panics: 0,
            held: store.len(self.shared.bound()),
            garbage: store.table.garbage(),
        }
    }
}
