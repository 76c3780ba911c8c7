//! moka: a cache with its own bound, its own time to live and its own choice of what goes.

use super::{Map, Setup};
use crate::{keys::Plain, userroute::UserRoute};
use std::{borrow::Borrow, sync::Arc, time::Duration};

pub(super) struct Moka<K: Plain>(moka::sync::Cache<K::Owned, Arc<UserRoute>, ahash::RandomState>);

impl<K: Plain> Map<K> for Moka<K>
where
    K::Owned: Borrow<K::Borrowed>,
{
    const PEER: &'static str = "moka";
    const EVICTS: bool = true;
    const OWN_TIME: bool = true;

    fn new(setup: Setup) -> Self {
        let cache = moka::sync::Cache::builder().max_capacity(setup.most() as u64);
        Self(
            cache.time_to_live(Duration::from_millis(setup.ttl)).build_with_hasher(ahash::RandomState::new()),
        )
    }

    #[inline]
    fn read<T>(&self, key: K::Query<'_>, _: u64, seen: impl FnOnce(&Arc<UserRoute>) -> T) -> Option<T> {
        self.0.get(K::plain(key)).as_ref().map(seen)
    }

    #[inline]
    fn set(&self, _: K::Query<'_>, own: impl Fn() -> K::Owned, route: Arc<UserRoute>, _: u64) -> bool {
        self.0.insert(own(), route);
        false
    }

    fn insert(&self, key: K::Owned, route: Arc<UserRoute>, _: u64) {
        self.0.insert(key, route);
    }

    fn deadline(&self, _: &K::Owned) -> Option<u64> {
        None
    }

    fn remove(&self, key: &K::Owned) {
        self.0.invalidate(key.borrow());
    }

    /// It prunes by itself; this has it do so now.
    fn prune(&self, _: u64) -> usize {
        let before = self.0.entry_count();
        let mut left = before;
        loop {
            self.0.run_pending_tasks();
            let now = self.0.entry_count();
            if now == left {
                return before.saturating_sub(now) as usize;
            }
            left = now;
        }
    }

    fn len(&self) -> usize {
        self.0.run_pending_tasks();
        self.0.entry_count() as usize
    }
}
