//! Rounds: the tables are measured in turn, one round each, so that what disturbs the machine disturbs all alike.
//!
//! With several threads, they stand at a barrier before a round and after it; no thread is started in between. How far
//! the two first threads' cores are from each other is measured before each round, because on a virtual machine it
//! changes from minute to minute.

use crate::{
    load::Load,
    pace::{Budget, passes, warm},
    system::switches,
    tasks::{Task, Turn},
    world::{Entrant, Stand},
};
use std::{
    hint,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long a round took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Nanoseconds for each operation of a thread.
    pub(crate) nanos: f64,
    /// Nanoseconds that a cache line takes from one core to the other; none with one thread.
    pub(crate) line: Option<f64>,
    /// Whether a thread lost its core meanwhile, to another program.
    pub(crate) disturbed: bool,
}

/// Measures all entrants that can take part, round by round; the first round is thrown away.
pub(crate) fn rounds(
    entrants: &[Entrant],
    load: &Load,
    task: Task,
    threads: usize,
    budget: Budget,
) -> Vec<Vec<Sample>> {
    if threads == 1 {
        alone(entrants, load, task, budget)
    } else {
        together(entrants, load, task, threads, budget)
    }
}

/// The order rotates, so that nobody always follows the same one.
fn order(count: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |place| (place + round) % count)
}

fn alone(entrants: &[Entrant], load: &Load, task: Task, budget: Budget) -> Vec<Vec<Sample>> {
    let mut samples = vec![Vec::new(); entrants.len()];
    let mut often = vec![1; entrants.len()];
    let since = Instant::now();
    for round in 0.. {
        if budget.is_spent(round, since, &samples) {
            break;
        }
        for which in order(entrants.len(), round) {
            let stand = entrants[which].stand();
            stand.before(task, load, round);
            warm(stand, task, load, 0, round);
            let before = switches();
            let start = Instant::now();
            let ops = stand.work(task, load, Turn { lane: 0, round, passes: often[which] });
            let nanos = per_op(start.elapsed(), ops);
            if round == 0 {
                often[which] = passes(load, task, nanos);
            } else {
                let disturbed = switches() != before;
                samples[which].push(Sample { nanos, line: None, disturbed });
            }
        }
    }
    samples
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn per_op(took: Duration, ops: usize) -> f64 {
    took.as_nanos() as f64 / ops as f64
}

/// What the threads of a round share.
struct Crew {
    threads: usize,
    arrived: AtomicUsize,
    generation: AtomicUsize,
    failed: AtomicBool,
    /// Which entrant is next, and which round it is; [`LAST`] ends.
    next: AtomicUsize,
    round: AtomicUsize,
    passes: AtomicUsize,
    ball: AtomicUsize,
    /// Nanoseconds that each thread took, and how many operations it did.
    took: Box<[AtomicU64]>,
    /// How many threads were disturbed in this round.
    disturbed: AtomicUsize,
    ops: Box<[AtomicUsize]>,
}

const LAST: usize = usize::MAX;

/// How often the ball goes there and back.
const VOLLEYS: u32 = 500;

/// Tells the others when its thread panics, so that they do not wait for it.
struct Failing<'a>(&'a Crew);

impl Drop for Failing<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Relaxed: a flag that ends the program.
            self.0.failed.store(true, Ordering::Relaxed);
        }
    }
}

impl Crew {
    fn new(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
            generation: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            next: AtomicUsize::new(LAST),
            round: AtomicUsize::new(0),
            passes: AtomicUsize::new(1),
            ball: AtomicUsize::new(0),
            disturbed: AtomicUsize::new(0),
            took: (0..threads).map(|_| AtomicU64::new(0)).collect(),
            ops: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    /// Returns when all threads are here. It spins: waking a sleeper takes longer than a round may.
    fn barrier(&self) {
        // Relaxed, then AcqRel and Acquire: the last one to arrive has seen what all others did before they came, and
        // all others see that through the generation that it moves on.
        let generation = self.generation.load(Ordering::Relaxed);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.generation.store(generation + 1, Ordering::Release);
            return;
        }
        self.spin_until(|| self.generation.load(Ordering::Acquire) != generation);
    }

