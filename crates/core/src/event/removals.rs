//! Why something is gone: the latest removals, for a message to whoever asks for it.

use super::{EndCause, Event, Observer, RouteEvent, SessionEvent, What};
use crate::{
    clock::Tick,
    key::AsKey,
    raw::{Cell, pin},
};
use ahash::RandomState;
use std::{array, fmt, iter, sync::Arc, time::Duration};

/// Removals in one place: the latest of those whose hashes lead there.
const WAYS: usize = 4;

/// Why a record or a session is gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RemovalCause {
    /// The record had to make room, while it was fresh.
    Evicted,
    /// The record's time was over.
    Expired,
    /// Somebody removed the record.
    Removed,
    /// The session has ended, and how: with its owner's reason, if that died.
    Ended(EndCause),
}

impl fmt::Display for RemovalCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evicted => f.write_str("evicted to make room"),
            Self::Expired => f.write_str("expired"),
            Self::Removed => f.write_str("removed"),
            Self::Ended(cause) => cause.fmt(f),
        }
    }
}

/// A removal that [`RecentRemovals`] remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Removal {
    /// Why.
    pub cause: RemovalCause,
    /// When, by the table's clock: for what has expired, when somebody met it.
    pub at: Tick,
}

impl Removal {
    /// How long ago it was at this time of the same clock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{Clock, ManualClock, RecentRemovals, SessionMap};
    ///
    /// let (removals, clock) = (RecentRemovals::new(1_000), ManualClock::new());
    /// let map = SessionMap::<()>::builder().clock(clock.clone()).observer(removals.clone()).build()?;
    /// map.create("K7QX", (), None)?;
    /// map.delete("K7QX");
    /// clock.advance(Duration::from_secs(120));
    /// assert_eq!(removals.why_gone_session("K7QX").unwrap().age(clock.now()), Duration::from_secs(120));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn age(&self, now: Tick) -> Duration {
        now.saturating_since(self.at)
    }
}

/// An [`Observer`] that remembers why things are gone: for "your code has expired two minutes ago" instead of "no such code".
///
/// It is off unless it is given to a table's builder, and costs nothing then. Given, a removal costs two small allocations and
/// a set or a creation one look. It remembers about as many removals as it has room for, the latest: some 48 bytes
/// for each, and a text only where the owner's reason has one. What dies with its owner is remembered once it is freed, soon
/// after. Keys and codes are not kept, only their hashes. Nobody waits for
/// anybody; of two removals at the same moment whose hashes lead to the same place, one may be forgotten. It knows what it is
/// told: where two threads change one thing at the same moment, they may report in either order, and so the removal of what is
/// there again may be remembered, or the last one be forgotten.
///
/// A clone is another handle to the same memory. Give each table one of its own: it does not tell tables apart.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{DeathReason, ManualClock, Clock, Pairing, RecentRemovals, SessionMap};
///
/// let (removals, clock) = (RecentRemovals::new(1_000), ManualClock::new());
/// let map = SessionMap::builder().clock(clock.clone()).observer(removals.clone()).build()?;
/// let owner = map.owner();
/// map.create("K7QX", Pairing::sending(), &owner)?;
/// assert_eq!(removals.why_gone_session("K7QX"), None); // it is there
/// owner.release(DeathReason::PeerReset);
/// clock.advance(Duration::from_secs(120));
///
/// let removal = removals.why_gone_session("K7QX").expect("remembered");
/// let message = format!("K7QX is gone: {}, {:?} ago", removal.cause, removal.age(clock.now()));
/// assert_eq!(message, "K7QX is gone: its owner died: reset by the peer, 120s ago");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RecentRemovals {
    shared: Arc<Shared>,
}

/// The latest first.
type Place = [Option<Arc<(u64, Removal)>>; WAYS];

struct Shared {
    hasher: RandomState,
    places: Box<[Cell<Place>]>,
}

