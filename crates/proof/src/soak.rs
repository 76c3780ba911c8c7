//! A long run of everything at once, checked as it goes: the laws that hold at any moment by every thread that looks,
//! the sums whenever all threads stand.
//!
//! The clock is a manual one that a thread drives some sixty times as fast as the real one: in minutes, records
//! expire and intervals pass as often as in hours of a gateway, and each thread can tell to the tick what may have
//! expired and what may not. Real time decides only how long it takes.
//!
//! A seed makes each thread's choices the same again; how the threads interleave is the machine's choice.

mod deaths;
mod dice;
mod gate;
mod governor;
mod kept;
mod laws;
mod memory;
mod quiet;
mod sessions;
mod shared;
mod tally;
mod waiting;
mod wild;
mod world;

use dice::Dice;
pub use memory::Counting;
use quiet::Round;
use shared::{CLAIMED, COUNTED, Shared};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tally::Tally;
use world::World;

/// Between two looks at standing tables. Short, for only there can all records of a partition be counted at one
/// instant, and compared with its bound.
const ROUND: Duration = Duration::from_secs(1);
/// A thread that does not come to the gate for so long hangs: nothing that is lock-free does.
const PATIENCE: Duration = Duration::from_secs(120);
/// Steps between two looks at the gate.
const STEPS: u64 = 64;
const TENTHS: u32 = 10;
/// In a shorter run, the memory still grows to what the allocator makes of this traffic.
const SETTLED: Duration = Duration::from_secs(300);

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// For how long.
    pub length: Duration,
    /// Threads that work on the tables; five more drive the clock, change the settings, wait, are waited for and
    /// clean up.
    pub workers: u32,
    /// Of the threads' choices.
    pub seed: u64,
}

/// What did not hold.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Of the run.
    pub seed: u64,
    /// The first ones. What follows the first is mostly its consequence.
    pub violations: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} violations, seed {}; the first:", self.violations.len(), self.seed)?;
        self.violations.iter().try_for_each(|violation| writeln!(f, "  {violation}"))
    }
}

impl std::error::Error for Broken {}

/// What the workers hand in at the end of a round.
#[derive(Default)]
struct Handed {
    updates: [u64; COUNTED],
    claims: Vec<u8>,
}

/// The threads of a run.
struct Run {
    world: Arc<World>,
    handed: Arc<Mutex<Handed>>,
    threads: Vec<JoinHandle<()>>,
}

/// Runs everything for as long as was asked; prints what it has done and how much memory it takes at each tenth.
///
/// # Errors
/// Something did not hold. If a thread hangs the others are left as they are: end the process.
///
/// # Panics
/// If the machine refuses a thread.
pub fn run(options: Options) -> Result<(), Broken> {
    let Options { length, workers, seed } = options;
    println!("soak: {length:?}, {workers} workers, seed {seed}");
    let mut run = Run::start(workers, seed);
    let (since, mut tenths) = (Instant::now(), Vec::new());
    let mut passed = 0;
    while passed < TENTHS && !run.world.laws.are_broken() {
        run.play(since, length.mul_f64(f64::from(passed + 1) / f64::from(TENTHS)));
        passed += 1;
        run.report(since, passed, &mut tenths);
    }
    if length < SETTLED {
        println!("soak: too short to judge the memory by: {SETTLED:?} or more");
    } else if let Err(growth) = memory::growth(&tenths) {
        run.world.laws.break_with(growth);
    }
    run.end();
    let violations = run.world.laws.violations();
    if violations.is_empty() {
        println!("soak: everything held");
        return Ok(());
    }
    Err(Broken { seed, violations })
}

impl Run {
    fn start(workers: u32, seed: u64) -> Self {
        let world = Arc::new(World::new(workers, workers as usize + 3));
        let handed = Arc::default();
        let mut run = Self { world, handed, threads: Vec::new() };
        // They begin when the first round is there.
        run.world.gate.close(Duration::ZERO);
        for thread in 0..workers {
            let (dice, handed) = (Dice::new(seed, thread.into()), Arc::clone(&run.handed));
            run.spawn(format!("worker-{thread}"), move |world| work(world, thread, dice, &handed));
        }
        let dice = move |which: u64| Dice::new(seed, u64::from(workers) + which);
        run.spawn("clock".to_owned(), move |world| governor::drive_clock(world, dice(0)));
        run.spawn("governor".to_owned(), move |world| governor::govern(world, dice(1)));
        run.spawn("waiting".to_owned(), move |world| waiting::run(world, dice(2)));
        run
    }

