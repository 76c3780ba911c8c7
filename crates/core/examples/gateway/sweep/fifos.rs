//! S3-FIFO: a small queue in which new keys are tried, a main queue for those that were used there, and a memory of the
//! keys that failed lately.

use super::list::List;
use super::policy::Policy;

/// Uses beyond this are not counted.
const MOST_USES: u8 = 3;

pub(super) struct S3Fifo {
    small: List,
    main: List,
    ghost: List,
    uses: Vec<u8>,
    capacity: usize,
}

impl S3Fifo {
    pub(super) fn new(keys: usize, capacity: usize) -> Self {
        let list = || List::new(keys);
        Self { small: list(), main: list(), ghost: list(), uses: vec![0; keys], capacity }
    }

    fn evict(&mut self) {
        let small_share = (self.capacity / 10).max(1);
        while self.small.len() + self.main.len() >= self.capacity {
            if self.small.len() >= small_share || self.main.len() == 0 {
                self.leave_small();
            } else {
                self.leave_main();
            }
        }
    }

    /// The oldest of the small queue: to the main one if it was used more than once, else out.
    fn leave_small(&mut self) {
        let Some(key) = self.small.pop() else { return };
        if std::mem::take(&mut self.uses[key as usize]) > 1 {
            self.main.push(key);
            return;
        }
        if self.ghost.len() + self.capacity / 10 >= self.capacity {
            self.ghost.pop();
        }
        self.ghost.take(key);
        self.ghost.push(key);
    }

    /// The oldest of the main queue: to its end again if it was used, else out.
    fn leave_main(&mut self) {
        let Some(key) = self.main.pop() else { return };
        if let Some(fewer) = self.uses[key as usize].checked_sub(1) {
            self.uses[key as usize] = fewer;
            self.main.push(key);
        }
    }
}

impl Policy for S3Fifo {
    fn used(&mut self, key: u32) -> bool {
        let there = self.small.has(key) || self.main.has(key);
        if there {
            let uses = &mut self.uses[key as usize];
            *uses = (*uses + 1).min(MOST_USES);
        }
        there
    }

    fn set(&mut self, key: u32) {
        if self.used(key) {
            return;
        }
        self.evict();
        self.uses[key as usize] = 0;
        if self.ghost.take(key) { self.main.push(key) } else { self.small.push(key) }
    }

    fn expired(&mut self, key: u32) {
        if !self.small.take(key) {
            self.main.take(key);
        }
        self.uses[key as usize] = 0;
    }
}
