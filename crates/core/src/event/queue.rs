//! A bounded queue of events, for those who want them elsewhere.

use super::{Event, Observer, RouteEvent, SessionEvent, What};
use crate::{clock::Tick, key::SessionKey};
use crossbeam_queue::ArrayQueue;
use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// An event that keeps: what [`EventQueue`] hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedEvent {
    /// The name of the table.
    pub table: Arc<str>,
    /// When, by the table's clock.
    pub at: Tick,
    /// The number of the event among all that were offered to the queue, counted from 0. A gap is what was lost.
    /// Events that several threads report at the same moment may come out a little out of order.
    pub sequence: u64,
    /// What, and to whom.
    pub what: OwnedWhat,
}

impl OwnedEvent {
    pub(super) fn new(event: &Event<'_>, table: Arc<str>, sequence: u64) -> Self {
        let what = match &event.what {
            What::Route { key, partition, kind } => {
                OwnedWhat::Route { key: key.to_key(), partition: *partition, kind: *kind }
            }
            What::Session { code, kind } => OwnedWhat::Session { code: Arc::from(*code), kind: kind.clone() },
        };
        Self { table, at: event.at, sequence, what }
    }
}

/// What happened, and to whom, in a form that keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnedWhat {
    /// Something happened to a route.
    Route {
        /// Its key.
        key: SessionKey,
        /// The partition that the key belongs to.
        partition: usize,
        /// What happened.
        kind: RouteEvent,
    },
    /// Something happened to a session.
    Session {
        /// Its code.
        code: Arc<str>,
        /// What happened.
        kind: SessionEvent,
    },
}

/// What comes out of an [`EventQueue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// The next event.
    Event(OwnedEvent),
    /// So many events were lost since this was last said, because the queue was full.
    Lagged(u64),
}

/// A bounded queue of events: an [`Observer`] for those who want to read them later or on another thread.
///
/// When it is full, a new event is dropped, counted, and announced by [`Received::Lagged`]; a table never waits for a
/// reader. A clone is another handle to the same queue: give one to the builder and keep one. Several readers share
/// the events between them.
///
/// ```
/// use tenure_core::{EventQueue, OwnedWhat, Pairing, Received, SessionEvent, SessionMap};
///
/// let queue = EventQueue::new(2);
/// let map = SessionMap::builder().name("pairing").observer(queue.clone()).build()?;
/// let owner = map.owner();
/// for code in ["A", "B", "C"] {
///     map.create(code, Pairing::sending(), &owner)?;
/// }
/// assert_eq!(queue.lost(), 1); // there was room for two
/// assert_eq!(queue.try_recv(), Some(Received::Lagged(1)));
/// let Some(Received::Event(event)) = queue.try_recv() else { panic!() };
/// assert_eq!(&*event.table, "pairing");
/// assert_eq!(event.what, OwnedWhat::Session { code: "A".into(), kind: SessionEvent::Created });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct EventQueue {
    shared: Arc<Shared>,
}

struct Shared {
    events: ArrayQueue<OwnedEvent>,
    /// How many were offered; gives the sequence numbers.
    offered: AtomicU64,
    lost: AtomicU64,
    /// How many of the lost ones were announced.
    announced: AtomicU64,
    /// The name of the first table that reported, so that events share it.
    table: OnceLock<Arc<str>>,
}

impl EventQueue {
    /// A queue for `capacity` events; a capacity of 0 counts as 1. The room for them is allocated now.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                events: ArrayQueue::new(capacity.max(1)),
                offered: AtomicU64::new(0),
                lost: AtomicU64::new(0),
                announced: AtomicU64::new(0),
                table: OnceLock::new(),
            }),
        }
    }

    /// The next event, or how many were lost since that was last said, or nothing. Never waits.
    ///
    /// A loss is announced before the events that are still queued, although these are older.
    pub fn try_recv(&self) -> Option<Received> {
        let shared = &*self.shared;
        // Relaxed, both: counts, ordered with nothing. The exchange sees to it that each loss is announced once.
        let lost = shared.lost.load(Ordering::Relaxed);
        let announced = shared.announced.fetch_max(lost, Ordering::Relaxed);
        if announced < lost {
            return Some(Received::Lagged(lost - announced));
        }
        shared.events.pop().map(Received::Event)
    }

    /// How many events were lost in all.
    pub fn lost(&self) -> u64 {
        // Relaxed: a count, ordered with nothing.
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// How many events wait to be read.
    pub fn len(&self) -> usize {
        self.shared.events.len()
    }

    /// Whether no event waits to be read.
    pub fn is_empty(&self) -> bool {
        self.shared.events.is_empty()
    }

    /// How many events it has room for.
    pub fn capacity(&self) -> usize {
        self.shared.events.capacity()
    }
}

impl Observer for EventQueue {
    fn observe(&self, event: &Event<'_>) {
        let shared = &*self.shared;
        // Relaxed: only the numbers matter, each is given once.
        let sequence = shared.offered.fetch_add(1, Ordering::Relaxed);
        let first = shared.table.get_or_init(|| Arc::from(event.table));
        let table = if **first == *event.table { Arc::clone(first) } else { Arc::from(event.table) };
        if shared.events.push(OwnedEvent::new(event, table, sequence)).is_err() {
            // Relaxed: a count, ordered with nothing.
            shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for EventQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventQueue")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("lost", &self.lost())
            .finish()
    }
}
