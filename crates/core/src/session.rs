//! Sessions: state under a code that lives as long as its owner.
//!
//! One lock-free table holds every session. A session is a chain of *versions*: a change builds a new version and puts
//! it in the place of the one it has read, or starts again if that one is no longer there. So no update is lost, what
//! is deleted does not come back, and of several claims one wins. A session whose owner is dead, or whose time is
//! over, may stand in the table for a little while; nobody sees it.
//!
//! | file | holds |
//! | --- | --- |
//! | `status.rs`, `code.rs`, `pairing.rs` | the words: states, codes, the ready-made payload |
//! | `cell.rs` | one version, and whether it is to be seen; the hand-over |
//! | `view.rs` | what is answered |
//! | `create.rs`, `change.rs` | what makes a session, and what changes one |
//! | `reap.rs`, `sweep.rs` | what ends one: deletion, its owner's death; its age, and the sweep |
//! | `tidy.rs` | that hints which lead nowhere are forgotten |
//! | `earliest.rs`, `place.rs` | when the next one ends by its age; places under a bound |
//! | `list.rs`, `wait.rs` | looking at all of them; waiting for one |
//! | `watch.rs`, `feed.rs` | reading events as they happen; where they wait to be read |
//! | `drain.rs` | shutting the map down |
//! | `suspend.rs`, `announce.rs` | owners that are suspended, and taken up again; who is told |
//! | `take_over.rs` | handing over all sessions of an owner |
//! | `builder.rs`, `settings.rs` | the options, and changing them |
//!
//! Whoever removes a version from the table gives back its place in the map and with its owner; whoever replaces one
//! takes them over. So each place is given back once.

use crate::{
    clock::{TableClock, Tick},
    event::{Event, Observers, SessionEvent, What},
    owner::{Backlog, Owner, OwnerRef, Wards},
    pruner::{Pruner, Signal},
    raw::{Entry, Guard, Slot, Table, pin},
    stats::Counters,
    sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering, after_exchange},
};
use crossbeam_utils::CachePadded;
use std::{
    fmt,
    sync::{Arc, Weak},
};

mod announce;
mod builder;
mod cell;
mod change;
mod code;
mod create;
mod drain;
mod earliest;
mod feed;
mod list;
#[cfg(test)]
mod models;
mod pairing;
mod place;
mod reap;
mod settings;
mod status;
mod suspend;
mod sweep;
mod take_over;
#[cfg(all(test, not(tenure_loom)))]
mod tests;
mod tidy;
mod view;
mod wait;
mod watch;

pub use builder::SessionMapBuilder;
pub use change::Edit;
pub use code::Code;
pub use drain::{Drain, Drained};
pub use list::Sessions;
pub use pairing::{Direction, Info, Pairing};
pub use status::{ClaimError, InvalidTransition, Status, UpdateError};
pub use view::{Moment, Session, SessionStats, View};
pub use wait::{Appears, Gone, Until, WaitError};
pub use watch::{Events, NothingCame};

use cell::{Cell, Standing};
use code::{Asked, Randomness};
use earliest::Earliest;

/// What a session may carry: anything that can be cloned and shared between threads. Implemented for all such types.
///
/// A payload is cloned for every answer that keeps it and for every change, so put what is large into an `Arc`.
///
/// ```
/// use std::sync::Arc;
/// use tenure_core::{Payload, SessionMap};
///
/// fn holds<P: Payload>(payload: P) -> bool {
///     let map = SessionMap::<P>::new();
///     map.create("K7QX", payload, None).is_ok()
/// }
///
/// assert!(holds(Arc::new(vec![0_u8; 1 << 20])));
/// ```
pub trait Payload: Clone + Send + Sync + 'static {}

impl<T: Clone + Send + Sync + 'static> Payload for T {}

/// Places in the counters.
#[derive(Clone, Copy)]
enum Count {
    Created,
    Updated,
    Claimed,
    HandedOver,
    Deleted,
    OwnerDied,
    Expired,
    Drained,
    Missed,
}

const COUNTS: usize = Count::Missed as usize + 1;

