//! The bound that a user keeps by hand beside a map: queues of what was set new, oldest first.

use super::{Map, Setup};
use crate::keys::Kind;
use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// As many queues as the sharded map has shards.
const QUEUES: usize = 64;

/// How many records that were set again meanwhile are passed over before one goes regardless.
const PATIENCE: usize = 16;

type Queue<K> = CachePadded<Mutex<VecDeque<(<K as Kind>::Owned, u64)>>>;

/// A queue of keys for each of 64 parts of the keys, each with the deadline that its record had when it was noted. A
/// record that was set again meanwhile has a later one, and goes to the back. That is not the exact order of the
/// sets, and it is what people write.
pub(super) struct Bound<K: Kind> {
    queues: Box<[Queue<K>]>,
    per_queue: usize,
    hasher: ahash::RandomState,
}

impl<K: Kind> Bound<K> {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            queues: (0..QUEUES).map(|_| Queue::<K>::default()).collect(),
            per_queue: setup.records.div_ceil(QUEUES),
            hasher: ahash::RandomState::new(),
        }
    }

    /// A record that was not there has been stored: another one goes if there are too many.
    pub(super) fn noted(&self, map: &impl Map<K>, key: K::Owned, deadline: u64) {
        let queue = &self.queues[self.hasher.hash_one(&key) as usize % QUEUES];
        let mut queue = queue.lock();
        queue.push_back((key, deadline));
        let mut patience = PATIENCE;
        while queue.len() > self.per_queue {
            let Some((key, noted)) = queue.pop_front() else { return };
            match map.deadline(&key) {
                Some(later) if later > noted && patience > 0 => {
                    patience -= 1;
                    queue.push_back((key, later));
                }
                _ => map.remove(&key),
            }
        }
    }
}
