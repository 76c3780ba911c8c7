//! scc's `HashIndex`: reads without a lock, for data that changes rarely.

use super::{Map, Setup, record::SharedRecord};
use crate::{keys::Kind, userroute::UserRoute};
use scc::hash_index::Entry;
use std::sync::Arc;

pub(super) struct SccIndex<K: Kind>(scc::HashIndex<K::Owned, SharedRecord, ahash::RandomState>);

impl<K: Kind> Map<K> for SccIndex<K> {
    const PEER: &'static str = "scc index";

    fn new(_: Setup) -> Self {
        Self(scc::HashIndex::with_hasher(ahash::RandomState::new()))
    }

    #[inline]
    fn read<T>(&self, key: K::Query<'_>, now: u64, seen: impl FnOnce(&Arc<UserRoute>) -> T) -> Option<T> {
        self.0.peek_with(&key, |_, record| record.fresh(now).map(seen)).flatten()
    }

    #[inline]
    fn set(
        &self,
        key: K::Query<'_>,
        own: impl Fn() -> K::Owned,
        route: Arc<UserRoute>,
        deadline: u64,
    ) -> bool {
        if self.0.peek_with(&key, |_, record| record.renew(&route, deadline)) == Some(true) {
            return false;
        }
        if let Some(mut there) = self.0.get_sync(&key) {
            there.update(SharedRecord::new(route, deadline));
            return false;
        }
        self.insert(own(), route, deadline);
        true
    }

    fn insert(&self, key: K::Owned, route: Arc<UserRoute>, deadline: u64) {
        let record = SharedRecord::new(route, deadline);
        match self.0.entry_sync(key) {
            Entry::Occupied(mut there) => there.update(record),
            Entry::Vacant(place) => drop(place.insert_entry(record)),
        }
    }

    fn deadline(&self, key: &K::Owned) -> Option<u64> {
        self.0.peek_with(&K::ask(key), |_, record| record.deadline())
    }

    fn remove(&self, key: &K::Owned) {
        self.0.remove_sync(&K::ask(key));
    }

    fn prune(&self, now: u64) -> usize {
        let mut gone = 0;
        self.0.retain_sync(|_, record| {
            let fresh = record.fresh(now).is_some();
            gone += usize::from(!fresh);
            fresh
        });
        gone
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
