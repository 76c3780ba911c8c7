//! Routes, which live for a time: [`RouteTable`].

mod answer;
mod bound;
mod builder;
mod call;
mod destination;
mod look;
#[cfg(test)]
mod models;
mod order;
mod partition;
mod record;
mod resolve;
mod settings;
mod shared;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod upkeep;

use crate::{
    clock::{Millis, Tick},
    error::{GetError, PartitionUnavailable, ResolveError, SetError, SetErrorKind},
    key::AsKey,
    pruner::Pruner,
    raw::{Guard, pin},
};
use std::{fmt, sync::Arc, time::Duration};

use partition::Partition;
use resolve::{Mode, Resolving};
use store::{Asked, Found, Other};
use upkeep::Inner;

pub use answer::{Reason, Record, RecordView, Resolution, ResolutionView, Source};
pub use builder::RouteTableBuilder;
pub use destination::*;
pub use stats::{PartitionView, RouteStats};

/// Where the messages of a conversation go: routes under session keys, each for a time.
///
/// A record is *fresh* while the time is before its deadline, and invisible from then on, whether or not anybody has
/// removed it yet. Each partition holds a bounded number of records; when one more is set, the record that was set
/// longest ago goes, an expired one before a fresh one.
///
/// A handle is cheap to clone, and all clones are the same table.
///
/// # Two ways to read
/// [`get`](Self::get), [`peek`](Self::peek) and [`resolve`](Self::resolve) answer with owned values. Their twins with
/// `_view` answer with a borrow under a [`Guard`] and copy nothing. Neither holds a lock: a view that is kept keeps
/// nobody waiting, and a guard cannot be sent to another thread, so not be held across an `.await` of a task that may
/// move.
///
/// # Concurrency
/// Nothing here waits for another thread. `get`, `peek` and a `resolve` that hits the key's own record take the steps of
/// one hash chain, and one more for each replacement of the very key that happens meanwhile; everything else is
/// lock-free. Each operation on one key is atomic (linearizable); a `resolve` that falls back to the room's record
/// reads the two keys one after the other.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{KeyRef, ManualClock, Route, RouteTable, SessionKey, Source};
///
/// let clock = ManualClock::new();
/// let table = RouteTable::builder().clock(clock.clone()).build()?;
/// let room = SessionKey::for_room("telegram", "bot_1", "chat_123");
/// table.set(&room, Route::new("!abc:example.org")?)?;
///
/// // A thread of that room has no route of its own yet: it gets the room's, and keeps it.
/// let thread = KeyRef::new("telegram", "bot_1", "chat_123", Some("t_9"));
/// assert_eq!(table.resolve(thread, &[])?.source, Source::Room);
/// assert_eq!(table.resolve(thread, &[])?.source, Source::Exact);
///
/// clock.advance(Duration::from_secs(30 * 60));
/// assert!(table.resolve(thread, &[]).is_err(), "half an hour later it is gone");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RouteTable<R: Destination = Route> {
    inner: Arc<Inner<R>>,
    // After `inner`: the last handle drops the table before it stops and joins the thread.
    pruner: Option<Pruner>,
}

impl<R: Destination> Clone for RouteTable<R> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), pruner: self.pruner.clone() }
    }
}

impl<R: Destination> fmt::Debug for RouteTable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteTable")
            .field("name", &self.name())
            .field("partitions", &self.partition_count())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl RouteTable {
    /// A table of [`Route`]s with the default settings.
    ///
    /// ```
    /// let table = tenure_core::RouteTable::new();
    /// assert!(table.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<R: Destination> Default for RouteTable<R> {
    fn default() -> Self {
        Self::builder().build().expect("the defaults are valid, and there is no thread to start")
    }
}

impl<R: Destination> RouteTable<R> {
    /// Begins a table with other settings than the default ones.
    pub fn builder() -> RouteTableBuilder<R> {
        RouteTableBuilder::new()
    }

