//! What the background thread does for a route table, and anybody can do by hand.

use super::{destination::Destination, partition::Partition, shared::Shared};
use crate::{
    clock::Tick,
    pruner::{Maintain, Next},
    raw::Cursor,
};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How soon what a guard still sees is looked at again.
const AGAIN: Duration = Duration::from_millis(5);
/// Steps of a pass that one call makes: some thousand records.
const STEPS: usize = 16;

/// The partitions of a table with all that belongs to them: what handles share.
pub(super) struct Inner<R: Destination> {
    pub(super) shared: Shared,
    pub(super) partitions: Box<[Partition<R>]>,
    /// Where the periodic pass stands. Locked by nobody but those who do upkeep.
    pass: Mutex<Pass>,
}

/// The periodic pass over all partitions.
struct Pass {
    began: Tick,
    /// The partition that it has come to; none between two passes.
    at: Option<usize>,
    cursor: Cursor,
}

impl<R: Destination> Inner<R> {
    pub(super) fn new(shared: Shared, partitions: usize) -> Self {
        let pass = Mutex::new(Pass { began: shared.now(), at: None, cursor: Cursor::default() });
        Self { shared, partitions: (0..partitions).map(Partition::new).collect(), pass }
    }

    /// The partition comes from the hash's high bits, the bucket in it from the low ones.
    #[inline(always)]
    pub(super) fn partition_for(&self, hash: u64) -> &Partition<R> {
        let index = ((hash >> 32) * self.partitions.len() as u64) >> 32;
        &self.partitions[index as usize]
    }

    /// Replaces what is out of service and drops what was removed; answers whether anything waits to be dropped.
    pub(super) fn repair(&self) -> bool {
        let mut waiting = 0;
        for partition in &self.partitions {
            partition.replace_failed();
            waiting += partition.reclaim();
        }
        waiting > 0
    }

    /// Does a bounded part of the periodic pass, if one is due. True if there is more to do at once.
    fn pass(&self) -> bool {
        let mut pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.shared.now();
        if pass.at.is_none() && now.saturating_since(pass.began) >= self.shared.interval() {
            *pass = Pass { began: now, at: Some(0), cursor: Cursor::default() };
        }
        for _ in 0..STEPS {
            let Some(partition) = pass.at.and_then(|at| self.partitions.get(at)) else {
                pass.at = None;
                return false;
            };
            // What is out of service has nothing to prune.
            if partition.prune_step(&self.shared, &mut pass.cursor, &mut 0).unwrap_or(true) {
                pass.cursor = Cursor::default();
                pass.at = pass.at.map(|at| at + 1);
            }
        }
        true
    }

    fn next_pass(&self) -> Duration {
        let pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        let since = self.shared.now().saturating_since(pass.began);
        self.shared.interval().saturating_sub(since)
    }
}

impl<R: Destination> Maintain for Inner<R> {
    fn maintain(&self) -> Next {
        let waiting = self.repair();
        if self.pass() {
            return Next::More;
        }
        Next::In(if waiting { AGAIN } else { self.next_pass() })
    }
}
