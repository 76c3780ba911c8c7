//! Bélády's choice: what goes is what will be asked for latest.

use std::collections::BTreeSet;

use super::policy::Policy;
use super::requests::Requests;

/// Never again.
const NEVER: u32 = u32::MAX;

pub(super) struct Clairvoyant {
    /// For each message, the next one that asks for its key, and the next one in its room: `[key, room]`.
    next: Vec<[(u32, u32); 2]>,
    /// For each key that is there, when it will be asked for next.
    due: Vec<Option<u32>>,
    /// The same, in that order.
    order: BTreeSet<(u32, u32)>,
    message: Option<usize>,
    capacity: usize,
}

impl Clairvoyant {
    pub(super) fn new(requests: &Requests, capacity: usize) -> Self {
        let mut soonest = vec![NEVER; requests.keys];
        let mut next = Vec::with_capacity(requests.all.len());
        for (index, request) in requests.all.iter().enumerate().rev() {
            let due = |key: u32| (key, soonest[key as usize]);
            next.push([due(request.key), due(request.room)]);
            for key in [request.key, request.room] {
                soonest[key as usize] = index as u32;
            }
        }
        next.reverse();
        Self { next, due: vec![None; requests.keys], order: BTreeSet::new(), message: None, capacity }
    }

    /// Writes down when a key will be asked for next, or that it is not there.
    fn put(&mut self, key: u32, due: Option<u32>) {
        if let Some(before) = self.due[key as usize] {
            self.order.remove(&(before, key));
        }
        if let Some(due) = due {
            self.order.insert((due, key));
        }
        self.due[key as usize] = due;
    }

    /// When a key that this message is about will be asked for next.
    fn due(&self, key: u32) -> u32 {
        let pair = self.message.and_then(|message| self.next.get(message));
        pair.into_iter().flatten().find(|(this, _)| *this == key).map_or(NEVER, |(_, due)| *due)
    }
}

impl Policy for Clairvoyant {
    fn used(&mut self, key: u32) -> bool {
        let there = self.due[key as usize].is_some();
        if there {
            self.put(key, Some(self.due(key)));
        }
        there
    }

    fn set(&mut self, key: u32) {
        if !self.used(key) {
            if self.order.len() == self.capacity {
                self.order.pop_last().map(|(_, last)| self.due[last as usize].take());
            }
            self.put(key, Some(self.due(key)));
        }
    }

    fn expired(&mut self, key: u32) {
        self.put(key, None);
    }

    fn next_message(&mut self) {
        self.message = Some(self.message.map_or(0, |message| message + 1));
    }
}