impl RecentRemovals {
    /// One with room for about `capacity` removals, at least four. The room is allocated now.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let places = capacity.div_ceil(WAYS).max(1);
        let places = (0..places).map(|_| Cell::new(Place::default())).collect();
        Self { shared: Arc::new(Shared { hasher: RandomState::new(), places }) }
    }

    /// Why there is no record under this key; none if it is not remembered, or a record was set since. What has expired
    /// and was met by nobody yet is not remembered yet either.
    ///
    /// ```
    /// use tenure_core::{RecentRemovals, Removal, RemovalCause, RouteTable, SessionKey};
    ///
    /// let removals = RecentRemovals::new(1_000);
    /// let table = RouteTable::builder().observer(removals.clone()).build()?;
    /// let key = SessionKey::for_room("irc", "libera", "#rust");
    /// table.set(&key, "!rust")?;
    /// table.remove(&key)?;
    /// let removal: Removal = removals.why_gone_route(&key).expect("remembered");
    /// assert_eq!(removal.cause, RemovalCause::Removed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn why_gone_route(&self, key: impl AsKey) -> Option<Removal> {
        self.shared.find(key.hashes().full)
    }

    /// Why there is no session under this code; none if it is not remembered, or a session was created since.
    pub fn why_gone_session(&self, code: &str) -> Option<Removal> {
        self.shared.find(self.shared.hasher.hash_one(code))
    }
}

impl Shared {
    fn place(&self, hash: u64) -> &Cell<Place> {
        &self.places[(hash % self.places.len() as u64) as usize]
    }

    fn find(&self, hash: u64) -> Option<Removal> {
        let guard = pin();
        let found = self.place(hash).load(&guard).iter().flatten().find(|removal| removal.0 == hash);
        found.map(|removal| removal.1.clone())
    }

    /// Writes down a removal, before those that are there. Who loses against another that writes in the same place at this
    /// moment is forgotten, as if it had been written before.
    fn remember(&self, hash: u64, removal: Removal) {
        let (guard, place) = (pin(), self.place(hash));
        let current = place.load(&guard);
        let mut all = iter::once(Arc::new((hash, removal))).chain(others(current, hash));
        _ = place.replace(current, array::from_fn(|_| all.next()), &guard);
    }

    /// Whatever this was, it is there again: no answer may tell of its last removal. So who loses here tries again, which it
    /// does only where another has written meanwhile.
    fn forget(&self, hash: u64) {
        let (guard, place) = (pin(), self.place(hash));
        loop {
            let current = place.load(&guard);
            if !current.iter().flatten().any(|removal| removal.0 == hash) {
                return;
            }
            let mut left = others(current, hash);
            if place.replace(current, array::from_fn(|_| left.next()), &guard).is_ok() {
                return;
            }
        }
    }
}

/// The removals in a place but that of this hash.
fn others(place: &Place, hash: u64) -> impl Iterator<Item = Arc<(u64, Removal)>> {
    place.iter().flatten().filter(move |removal| removal.0 != hash).cloned()
}

impl Observer for RecentRemovals {
    fn observe(&self, event: &Event<'_>) {
        let (hash, cause) = match &event.what {
            What::Route { key, kind, .. } => {
                let cause = match kind {
                    RouteEvent::Set => None,
                    RouteEvent::Evicted => Some(RemovalCause::Evicted),
                    RouteEvent::Pruned => Some(RemovalCause::Expired),
                    RouteEvent::Removed => Some(RemovalCause::Removed),
                    RouteEvent::Resolved(_) | RouteEvent::Fallback | RouteEvent::Stale => return,
                };
                (key.hashes().full, cause)
            }
            What::Session { code, kind } => {
                let cause = match kind {
                    SessionEvent::Created => None,
                    SessionEvent::Ended(cause) => Some(RemovalCause::Ended(cause.clone())),
                    SessionEvent::Updated
                    | SessionEvent::Claimed
                    | SessionEvent::HandedOver
                    | SessionEvent::Suspended { .. }
                    | SessionEvent::Resumed => return,
                };
                (self.shared.hasher.hash_one(code), cause)
            }
        };
        match cause {
            Some(cause) => self.shared.remember(hash, Removal { cause, at: event.at }),
            None => self.shared.forget(hash),
        }
    }
}

impl fmt::Debug for RecentRemovals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentRemovals")
            .field("capacity", &(self.shared.places.len() * WAYS))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod models;
#[cfg(all(test, not(tenure_loom)))]
mod tests;
