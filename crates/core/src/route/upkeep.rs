//! What the background thread does for a route table, and anybody can do by hand.

use super::{
    destination::Destination,
    partition::{Partition, STEP},
    shared::Shared,
};
use crate::{
    clock::Tick,
    pruner::{Maintain, Next},
    raw::{Cursor, Slot, advance, is_freeing},
    sync::{AtomicU64, Ordering},
};
use std::time::Duration;

/// How soon what a guard still sees is looked at again.
const AGAIN: Duration = Duration::from_millis(5);
/// What a call does of a pass, in records: some thousand.
const SHARE: usize = 16 * STEP;
/// What a partition counts at least: each is looked at, however few records it has. No more than that, for a call looks at all
/// of them besides, and there may be many.
const LEAST: usize = 16;

/// The partitions of a table with all that belongs to them: what handles share.
pub(super) struct Inner<R: Destination> {
    pub(super) shared: Shared,
    pub(super) partitions: Box<[Partition<R>]>,
    /// The tick at which the last periodic pass began. Who moves it on begins that pass.
    began: AtomicU64,
    /// The pass that is under way, while no thread has it in its hands. One that is never put back, by a thread that is
    /// stopped, is made again when the next is due.
    pass: Slot<Pass>,
}

/// The periodic pass over all partitions.
#[derive(Default)]
struct Pass {
    /// The partition that it has come to.
    at: usize,
    cursor: Cursor,
}

impl<R: Destination> Inner<R> {
    pub(super) fn new(shared: Shared, partitions: usize) -> Self {
        let began = AtomicU64::new(shared.now().as_millis());
        Self { shared, partitions: (0..partitions).map(Partition::new).collect(), began, pass: Slot::empty() }
    }

    /// The partition comes from the hash's high bits, the bucket in it from the low ones.
    #[inline(always)]
    pub(super) fn partition_for(&self, hash: u64) -> &Partition<R> {
        let index = ((hash >> 32) * self.partitions.len() as u64) >> 32;
        &self.partitions[index as usize]
    }

    /// Replaces what is out of service and drops what was removed; returns whether anything waits to be dropped.
    ///
    /// In a destructor that a table runs it leaves all of that to who comes next: what waits there waits for this very
    /// destructor, however often it asks.
    pub(super) fn repair(&self) -> bool {
        if is_freeing() {
            return false;
        }
        for partition in &self.partitions {
            partition.replace_failed();
        }
        let waits = self.partitions.iter().fold(false, |waits, partition| partition.collect() | waits);
        // Once for all, since it may interrupt every core; and where none waits for it, for what the tables have put aside
        // of their own. Nothing is done where nothing is put aside.
        advance();
        waits && self.partitions.iter().fold(false, |waits, partition| partition.bury() | waits)
    }

    /// Does a bounded part of the periodic pass, if one is under way or due. In how long there is more to do.
    fn pass(&self) -> Next {
        let mut pass = match self.pass.take().map_or_else(|| self.begin_pass(), Ok) {
            Ok(pass) => pass,
            Err(wait) => return Next::In(wait),
        };
        let mut left = SHARE;
        while left > 0 {
            let Some(partition) = self.partitions.get(pass.at) else { return self.begin_again() };
            left = left.saturating_sub(partition.places_taken().clamp(LEAST, STEP));
            // What is out of service has nothing to prune.
            if partition.prune_step(&self.shared, &mut pass.cursor, &mut 0).unwrap_or(true) {
                *pass = Pass { at: pass.at + 1, cursor: Cursor::default() };
            }
        }
        // Another one that was begun meanwhile is given up for this one.
        self.pass.put(pass);
        Next::More
    }

    /// A new pass, if one is due, or in how long one will be.
    fn begin_pass(&self) -> Result<Box<Pass>, Duration> {
        let now = self.shared.now();
        // Relaxed, both: the exchange only decides who begins.
        let began = self.began.load(Ordering::Relaxed);
        let wait = self.shared.interval().saturating_sub(now.saturating_since(Tick::from_millis(began)));
        if !wait.is_zero() {
            return Err(wait);
        }
        // Relaxed, both: as above.
        let mine = self.began.compare_exchange(began, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed);
        mine.map(|_| Box::default()).map_err(|_| self.shared.interval())
    }

    /// A pass is complete: when the next is due.
    fn begin_again(&self) -> Next {
        match self.begin_pass() {
            Ok(pass) => {
                self.pass.put(pass);
                Next::More
            }
            Err(wait) => Next::In(wait),
        }
    }
}

impl<R: Destination> Drop for Inner<R> {
    fn drop(&mut self) {
        self.partitions = Box::default();
        // What the reclaimer has of them nobody else would ask for.
        advance();
    }
}

impl<R: Destination> Maintain for Inner<R> {
    fn maintain(&self) -> Next {
        let waiting = Next::In(if self.repair() { AGAIN } else { Duration::MAX });
        self.pass().sooner(waiting)
    }
}

#[cfg(all(test, not(tenure_loom)))]
mod tests;
