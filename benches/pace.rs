//! How long rounds take, and how many there are.

use crate::{
    crew::Sample,
    load::Load,
    tasks::{Task, Turn},
    world::Stand,
};
use std::time::{Duration, Instant};

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) time: Duration,
    pub(crate) least: usize,
    pub(crate) most: usize,
}

/// How much longer it goes on where other programs keep taking the cores away.
const PATIENCE: u32 = 3;

impl Budget {
    /// Whether the time is over and everybody has had enough undisturbed rounds, or they are not to be had.
    pub(crate) fn is_spent(self, rounds: usize, since: Instant, samples: &[Vec<Sample>]) -> bool {
        let calm = |samples: &Vec<Sample>| samples.iter().filter(|sample| !sample.disturbed).count();
        let enough = || samples.iter().filter(|all| !all.is_empty()).all(|all| calm(all) >= self.least);
        let elapsed = since.elapsed();
        let over = elapsed > self.time && (enough() || elapsed > self.time * PATIENCE);
        rounds > self.most || rounds > self.least && over
    }
}

/// How long a round should take: long enough for the clock, shorter than what the system gives a thread at a time.
const ROUND: f64 = 1e6;
const MOST_PASSES: f64 = 16.0;
const LEAST_PASSES: f64 = 2.0;

/// Brings a small table into the caches, as it would be if it were the only one: the others have driven it out. One that
/// is too large for them is asked for other keys in each round, so that nothing of it is there.
pub(crate) fn warm(stand: &dyn Stand, task: Task, load: &Load, lane: usize, round: usize) {
    if !load.is_large() && task.may_repeat() {
        stand.work(task, load, Turn { lane, round, passes: 1 });
    }
}

/// How often a round should go over its slice, after a pass in which an operation took this long.
///
/// With many records it is once: a second pass would find them in the cache.
#[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a small positive number")]
pub(crate) fn passes(load: &Load, task: Task, nanos: f64) -> usize {
    let passes = ROUND / (nanos * load.slice as f64);
    if load.is_large() || !task.may_repeat() {
        1
    } else {
        passes.clamp(LEAST_PASSES, MOST_PASSES).round() as usize
    }
}
