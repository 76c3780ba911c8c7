//! papaya: a lock-free map with its own reclamation.

use super::{Map, Setup, record::SharedRecord};
use crate::{keys::Kind, userroute::UserRoute};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

pub(super) struct Papaya<K: Kind>(papaya::HashMap<K::Owned, SharedRecord, ahash::RandomState>);

impl<K: Kind> Map<K> for Papaya<K> {
    const PEER: &'static str = "papaya";

    fn new(_: Setup) -> Self {
        Self(papaya::HashMap::with_hasher(ahash::RandomState::new()))
    }

    #[inline]
    fn read<T>(&self, key: K::Query<'_>, now: u64, seen: impl FnOnce(&Arc<UserRoute>) -> T) -> Option<T> {
        self.0.pin().get(&key)?.fresh(now).map(seen)
    }

    #[inline]
    fn set(
        &self,
        key: K::Query<'_>,
        own: impl Fn() -> K::Owned,
        route: Arc<UserRoute>,
        deadline: u64,
    ) -> bool {
        let map = self.0.pin();
        if map.get(&key).is_some_and(|record| record.renew(&route, deadline)) {
            return false;
        }
        map.insert(own(), SharedRecord::new(route, deadline)).is_none()
    }

    fn insert(&self, key: K::Owned, route: Arc<UserRoute>, deadline: u64) {
        self.0.pin().insert(key, SharedRecord::new(route, deadline));
    }

    fn deadline(&self, key: &K::Owned) -> Option<u64> {
        self.0.pin().get(&K::ask(key)).map(SharedRecord::deadline)
    }

    fn remove(&self, key: &K::Owned) {
        self.0.pin().remove(&K::ask(key));
    }

    fn prune(&self, now: u64) -> usize {
        let gone = AtomicUsize::new(0);
        self.0.pin().retain(|_, record| {
            let fresh = record.fresh(now).is_some();
            // Relaxed: read after the walk, on the same thread.
            gone.fetch_add(usize::from(!fresh), Ordering::Relaxed);
            fresh
        });
        gone.into_inner()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
