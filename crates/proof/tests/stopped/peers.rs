//! What a user would take instead: the same harness, operations of the same names.

use crate::crew::{Dice, World};
use dashmap::DashMap;
use parking_lot::RwLock;
use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    time::{Duration, Instant},
};

const KEYS: u64 = 72;
const SHARDS: usize = 16;
const TTL: Duration = Duration::from_millis(20);

/// A route and its deadline, as one would store it.
#[derive(Clone)]
struct Stored {
    route: String,
    deadline: Instant,
}

impl Stored {
    fn new(dice: &mut Dice) -> Self {
        Self { route: format!("route {}", dice.below(1_000_000)), deadline: Instant::now() + TTL }
    }
}

/// A map of routes with what any such map has.
pub(crate) trait Map: Sync {
    const NAME: &'static str;
    fn new() -> Self;
    fn set(&self, key: String, dice: &mut Dice);
    fn get(&self, key: &str) -> Option<String>;
    fn touch(&self, key: &str);
    fn remove(&self, key: &str);
    fn prune(&self);
    fn len(&self) -> usize;
    fn sum(&self) -> usize;
}

pub(crate) struct Dash(DashMap<String, Stored>);

impl Map for Dash {
    const NAME: &'static str = "dashmap 6";

    fn new() -> Self {
        Self(DashMap::with_shard_amount(SHARDS))
    }

    fn set(&self, key: String, dice: &mut Dice) {
        self.0.insert(key, Stored::new(dice));
    }

    fn get(&self, key: &str) -> Option<String> {
        Some(self.0.get(key)?.route.clone())
    }

    fn touch(&self, key: &str) {
        if let Some(mut stored) = self.0.get_mut(key) {
            stored.deadline = Instant::now() + TTL;
        }
    }

    fn remove(&self, key: &str) {
        self.0.remove(key);
    }

    fn prune(&self) {
        let now = Instant::now();
        self.0.retain(|_, stored| stored.deadline > now);
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn sum(&self) -> usize {
        self.0.iter().map(|entry| entry.route.len()).sum()
    }
}

pub(crate) struct Sharded {
    shards: Vec<RwLock<HashMap<String, Stored>>>,
    hasher: RandomState,
}

impl Sharded {
    fn shard(&self, key: &str) -> &RwLock<HashMap<String, Stored>> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }
}

impl Map for Sharded {
    const NAME: &'static str = "parking_lot::RwLock<HashMap>, 16 shards";

    fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect(), hasher: RandomState::new() }
    }

    fn set(&self, key: String, dice: &mut Dice) {
        self.shard(&key).write().insert(key, Stored::new(dice));
    }

    fn get(&self, key: &str) -> Option<String> {
        Some(self.shard(key).read().get(key)?.route.clone())
    }

    fn touch(&self, key: &str) {
        if let Some(stored) = self.shard(key).write().get_mut(key) {
            stored.deadline = Instant::now() + TTL;
        }
    }

    fn remove(&self, key: &str) {
        self.shard(key).write().remove(key);
    }

    fn prune(&self) {
        let now = Instant::now();
        for shard in &self.shards {
            shard.write().retain(|_, stored| stored.deadline > now);
        }
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }

    fn sum(&self) -> usize {
        let sum = |shard: &RwLock<HashMap<String, Stored>>| {
            shard.read().values().map(|stored| stored.route.len()).sum::<usize>()
        };
        self.shards.iter().map(sum).sum()
    }
}

/// The operations on such a map.
pub(crate) struct Peer<M>(M);

impl<M: Map> Peer<M> {
    pub(crate) fn new() -> Self {
        Self(M::new())
    }
}

impl<M: Map> World for Peer<M> {
    type Hand = ();
    type Watch = ();

    fn kinds(&self) -> &'static [&'static str] {
        &["set", "get", "touch", "remove", "prune", "len", "iter"]
    }

    fn hand(&self, _worker: usize) {}

    fn perform(&self, (): &mut (), kind: usize, dice: &mut Dice) -> Result<(), String> {
        let key = format!("key {}", dice.below(KEYS));
        match kind {
            0 => self.0.set(key, dice),
            1 => _ = self.0.get(&key),
            2 => self.0.touch(&key),
            3 => self.0.remove(&key),
            4 => self.0.prune(),
            5 => _ = self.0.len(),
            _ => _ = self.0.sum(),
        }
        Ok(())
    }

    fn watch(&self) {}

    fn owes(&self, (): &mut ()) -> Result<Option<String>, String> {
        Ok(None)
    }
}