/// A lock-free map of sessions by code, each living as long as its owner.
///
/// A clone is another handle to the same map. Every operation may be called from any number of threads at once; reads
/// wait for nobody and write nothing, and every other operation finishes although any other thread is stopped for
/// ever in the middle of its own. `P` is what a session carries.
///
/// ```
/// use tenure_core::{Pairing, SessionMap, Status};
///
/// let map = SessionMap::new();
/// let sender = map.owner();
/// let code = map.create_with_new_code(Pairing::sending(), &sender)?;
///
/// let session = map.claim(&code)?; // the other side has typed the code
/// assert_eq!(session.status, Status::Connected);
/// assert!(map.claim(&code).is_err()); // once
///
/// drop(sender); // the connection is gone, and so is its session
/// assert!(map.get(&code).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SessionMap<P: Payload = Pairing> {
    inner: Arc<Inner<P>>,
    /// Keeps the background thread running. After `inner`: the last handle drops the map before it stops and joins the
    /// thread.
    pruner: Option<Pruner>,
}

/// What the handles share.
struct Inner<P: Payload> {
    table: Table<Code, Cell<P>>,
    /// On a line of its own, so that it is not in the way of who only reads the rest.
    busy: CachePadded<Busy>,
    capacity: AtomicUsize,
    per_owner: AtomicUsize,
    /// Milliseconds.
    ownerless_ttl: AtomicU64,
    /// Milliseconds.
    sweep_interval: AtomicU64,
    /// No session without owner ends before this tick; so that nobody looks for one that has. Only a help: the sweep
    /// does not rely on it.
    earliest: Earliest,
    /// Owners that are dead and too large to be freed by who ended them.
    dead: Backlog<OwnerRef>,
    /// How many of those there are, including those that somebody is freeing at the moment.
    unburied: AtomicUsize,
    wards: Arc<Wards>,
    suspended: suspend::Suspended,
    bells: wait::Bells,
    /// Futures that wait for one session's condition or end.
    waiters: AtomicUsize,
    feed: Arc<feed::Feed>,
    draining: AtomicBool,
    observers: Observers,
    counts: Counters<COUNTS>,
    clock: TableClock,
    name: Arc<str>,
    randomness: Randomness,
    sweeps: sweep::Sweeps,
    /// The pass of the sweep that is under way, while no thread has it in its hands.
    pass: Slot<sweep::Pass>,
    signal: Signal,
}

/// What every creation writes.
struct Busy {
    /// Sessions that stand in the table or have a place reserved.
    places: AtomicUsize,
    next_id: AtomicU64,
}

impl<P: Payload> SessionMap<P> {
    /// A map with every option at its default: no bounds, no background thread.
    pub fn new() -> Self {
        SessionMapBuilder::default().assemble(None)
    }

    /// Options for a map.
    pub fn builder() -> SessionMapBuilder<P> {
        SessionMapBuilder::default()
    }

    /// Makes an owner for sessions of this map. It is alive until it is dropped or released.
    pub fn owner(&self) -> Owner {
        let home: Weak<Inner<P>> = Arc::downgrade(&self.inner);
        Owner::new(home, Arc::clone(&self.inner.wards))
    }

