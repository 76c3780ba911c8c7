//! The tables that are compared, behind one trait: a file for each.
//!
//! [`Routes`] is what a gateway wants. Tenure is it; a plain map is made into it as a competent user would:
//! a value holds the route behind an `Arc` and its deadline, the deadline is compared with a ticking number, a miss is
//! followed by a look-up of the room, and a bound is kept by queues beside the map ([`ByHand`]). Caches bring their
//! own bound, and moka its own time to live. Tenure has the same kind of clock, its `TickingClock`; a line of its own
//! shows it with the clock that it has by default.

use crate::{
    keys::{ByParts, Four, Joined, Kind},
    names::Parts,
    userroute::{RouteText, UserRoute},
};
use std::{fmt::Debug, sync::Arc};

mod bound;
mod by_hand;
mod dashmap;
mod floor;
mod moka;
mod papaya;
mod quick_cache;
mod record;
mod scc_index;
mod scc_map;
mod sharded;
mod tenure;

use by_hand::ByHand;
pub(crate) use tenure::{ByDefault, Tenure, Ticked};

/// What is done with each table.
pub(crate) trait EachTable {
    /// A table that threads may share.
    fn shared<R: Routes + Send + Sync>(&mut self);
    /// The floor, for one thread.
    fn single<R: Routes>(&mut self) {}
}

/// Does it with every peer, its keys being what serves it best, and with the floor.
pub(crate) fn best(each: &mut impl EachTable) {
    each.shared::<ByHand<Joined, dashmap::Dash<Joined>>>();
    each.shared::<ByHand<Joined, papaya::Papaya<Joined>>>();
    each.shared::<ByHand<Joined, scc_map::SccMap<Joined>>>();
    each.shared::<ByHand<Joined, scc_index::SccIndex<Joined>>>();
    each.shared::<ByHand<Joined, moka::Moka<Joined>>>();
    each.shared::<ByHand<Joined, quick_cache::Quick<Joined>>>();
    each.shared::<ByHand<Joined, sharded::Sharded<Joined>>>();
    each.shared::<ByHand<ByParts, sharded::Sharded<ByParts>>>();
    each.single::<ByHand<Joined, floor::Floor<Joined>>>();
}

/// Does it with further kinds of keys.
pub(crate) fn others(each: &mut impl EachTable) {
    each.shared::<ByHand<Four, dashmap::Dash<Four>>>();
    each.shared::<ByHand<Four, papaya::Papaya<Four>>>();
    each.shared::<ByHand<ByParts, papaya::Papaya<ByParts>>>();
    each.shared::<ByHand<ByParts, scc_index::SccIndex<ByParts>>>();
    each.single::<ByHand<ByParts, floor::Floor<ByParts>>>();
}

/// Thirty minutes, in the milliseconds of the ticker.
pub(crate) const TTL: u64 = 30 * 60 * 1_000;

/// What a table is built for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// The records that there will be, or where `bounded`, at most.
    pub(crate) records: usize,
    /// Whether more will be set than there may be.
    pub(crate) bounded: bool,
    /// The time to live, in milliseconds, of a table that has its own time.
    pub(crate) ttl: u64,
}

impl Setup {
    /// The bound of a table that has one: where nothing may be evicted, more than a run ever sets.
    fn most(self) -> usize {
        if self.bounded { self.records } else { 2 * self.records + (1 << 18) }
    }

    /// For as many records as there will be.
    pub(crate) fn roomy(records: usize) -> Self {
        Self { records, bounded: false, ttl: TTL }
    }
}

/// Prebuilt keys: the one that is asked for, and its room's for a table that must ask twice.
pub(crate) struct Asked<'a, K> {
    pub(crate) exact: &'a K,
    pub(crate) room: &'a K,
}