    fn spin_until(&self, done: impl Fn() -> bool) {
        let mut spins = 0_u32;
        while !done() {
            // Relaxed: a flag that ends the program.
            assert!(!self.failed.load(Ordering::Relaxed), "another thread of the round has panicked");
            spins = spins.saturating_add(1);
            if spins < 10_000 { hint::spin_loop() } else { thread::yield_now() }
        }
    }

    /// Nanoseconds for one way of a cache line between the first two threads.
    fn volley(&self, lane: usize) -> f64 {
        if lane > 1 {
            return 0.0;
        }
        let start = Instant::now();
        for volley in 0..VOLLEYS as usize {
            let mine = 2 * volley + lane;
            // Relaxed: only the line's way matters.
            self.spin_until(|| self.ball.load(Ordering::Relaxed) == mine);
            self.ball.store(mine + 1, Ordering::Relaxed);
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(2 * VOLLEYS)
    }

    /// One round of one entrant, for one thread; the way of a cache line.
    fn round(&self, stand: &dyn Stand, load: &Load, task: Task, lane: usize) -> f64 {
        let line = self.volley(lane);
        // Relaxed: the barriers order it.
        let round = self.round.load(Ordering::Relaxed);
        let passes = self.passes.load(Ordering::Relaxed);
        warm(stand, task, load, lane, round);
        let before = switches();
        self.barrier();
        let start = Instant::now();
        let ops = stand.work(task, load, Turn { lane, round, passes });
        let took = start.elapsed();
        // Relaxed, here and in `slowest`: the barrier orders them.
        self.took[lane].store(took.as_nanos() as u64, Ordering::Relaxed);
        self.ops[lane].store(ops, Ordering::Relaxed);
        if switches() != before {
            self.disturbed.fetch_add(1, Ordering::Relaxed);
        }
        self.barrier();
        line
    }

    fn slowest(&self) -> f64 {
        let each = self.took.iter().zip(&self.ops).map(|(took, ops)| {
            per_op(Duration::from_nanos(took.load(Ordering::Relaxed)), ops.load(Ordering::Relaxed))
        });
        each.fold(0.0, f64::max)
    }

    fn worker(&self, shared: &[Option<&(dyn Stand + Send + Sync)>], load: &Load, task: Task, lane: usize) {
        let _failing = Failing(self);
        loop {
            self.barrier();
            // Relaxed: the barrier orders it.
            let Some(stand) = shared.get(self.next.load(Ordering::Relaxed)) else { return };
            if let Some(stand) = stand {
                self.round(*stand, load, task, lane);
            }
        }
    }
}

fn together(
    entrants: &[Entrant],
    load: &Load,
    task: Task,
    threads: usize,
    budget: Budget,
) -> Vec<Vec<Sample>> {
    let shared: Vec<_> = entrants.iter().map(Entrant::shared).collect();
    let mut samples = vec![Vec::new(); entrants.len()];
    let mut often = vec![1; entrants.len()];
    let crew = Crew::new(threads);
    thread::scope(|scope| {
        let _failing = Failing(&crew);
        for lane in 1..threads {
            let (crew, shared) = (&crew, &shared);
            scope.spawn(move || crew.worker(shared, load, task, lane));
        }
        let since = Instant::now();
        for round in 0.. {
            if budget.is_spent(round, since, &samples) {
                break;
            }
            for which in order(entrants.len(), round) {
                let Some(stand) = shared[which] else { continue };
                stand.before(task, load, round);
                // Relaxed: the barrier orders them.
                crew.next.store(which, Ordering::Relaxed);
                crew.round.store(round, Ordering::Relaxed);
                crew.passes.store(often[which], Ordering::Relaxed);
                crew.ball.store(0, Ordering::Relaxed);
                crew.disturbed.store(0, Ordering::Relaxed);
                crew.barrier();
                let line = crew.round(stand, load, task, 0);
                if round == 0 {
                    often[which] = passes(load, task, crew.slowest());
                } else {
                    let disturbed = crew.disturbed.load(Ordering::Relaxed) > 0;
                    samples[which].push(Sample { nanos: crew.slowest(), line: Some(line), disturbed });
                }
            }
        }
        crew.next.store(LAST, Ordering::Relaxed);
        crew.barrier();
    });
    samples
}
