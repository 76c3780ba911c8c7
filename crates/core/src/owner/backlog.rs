//! Work that piles up and is done a bounded bit at a time.

use crate::{
    raw::Stack,
    sync::{AtomicUsize, Ordering},
};
use std::{
    iter::Peekable,
    mem,
    sync::{Mutex, PoisonError},
};

/// A heap of items that any thread adds to, and that any thread works on in steps of a bounded number of items,
/// however many there are. Lock-free.
///
/// A stack can only be taken as a whole. So that a step over a few items need not put the many others back one by
/// one, what is left of a taken chain is itself put back as one item, on top, with what was kept below it: the next
/// step goes on where this one stopped, and whatever is kept is not looked at again before all else was.
pub(crate) struct Backlog<T: Send + Sync + 'static> {
    stack: Stack<Item<T>>,
    /// About how many: an item being added or worked on may or may not count.
    count: AtomicUsize,
}

type Chain<T> = Peekable<Box<dyn Iterator<Item = Item<T>> + Send>>;

enum Item<T> {
    One(T),
    /// The rest of a chain, not empty. The mutex is never locked: it lets a thing that may be sent be part of one that
    /// is shared, and is only ever taken apart by who owns it.
    Rest(Box<Mutex<Chain<T>>>),
}

fn rest<T>(chain: Chain<T>) -> Item<T> {
    Item::Rest(Box::new(Mutex::new(chain)))
}

fn open<T>(rest: Mutex<Chain<T>>) -> Chain<T> {
    rest.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Send + Sync + 'static> Backlog<T> {
    pub(crate) fn new() -> Self {
        Self { stack: Stack::new(), count: AtomicUsize::new(0) }
    }

    pub(crate) fn push(&self, value: T) {
        // Relaxed: a count that nobody's correctness depends on. Before the push, so that it never goes below zero.
        self.count.fetch_add(1, Ordering::Relaxed);
        self.stack.push(Item::One(value));
    }

    /// About how many items there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Relaxed: as in `push`.
        self.count.load(Ordering::Relaxed)
    }

    /// Works on up to about `budget` items; `work` answers what is to be kept of one. True when nothing is left that
    /// was there when the step began, or that was kept.
    pub(crate) fn step(&self, budget: usize, mut work: impl FnMut(T) -> Option<T>) -> bool {
        // A relaxed look: who must not miss a push has fenced before.
        if self.stack.is_empty() {
            return true;
        }
        let mut chain = self.take();
        let mut kept = Vec::new();
        for _ in 0..budget {
            match chain.next() {
                Some(Item::One(value)) => match work(value) {
                    Some(value) => kept.push(Item::One(value)),
                    // Relaxed: as in `push`.
                    None => _ = self.count.fetch_sub(1, Ordering::Relaxed),
                },
                // Go on inside; what came after it waits its turn.
                Some(Item::Rest(inner)) => {
                    let mut after = mem::replace(&mut chain, open(*inner));
                    if after.peek().is_some() {
                        kept.push(rest(after));
                    }
                }
                None => break,
            }
        }
        let done = kept.is_empty() && chain.peek().is_none();
        for item in kept {
            self.stack.push(item);
        }
        if chain.peek().is_some() {
            self.stack.push(rest(chain));
        }
        done
    }

    fn take(&self) -> Chain<T> {
        let all: Box<dyn Iterator<Item = Item<T>> + Send> = Box::new(self.stack.take_all());
        all.peekable()
    }
}

impl<T: Send + Sync + 'static> Drop for Backlog<T> {
    fn drop(&mut self) {
        // Rests may be nested deeply: taken apart one by one, not by recursion.
        let mut chains = vec![self.take()];
        while let Some(chain) = chains.last_mut() {
            match chain.next() {
                Some(Item::Rest(inner)) => chains.push(open(*inner)),
                Some(Item::One(value)) => drop(value),
                None => _ = chains.pop(),
            }
        }
    }
}