/// Routes under keys, each for a time.
pub(crate) trait Routes: 'static {
    /// The table's name.
    const PEER: &'static str;
    /// The kind of its keys.
    const KEYS: &'static str;
    /// Whether its records expire by a time of its own that cannot be moved.
    const OWN_TIME: bool = false;
    type Key: Clone + Send + Sync;
    /// A route that is ready to be stored.
    type Route: Clone + Send + Sync;
    /// A route as a gateway makes it.
    type Owned: Clone + Send + Sync;
    type Buffer: Default + Send;

    fn new(setup: Setup) -> Self;
    fn key(parts: Parts<'_>) -> Self::Key;
    fn owned(text: RouteText) -> Self::Owned;
    fn ready(route: Self::Owned) -> Self::Route;
    fn route(text: RouteText) -> Self::Route {
        Self::ready(Self::owned(text))
    }
    fn external_room(route: &Self::Route) -> &str;

    /// The route of the key, else of its room, borrowed.
    fn resolve<T>(&self, asked: &Asked<'_, Self::Key>, seen: impl Fn(&Self::Route) -> T) -> Option<T>;
    /// The same from the parts of a message.
    fn resolve_parts<T>(
        &self,
        parts: Parts<'_>,
        buffer: &mut Self::Buffer,
        seen: impl Fn(&Self::Route) -> T,
    ) -> Option<T>;
    /// The same; writes nothing.
    fn peek<T>(&self, asked: &Asked<'_, Self::Key>, seen: impl Fn(&Self::Route) -> T) -> Option<T> {
        self.resolve(asked, seen)
    }
    /// The same; what the room knows is written down under the key.
    fn learn<T>(&self, asked: &Asked<'_, Self::Key>, seen: impl Fn(&Self::Route) -> T) -> Option<T>;

    fn set(&self, key: &Self::Key, route: Self::Route);
    /// Sets a route that must be made ready first.
    #[inline]
    fn set_owned(&self, key: &Self::Key, route: Self::Owned) {
        self.set(key, Self::ready(route));
    }
    /// Sets a key that is not there, handing it over.
    fn insert(&self, key: Self::Key, route: Self::Route);
    fn set_parts(&self, parts: Parts<'_>, buffer: &mut Self::Buffer, route: Self::Route);
    fn remove(&self, key: &Self::Key);
    /// Removes what has expired; says how many.
    fn prune(&self) -> usize;
    fn len(&self) -> usize;
}

/// A map's primitive operations; [`ByHand`] makes [`Routes`] of them.
pub(crate) trait Map<K: Kind>: 'static {
    const PEER: &'static str;
    /// Whether it keeps the bound itself.
    const EVICTS: bool = false;
    const OWN_TIME: bool = false;

    fn new(setup: Setup) -> Self;
    /// The record under a key, if it is fresh.
    fn read<T>(&self, key: K::Query<'_>, now: u64, seen: impl FnOnce(&Arc<UserRoute>) -> T) -> Option<T>;
    /// Stores or replaces; `own` makes the key where one must be kept. Whether there was none.
    fn set(
        &self,
        key: K::Query<'_>,
        own: impl Fn() -> K::Owned,
        route: Arc<UserRoute>,
        deadline: u64,
    ) -> bool;
    /// Stores under a key that is not there, as far as the caller knows.
    fn insert(&self, key: K::Owned, route: Arc<UserRoute>, deadline: u64);
    /// The deadline of what is under a key.
    fn deadline(&self, key: &K::Owned) -> Option<u64>;
    fn remove(&self, key: &K::Owned);
    fn prune(&self, now: u64) -> usize;
    fn len(&self) -> usize;
}

/// So that a workload can hold contenders of any kind.
pub(crate) fn label<R: Routes>() -> String {
    if R::KEYS.is_empty() { R::PEER.to_owned() } else { format!("{} ({})", R::PEER, R::KEYS) }
}

/// For a store that must succeed: the benchmark's own mistake if not.
fn must<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("a benchmark's operation was refused: {error:?}"))
}