    fn start(shared: shared::Shared, partitions: usize, pruner: Option<Pruner>) -> Self {
        let inner = Arc::new(Inner::new(shared, partitions));
        if let Some(pruner) = &pruner {
            let served: std::sync::Weak<Inner<R>> = Arc::downgrade(&inner);
            pruner.attach(served);
        }
        Self { inner, pruner }
    }

    /// The name that the table was given.
    ///
    /// ```
    /// assert_eq!(tenure_core::RouteTable::new().name(), "routes");
    /// ```
    pub fn name(&self) -> &str {
        &self.inner.shared.name
    }

    /// Stores a route under a key, or replaces what is there, with the default time to live.
    ///
    /// When it returns, every reader sees it, until it expires, is replaced, removed or evicted. Of concurrent sets
    /// of one key one is the last. Setting the route that is already there only moves its deadline and makes it the
    /// youngest: nothing is allocated. If the partition is full, the record that was set longest ago is evicted
    /// first, or an expired one.
    ///
    /// # Errors
    /// The route is invalid or the partition is unavailable; the route is handed back.
    ///
    /// ```
    /// use tenure_core::{RouteTable, SessionKey};
    ///
    /// let table: RouteTable<String> = RouteTable::default();
    /// let key = SessionKey::for_room("irc", "libera", "#rust");
    /// table.set(&key, "!rust".to_owned())?;
    /// assert_eq!(table.get(&key)?.route, "!rust");
    /// assert_eq!(table.set(&key, String::new()).unwrap_err().route, "");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set(&self, key: impl AsKey, route: R) -> Result<(), SetError<R>> {
        let (ttl, guard) = (self.inner.shared.ttl(), pin());
        match self.set_same(&key, &route, ttl, &guard) {
            Ok(None) => Ok(()),
            not_same => set_other(not_same, &key, route, ttl),
        }
    }

    /// Stores a route like [`set`](Self::set), with a time to live of its own. A part of a millisecond counts as a
    /// whole one; a deadline beyond [`Tick::MAX`](crate::Tick::MAX) never comes.
    ///
    /// Where many records of a full partition have times of their own, making room is slower: what has expired may
    /// stand anywhere in the set order, and is looked for.
    ///
    /// # Errors
    /// As for `set`; also if the time to live is zero.
    pub fn set_with_ttl(&self, key: impl AsKey, route: R, ttl: Duration) -> Result<(), SetError<R>> {
        if ttl.is_zero() {
            return Err(SetError { route, kind: SetErrorKind::ZeroTtl });
        }
        let (ttl, guard) = (ttl.into(), pin());
        match self.set_same(&key, &route, ttl, &guard) {
            Ok(None) => Ok(()),
            not_same => set_other(not_same, &key, route, ttl),
        }
    }

    /// Stores the route if it is the one that is there already. It is borrowed, for moving it about would take longer
    /// than all else that is done with it here.
    #[inline(always)]
    fn set_same<'g, Q: AsKey>(
        &'g self,
        key: &Q,
        route: &R,
        ttl: Millis,
        guard: &'g Guard,
    ) -> Result<Option<Other<'g, R>>, SetErrorKind> {
        if !route.is_valid() {
            return Err(SetErrorKind::InvalidRoute);
        }
        let partition = self.own(key);
        let store = partition.available(guard).map_err(SetErrorKind::Unavailable)?;
        let call = partition.call(&self.inner.shared, guard);
        Ok(store.set_same(key, route, ttl, call))
    }

    /// The record under a key if it is fresh.
    ///
    /// # Errors
    /// *Not found*; *expired*: there was one, which this call has removed, so that the next answer is *not found*; or
    /// the partition is unavailable.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{GetError, ManualClock, RouteTable, SessionKey};
    ///
    /// let clock = ManualClock::new();
    /// let table = RouteTable::builder().clock(clock.clone()).build()?;
    /// let key = SessionKey::for_room("irc", "libera", "#rust");
    /// table.set_with_ttl(&key, "!rust", Duration::from_secs(1))?;
    /// assert_eq!(table.get(&key)?.expires_at.as_millis(), 1_000);
    /// assert_eq!(table.now().as_millis(), 0);
    ///
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(table.get(&key), Err(GetError::Expired));
    /// assert_eq!(table.get(&key), Err(GetError::NotFound));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, key: impl AsKey) -> Result<Record<R>, GetError> {
        self.get_view(key, &pin()).map(RecordView::to_record)
    }

    /// The record under a key if it is fresh, borrowed: [`get`](Self::get) without a copy.
    ///
    /// # Errors
    /// As for `get`.
    ///
    /// ```
    /// use tenure_core::{RouteTable, SessionKey};
    ///
    /// let table = RouteTable::<&'static str>::default();
    /// let key = SessionKey::for_room("irc", "libera", "#rust");
    /// table.set(&key, "!rust")?;
    /// assert_eq!(table.get_view(&key, &tenure_core::pin())?.route(), &"!rust");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_view<'g>(&'g self, key: impl AsKey, guard: &'g Guard) -> Result<RecordView<'g, R>, GetError> {
        let partition = self.own(&key);
        let store = partition.available(guard)?;
        let call = partition.call(&self.inner.shared, guard);
        answer(|| match store.meet(&Asked::Exact(&key), guard) {
            Some((entry, life)) if life.is_fresh(call.now) => Found::Fresh(entry, life),
            Some(_) => store.get(&Asked::Exact(&key), &call),
            None => Found::Missing,
        })
    }

    /// The record under a key if it is fresh; removes and writes nothing, counts nothing.
    ///
    /// # Errors
    /// As for [`get`](Self::get); an expired record stays.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{GetError, ManualClock, RouteTable, SessionKey};
    ///
    /// let clock = ManualClock::new();
    /// let table = RouteTable::builder().clock(clock.clone()).build()?;
    /// let key = SessionKey::for_room("irc", "libera", "#rust");
    /// table.set(&key, "!rust")?;
    /// let guard = tenure_core::pin();
    /// assert_eq!((table.peek(&key)?.route, table.peek_view(&key, &guard)?.route()), ("!rust", &"!rust"));
    ///
    /// table.touch_with_ttl(&key, Duration::ZERO)?;
    /// assert_eq!(table.peek(&key), Err(GetError::Expired));
    /// assert_eq!(table.prune(), 1); // it was still there
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn peek(&self, key: impl AsKey) -> Result<Record<R>, GetError> {
        self.peek_view(key, &pin()).map(RecordView::to_record)
    }

    /// [`peek`](Self::peek) without a copy.
    ///
    /// # Errors
    /// As for `peek`.
    pub fn peek_view<'g>(&'g self, key: impl AsKey, guard: &'g Guard) -> Result<RecordView<'g, R>, GetError> {
        let (store, now) = (self.own(&key).available(guard)?, self.inner.shared.now());
        answer(|| store.peek(&Asked::Exact(&key), now, guard))
    }

    /// Where a message goes: the key's own fresh record, else its room's, else the first valid one of the routes
    /// given. What comes from a fallback is stored under the key with the default time to live, unless the table was
    /// built not to, or another caller has set the key meanwhile: then that record is the answer. Expired records
    /// met on the way are removed.
    ///
    /// If a partition that it needs is unavailable, what the other one or the caller has still answers, and is not
    /// stored.
    ///
    /// # Errors
    /// *No route*, which says whether anything expired was met; or a partition was unavailable and nothing else
    /// answered.
    ///
    /// ```
    /// use tenure_core::{Reason, ResolveError, RouteTable, SessionKey, Source};
    ///
    /// let table: RouteTable<String> = RouteTable::default();
    /// let key = SessionKey::for_room("irc", "libera", "#rust");
    /// assert_eq!(table.resolve(&key, &[]).unwrap_err(), ResolveError::NoRoute { stale: false });
    ///
    /// let found = table.resolve(&key, &["!rust".to_owned()])?;
    /// assert_eq!((found.source, found.reason), (Source::Provided, Some(Reason::Miss)));
    /// assert_eq!(table.resolve(&key, &[])?.route, "!rust");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resolve(&self, key: impl AsKey, fallbacks: &[R]) -> Result<Resolution<R>, ResolveError> {
        let guard = pin();
        let found = self.resolving(&key, fallbacks, &guard, Mode::Full)?;
        Ok(found.to_resolution(key.to_session_key()))
    }

    /// [`resolve`](Self::resolve) without a copy.
    ///
    /// # Errors
    /// As for `resolve`.
    ///
    /// ```
    /// use tenure_core::{KeyRef, RouteTable};
    ///
    /// let table: RouteTable<String> = RouteTable::default();
    /// let key = KeyRef::new("irc", "libera", "#rust", Some("t1"));
    /// table.set(key, "!rust".to_owned())?;
    /// let guard = tenure_core::pin();
    /// assert_eq!(table.resolve_view(key, &[], &guard)?.route(), "!rust");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn resolve_view<'a>(
        &'a self,
        key: impl AsKey,
        fallbacks: &'a [R],
        guard: &'a Guard,
    ) -> Result<ResolutionView<'a, R>, ResolveError> {
        self.resolving(&key, fallbacks, guard, Mode::Full)
    }

    /// Where a message would go; like [`resolve`](Self::resolve), but removes and writes nothing, counts nothing.
    ///
    /// # Errors
    /// As for `resolve`.
    ///
    /// ```
    /// use tenure_core::{RouteTable, SessionKey, Source};
    ///
    /// let table = RouteTable::<&'static str>::default();
    /// let key = SessionKey::for_room("irc", "libera", "#rust");
    /// let guard = tenure_core::pin();
    /// assert_eq!(*table.peek_resolve_view(&key, &["!default"], &guard)?.route(), "!default");
    /// assert_eq!(table.peek_resolve(&key, &["!default"])?.source, Source::Provided); // again: nothing was stored
    /// # Ok::<(), tenure_core::ResolveError>(())
    /// ```
    pub fn peek_resolve(&self, key: impl AsKey, fallbacks: &[R]) -> Result<Resolution<R>, ResolveError> {
        let guard = pin();
        let found = self.resolving(&key, fallbacks, &guard, Mode::Peek)?;
        Ok(found.to_resolution(key.to_session_key()))
    }

    /// [`peek_resolve`](Self::peek_resolve) without a copy.
    ///
    /// # Errors
    /// As for `peek_resolve`.
    pub fn peek_resolve_view<'a>(
        &'a self,
        key: impl AsKey,
        fallbacks: &'a [R],
        guard: &'a Guard,
    ) -> Result<ResolutionView<'a, R>, ResolveError> {
        self.resolving(&key, fallbacks, guard, Mode::Peek)
    }

    #[inline(always)]
    fn resolving<'a, Q: AsKey>(
        &'a self,
        key: &Q,
        fallbacks: &'a [R],
        guard: &'a Guard,
        mode: Mode,
    ) -> Result<ResolutionView<'a, R>, ResolveError> {
        Resolving { key, fallbacks, inner: &self.inner, own: self.own(key), guard, mode }.resolve()
    }

    /// Moves the deadline of a fresh record to the default time to live from now, without setting it: its route, its
    /// time of the last set and its place in the set order stay.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{ManualClock, RouteTable, SessionKey};
    ///
    /// let clock = ManualClock::new();
    /// let table = RouteTable::builder().clock(clock.clone()).ttl(Duration::from_secs(10)).build()?;
    /// let key = SessionKey::for_room("irc", "libera", "#rust");
    /// table.set(&key, "!rust")?;
    /// clock.advance(Duration::from_secs(9));
    /// table.touch(&key)?;
    /// clock.advance(Duration::from_secs(9));
    /// assert_eq!(table.get(&key)?.updated_at.as_millis(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn touch(&self, key: impl AsKey) -> Result<(), GetError> {
        self.move_deadline(&key, self.inner.shared.ttl())
    }

    /// Moves the deadline like [`touch`](Self::touch), to this time from now. Zero expires the record at once.
    ///
    /// # Errors
    /// As for `touch`.
    pub fn touch_with_ttl(&self, key: impl AsKey, ttl: Duration) -> Result<(), GetError> {
        self.move_deadline(&key, ttl.into())
    }

    fn move_deadline<Q: AsKey>(&self, key: &Q, ttl: Millis) -> Result<(), GetError> {
        let (guard, partition) = (pin(), self.own(key));
        let store = partition.available(&guard)?;
        match store.touch(key, ttl, &partition.call(&self.inner.shared, &guard)) {
            Found::Fresh(..) => Ok(()),
            Found::Expired => Err(GetError::Expired),
            Found::Missing => Err(GetError::NotFound),
        }
    }

    /// Removes the record under a key and gives its route back, if it was fresh.
    ///
    /// When it returns, no reader finds that record; one that holds a view of it keeps it.
    ///
    /// # Errors
    /// The partition is unavailable.
    ///
    /// ```
    /// use tenure_core::{RouteTable, SessionKey};
    ///
    /// let table: RouteTable<&'static str> = RouteTable::default();
    /// let key = SessionKey::for_room("irc", "libera", "#rust");
    /// table.set(&key, "!rust")?;
    /// assert_eq!(table.remove(&key)?, Some("!rust"));
    /// assert_eq!(table.remove(&key)?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove(&self, key: impl AsKey) -> Result<Option<R>, PartitionUnavailable> {
        let (guard, partition) = (pin(), self.own(&key));
        let store = partition.available(&guard)?;
        Ok(store.remove(&key, &partition.call(&self.inner.shared, &guard)))
    }

    /// Removes every expired record now; says how many. Partitions that are unavailable have none.
    pub fn prune(&self) -> usize {
        self.inner.partitions.iter().map(|partition| partition.prune(&self.inner.shared).unwrap_or(0)).sum()
    }

    /// Does by hand what the background thread does besides pruning: replaces unavailable partitions with empty ones
    /// and drops what was removed or replaced, unless a guard still sees it. True if something still waits: so no loop
    /// until it is false under a guard. A destructor of what a table drops is under one; called there, it leaves all
    /// to the next caller, and returns false.
    ///
    /// ```
    /// let table = tenure_core::RouteTable::new();
    /// table.fail_partition(0);
    /// assert!(!table.maintain());
    /// assert!(table.partition(0).expect("the first").is_available());
    /// ```
    pub fn maintain(&self) -> bool {
        self.inner.repair()
    }

    /// Takes a partition out of service, with all it holds: what a supervisor does when it finds its content wrong.
    ///
    /// Operations on its keys answer *unavailable* until it has been replaced with an empty one, by the background
    /// thread at once, or by [`maintain`](Self::maintain). False if it was out of service already, or does not
    /// exist. The other partitions notice nothing.
    pub fn fail_partition(&self, index: usize) -> bool {
        let failed = self.inner.partitions.get(index).is_some_and(Partition::fail);
        self.inner.shared.signal.wake();
        failed
    }

    /// The table's clock's time, at which it would answer now.
    pub fn now(&self) -> Tick {
        self.inner.shared.now()
    }

    #[inline(always)]
    fn own(&self, key: &impl AsKey) -> &Partition<R> {
        self.inner.partition_for(key.hashes().full)
    }
}

/// Goes on where the route was not the one that is there already.
fn set_other<Q: AsKey, R: Destination>(
    not_same: Result<Option<Other<'_, R>>, SetErrorKind>,
    key: &Q,
    route: R,
    ttl: Millis,
) -> Result<(), SetError<R>> {
    match not_same {
        Ok(None) => {}
        Ok(Some(other)) => other.set(key, route, ttl),
        Err(kind) => return Err(SetError { route, kind }),
    }
    Ok(())
}

/// What a look finds, read as a whole. Looks again only when another thread has changed the record meanwhile.
fn answer<'g, R: Destination>(look: impl Fn() -> Found<'g, R>) -> Result<RecordView<'g, R>, GetError> {
    loop {
        match look() {
            Found::Fresh(entry, life) => {
                if let Some(view) = RecordView::new(entry, life) {
                    return Ok(view);
                }
            }
            Found::Expired => return Err(GetError::Expired),
            Found::Missing => return Err(GetError::NotFound),
        }
    }
}
