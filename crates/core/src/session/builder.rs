//! The options of a session map.

use super::{
    Busy, Inner, Payload, SessionMap, code,
    earliest::Earliest,
    feed::Feed,
    settings::{milliseconds, positive},
    suspend::Suspended,
    sweep::Sweeps,
    wait::Bells,
};
use crate::{
    clock::{Clock, SystemClock, TableClock, Tick},
    error::BuildSessionMapError,
    event::{Observer, Observers},
    owner::{Backlog, Wards},
    pruner::{Maintain, Pruner, Signal},
    raw::{Slot, Table},
    stats::Counters,
    sync::{AtomicBool, AtomicU64, AtomicUsize},
};
use crossbeam_utils::CachePadded;
use std::{
    fmt,
    marker::PhantomData,
    sync::{Arc, Weak},
    time::Duration,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Options for a [`SessionMap`]: what [`SessionMap::builder`] returns.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{ManualClock, Pruner, RecentRemovals, SessionMap};
///
/// let pruner = Pruner::spawn("tenure")?; // one thread for several tables; `background()` starts one for this alone
/// let map = SessionMap::<String>::builder()
///     .name("pairing")
///     .capacity(100_000)
///     .per_owner(16)
///     .ownerless_ttl(Duration::from_secs(3_600))
///     .sweep_interval(Duration::from_secs(600))
///     .clock(ManualClock::new())
///     .observer(RecentRemovals::new(1_000))
///     .pruner(&pruner)
///     .build()?;
/// assert_eq!(map.name(), "pairing");
/// assert_eq!((map.capacity(), map.per_owner()), (100_000, 16));
/// assert_eq!(map.ownerless_ttl(), Duration::from_secs(3_600));
/// let own = SessionMap::<String>::builder().background().build()?;
/// assert_eq!(own.sweep_interval(), Duration::from_secs(3_600));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct SessionMapBuilder<P = super::Pairing> {
    name: String,
    clock: TableClock,
    capacity: usize,
    per_owner: usize,
    ownerless_ttl: Duration,
    sweep_interval: Duration,
    observers: Vec<Arc<dyn Observer>>,
    background: Background,
    pub(super) randomness: code::Randomness,
    payload: PhantomData<fn() -> P>,
}

enum Background {
    None,
    Own,
    Shared(Pruner),
}

impl<P: Payload> Default for SessionMapBuilder<P> {
    fn default() -> Self {
        Self {
            name: "sessions".to_owned(),
            clock: TableClock::System(SystemClock::new()),
            capacity: usize::MAX,
            per_owner: usize::MAX,
            ownerless_ttl: DAY,
            sweep_interval: HOUR,
            observers: Vec::new(),
            background: Background::None,
            randomness: code::from_the_system,
            payload: PhantomData,
        }
    }
}

impl<P: Payload> SessionMapBuilder<P> {
    /// The name that the map's events and its thread carry. By default, `sessions`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Where the map gets its time. By default, a [`SystemClock`] of its own.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = TableClock::new(clock);
        self
    }

    /// How many sessions there may be in all. By default, as many as memory holds.
    pub fn capacity(mut self, sessions: usize) -> Self {
        self.capacity = sessions;
        self
    }

    /// How many sessions one owner may have. By default, as many as there may be in all.
    pub fn per_owner(mut self, sessions: usize) -> Self {
        self.per_owner = sessions;
        self
    }

    /// How long a session without owner stays. Counted in milliseconds. By default, 24 hours.
    pub fn ownerless_ttl(mut self, ttl: Duration) -> Self {
        self.ownerless_ttl = ttl;
        self
    }

    /// How often the whole map is swept for sessions that should be gone. In a correct program the sweep finds none.
    /// Counted in milliseconds. By default, every hour.
    pub fn sweep_interval(mut self, interval: Duration) -> Self {
        self.sweep_interval = interval;
        self
    }

    /// Somebody who is told what happens in the map; several are told in the order in which they are given. By
    /// default, nobody.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// A background thread for this map alone. It frees the sessions of dead owners with many sessions, drops what
    /// was removed within milliseconds, ends what has expired within about a second, and sweeps. By default, none:
    /// then [`maintain`](SessionMap::maintain) or [`prune`](SessionMap::prune) does it, called by hand.
    pub fn background(mut self) -> Self {
        self.background = Background::Own;
        self
    }

    /// A background thread that serves other tables as well. By default, none.
    pub fn pruner(mut self, pruner: &Pruner) -> Self {
        self.background = Background::Shared(pruner.clone());
        self
    }

    /// The map.
    ///
    /// # Errors
    /// A setting is 0 and must not be, or the background thread could not be started.
    ///
    /// ```
    /// use tenure_core::{Pairing, SessionMap};
    ///
    /// let error = SessionMap::<Pairing>::builder().capacity(0).build().unwrap_err();
    /// assert_eq!(error.to_string(), "capacity is 0; it must be positive");
    /// ```
    pub fn build(self) -> Result<SessionMap<P>, BuildSessionMapError> {
        positive("capacity", self.capacity)?;
        positive("per_owner", self.per_owner)?;
        milliseconds("ownerless_ttl", self.ownerless_ttl)?;
        milliseconds("sweep_interval", self.sweep_interval)?;
        let pruner = match &self.background {
            Background::None => None,
            Background::Own => Some(Pruner::spawn(&self.name).map_err(BuildSessionMapError::Thread)?),
            Background::Shared(pruner) => Some(pruner.clone()),
        };
        Ok(self.assemble(pruner))
    }

    /// The map, of options that are known to make sense.
    pub(super) fn assemble(self, pruner: Option<Pruner>) -> SessionMap<P> {
        let millis = |span| Tick::ZERO.saturating_add(span).as_millis();
        let clock = self.clock;
        let now = clock.now();
        let inner = Arc::new(Inner {
            table: Table::new(),
            busy: CachePadded::new(Busy { places: AtomicUsize::new(0), next_id: AtomicU64::new(0) }),
            capacity: AtomicUsize::new(self.capacity),
            per_owner: AtomicUsize::new(self.per_owner),
            ownerless_ttl: AtomicU64::new(millis(self.ownerless_ttl)),
            sweep_interval: AtomicU64::new(millis(self.sweep_interval)),
            earliest: Earliest::never(),
            dead: Backlog::new(),
            unburied: AtomicUsize::new(0),
            wards: Arc::new(Wards::new()),
            suspended: Suspended::none(),
            bells: Bells::new(),
            waiters: AtomicUsize::new(0),
            feed: Arc::new(Feed::new()),
            draining: AtomicBool::new(false),
            observers: Observers::new(self.observers),
            counts: Counters::new(),
            clock,
            name: Arc::from(self.name),
            randomness: self.randomness,
            sweeps: Sweeps::starting_at(now),
            pass: Slot::empty(),
            signal: pruner.as_ref().map_or_else(Signal::none, Pruner::signal),
        });
        if let Some(pruner) = &pruner {
            let table: Weak<Inner<P>> = Arc::downgrade(&inner);
            pruner.attach(table as Weak<dyn Maintain>);
        }
        SessionMap { inner, pruner }
    }
}

impl<P> fmt::Debug for SessionMapBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMapBuilder")
            .field("name", &self.name)
            .field("clock", &self.clock)
            .field("capacity", &self.capacity)
            .field("per_owner", &self.per_owner)
            .field("ownerless_ttl", &self.ownerless_ttl)
            .field("sweep_interval", &self.sweep_interval)
            .field("observers", &self.observers.len())
            .finish_non_exhaustive()
    }
}
