//! Tenure, through its public interface.

use super::{Asked, Routes, Setup, must};
use crate::{
    names::Parts,
    report::{OURS, OURS_BY_DEFAULT},
    ticker::{STEP, TickedClock},
    userroute::RouteText,
};
use std::{marker::PhantomData, sync::OnceLock, time::Duration};
use tenure_core::{Clock, KeyRef, Route, RouteTable, SessionKey, SystemClock, TickingClock, pin};

/// Which clock the table has.
pub(crate) trait Time: 'static {
    const PEER: &'static str;

    fn clock() -> impl Clock;
}

/// Its own ticking clock, with the peers' interval: a thread that woke each millisecond would disturb nearly each round.
pub(crate) struct Ticking;

impl Time for Ticking {
    const PEER: &'static str = OURS;

    fn clock() -> impl Clock {
        static CLOCK: OnceLock<TickingClock> = OnceLock::new();
        CLOCK.get_or_init(|| must(TickingClock::start_every(STEP))).clone()
    }
}

/// The one it has by default: the system's coarse clock.
pub(crate) struct System;

impl Time for System {
    const PEER: &'static str = OURS_BY_DEFAULT;

    fn clock() -> impl Clock {
        SystemClock::new()
    }
}

/// The very number that the peers have, for time that is skipped.
pub(crate) struct ByTicker;

impl Time for ByTicker {
    const PEER: &'static str = OURS;

    fn clock() -> impl Clock {
        TickedClock
    }
}

/// Tenure with a clock like the peers'.
pub(crate) type Tenure = Table<Ticking>;
/// Tenure with the clock that it has by default.
pub(crate) type ByDefault = Table<System>;
/// Tenure with the clock that the peers have.
pub(crate) type Ticked = Table<ByTicker>;

pub(crate) struct Table<C> {
    table: RouteTable,
    clock: PhantomData<fn() -> C>,
}

#[inline]
fn key_ref(parts: Parts<'_>) -> KeyRef<'_> {
    KeyRef::new(parts.channel, parts.bridge, parts.room, parts.thread)
}

impl<C: Time> Routes for Table<C> {
    const PEER: &'static str = C::PEER;
    const KEYS: &'static str = "";
    type Key = SessionKey;
    type Route = Route;
    type Owned = Route;
    type Buffer = ();

    fn new(setup: Setup) -> Self {
        let builder = RouteTable::builder().clock(C::clock()).ttl(Duration::from_millis(setup.ttl));
        let partitions = 4;
        let builder =
            builder.partitions(partitions).max_entries_per_partition(setup.most().div_ceil(partitions));
        // As for the peers: the mix of the bounded workload counts its writes itself.
        let builder = builder.write_back(!setup.bounded);
        Self { table: must(builder.build()), clock: PhantomData }
    }

    fn key(parts: Parts<'_>) -> SessionKey {
        key_ref(parts).to_session_key()
    }

    fn owned(text: RouteText) -> Route {
        let route = Route::builder(&text.external_room).channel(text.channel).bridge(&text.bridge);
        must(route.room(&text.room).thread(&text.thread).build())
    }

    #[inline]
    fn ready(route: Route) -> Route {
        route
    }

    fn external_room(route: &Route) -> &str {
        route.external_room()
    }

    #[inline]
    fn resolve<T>(&self, asked: &Asked<'_, SessionKey>, seen: impl Fn(&Route) -> T) -> Option<T> {
        let guard = pin();
        let found = self.table.resolve_view(asked.exact, &[], &guard).ok()?;
        Some(seen(found.route()))
    }

    #[inline]
    fn resolve_parts<T>(&self, parts: Parts<'_>, (): &mut (), seen: impl Fn(&Route) -> T) -> Option<T> {
        let guard = pin();
        let found = self.table.resolve_view(key_ref(parts), &[], &guard).ok()?;
        Some(seen(found.route()))
    }

    #[inline]
    fn peek<T>(&self, asked: &Asked<'_, SessionKey>, seen: impl Fn(&Route) -> T) -> Option<T> {
        let guard = pin();
        let found = self.table.peek_resolve_view(asked.exact, &[], &guard).ok()?;
        Some(seen(found.route()))
    }

    /// A table writes back unless it was built not to.
    #[inline]
    fn learn<T>(&self, asked: &Asked<'_, SessionKey>, seen: impl Fn(&Route) -> T) -> Option<T> {
        self.resolve(asked, seen)
    }

    #[inline]
    fn set(&self, key: &SessionKey, route: Route) {
        must(self.table.set(key, route));
    }

    #[inline]
    fn insert(&self, key: SessionKey, route: Route) {
        must(self.table.set(&key, route));
    }

    #[inline]
    fn set_parts(&self, parts: Parts<'_>, (): &mut (), route: Route) {
        must(self.table.set(key_ref(parts), route));
    }

    fn remove(&self, key: &SessionKey) {
        must(self.table.remove(key));
    }

    fn prune(&self) -> usize {
        self.table.prune()
    }

    fn len(&self) -> usize {
        self.table.len()
    }
}
