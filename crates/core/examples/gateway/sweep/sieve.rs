//! SIEVE: a queue in which keys keep their places, and a hand that goes from the oldest to the newest and takes the first
//! that was not used since it last came by.

use super::list::List;
use super::policy::Policy;

pub(super) struct Sieve {
    queue: List,
    was_used: Vec<bool>,
    hand: Option<u32>,
    capacity: usize,
}

impl Sieve {
    pub(super) fn new(keys: usize, capacity: usize) -> Self {
        Self { queue: List::new(keys), was_used: vec![false; keys], hand: None, capacity }
    }

    fn evict(&mut self) {
        let Some(mut at) = self.hand.or_else(|| self.queue.oldest()) else { return };
        while std::mem::take(&mut self.was_used[at as usize]) {
            at = self.queue.newer(at).or_else(|| self.queue.oldest()).unwrap_or(at);
        }
        self.hand = self.queue.newer(at);
        self.queue.take(at);
    }
}

impl Policy for Sieve {
    fn used(&mut self, key: u32) -> bool {
        let there = self.queue.has(key);
        self.was_used[key as usize] |= there;
        there
    }

    fn set(&mut self, key: u32) {
        if self.used(key) {
            return;
        }
        if self.queue.len() == self.capacity {
            self.evict();
        }
        self.queue.push(key);
    }

    fn expired(&mut self, key: u32) {
        if self.hand == Some(key) {
            self.hand = self.queue.newer(key);
        }
        self.queue.take(key);
        self.was_used[key as usize] = false;
    }
}
