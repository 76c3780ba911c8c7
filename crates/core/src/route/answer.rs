//! What a table answers: records and resolutions, borrowed for as long as a guard lives, or owned.

use super::{destination::Destination, record::Life, store::Held};
use crate::{
    clock::Tick,
    key::{KeyParts, KeyRef, SessionKey},
};
use std::fmt;

/// A record, owned: what [`RouteTable::get`](crate::RouteTable::get) returns.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{ManualClock, Record, RouteTable, SessionKey, Tick};
///
/// let table = RouteTable::builder().clock(ManualClock::new()).ttl(Duration::from_secs(60)).build()?;
/// let key = SessionKey::for_room("irc", "libera", "#rust");
/// table.set(&key, "!rust")?;
/// let record: Record<_> = table.get(&key)?;
/// assert_eq!((record.route, record.updated_at), ("!rust", Tick::ZERO));
/// assert_eq!(record.expires_at, Tick::from_millis(60_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Record<R> {
    /// Where messages go.
    pub route: R,
    /// When it was set last, by the table's clock. While other threads are setting it, the time of one of those
    /// sets.
    pub updated_at: Tick,
    /// When it expires, by the table's clock; [`Tick::MAX`] is never.
    pub expires_at: Tick,
}

/// Without the route.
impl<R> fmt::Debug for Record<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("updated_at", &self.updated_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A record, borrowed under a [`Guard`](crate::Guard): what [`RouteTable::get_view`](crate::RouteTable::get_view)
/// returns. It stays readable while the guard lives, whatever happens to the record meanwhile.
///
/// ```
/// use tenure_core::{KeyRef, ManualClock, RecordView, RouteTable, SessionKey, Tick};
///
/// let table = RouteTable::builder().clock(ManualClock::new()).build()?;
/// let key = SessionKey::for_room("irc", "libera", "#rust");
/// table.set(&key, "!rust")?;
/// let guard = tenure_core::pin();
/// let view: RecordView<'_, &str> = table.get_view(&key, &guard)?;
/// table.remove(&key)?;
/// assert_eq!((view.key(), *view.route(), view.updated_at()), (KeyRef::from(&key), "!rust", Tick::ZERO));
/// assert_eq!(view.to_record().expires_at, view.expires_at());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RecordView<'g, R: Destination> {
    entry: Held<'g, R>,
    expires_at: Tick,
    updated_at: Tick,
}

#[expect(clippy::expl_impl_clone_on_copy, reason = "a derive would ask for `R: Copy`")]
impl<R: Destination> Clone for RecordView<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: Destination> Copy for RecordView<'_, R> {}

impl<R: Destination> std::fmt::Debug for RecordView<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordView")
            .field("key", &self.key())
            .field("updated_at", &self.updated_at())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

impl<'g, R: Destination> RecordView<'g, R> {
    /// A record that was read as `life`. None if it has changed since: then what has been read of it does not belong
    /// together.
    pub(super) fn new(entry: Held<'g, R>, life: Life) -> Option<Self> {
        let updated_at = entry.value().set_at_with(life)?;
        Some(Self { entry, expires_at: life.deadline(), updated_at })
    }

    /// The key under which it stands, with the hashes of every key that is equal to it. A table keeps a key's parts
    /// alone: they are checked to be text and hashed, some 25 ns.
    pub fn key(self) -> KeyRef<'g> {
        self.parts().key_ref()
    }

    /// The key's parts as they are stored.
    pub(super) fn parts(self) -> &'g KeyParts {
        self.entry.key()
    }

    /// Where messages go.
    #[inline]
    pub fn route(self) -> &'g R {
        &self.entry.value().route
    }

    /// When it was set last, by the table's clock, as it was when this was read. If another thread was setting it at
    /// that moment, perhaps the time of that set.
    pub fn updated_at(self) -> Tick {
        self.updated_at
    }

    /// When it expires, by the table's clock, as it was when this was read; [`Tick::MAX`] is never.
    pub fn expires_at(self) -> Tick {
        self.expires_at
    }

    /// An owned copy.
    #[must_use]
    pub fn to_record(self) -> Record<R> {
        Record { route: self.route().clone(), updated_at: self.updated_at(), expires_at: self.expires_at() }
    }
}

/// Where a resolution's route comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Source {
    /// The fresh record under the key itself.
    Exact,
    /// The fresh record of the key's room.
    Room,
    /// The first valid one of the routes that the caller provided.
    Provided,
}

/// Why a resolution did not come from the key's own record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reason {
    /// An expired record was met on the way.
    Stale,
    /// The thread has no record; its room has.
    ThreadMiss,
    /// Neither the key nor its room has a record.
    Miss,
    /// A partition that was needed is out of service.
    Unavailable,
}

