//! scc's `HashMap`: a lock for each bucket, built for writing.

use super::{Map, Setup, record::Record};
use crate::{keys::Kind, userroute::UserRoute};
use std::sync::Arc;

pub(super) struct SccMap<K: Kind>(scc::HashMap<K::Owned, Record, ahash::RandomState>);

impl<K: Kind> Map<K> for SccMap<K> {
    const PEER: &'static str = "scc map";

    fn new(_: Setup) -> Self {
        Self(scc::HashMap::with_hasher(ahash::RandomState::new()))
    }

    #[inline]
    fn read<T>(&self, key: K::Query<'_>, now: u64, seen: impl FnOnce(&Arc<UserRoute>) -> T) -> Option<T> {
        self.0.read_sync(&key, |_, record| record.fresh(now).map(seen)).flatten()
    }

    #[inline]
    fn set(
        &self,
        key: K::Query<'_>,
        own: impl Fn() -> K::Owned,
        route: Arc<UserRoute>,
        deadline: u64,
    ) -> bool {
        if let Some(mut there) = self.0.get_sync(&key) {
            *there.get_mut() = Record { route, deadline };
            return false;
        }
        self.0.upsert_sync(own(), Record { route, deadline }).is_none()
    }

    fn insert(&self, key: K::Owned, route: Arc<UserRoute>, deadline: u64) {
        self.0.upsert_sync(key, Record { route, deadline });
    }

    fn deadline(&self, key: &K::Owned) -> Option<u64> {
        self.0.read_sync(&K::ask(key), |_, record| record.deadline)
    }

    fn remove(&self, key: &K::Owned) {
        self.0.remove_sync(&K::ask(key));
    }

    fn prune(&self, now: u64) -> usize {
        let mut gone = 0;
        self.0.retain_sync(|_, record| {
            let fresh = now < record.deadline;
            gone += usize::from(!fresh);
            fresh
        });
        gone
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