    /// The session under this code, if it is there and its owner is alive.
    ///
    /// Waits for nobody and writes nothing. Costs a look-up and a clone of the payload.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<u32>::new();
    /// map.create("answer", 42, None)?;
    /// assert_eq!(map.get("answer").unwrap().payload, 42);
    /// assert!(map.get("question").is_none() && !map.contains("question"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, code: &str) -> Option<Session<P>> {
        let guard = pin();
        let entry = self.inner.visible(Asked::new(code), &guard)?;
        Some(entry.value().session(entry.key()))
    }

    /// Like [`get`](SessionMap::get), without cloning anything: the answer borrows from the table.
    ///
    /// ```
    /// use tenure_core::{SessionMap, pin};
    ///
    /// let map = SessionMap::<String>::new();
    /// map.create("K7QX", "a long story".to_owned(), None)?;
    /// let guard = pin();
    /// assert_eq!(map.get_view("K7QX", &guard).unwrap().payload(), "a long story");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_view<'g>(&'g self, code: &str, guard: &'g Guard) -> Option<View<'g, P>> {
        let entry = self.inner.visible(Asked::new(code), guard)?;
        Some(View { code: entry.key(), cell: entry.value() })
    }

    /// Whether there is a session under this code.
    pub fn contains(&self, code: &str) -> bool {
        self.inner.visible(Asked::new(code), &pin()).is_some()
    }

    /// The owner of the session under this code; none if there is no session, or it has no owner.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// let owner = map.owner();
    /// map.create("K7QX", (), &owner)?;
    /// assert_eq!(map.owner_of("K7QX").as_ref(), Some(owner.name()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn owner_of(&self, code: &str) -> Option<OwnerRef> {
        self.get_view(code, &pin())?.owner().cloned()
    }

    /// The map's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The map's clock's time, by which it would answer now.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{ManualClock, SessionMap, Tick};
    ///
    /// let clock = ManualClock::new();
    /// let map = SessionMap::<()>::builder().name("pairing").clock(clock.clone()).build()?;
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!((map.name(), map.now()), ("pairing", Tick::from_millis(1_000)));
    /// # Ok::<(), tenure_core::BuildSessionMapError>(())
    /// ```
    pub fn now(&self) -> Tick {
        self.inner.clock.now()
    }

    /// The counters. Each is exact once the operations counted have returned; together they are no snapshot.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// assert_eq!(map.stats().created, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> SessionStats {
        let count = |what: Count| self.inner.counts.get(what as usize);
        SessionStats {
            created: count(Count::Created),
            updated: count(Count::Updated),
            claimed: count(Count::Claimed),
            handed_over: count(Count::HandedOver),
            deleted: count(Count::Deleted),
            owner_died: count(Count::OwnerDied),
            expired: count(Count::Expired),
            drained: count(Count::Drained),
            missed: count(Count::Missed),
            observer_panics: self.inner.observers.panics(),
            drop_panics: self.inner.table.drop_panics(),
        }
    }
}

impl<P: Payload> Inner<P> {
    /// The version that stands under a code, and whether it is to be seen.
    ///
    /// *Not to be seen* is final for the session that it names: it was read from an entry that was still in its place
    /// after its owner was seen dead. Without that second look, a session that is handed over between the look at the
    /// table and the look at its old owner would seem gone, and be back at the next look.
    fn look<'g>(
        &'g self,
        asked: Asked<'_>,
        guard: &'g Guard,
    ) -> Option<(Entry<'g, Code, Cell<P>>, Standing)> {
        loop {
            let entry = self.table.get(&asked, guard)?;
            let standing = self.standing(entry.value());
            if standing == Standing::Visible {
                return Some((entry, standing));
            }
            // SeqCst: pairs with the fence in `hand_over`, between putting *moving* in this entry's place and reading
            // the old owner's word. If the entry is still in its place here, that reads *dead* as well.
            after_exchange::fence(Ordering::SeqCst);
            if entry.is_current() {
                return Some((entry, standing));
            }
        }
    }

    /// The version to be seen under a code.
    #[inline]
    fn visible<'g>(&'g self, asked: Asked<'_>, guard: &'g Guard) -> Option<Entry<'g, Code, Cell<P>>> {
        let (entry, standing) = self.look(asked, guard)?;
        (standing == Standing::Visible).then_some(entry)
    }

    /// Whether a version is to be seen.
    #[inline]
    fn standing(&self, cell: &Cell<P>) -> Standing {
        cell.standing(&self.wards, &self.clock)
    }

    fn moment(&self) -> Moment {
        Moment { tick: self.clock.now(), wall: self.clock.wall() }
    }

    fn count(&self, what: Count) {
        self.counts.add(what as usize, 1);
    }

    /// After every change of a session: wakes who waits for it, tells who observes.
    fn tell(&self, entry: Entry<'_, Code, Cell<P>>, guard: &Guard, event: impl FnOnce() -> SessionEvent) {
        self.bells.ring(entry.key(), entry.hash(), guard);
        if self.nobody_listens() {
            return;
        }
        let (kind, at) = (event(), self.clock.now());
        let (code, life) = (entry.key(), entry.value().shared());
        self.feed.publish(code, entry.hash(), life, at, &kind, guard);
        if !self.observers.is_empty() {
            let what = What::Session { code, kind };
            self.observers.emit(&Event { table: &self.name, at, what });
        }
    }
}

impl<P: Payload> Clone for SessionMap<P> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), pruner: self.pruner.clone() }
    }
}

impl<P: Payload> Default for SessionMap<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// The name and the number of places taken; no sessions.
impl<P: Payload> fmt::Debug for SessionMap<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMap")
            .field("name", &self.inner.name)
            .field("occupied", &self.occupied())
            .field("background_thread", &self.pruner.is_some())
            .finish_non_exhaustive()
    }
}
