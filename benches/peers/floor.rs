//! The floor: a plain hashbrown map of one thread, with no synchronization at all.
//!
//! A `RefCell` lends it out, which costs one plain load and store of a flag.

use super::{Map, Setup, record::Record};
use crate::{keys::Kind, userroute::UserRoute};
use std::{cell::RefCell, sync::Arc};

pub(super) struct Floor<K: Kind>(RefCell<hashbrown::HashMap<K::Owned, Record, ahash::RandomState>>);

impl<K: Kind> Map<K> for Floor<K> {
    const PEER: &'static str = "one thread's map";

    fn new(_: Setup) -> Self {
        Self(RefCell::default())
    }

    #[inline]
    fn read<T>(&self, key: K::Query<'_>, now: u64, seen: impl FnOnce(&Arc<UserRoute>) -> T) -> Option<T> {
        self.0.borrow().get(&key)?.fresh(now).map(seen)
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
        let mut map = self.0.borrow_mut();
        if let Some(there) = map.get_mut(&key) {
            *there = record;
            return false;
        }
        map.insert(own(), record).is_none()
    }

    fn insert(&self, key: K::Owned, route: Arc<UserRoute>, deadline: u64) {
        self.0.borrow_mut().insert(key, Record { route, deadline });
    }

    fn deadline(&self, key: &K::Owned) -> Option<u64> {
        self.0.borrow().get(key).map(|record| record.deadline)
    }

    fn remove(&self, key: &K::Owned) {
        self.0.borrow_mut().remove(key);
    }

    fn prune(&self, now: u64) -> usize {
        let mut map = self.0.borrow_mut();
        let before = map.len();
        map.retain(|_, record| now < record.deadline);
        before - map.len()
    }

    fn len(&self) -> usize {
        self.0.borrow().len()
    }
}
