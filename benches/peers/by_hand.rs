//! A plain map made into a table of routes, as a user would.

use super::{Asked, Map, Routes, Setup, TTL, bound::Bound};
use crate::{
    keys::Kind,
    names::Parts,
    ticker,
    userroute::{RouteText, UserRoute},
};
use std::sync::Arc;

/// A map, and a bound where the map has none of its own.
pub(super) struct ByHand<K: Kind, M> {
    map: M,
    bound: Option<Bound<K>>,
}

impl<K: Kind, M: Map<K>> ByHand<K, M> {
    #[inline]
    fn store(&self, key: K::Query<'_>, own: impl Fn() -> K::Owned, route: Arc<UserRoute>) {
        let deadline = ticker::now() + TTL;
        let new = self.map.set(key, &own, route, deadline);
        if let (true, Some(bound)) = (new, &self.bound) {
            bound.noted(&self.map, own(), deadline);
        }
    }
}

impl<K: Kind, M: Map<K>> Routes for ByHand<K, M> {
    const PEER: &'static str = M::PEER;
    const KEYS: &'static str = K::NAME;
    const OWN_TIME: bool = M::OWN_TIME;
    type Key = K::Owned;
    type Route = Arc<UserRoute>;
    type Owned = UserRoute;
    type Buffer = K::Buffer;

    fn new(setup: Setup) -> Self {
        let bound = (setup.bounded && !M::EVICTS).then(|| Bound::new(setup));
        Self { map: M::new(setup), bound }
    }

    fn key(parts: Parts<'_>) -> K::Owned {
        K::own(parts)
    }

    fn owned(text: RouteText) -> UserRoute {
        UserRoute::new(text)
    }

    #[inline]
    fn ready(route: UserRoute) -> Arc<UserRoute> {
        Arc::new(route)
    }

    fn external_room(route: &Arc<UserRoute>) -> &str {
        &route.external_room
    }

    #[inline]
    fn resolve<T>(&self, asked: &Asked<'_, K::Owned>, seen: impl Fn(&Arc<UserRoute>) -> T) -> Option<T> {
        let now = ticker::now();
        self.map
            .read(K::ask(asked.exact), now, &seen)
            .or_else(|| self.map.read(K::ask(asked.room), now, &seen))
    }

    #[inline]
    fn resolve_parts<T>(
        &self,
        parts: Parts<'_>,
        buffer: &mut K::Buffer,
        seen: impl Fn(&Arc<UserRoute>) -> T,
    ) -> Option<T> {
        let now = ticker::now();
        let found = self.map.read(K::build(parts, buffer), now, &seen);
        found.or_else(|| self.map.read(K::build_room(parts, buffer), now, &seen))
    }

    #[inline]
    fn learn<T>(&self, asked: &Asked<'_, K::Owned>, seen: impl Fn(&Arc<UserRoute>) -> T) -> Option<T> {
        let now = ticker::now();
        if let Some(found) = self.map.read(K::ask(asked.exact), now, &seen) {
            return Some(found);
        }
        let route = self.map.read(K::ask(asked.room), now, Arc::clone)?;
        let found = seen(&route);
        self.map.insert(asked.exact.clone(), route, now + TTL);
        if let Some(bound) = &self.bound {
            bound.noted(&self.map, asked.exact.clone(), now + TTL);
        }
        Some(found)
    }

    #[inline]
    fn set(&self, key: &K::Owned, route: Arc<UserRoute>) {
        self.store(K::ask(key), || key.clone(), route);
    }

    #[inline]
    fn insert(&self, key: K::Owned, route: Arc<UserRoute>) {
        self.map.insert(key, route, ticker::now() + TTL);
    }

    #[inline]
    fn set_parts(&self, parts: Parts<'_>, buffer: &mut K::Buffer, route: Arc<UserRoute>) {
        self.store(K::build(parts, buffer), || K::own(parts), route);
    }

    fn remove(&self, key: &K::Owned) {
        self.map.remove(key);
    }

    fn prune(&self) -> usize {
        self.map.prune(ticker::now())
    }

    fn len(&self) -> usize {
        self.map.len()
    }
}
