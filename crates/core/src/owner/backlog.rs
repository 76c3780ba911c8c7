//! Work that piles up and is done a bounded bit at a time.

use crate::{
    raw::{Slot, Stack, Taken},
    sync::{AtomicUsize, Ordering},
};
use arrayvec::ArrayVec;
use std::{collections::VecDeque, iter::Peekable, mem};

/// So many items are shown together before the first of them is worked on: enough for their memory to be fetched at once.
const WINDOW: usize = 16;

/// A heap of items that any thread adds to, and that any thread works on in steps of a bounded number of items,
/// however many there are. Lock-free.
///
/// Items are pushed onto a stack, which can only be taken as a whole. So that a step over a few items need not put the
/// many others back one by one, what was taken is kept in a *queue* beside the stack, which a step takes, shortens and
/// puts back: the next step goes on where this one stopped, and whatever is kept is not looked at again before all
/// else was.
///
/// While one thread has the queue, others see only what was pushed meanwhile. What they do not finish they put back as
/// a queue of their own, and whoever finds another queue in the place of the one it has taken joins the two.
pub(crate) struct Backlog<T: Send + Sync + 'static> {
    stack: Stack<T>,
    queue: Slot<Queue<T>>,
    /// About how many: an item being added or worked on may or may not count.
    count: AtomicUsize,
}

/// Items that were taken from the stack at once.
type Chain<T> = Peekable<Taken<T>>;

/// What was taken from the stack and is not done. One chain that is done at once costs no allocation: it is what an
/// owner of a few sessions leaves.
struct Queue<T: Send> {
    /// The chain of items that nobody has looked at which is worked on first; not empty.
    first: Option<Chain<T>>,
    /// Other such chains, while there is a first; the newest is the last.
    fresh: Vec<Chain<T>>,
    /// Items that a step was told to keep, in the order in which they are looked at again.
    kept: VecDeque<T>,
}

impl<T: Send + Sync + 'static> Backlog<T> {
    pub(crate) fn new() -> Self {
        Self { stack: Stack::new(), queue: Slot::empty(), count: AtomicUsize::new(0) }
    }

    pub(crate) fn push(&self, value: T) {
        // Relaxed: a count that nobody's correctness depends on. Before the push, so that it never goes below zero.
        self.count.fetch_add(1, Ordering::Relaxed);
        self.stack.push(value);
    }

    /// About how many items there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Relaxed: as in `push`.
        self.count.load(Ordering::Relaxed)
    }

    /// Whether items have been pushed since somebody last looked at all of them.
    pub(crate) fn has_news(&self) -> bool {
        !self.stack.is_empty()
    }

    /// Works on up to `budget` items; `keep` answers whether one is to be kept. True when nothing is left of what was
    /// there when the step began, or of what was kept. What another thread has in its hands at the moment is left to
    /// that one.
    ///
    /// If `keep` panics, all that was not done is still there, and the item that it had comes last.
    pub(crate) fn step(&self, budget: usize, keep: impl FnMut(&T) -> bool) -> bool {
        self.step_ahead(budget, |_| {}, keep)
    }

    /// As `step`; `ahead` is shown the items that come next, some of them at a time.
    pub(crate) fn step_ahead(
        &self,
        budget: usize,
        ahead: impl Fn(&[T]),
        mut keep: impl FnMut(&T) -> bool,
    ) -> bool {
        let mut lent = self.take();
        // What this step keeps is for a later one.
        let mut old = lent.queue.kept.len();
        let mut left = budget;
        loop {
            lent.choose(left, &mut old);
            left -= lent.chosen.len();
            ahead(&lent.chosen);
            if lent.chosen.is_empty() {
                return lent.queue.is_empty();
            }
            // Relaxed: as in `push`. All at once: what is not worked on because this unwinds is counted again (`Lent`).
            self.count.fetch_sub(lent.chosen.len(), Ordering::Relaxed);
            while let Some(value) = lent.chosen.last() {
                let keep = keep(value);
                let done = lent.chosen.pop();
                if keep {
                    // Relaxed: as in `push`.
                    self.count.fetch_add(1, Ordering::Relaxed);
                    lent.queue.kept.extend(done);
                }
            }
        }
    }

    /// How many items and chains of items the queue has room for, or none if another thread has it.
    #[cfg(all(test, not(tenure_loom)))]
    pub(crate) fn room(&self) -> usize {
        let lent = self.take();
        lent.queue.kept.capacity() + lent.queue.fresh.capacity()
    }

    /// Takes everything, to be put back when the answer is dropped.
    fn take(&self) -> Lent<'_, T> {
        let mut queue = self.queue.take().map(|queue| *queue).unwrap_or_default();
        // A relaxed look: who must not miss a push has fenced before.
        if !self.stack.is_empty() {
            let mut chain = self.stack.take_all().peekable();
            if chain.peek().is_some() {
                queue.add(chain);
            }
        }
        Lent { backlog: self, queue, chosen: ArrayVec::new() }
    }
}