/// Where a message goes, and how that was found out; the route is borrowed from the table or from the caller.
///
/// It is [`Resolution`] without the key, which the caller has. Two words, so that it is answered in registers.
///
/// ```
/// use tenure_core::{Reason, ResolutionView, RouteTable, SessionKey, Source};
///
/// let table = RouteTable::<&'static str>::default();
/// let (room, thread) = (
///     SessionKey::for_room("irc", "libera", "#rust"),
///     SessionKey::new("irc", "libera", "#rust", Some("t_9")),
/// );
/// table.set(&room, "!rust")?;
/// let guard = tenure_core::pin();
/// let view: ResolutionView<'_, &str> = table.resolve_view(&thread, &[], &guard)?;
/// assert_eq!((*view.route(), view.source()), ("!rust", Source::Room));
/// assert_eq!((view.is_fallback(), view.reason()), (true, Some(Reason::ThreadMiss)));
/// assert_eq!((view.is_stale(), view.partition()), (false, table.partition_of(&thread)));
/// assert_eq!(view.to_resolution(thread.clone()).key, thread);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ResolutionView<'a, R> {
    route: &'a R,
    how: How,
}

impl<R> Clone for ResolutionView<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for ResolutionView<'_, R> {}

/// All of a resolution but the route, in one word.
#[derive(Clone, Copy)]
pub(super) struct How(u64);

const STALE: u64 = 1 << 16;
const SOURCE_SHIFT: u32 = 17;
const REASON_SHIFT: u32 = 19;

impl How {
    #[inline]
    pub(super) fn new(partition: usize, source: Source, stale: bool, reason: Option<Reason>) -> Self {
        let reason = reason.map_or(0, |reason| reason as u64 + 1);
        let stale = if stale { STALE } else { 0 };
        // There are at most 2^16 partitions.
        Self(partition as u64 | stale | (source as u64) << SOURCE_SHIFT | reason << REASON_SHIFT)
    }

    fn source(self) -> Source {
        match self.0 >> SOURCE_SHIFT & 0b11 {
            0 => Source::Exact,
            1 => Source::Room,
            _ => Source::Provided,
        }
    }

    fn reason(self) -> Option<Reason> {
        match self.0 >> REASON_SHIFT {
            0 => None,
            1 => Some(Reason::Stale),
            2 => Some(Reason::ThreadMiss),
            3 => Some(Reason::Miss),
            _ => Some(Reason::Unavailable),
        }
    }
}

/// Where a message goes, and how that was found out: what [`RouteTable::resolve`](crate::RouteTable::resolve)
/// returns.
///
/// ```
/// use tenure_core::{Resolution, RouteTable, SessionKey, Source};
///
/// let table = RouteTable::<&'static str>::default();
/// let key = SessionKey::for_room("irc", "libera", "#rust");
/// let found: Resolution<&str> = table.resolve(&key, &["!default"])?;
/// assert_eq!((found.route, found.source, found.stale), ("!default", Source::Provided, false));
/// assert!(found.is_fallback());
/// # Ok::<(), tenure_core::ResolveError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Resolution<R> {
    /// Where the message goes.
    pub route: R,
    /// The key that was resolved.
    pub key: SessionKey,
    /// The partition of that key.
    pub partition: usize,
    /// Where the route comes from.
    pub source: Source,
    /// Whether an expired record was met on the way.
    pub stale: bool,
    /// Why it is not the key's own record; none if it is.
    pub reason: Option<Reason>,
}

impl<R> Resolution<R> {
    /// Whether the route is a fallback: not from the key's own record.
    pub fn is_fallback(&self) -> bool {
        self.source != Source::Exact
    }
}

impl<'a, R> ResolutionView<'a, R> {
    #[inline]
    pub(super) fn new(route: &'a R, how: How) -> Self {
        Self { route, how }
    }

    /// Where the message goes.
    #[inline]
    pub fn route(self) -> &'a R {
        self.route
    }

    /// The partition of the key that was resolved.
    pub fn partition(self) -> usize {
        (self.how.0 & 0xffff) as usize
    }

    /// Where the route comes from.
    pub fn source(self) -> Source {
        self.how.source()
    }

    /// Whether an expired record was met on the way.
    pub fn is_stale(self) -> bool {
        self.how.0 & STALE != 0
    }

    /// Why it is not the key's own record; none if it is.
    pub fn reason(self) -> Option<Reason> {
        self.how.reason()
    }

    /// Whether the route is a fallback: not from the key's own record.
    pub fn is_fallback(self) -> bool {
        self.source() != Source::Exact
    }

    /// An owned copy, of a resolution of `key`.
    #[must_use]
    pub fn to_resolution(self, key: SessionKey) -> Resolution<R>
    where
        R: Clone,
    {
        Resolution {
            route: self.route.clone(),
            key,
            partition: self.partition(),
            source: self.source(),
            stale: self.is_stale(),
            reason: self.reason(),
        }
    }
}

/// Without the route.
impl<R> fmt::Debug for Resolution<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolution")
            .field("key", &self.key)
            .field("partition", &self.partition)
            .field("source", &self.source)
            .field("stale", &self.stale)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Without the route.
impl<R> fmt::Debug for ResolutionView<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolutionView")
            .field("partition", &self.partition())
            .field("source", &self.source())
            .field("stale", &self.is_stale())
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}
