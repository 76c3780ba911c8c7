//! What stands under the keys of a room.

use super::{KEYS, bounded::Mark};

/// What is stored under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stored {
    pub(super) route: u64,
    pub(super) set_at: u64,
    pub(super) deadline: u64,
    /// Time has passed during its set. Only told apart where there is a bound.
    pub(super) lagged: bool,
}

/// The clock and the room's records, expired ones included until somebody removes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub(super) now: u64,
    pub(super) records: [Option<Stored>; KEYS],
    /// Partitions that are out of service: a bit for each of the keys that lie there.
    pub(super) failed: u8,
    /// Who was set when, the oldest first. Only kept where there is a bound.
    pub(super) order: Vec<Mark>,
}

/// What a look at one key finds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    Fresh(Stored),
    Expired,
    Missing,
}

impl State {
    /// Whether the key's partition is out of service.
    pub(super) fn has_failed(&self, key: usize) -> bool {
        self.failed >> key & 1 == 1
    }

    pub(super) fn look(&self, key: usize, now: u64) -> Met {
        match self.records[key] {
            Some(stored) if now < stored.deadline => Met::Fresh(stored),
            Some(_) => Met::Expired,
            None => Met::Missing,
        }
    }

    pub(super) fn with(&self, key: usize, stored: Option<Stored>) -> Self {
        let mut after = self.clone();
        after.records[key] = stored;
        if stored.is_none() {
            after.order.retain(|mark| *mark != Mark::Record(key));
        }
        after
    }

    /// After somebody who removes what has expired has met this key.
    pub(super) fn met(&self, key: usize, now: u64) -> Self {
        match self.look(key, now) {
            Met::Expired => self.with(key, None),
            Met::Fresh(_) | Met::Missing => self.clone(),
        }
    }
}
