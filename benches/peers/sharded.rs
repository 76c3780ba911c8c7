//! The map that a careful user makes by hand: 64 shards, a lock and a table each, the key hashed once.

use super::{Map, Setup, record::Record};
use crate::{keys::Kind, userroute::UserRoute};
use crossbeam_utils::CachePadded;
use equivalent::Equivalent;
use hashbrown::{HashTable, hash_table::Entry};
use parking_lot::RwLock;
use std::sync::Arc;

const SHARDS: usize = 64;

type Shard<K> = CachePadded<RwLock<HashTable<(K, Record)>>>;

pub(super) struct Sharded<K: Kind> {
    shards: Box<[Shard<K::Owned>]>,
    hasher: ahash::RandomState,
}

impl<K: Kind> Sharded<K> {
    /// The shard from the hash's middle: the table takes its lowest bits and its highest.
    #[inline]
    fn at(&self, key: K::Query<'_>) -> (&Shard<K::Owned>, u64) {
        let hash = self.hasher.hash_one(key);
        (&self.shards[(hash >> 48) as usize % SHARDS], hash)
    }
}

impl<K: Kind> Map<K> for Sharded<K> {
    const PEER: &'static str = "sharded lock";

    fn new(_: Setup) -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), hasher: ahash::RandomState::new() }
    }

    #[inline]
    fn read<T>(&self, key: K::Query<'_>, now: u64, seen: impl FnOnce(&Arc<UserRoute>) -> T) -> Option<T> {
        let (shard, hash) = self.at(key);
        let shard = shard.read();
        let (_, record) = shard.find(hash, |(this, _)| key.equivalent(this))?;
        record.fresh(now).map(seen)
    }

    #[inline]
    fn set(
        &self,
        key: K::Query<'_>,
        own: impl Fn() -> K::Owned,
        route: Arc<UserRoute>,
        deadline: u64,
    ) -> bool {
        let (shard, hash) = self.at(key);
        let record = Record { route, deadline };
        let rehash = |(key, _): &(K::Owned, Record)| self.hasher.hash_one(K::ask(key));
        let old = match shard.write().entry(hash, |(this, _)| key.equivalent(this), rehash) {
            Entry::Occupied(mut there) => Some(std::mem::replace(&mut there.get_mut().1, record)),
            Entry::Vacant(place) => {
                place.insert((own(), record));
                None
            }
        };
        old.is_none()
    }

    fn insert(&self, key: K::Owned, route: Arc<UserRoute>, deadline: u64) {
        let mut key = Some(key);
        let (shard, hash) = self.at(K::ask(key.as_ref().expect("it was just put there")));
        let record = Record { route, deadline };
        let rehash = |(key, _): &(K::Owned, Record)| self.hasher.hash_one(K::ask(key));
        let mut shard = shard.write();
        let same = |(this, _): &(K::Owned, Record)| key.as_ref() == Some(this);
        match shard.entry(hash, same, rehash) {
            Entry::Occupied(mut there) => there.get_mut().1 = record,
            Entry::Vacant(place) => {
                if let Some(key) = key.take() {
                    place.insert((key, record));
                }
            }
        }
    }

    fn deadline(&self, key: &K::Owned) -> Option<u64> {
        let (shard, hash) = self.at(K::ask(key));
        let shard = shard.read();
        shard.find(hash, |(this, _)| this == key).map(|(_, record)| record.deadline)
    }

    fn remove(&self, key: &K::Owned) {
        let (shard, hash) = self.at(K::ask(key));
        let gone = shard.write().find_entry(hash, |(this, _)| this == key).ok().map(|there| there.remove().0);
        drop(gone);
    }

    fn prune(&self, now: u64) -> usize {
        let mut gone = 0;
        for shard in &self.shards {
            let mut shard = shard.write();
            let before = shard.len();
            shard.retain(|(_, record)| now < record.deadline);
            gone += before - shard.len();
        }
        gone
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }
}
