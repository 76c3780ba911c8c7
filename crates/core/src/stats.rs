//! Counters that many threads move and few read, striped: a thread that has a stripe of its own moves its counters with
//! a plain load and store.

use crate::stripe::{OWN, known_stripe, stripe};
use crossbeam_utils::CachePadded;
use std::{
    array, fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

// Std atomics also under loom: a count is never a reason to touch memory, so a model need not explore it.

type Block<const N: usize> = CachePadded<[AtomicU64; N]>;

/// `N` counters that are moved together: one block for each thread that moves them.
pub(crate) struct Counters<const N: usize> {
    own: [OnceLock<Box<Block<N>>>; OWN],
    shared: Block<N>,
}

impl<const N: usize> Counters<N> {
    pub(crate) fn new() -> Self {
        Self { own: array::from_fn(|_| OnceLock::new()), shared: zeros() }
    }

    /// Adds to counter `index`, without waiting for anybody.
    #[inline(always)]
    pub(crate) fn add(&self, index: usize, n: u64) {
        match self.own.get(known_stripe()).and_then(OnceLock::get) {
            Some(block) => add_alone(&block[index], n),
            None => self.add_slowly(index, n),
        }
    }

    /// This thread's first, or where it has no stripe of its own.
    #[cold]
    fn add_slowly(&self, index: usize, n: u64) {
        match self.own.get(stripe()) {
            // Only this thread initializes its stripe, so it waits for nobody here.
            Some(block) => add_alone(&block.get_or_init(|| Box::new(zeros()))[index], n),
            None => {
                // Relaxed: statistics.
                self.shared[index].fetch_add(n, Ordering::Relaxed);
            }
        }
    }

    /// What counter `index` has come to. Counts under way may or may not be in it.
    pub(crate) fn get(&self, index: usize) -> u64 {
        let own = self.own.iter().filter_map(OnceLock::get);
        // Relaxed: statistics.
        own.fold(self.shared[index].load(Ordering::Relaxed), |sum, block| {
            sum.wrapping_add(block[index].load(Ordering::Relaxed))
        })
    }
}

/// Adds where this thread alone writes: it has the stripe.
#[inline(always)]
fn add_alone(counter: &AtomicU64, n: u64) {
    // Relaxed, and no read-modify-write: as said.
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
}

fn zeros<const N: usize>() -> Block<N> {
    CachePadded::new(array::from_fn(|_| AtomicU64::new(0)))
}

impl<const N: usize> fmt::Debug for Counters<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries((0..N).map(|index| self.get(index))).finish()
    }
}

#[cfg(all(test, not(tenure_loom)))]
mod tests {
    use super::Counters;

    #[test]
    fn no_count_is_lost_however_many_threads_come_and_go() {
        let counters = Counters::<2>::new();
        std::thread::scope(|scope| {
            for _ in 0..80 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        counters.add(0, 1);
                        counters.add(1, 2);
                    }
                });
            }
        });
        assert_eq!((counters.get(0), counters.get(1)), (80_000, 160_000));
    }
}
