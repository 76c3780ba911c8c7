//! Ways to choose what goes when there is no room, and how many exact hits each of them leaves.

use std::collections::VecDeque;
use std::time::Duration;

use tenure_core::Tick;

use super::clairvoyant::Clairvoyant;
use super::fifos::S3Fifo;
use super::list::List;
use super::requests::Requests;
use super::sieve::Sieve;

/// Keeps so many keys.
pub(crate) trait Policy {
    /// Whether the key is there. That is a use of it.
    fn used(&mut self, key: u32) -> bool;

    /// The key is set, and is there afterwards. Another may have to go.
    fn set(&mut self, key: u32);

    /// The key has expired.
    fn expired(&mut self, key: u32);

    /// The next message begins.
    fn next_message(&mut self) {}
}

/// The policies that are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arm {
    /// What was set longest ago goes: Tenure's. A set draws a number; a hit writes nothing.
    SetOrder,
    /// What was used longest ago goes. Each hit moves the record in an order that all threads share.
    Lru,
    /// SIEVE (Zhang et al., NSDI 2024). The first hit after a set or a pass of the hand writes a bit into the record; an eviction
    /// passes over those that have it.
    Sieve,
    /// S3-FIFO (Yang et al., SOSP 2023). A hit counts to three in the record; hashes of records that have gone are kept, too.
    S3Fifo,
    /// What will be asked for latest goes: nobody can know that. About the most that any choice can come to.
    Clairvoyant,
}

impl Arm {
    pub(crate) const ALL: [Self; 5] =
        [Self::SetOrder, Self::Lru, Self::Sieve, Self::S3Fifo, Self::Clairvoyant];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SetOrder => "set order",
            Self::Lru => "LRU",
            Self::Sieve => "SIEVE",
            Self::S3Fifo => "S3-FIFO",
            Self::Clairvoyant => "clairvoyant",
        }
    }

    /// An empty one with room for so many.
    pub(crate) fn policy(self, requests: &Requests, capacity: usize) -> Box<dyn Policy> {
        let keys = requests.keys;
        match self {
            Self::SetOrder => Box::new(Queue { list: List::new(keys), capacity, uses_count: false }),
            Self::Lru => Box::new(Queue { list: List::new(keys), capacity, uses_count: true }),
            Self::Sieve => Box::new(Sieve::new(keys, capacity)),
            Self::S3Fifo => Box::new(S3Fifo::new(keys, capacity)),
            Self::Clairvoyant => Box::new(Clairvoyant::new(requests, capacity)),
        }
    }
}

/// Set order, and order of use.
struct Queue {
    list: List,
    capacity: usize,
    uses_count: bool,
}

impl Policy for Queue {
    fn used(&mut self, key: u32) -> bool {
        let there = self.list.has(key);
        if there && self.uses_count {
            self.list.take(key);
            self.list.push(key);
        }
        there
    }

    fn set(&mut self, key: u32) {
        self.list.take(key);
        if self.list.len() == self.capacity {
            self.list.pop();
        }
        self.list.push(key);
    }

    fn expired(&mut self, key: u32) {
        self.list.take(key);
    }
}

/// How many messages find their own key, if each does what the gateway does: it asks for its key; if that is not there
/// it asks for its room's, and sets its own; then it sets its room's. What has expired goes first and at once.
pub(crate) fn hits(requests: &Requests, ttl: Duration, policy: &mut dyn Policy) -> u64 {
    let mut expiry = Expiry { ttl, deadlines: vec![Tick::ZERO; requests.keys], queue: VecDeque::new() };
    let mut hits = 0;
    for request in &requests.all {
        policy.next_message();
        expiry.pass(request.at, policy);
        if policy.used(request.key) {
            hits += 1;
        } else {
            if request.key != request.room {
                policy.used(request.room);
            }
            expiry.set(request.key, request.at, policy);
        }
        expiry.set(request.room, request.at, policy);
    }
    hits
}

/// When keys expire. All live equally long, so they do so in the order in which they were set.
struct Expiry {
    ttl: Duration,
    deadlines: Vec<Tick>,
    queue: VecDeque<(Tick, u32)>,
}

impl Expiry {
    fn set(&mut self, key: u32, now: Tick, policy: &mut dyn Policy) {
        let deadline = now.saturating_add(self.ttl);
        self.deadlines[key as usize] = deadline;
        self.queue.push_back((deadline, key));
        policy.set(key);
    }

    fn pass(&mut self, now: Tick, policy: &mut dyn Policy) {
        while let Some((deadline, key)) = self.queue.front().copied().filter(|(deadline, _)| *deadline <= now)
        {
            self.queue.pop_front();
            // Unless it has been set again since.
            if self.deadlines[key as usize] == deadline {
                policy.expired(key);
            }
        }
    }
}
