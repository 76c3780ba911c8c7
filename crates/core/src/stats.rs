//! Counters that many threads move and few read.
//!
//! A counter in one place costs two threads a cache line's journey for every count (40 to 80 ns between two cores),
//! more than the look-up that is counted. So counters are striped: most threads have a stripe of their own, which
//! they move with a plain load and store; the rest share one.

use crossbeam_utils::CachePadded;
use std::{
    array,
    cell::Cell,
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

// Std atomics also under loom: a count is never a reason to touch memory, so a model need not explore it.

/// Threads that can have a stripe of their own at the same time.
const OWN: usize = 32;

/// One bit for each own stripe that a living thread has.
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// Holds a stripe for the life of a thread.
struct Stripe(usize);

impl Stripe {
    /// The first free stripe, or the shared one.
    fn take() -> Self {
        let mut taken = TAKEN.load(Ordering::Relaxed);
        loop {
            let free = (!taken).trailing_zeros() as usize;
            if free >= OWN {
                return Self(OWN);
            }
            // Acquire: pairs with the Release in `drop`: the last owner's counts are seen, and so not overwritten.
            match TAKEN.compare_exchange_weak(taken, taken | 1 << free, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Self(free),
                Err(actual) => taken = actual,
            }
        }
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        // While the thread's other locals are being destroyed, the shared stripe serves.
        MINE.set(OWN);
        if self.0 < OWN {
            // Release: pairs with the Acquire in `take`.
            TAKEN.fetch_and(!(1 << self.0), Ordering::Release);
        }
    }
}

/// Not asked for yet.
const UNKNOWN: usize = OWN + 1;

thread_local! {
    /// This thread's stripe. Apart from what holds it, so that reading it needs no check for destruction.
    static MINE: Cell<usize> = const { Cell::new(UNKNOWN) };
    static HELD: Stripe = Stripe::take();
}

#[inline]
fn stripe() -> usize {
    let mine = MINE.get();
    if mine == UNKNOWN { find_stripe() } else { mine }
}

#[cold]
fn find_stripe() -> usize {
    // Loom's threads share one real thread, and so would share an "own" stripe.
    if cfg!(tenure_loom) {
        return OWN;
    }
    // Fails while the thread's locals are being destroyed: then the shared stripe serves.
    let mine = HELD.try_with(|stripe| stripe.0).unwrap_or(OWN);
    MINE.set(mine);
    mine
}

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
    #[inline]
    pub(crate) fn add(&self, index: usize, n: u64) {
        let stripe = stripe();
        if stripe < OWN {
            // Only this thread initialises its stripe, so it waits for nobody here.
            let counter = &self.own[stripe].get_or_init(|| Box::new(zeros()))[index];
            // Relaxed, and no read-modify-write: this thread alone writes the stripe while it has it.
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
        } else {
            // Relaxed: statistics.
            self.shared[index].fetch_add(n, Ordering::Relaxed);
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
