//! What can be changed while a table runs.

use super::{RouteTable, builder, destination::Destination};
use crate::{clock::Millis, error::SettingError, raw::pin};
use std::time::Duration;

impl<R: Destination> RouteTable<R> {
    /// The default time to live.
    pub fn ttl(&self) -> Duration {
        self.inner.shared.ttl().into()
    }

    /// Changes the default time to live, for what is set from now on.
    ///
    /// # Errors
    /// It is zero; nothing was changed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::RouteTable;
    ///
    /// let table = RouteTable::new();
    /// table.set_ttl(Duration::from_secs(60))?;
    /// assert_eq!(table.ttl(), Duration::from_secs(60));
    /// # Ok::<(), tenure_core::SettingError>(())
    /// ```
    pub fn set_ttl(&self, ttl: Duration) -> Result<(), SettingError> {
        builder::positive_span("ttl", ttl)?;
        let ttl = Millis::from(ttl);
        let (shared, before) = (&self.inner.shared, self.inner.shared.ttl());
        // Before the change: nothing that is set by the new one expires before this and the shorter of the two.
        let now = shared.now();
        shared.set_ttl(ttl);
        let guard = pin();
        for partition in &self.inner.partitions {
            partition.store(&guard).ttl_changes(ttl.min(before), now);
        }
        Ok(())
    }

    /// The most records in one partition.
    pub fn max_entries_per_partition(&self) -> usize {
        self.inner.shared.bound()
    }

    /// Changes the most records in one partition. What is over a lower bound is evicted before this returns, except what sets
    /// are storing at the moment in other threads: those that had taken a place by the old bound evict what is over the new one
    /// before they return.
    ///
    /// A partition keeps the buckets for the most records that it has ever held, 16 to 32 bytes for each, and making room
    /// goes over them: once lowered from 1,000,000 to 10,000, a set of a new key took 0.5 µs, once lowered to 100 it took 110 µs.
    ///
    /// # Errors
    /// It is zero; nothing was changed.
    ///
    /// ```
    /// use tenure_core::{RouteTable, SessionKey};
    ///
    /// let table = RouteTable::<&'static str>::builder().partitions(1).build()?;
    /// for room in ["#a", "#b", "#c"] {
    ///     table.set(SessionKey::for_room("irc", "libera", room), "!there")?;
    /// }
    /// table.set_max_entries_per_partition(2)?;
    /// assert_eq!((table.max_entries_per_partition(), table.len()), (2, 2));
    /// assert!(table.get(&SessionKey::for_room("irc", "libera", "#a")).is_err()); // it was set first
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_max_entries_per_partition(&self, bound: usize) -> Result<(), SettingError> {
        builder::positive("max_entries_per_partition", bound)?;
        self.inner.shared.set_bound(bound);
        for partition in &self.inner.partitions {
            partition.shrink(&self.inner.shared);
        }
        Ok(())
    }

    /// How often the background thread removes what has expired.
    pub fn prune_interval(&self) -> Duration {
        self.inner.shared.interval()
    }

    /// Changes how often the background thread removes what has expired.
    ///
    /// # Errors
    /// It is zero; nothing was changed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::RouteTable;
    ///
    /// let table = RouteTable::new();
    /// table.set_prune_interval(Duration::from_secs(5))?;
    /// assert_eq!(table.prune_interval(), Duration::from_secs(5));
    /// # Ok::<(), tenure_core::SettingError>(())
    /// ```
    pub fn set_prune_interval(&self, interval: Duration) -> Result<(), SettingError> {
        builder::positive_span("prune_interval", interval)?;
        self.inner.shared.set_interval(interval);
        self.inner.shared.signal.wake();
        Ok(())
    }
}
