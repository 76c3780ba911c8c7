//! 64 maps with a lock each: changed in place.

use super::{
    Store, UserSession,
    indexed::{OwnerNumber, owner_of},
};
use crossbeam_utils::CachePadded;
use hashbrown::{HashTable, hash_table::Entry};
use parking_lot::RwLock;

const SHARDS: usize = 64;

type Shard = CachePadded<RwLock<HashTable<(String, UserSession)>>>;

pub(super) struct Sharded {
    shards: Box<[Shard]>,
    hasher: ahash::RandomState,
}

impl Sharded {
    /// The shard from the hash's middle: the table takes its lowest bits and its highest.
    #[inline]
    fn at(&self, code: &str) -> (&Shard, u64) {
        let hash = self.hasher.hash_one(code);
        (&self.shards[(hash >> 48) as usize % SHARDS], hash)
    }
}

impl Store for Sharded {
    const PEER: &'static str = "sharded lock";

    fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), hasher: ahash::RandomState::new() }
    }

    fn insert(&self, code: &str, session: UserSession) -> bool {
        let (shard, hash) = self.at(code);
        let rehash = |(code, _): &(String, UserSession)| self.hasher.hash_one(code.as_str());
        match shard.write().entry(hash, |(this, _)| this == code, rehash) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert((code.to_owned(), session));
                true
            }
        }
    }

    fn read<T>(&self, code: &str, seen: impl FnOnce(&UserSession) -> T) -> Option<T> {
        let (shard, hash) = self.at(code);
        shard.read().find(hash, |(this, _)| this == code).map(|(_, session)| seen(session))
    }

    fn update(&self, code: &str, change: impl Fn(&mut UserSession)) -> bool {
        let (shard, hash) = self.at(code);
        let mut shard = shard.write();
        shard.find_mut(hash, |(this, _)| this == code).map(|(_, session)| change(session)).is_some()
    }

    fn remove(&self, code: &str) -> Option<OwnerNumber> {
        let (shard, hash) = self.at(code);
        let gone = shard.write().find_entry(hash, |(this, _)| this == code).ok()?.remove().0;
        Some(owner_of(&gone.1))
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }
}
