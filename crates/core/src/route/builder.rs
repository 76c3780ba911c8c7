//! Building a route table.

use super::{RouteTable, destination::Destination, shared::Shared};
use crate::{
    clock::{Clock, SystemClock, TableClock},
    error::{BuildRouteTableError, SettingError},
    event::{Observer, Observers},
    pruner::{Pruner, Signal},
};
use std::{fmt, marker::PhantomData, num::NonZeroUsize, sync::Arc, thread, time::Duration};

/// The most partitions that a table can have.
pub(super) const MOST_PARTITIONS: usize = 1 << 16;

/// What serves a table in the background.
enum Background {
    None,
    Own,
    Shared(Pruner),
}

/// Builds a [`RouteTable`]; made by [`RouteTable::builder`].
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{ManualClock, Pruner, RecentRemovals, RouteTable};
///
/// let pruner = Pruner::spawn("tenure")?; // one thread for several tables; `background()` starts one for this alone
/// let table = RouteTable::<String>::builder()
///     .name("replies")
///     .partitions(4)
///     .ttl(Duration::from_secs(60))
///     .max_entries_per_partition(1_000)
///     .prune_interval(Duration::from_secs(10))
///     .write_back(false)
///     .clock(ManualClock::new())
///     .observer(RecentRemovals::new(1_000))
///     .pruner(&pruner)
///     .build()?;
/// assert_eq!((table.name(), table.partition_count()), ("replies", 4));
/// let own = RouteTable::<String>::builder().background().build()?;
/// assert_eq!(own.ttl(), Duration::from_secs(30 * 60));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct RouteTableBuilder<R: Destination> {
    name: String,
    partitions: usize,
    bound: usize,
    ttl: Duration,
    interval: Duration,
    write_back: bool,
    clock: TableClock,
    observers: Vec<Arc<dyn Observer>>,
    background: Background,
    routes: PhantomData<fn() -> R>,
}

impl<R: Destination> fmt::Debug for RouteTableBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteTableBuilder")
            .field("name", &self.name)
            .field("partitions", &self.partitions)
            .field("max_entries_per_partition", &self.bound)
            .field("ttl", &self.ttl)
            .field("prune_interval", &self.interval)
            .field("write_back", &self.write_back)
            .finish_non_exhaustive()
    }
}

impl<R: Destination> RouteTableBuilder<R> {
    pub(super) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            name: "routes".to_owned(),
            partitions: (2 * cores).max(2),
            bound: 10_000,
            ttl: Duration::from_secs(30 * 60),
            interval: Duration::from_secs(30),
            write_back: true,
            clock: TableClock::System(SystemClock::new()),
            observers: Vec::new(),
            background: Background::None,
            routes: PhantomData,
        }
    }

    /// The name that events and the background thread carry. By default, `routes`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The number of partitions, from 1 to 65,536. By default, twice the number of cores, at least 2.
    pub fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions;
        self
    }

    /// The most records in one partition, at least 1. By default, 10,000.
    pub fn max_entries_per_partition(mut self, bound: usize) -> Self {
        self.bound = bound;
        self
    }

    /// The time to live of a record that is set without one of its own. A part of a millisecond counts as a whole
    /// one. By default, 30 minutes.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How often the background thread removes what has expired. By default, every 30 seconds.
    pub fn prune_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Whether a resolution stores what it has learned from a fallback under the key that was asked for. By default,
    /// it does.
    pub fn write_back(mut self, write_back: bool) -> Self {
        self.write_back = write_back;
        self
    }

    /// Where the time comes from. By default, a [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = TableClock::new(clock);
        self
    }

    /// Adds somebody who is told of everything that happens. By default, there is nobody, which costs nothing.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Starts a background thread of the table's own, named like the table. By default, there is none, and
    /// [`RouteTable::prune`] and [`RouteTable::maintain`] do its work by hand.
    pub fn background(mut self) -> Self {
        self.background = Background::Own;
        self
    }

    /// Has a background thread serve this table that others may share. By default, none.
    pub fn pruner(mut self, pruner: &Pruner) -> Self {
        self.background = Background::Shared(pruner.clone());
        self
    }

    /// Builds the table.
    ///
    /// # Errors
    /// A setting that must be positive is 0, or too large; or the background thread could not be started.
    ///
    /// ```
    /// use tenure_core::RouteTable;
    ///
    /// let error = RouteTable::<String>::builder().partitions(0).build().unwrap_err();
    /// assert_eq!(error.to_string(), "partitions is 0; it must be positive");
    /// ```
    pub fn build(self) -> Result<RouteTable<R>, BuildRouteTableError> {
        positive("partitions", self.partitions)?;
        positive("max_entries_per_partition", self.bound)?;
        positive_span("ttl", self.ttl)?;
        positive_span("prune_interval", self.interval)?;
        if self.partitions > MOST_PARTITIONS {
            let (value, most) = (self.partitions, MOST_PARTITIONS);
            return Err(SettingError::TooMany { setting: "partitions", value, most }.into());
        }
        let pruner = match self.background {
            Background::None => None,
            Background::Own => Some(Pruner::spawn(&self.name).map_err(BuildRouteTableError::Thread)?),
            Background::Shared(pruner) => Some(pruner),
        };
        let signal = pruner.as_ref().map_or_else(Signal::none, Pruner::signal);
        let observers = Observers::new(self.observers);
        let shared = Shared::new(self.name.into(), self.clock, self.write_back, observers, signal);
        shared.set_ttl(self.ttl.into());
        shared.set_bound(self.bound);
        shared.set_interval(self.interval);
        Ok(RouteTable::start(shared, self.partitions, pruner))
    }
}

pub(super) fn positive(setting: &'static str, value: usize) -> Result<(), SettingError> {
    if value == 0 { Err(SettingError::Zero { setting }) } else { Ok(()) }
}

pub(super) fn positive_span(setting: &'static str, value: Duration) -> Result<(), SettingError> {
    if value.is_zero() { Err(SettingError::Zero { setting }) } else { Ok(()) }
}