    /// A thread that is a member of the gate. A panic in it is a violation.
    fn spawn(&mut self, name: String, body: impl FnOnce(&Arc<World>) + Send + 'static) {
        let (world, named) = (Arc::clone(&self.world), name.clone());
        let body = move || {
            if catch_unwind(AssertUnwindSafe(|| body(&world))).is_err() {
                world.laws.break_with(format!("thread {named} has panicked"));
            }
            world.gate.leave();
        };
        let thread = thread::Builder::new().name(name).spawn(body).expect("the machine gives a thread");
        self.threads.push(thread);
    }

    /// Plays rounds until `until`, or until something is broken.
    fn play(&mut self, since: Instant, until: Duration) {
        let world = Arc::clone(&self.world);
        while since.elapsed() < until && !world.laws.are_broken() {
            if !world.gate.close(PATIENCE) {
                return world.laws.break_with(format!("a thread has not come to the gate for {PATIENCE:?}"));
            }
            let round = Round::begin(&world);
            world.gate.open(false);
            let (began, length) = (Instant::now(), ROUND.min(until.saturating_sub(since.elapsed())));
            while began.elapsed() < length && !world.laws.are_broken() {
                thread::sleep(Duration::from_millis(20));
            }
            if !world.gate.close(PATIENCE) {
                return world.laws.break_with(format!("a thread has not come to the gate for {PATIENCE:?}"));
            }
            let handed = std::mem::take(&mut *self.handed.lock().unwrap_or_else(PoisonError::into_inner));
            round.end(&world, &handed.updates, &handed.claims);
            quiet::check(&world);
        }
    }

    /// What was done so far, and the memory that it takes, while everybody stands and everything was cleaned up.
    fn report(&self, since: Instant, tenth: u32, tenths: &mut Vec<memory::Sample>) {
        let world = &self.world;
        let (routes, sessions) = (world.wild.stats(), world.map.stats());
        let operations = world.operations.load(Ordering::Relaxed);
        let sample = memory::Sample::take();
        tenths.push(sample);
        println!(
            "{:>4} % {:>6.0} s {:>6} KiB in use {:>8} KiB resident | {operations} steps, clock at {} | routes: {} set, {} evicted, {} pruned, \
             {} failures of partitions | sessions: {} created, {} died with their owner, {} expired, {} handed over",
            tenth * 100 / TENTHS,
            since.elapsed().as_secs_f64(),
            sample.in_use,
            sample.resident,
            world.now(),
            routes.set,
            routes.evicted,
            routes.pruned,
            world.failures.load(Ordering::Relaxed),
            sessions.created,
            sessions.owner_died,
            sessions.expired,
            sessions.handed_over,
        );
    }

    /// Ends the threads, unless one hangs.
    fn end(&mut self) {
        let hangs = !self.world.gate.close(PATIENCE);
        self.world.gate.open(true);
        if !hangs {
            for thread in self.threads.drain(..) {
                let _ = thread.join();
            }
        }
    }
}

/// One worker's steps, until the gate says that it is over.
fn work(world: &Arc<World>, thread: u32, mut dice: Dice, handed: &Mutex<Handed>) {
    let (mut wild, mut kept) = (wild::Wild::new(thread), kept::Kept::new(thread, world.workers));
    let (mut own, mut shared) = (sessions::Own::new(thread, world), Shared::new());
    let mut tally = Tally::default();
    loop {
        if world.gate.is_wanted() {
            world.hand_in(&mut tally);
            hand_in(&mut shared, handed);
            if !world.gate.pass() {
                return;
            }
        }
        for _ in 0..STEPS / 4 {
            wild.step(world, &mut dice, &mut tally);
            kept.step(world, &mut dice, &mut tally);
            own.step(world, &mut dice, &mut tally);
            shared.step(world, &own, &mut dice, &mut tally);
        }
        // Relaxed: a count for the eye.
        world.operations.fetch_add(STEPS, Ordering::Relaxed);
    }
}

/// Adds what this thread has won of the round.
fn hand_in(shared: &mut Shared, handed: &Mutex<Handed>) {
    let mut handed = handed.lock().unwrap_or_else(PoisonError::into_inner);
    handed.claims.resize(CLAIMED, 0);
    for (sum, part) in handed.updates.iter_mut().zip(&mut shared.updates) {
        *sum += std::mem::take(part);
    }
    for (sum, part) in handed.claims.iter_mut().zip(&mut shared.claims) {
        *sum = sum.saturating_add(std::mem::take(part));
    }
}
