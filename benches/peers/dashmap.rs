//! dashmap: a sharded map with a lock for each shard.

use super::{Map, Setup, record::Record};
use crate::{keys::Plain, userroute::UserRoute};
use std::{borrow::Borrow, sync::Arc};

pub(super) struct Dash<K: Plain>(dashmap::DashMap<K::Owned, Record, ahash::RandomState>);

impl<K: Plain> Map<K> for Dash<K>
where
    K::Owned: Borrow<K::Borrowed>,
{
    const PEER: &'static str = "dashmap";

    fn new(_: Setup) -> Self {
        Self(dashmap::DashMap::default())
    }

    #[inline]
    fn read<T>(&self, key: K::Query<'_>, now: u64, seen: impl FnOnce(&Arc<UserRoute>) -> T) -> Option<T> {
        self.0.get(K::plain(key))?.fresh(now).map(seen)
    }

    #[inline]
    fn set(
        &self,
        key: K::Query<'_>,
        own: impl Fn() -> K::Owned,
        route: Arc<UserRoute>,
        deadline: u64,
    ) -> bool {
        let record = Record { route, deadline };
        if let Some(mut there) = self.0.get_mut(K::plain(key)) {
            *there = record;
            return false;
        }
        self.0.insert(own(), record).is_none()
    }

    fn insert(&self, key: K::Owned, route: Arc<UserRoute>, deadline: u64) {
        self.0.insert(key, Record { route, deadline });
    }

    fn deadline(&self, key: &K::Owned) -> Option<u64> {
        self.0.get(K::plain(K::ask(key))).map(|record| record.deadline)
    }

    fn remove(&self, key: &K::Owned) {
        self.0.remove(K::plain(K::ask(key)));
    }

    fn prune(&self, now: u64) -> usize {
        let mut gone = 0;
        self.0.retain(|_, record| {
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
