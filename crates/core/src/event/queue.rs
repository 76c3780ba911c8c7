//! A bounded queue of events, for those who want them elsewhere.
//!
//! A table reports into it in the middle of an operation, so it must not wait for anybody: neither for a reader nor for
//! another reporter that is stopped half-way. (In an array of slots, one that is stopped between taking its slot and
//! filling it holds up all others.) Events are pushed onto a stack; a reader takes the whole stack, turns it round, and
//! keeps what it does not hand out in a place from which the next reader takes it.

use super::{Event, Observer, RouteEvent, SessionEvent, What};
use crate::{
    clock::Tick,
    key::SessionKey,
    raw::{Once, Slot, Stack},
    sync::{AtomicUsize, Ordering},
};
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

/// An event that keeps: what [`EventQueue`] hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct OwnedEvent {
    /// The name of the table.
    #[cfg_attr(feature = "serde", serde(with = "super::serial"))]
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
                OwnedWhat::Route { key: key.to_session_key(), partition: *partition, kind: *kind }
            }
            What::Session { code, kind } => OwnedWhat::Session { code: Arc::from(*code), kind: kind.clone() },
        };
        Self { table, at: event.at, sequence, what }
    }
}

/// What happened, and to whom, in a form that keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
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
        #[cfg_attr(feature = "serde", serde(with = "super::serial"))]
        code: Arc<str>,
        /// What happened.
        kind: SessionEvent,
    },
}

/// What comes out of an [`EventQueue`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
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
/// the events between them; where they read at the same moment, one of them may find nothing, or get a later event first.
/// A reader that is stopped for ever in the middle of reading keeps the events that it has in its hands.
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
/// assert_eq!((queue.len(), queue.capacity(), queue.lost()), (2, 2, 1)); // there was room for two
/// assert_eq!(queue.try_recv(), Some(Received::Lagged(1)));
/// let Some(Received::Event(event)) = queue.try_recv() else { panic!() };
/// assert_eq!(&*event.table, "pairing");
/// assert_eq!(event.what, OwnedWhat::Session { code: "A".into(), kind: SessionEvent::Created });
/// assert!(!queue.is_empty()); // "B" is still there
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct EventQueue {
    shared: Arc<Shared>,
}

struct Shared {
    capacity: usize,
    /// Events in the queue, about to be, or in a reader's hands: so never too low.
    held: AtomicUsize,
    arrived: Stack<OwnedEvent>,
    /// What was taken from there and not read yet, in order, while no reader has it.
    taken: Slot<VecDeque<OwnedEvent>>,
    /// How many were offered; gives the sequence numbers.
    offered: AtomicU64,
    lost: AtomicU64,
    /// How many of the lost ones were announced.
    announced: AtomicU64,
    /// The name of the first table that reported, so that events share it.
    table: Once<Arc<str>>,
}

impl EventQueue {
    /// A queue for `capacity` events; a capacity of 0 counts as 1. Room is allocated for each event as it comes.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                capacity: capacity.max(1),
                held: AtomicUsize::new(0),
                arrived: Stack::new(),
                taken: Slot::empty(),
                offered: AtomicU64::new(0),
                lost: AtomicU64::new(0),
                announced: AtomicU64::new(0),
                table: Once::new(),
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
        shared.pop().map(Received::Event)
    }

    /// How many events were lost in all.
    pub fn lost(&self) -> u64 {
        // Relaxed: a count, ordered with nothing.
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// How many events wait to be read.
    pub fn len(&self) -> usize {
        // Relaxed: a count, ordered with nothing.
        self.shared.held.load(Ordering::Relaxed)
    }

    /// Whether no event waits to be read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events it has room for.
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }
}

impl Shared {
    /// Adds an event, if there is room.
    fn push(&self, event: impl FnOnce() -> OwnedEvent) -> bool {
        let more = |held: usize| (held < self.capacity).then_some(held + 1);
        // Relaxed, both: the count alone decides, and it publishes nothing.
        let room = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if room {
            self.arrived.push(event());
        }
        room
    }

    fn pop(&self) -> Option<OwnedEvent> {
        let mut queue = self.taken.take().unwrap_or_default();
        if queue.is_empty() {
            queue.extend(self.arrived.take_all());
            // The last one came out first.
            queue.make_contiguous().reverse();
        }
        let event = queue.pop_front();
        while !queue.is_empty() {
            // Another reader has put its own there meanwhile: the two are joined.
            let Some(other) = self.taken.put(queue) else { break };
            queue = self.taken.take().unwrap_or_default();
            queue.extend(*other);
            queue.make_contiguous().sort_by_key(|event| event.sequence);
        }
        if event.is_some() {
            // Relaxed: as in `push`.
            self.held.fetch_sub(1, Ordering::Relaxed);
        }
        event
    }
}

impl Observer for EventQueue {
    fn observe(&self, event: &Event<'_>) {
        let shared = &*self.shared;
        // Relaxed: only the numbers matter, each is given once.
        let sequence = shared.offered.fetch_add(1, Ordering::Relaxed);
        let stored = shared.push(|| {
            let first = shared.table.get().unwrap_or_else(|| shared.table.get_or_set(Arc::from(event.table)));
            let table = if **first == *event.table { Arc::clone(first) } else { Arc::from(event.table) };
            OwnedEvent::new(event, table, sequence)
        });
        if !stored {
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