impl<T: Send> Default for Queue<T> {
    fn default() -> Self {
        Self { first: None, fresh: Vec::new(), kept: VecDeque::new() }
    }
}

impl<T: Send> Queue<T> {
    /// The next item that nobody has looked at, or else one of the first `old` that were kept.
    fn next(&mut self, old: &mut usize) -> Option<T> {
        if let Some(chain) = &mut self.first {
            let value = chain.next();
            if chain.peek().is_none() {
                self.first = self.fresh.pop();
            }
            return value;
        }
        *old = old.checked_sub(1)?;
        self.kept.pop_front()
    }

    fn is_empty(&self) -> bool {
        self.first.is_none() && self.kept.is_empty()
    }

    /// A chain, not empty, which is worked on before the others.
    fn add(&mut self, chain: Chain<T>) {
        self.fresh.extend(self.first.replace(chain));
    }

    /// Takes all of another queue. Moves as many items as the shorter of the two has kept.
    fn join(&mut self, mut other: Box<Self>) {
        if other.kept.len() > self.kept.len() {
            mem::swap(self, &mut other);
        }
        self.fresh.append(&mut other.fresh);
        other.first.take().into_iter().for_each(|chain| self.add(chain));
        self.kept.append(&mut other.kept);
    }

    /// So that an owner that once had many sessions does not take their room for ever.
    fn shrink(&mut self) {
        let room = self.kept.capacity();
        if room > 64 && self.kept.len() < room / 4 {
            self.kept.shrink_to(room / 2);
        }
    }
}

/// What a step has in its hands. Put back also where the step unwinds.
struct Lent<'a, T: Send + Sync + 'static> {
    backlog: &'a Backlog<T>,
    queue: Queue<T>,
    /// What is worked on next, from the last to the first.
    chosen: ArrayVec<T, WINDOW>,
}

impl<T: Send + Sync + 'static> Lent<'_, T> {
    /// Takes up to `most` of the next items out of the queue, as many as are shown together.
    fn choose(&mut self, most: usize, old: &mut usize) {
        let next = std::iter::from_fn(|| self.queue.next(old));
        self.chosen.extend(next.take(most.min(WINDOW)));
        self.chosen.reverse();
    }
}

impl<T: Send + Sync + 'static> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        let mut queue = mem::take(&mut self.queue);
        if !self.chosen.is_empty() {
            // The work on the next of them has thrown. Relaxed: as in `push`.
            self.backlog.count.fetch_add(self.chosen.len(), Ordering::Relaxed);
            let thrower = self.chosen.pop();
            // It may throw again, so behind the others.
            queue.kept.extend(self.chosen.drain(..).rev().chain(thrower));
        }
        if queue.is_empty() {
            return;
        }
        queue.shrink();
        let mut queue = Box::new(queue);
        // Each further round is for a queue that another thread has put there meanwhile.
        while let Some(other) = self.backlog.queue.put(queue) {
            queue = self.backlog.queue.take().unwrap_or_default();
            queue.join(other);
        }
    }
}
