//! `quick_cache`: a cache with its own bound and its own choice of what goes; deadlines are the user's.

use super::{Map, Setup, record::Record};
use crate::{keys::Kind, userroute::UserRoute};
use quick_cache::{UnitWeighter, sync::Cache};
use std::sync::Arc;

pub(super) struct Quick<K: Kind>(Cache<K::Owned, Record, UnitWeighter, ahash::RandomState>);

impl<K: Kind> Map<K> for Quick<K> {
    const PEER: &'static str = "quick_cache";
    const EVICTS: bool = true;

    fn new(setup: Setup) -> Self {
        let lifecycle = quick_cache::sync::DefaultLifecycle::default();
        Self(Cache::with(
            setup.records,
            setup.most() as u64,
            UnitWeighter,
            ahash::RandomState::new(),
            lifecycle,
        ))
    }

    #[inline]
    fn read<T>(&self, key: K::Query<'_>, now: u64, seen: impl FnOnce(&Arc<UserRoute>) -> T) -> Option<T> {
        self.0.get(&key)?.fresh(now).map(seen)
    }

    #[inline]
    fn set(&self, _: K::Query<'_>, own: impl Fn() -> K::Owned, route: Arc<UserRoute>, deadline: u64) -> bool {
        self.insert(own(), route, deadline);
        false
    }

    #[inline]
    fn insert(&self, key: K::Owned, route: Arc<UserRoute>, deadline: u64) {
        self.0.insert(key, Record { route, deadline });
    }

    fn deadline(&self, key: &K::Owned) -> Option<u64> {
        self.0.peek(&K::ask(key)).map(|record| record.deadline)
    }

    fn remove(&self, key: &K::Owned) {
        self.0.remove(&K::ask(key));
    }

    fn prune(&self, now: u64) -> usize {
        let before = self.0.len();
        self.0.retain(|_, record| now < record.deadline);
        before - self.0.len()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
