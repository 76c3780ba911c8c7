//! What happened in a table, and who is told.
//!
//! An [`Observer`] is called on the thread in which the thing happened, right after it happened. A table without
//! observers pays one branch. For delivery elsewhere there is [`EventQueue`], an observer that is bounded and says
//! what it lost.
//!
//! Two threads that change one session or route at the same moment may report in either order.

use crate::{clock::Tick, key::KeyRef, panics::contain};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

mod cause;
mod queue;
mod removals;
#[cfg(feature = "serde")]
mod serial;
#[cfg(test)]
mod tests;

pub use cause::{DeathReason, EndCause};
pub use queue::{EventQueue, OwnedEvent, OwnedWhat, Received};
pub use removals::{RecentRemovals, Removal, RemovalCause};

/// Somebody who wants to know what happens in a table.
///
/// Every closure `Fn(&Event<'_>)` that may be shared between threads is one. It runs inside the operation that it
/// reports, so it should be quick. It may use the table; but the observers behind it are told of what it does there before
/// they are told of what it was told of, so one that changes the table is best given to the builder last. A panic in it is
/// caught and counted; the operation goes on, and the observer stays attached.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
/// use tenure_core::{Event, Pairing, SessionMap};
///
/// let seen = Arc::new(AtomicUsize::new(0));
/// let count = Arc::clone(&seen);
/// let map: SessionMap<Pairing> = SessionMap::builder()
///     .observer(move |_: &Event<'_>| {
///         count.fetch_add(1, Ordering::Relaxed);
///     })
///     .build()?;
/// map.create("K7QX", Pairing::sending(), &map.owner())?; // its owner dies at the end of the statement
/// assert_eq!(seen.load(Ordering::Relaxed), 2); // created, ended
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Called once for each event, possibly from several threads at once.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use tenure_core::{Event, Observer, Outcome, RouteEvent, RouteTable, SessionKey, What};
    ///
    /// static MISSES: AtomicU64 = AtomicU64::new(0);
    /// struct Misses;
    ///
    /// impl Observer for Misses {
    ///     fn observe(&self, event: &Event<'_>) {
    ///         if let What::Route { kind: RouteEvent::Resolved(Outcome::Miss), .. } = event.what {
    ///             MISSES.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///     }
    /// }
    ///
    /// let table = RouteTable::<String>::builder().observer(Misses).build()?;
    /// assert!(table.resolve(&SessionKey::for_room("irc", "libera", "#rust"), &[]).is_err());
    /// assert_eq!(MISSES.load(Ordering::Relaxed), 1);
    /// # Ok::<(), tenure_core::BuildRouteTableError>(())
    /// ```
    fn observe(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: &Event<'_>) {
        self(event);
    }
}

/// Something that happened, borrowed for the length of the call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The name of the table.
    pub table: &'a str,
    /// When, by the table's clock.
    pub at: Tick,
    /// What, and to whom.
    pub what: What<'a>,
}

impl Event<'_> {
    /// A copy that keeps, with the name of the table allocated anew. [`EventQueue`] shares the name instead.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use tenure_core::{Event, OwnedEvent, OwnedWhat, Pairing, SessionEvent, SessionMap};
    ///
    /// let kept = Arc::new(Mutex::new(Vec::<OwnedEvent>::new()));
    /// let list = Arc::clone(&kept);
    /// let map = SessionMap::builder()
    ///     .observer(move |event: &Event<'_>| list.lock().unwrap().push(event.to_owned()))
    ///     .build()?;
    /// map.create("K7QX", Pairing::sending(), None)?;
    /// let created = OwnedWhat::Session { code: "K7QX".into(), kind: SessionEvent::Created };
    /// assert_eq!(kept.lock().unwrap()[0].what, created);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_owned(&self) -> OwnedEvent {
        OwnedEvent::new(self, Arc::from(self.table), 0)
    }
}

/// What happened, and to whom.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum What<'a> {
    /// Something happened to a route.
    Route {
        /// Its key.
        key: KeyRef<'a>,
        /// The partition that the key belongs to.
        partition: usize,
        /// What happened.
        kind: RouteEvent,
    },
    /// Something happened to a session.
    Session {
        /// Its code.
        code: &'a str,
        /// What happened.
        kind: SessionEvent,
    },
}

/// What happened to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RouteEvent {
    /// It was stored or replaced.
    Set,
    /// A resolution ended like this.
    Resolved(Outcome),
    /// A resolution was answered from a fallback: the room's record, or what the caller provided.
    Fallback,
    /// A resolution met an expired record.
    Stale,
    /// It was removed for the bound, while fresh.
    Evicted,
    /// It was removed because it had expired.
    Pruned,
    /// Somebody removed it.
    Removed,
}

/// How a resolution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// The exact record was fresh.
    Hit,
    /// A fallback answered.
    Fallback,
    /// Nothing answered.
    Miss,
}

/// What happened to a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum SessionEvent {
    /// It was created.
    Created,
    /// Its payload or its status was changed by an update.
    Updated,
    /// It was claimed.
    Claimed,
    /// It has another owner now.
    HandedOver,
    /// Its owner was suspended: if nobody resumes it before then, the session ends. One thread may resume an owner while
    /// another is about to tell of its suspension: then either may be told twice, and what is told last is so.
    Suspended {
        /// Until when, by the table's clock.
        until: Tick,
    },
    /// Its owner was resumed, and the session goes on.
    Resumed,
    /// It is gone, and why.
    Ended(EndCause),
}

/// The observers of one table, fixed when it is built.
pub(crate) struct Observers {
    list: Box<[Arc<dyn Observer>]>,
    /// A count for people, shared with nothing: std's atomic, no part of any model.
    panics: AtomicU64,
}

impl Observers {
    pub(crate) fn new(list: Vec<Arc<dyn Observer>>) -> Self {
        Self { list: list.into_boxed_slice(), panics: AtomicU64::new(0) }
    }

    /// Whether nobody would be told: ask before going to the trouble of making an event.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Tells every observer, in the order in which they were given to the builder.
    #[cold]
    pub(crate) fn emit(&self, event: &Event<'_>) {
        for observer in &self.list {
            if contain(|| observer.observe(event)).is_none() {
                // Relaxed: a count, ordered with nothing.
                self.panics.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many calls of observers have panicked.
    pub(crate) fn panics(&self) -> u64 {
        // Relaxed: a count, ordered with nothing.
        self.panics.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").field("count", &self.list.len()).field("panics", &self.panics()).finish()
    }
}
