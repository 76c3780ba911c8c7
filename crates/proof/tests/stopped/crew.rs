//! Workers who do all operations of a table over and over, and the rounds in which one of them is stopped.

use crate::halt::{Stopped, thread_named, tid};
use std::{
    collections::{BTreeMap, HashSet},
    fmt, hint, ptr,
    sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// What is done to a table, and what must hold of it.
pub(crate) trait World: Sync {
    /// What one worker keeps between its operations.
    type Hand;
    /// What was looked at before a stop.
    type Watch;

    /// The operations' names.
    fn kinds(&self) -> &'static [&'static str];

    /// A worker begins.
    fn hand(&self, worker: usize) -> Self::Hand;

    /// Does one operation.
    ///
    /// # Errors
    /// A law was broken, in words.
    fn perform(&self, hand: &mut Self::Hand, kind: usize, dice: &mut Dice) -> Result<(), String>;

    /// The name of the background thread, if there is one.
    fn background(&self) -> Option<&str> {
        None
    }

    /// Leaves work for the background thread.
    fn leave_work(&self) {}

    /// Whether that work has been done.
    fn has_worked(&self) -> bool {
        true
    }

    /// Begins to watch, before a stop.
    fn watch(&self) -> Self::Watch;

    /// While somebody is stopped and all others have done their operations: what is still owed to who watches, or none.
    ///
    /// # Errors
    /// A law was broken.
    fn owes(&self, watch: &mut Self::Watch) -> Result<Option<String>, String>;
}

/// Random numbers (xorshift): which depend on nothing but the seed.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % end
    }
}

/// A worker, as the others see it.
#[derive(Default)]
struct Post {
    tid: AtomicI32,
    done: AtomicU64,
    /// The operation that it is in, from 1; 0 between two.
    doing: AtomicUsize,
    /// The only operation that it is to do until further notice, from 1; 0 for all in turn.
    wanted: AtomicUsize,
    /// It has done its last operation.
    gone: AtomicBool,
}

/// How a leg is made: so many workers, so many stops, so many operations that all others must still do.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) workers: usize,
    pub(crate) stops: usize,
    /// Times all kinds of operations.
    pub(crate) cycles: u64,
    /// After this the others count as hung.
    pub(crate) patience: Duration,
    /// Who is stopped is never let go.
    pub(crate) for_ever: bool,
    pub(crate) seed: u64,
}

/// What came of the stops.
#[derive(Default)]
pub(crate) struct Tally {
    /// Stops in the middle of each operation.
    pub(crate) inside: BTreeMap<&'static str, usize>,
    /// Those that hung somebody: in which operation the stopped one was.
    pub(crate) hung: BTreeMap<&'static str, usize>,
    /// Different instructions.
    pub(crate) places: HashSet<u64>,
    /// Stops between two operations, which count for nothing.
    pub(crate) between: usize,
    /// Operations that were done in all, and while somebody was stopped.
    pub(crate) done: u64,
    pub(crate) done_beside: u64,
    /// The longest that all others took for their operations.
    pub(crate) slowest: Duration,
}

impl Tally {
    pub(crate) fn stops(&self) -> usize {
        self.inside.values().sum()
    }

    pub(crate) fn hangs(&self) -> usize {
        self.hung.values().sum()
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (kind, count) in other.inside {
            *self.inside.entry(kind).or_default() += count;
        }
        for (kind, count) in other.hung {
            *self.hung.entry(kind).or_default() += count;
        }
        self.places.extend(other.places);
        self.between += other.between;
        self.done += other.done;
        self.done_beside += other.done_beside;
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  {} stops inside operations, at {} different instructions ({} more between two operations)",
            self.stops(),
            self.places.len(),
            self.between
        )?;
        writeln!(
            f,
            "  {} operations, {} of them by the others while one was stopped; the slowest round took {:?}",
            self.done, self.done_beside, self.slowest
        )?;
        for line in self.inside.iter().collect::<Vec<_>>().chunks(4) {
            for (kind, count) in line {
                write!(f, "  {:<24}{count:>4}", format!("{kind}:"))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

const BACKGROUND: &str = "background thread";
/// No machine is so busy that a thread does not get there in this time.
const FOR_EVER: Duration = Duration::from_secs(120);

/// What workers and the one who stops them share.
pub(crate) struct Crew<W: World> {
    world: W,
    posts: Box<[Post]>,
    plan: Plan,
    quit: AtomicBool,
    /// A law that was broken; who writes it is the first, and alone.
    broken: AtomicPtr<String>,
}

impl<W: World> Crew<W> {
    pub(crate) fn new(world: W, plan: Plan, posts: usize) -> Self {
        let posts = (0..posts).map(|_| Post::default()).collect();
        Self { world, posts, plan, quit: AtomicBool::new(false), broken: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Does all kinds of operations over and over, each cycle in another order.
    pub(crate) fn work(&self, index: usize) {
        let post = &self.posts[index];
        let mut dice = Dice::new(self.plan.seed ^ (index as u64 + 1) << 32);
        let mut hand = self.world.hand(index);
        let mut order: Vec<usize> = (0..self.world.kinds().len()).collect();
        post.tid.store(tid(), Ordering::Release);
        'work: while !self.quit.load(Ordering::Relaxed) {
            for place in (1..order.len()).rev() {
                order.swap(place, dice.below(place as u64 + 1) as usize);
            }
            for &kind in &order {
                let kind = post.wanted.load(Ordering::Relaxed).checked_sub(1).unwrap_or(kind);
                post.doing.store(kind + 1, Ordering::Relaxed);
                let outcome = self.world.perform(&mut hand, kind, &mut dice);
                post.doing.store(0, Ordering::Relaxed);
                post.done.fetch_add(1, Ordering::Relaxed);
                if let Err(law) = outcome {
                    let law = format!("{}: {law}", self.world.kinds()[kind]);
                    let law = Box::into_raw(Box::new(law));
                    let _ = self.broken.compare_exchange(
                        ptr::null_mut(),
                        law,
                        Ordering::AcqRel,
                        Ordering::Relaxed,
                    );
                    break 'work;
                }
            }
        }
        post.gone.store(true, Ordering::Relaxed);
    }

    /// Has workers in a scope of their own, stops one after the other and lets it go again.
    ///
    /// Ends the process if somebody hung (unless hangs are what is looked for), or a law was broken.
    pub(crate) fn run(&self, hangs_are_fine: bool) -> Tally {
        thread::scope(|scope| {
            for index in 0..self.plan.workers {
                scope.spawn(move || self.work(index));
            }
            // Not out of the scope with an error: it would wait for whoever is stopped.
            let tally = self.rounds(hangs_are_fine).unwrap_or_else(|why| crate::fail(&why));
            self.quit.store(true, Ordering::Relaxed);
            self.wait_for_the_end().unwrap_or_else(|why| crate::fail(&why));
            tally
        })
    }

    /// Everybody has come to an end: the scope would wait for ever for one who hangs, and not say for whom.
    fn wait_for_the_end(&self) -> Result<(), String> {
        let since = Instant::now();
        for (index, post) in self.posts.iter().enumerate() {
            while !post.gone.load(Ordering::Relaxed) {
                if since.elapsed() > FOR_EVER {
                    return Err(format!("worker {index} does not come to an end, and nobody is stopped"));
                }
                thread::sleep(Duration::from_micros(50));
            }
        }
        Ok(())
    }

    fn rounds(&self, hangs_are_fine: bool) -> Result<Tally, String> {
        let mut tally = Tally::default();
        let mut dice = Dice::new(self.plan.seed);
        let crew: Vec<usize> = (0..self.plan.workers).collect();
        while tally.stops() < self.plan.stops {
            let Some(round) = self.round(&crew, &mut dice, hangs_are_fine, &mut tally)? else { continue };
            round.stopped.release();
            if round.hung {
                // Whoever hung goes on now; else it was something else that hung it.
                self.wait_for(&crew, &self.goals(&crew), FOR_EVER)
                    .map_err(|who| format!("{who} does not go on although nobody is stopped any more"))?;
            }
        }
        tally.done = self.done();
        Ok(tally)
    }

    /// Operations done so far.
    pub(crate) fn done(&self) -> u64 {
        self.posts.iter().map(|post| post.done.load(Ordering::Relaxed)).sum()
    }

    /// Stops one of the crew and has all others do their operations. None if the one was between two operations.
    pub(crate) fn round(
        &self,
        crew: &[usize],
        dice: &mut Dice,
        hangs_are_fine: bool,
        tally: &mut Tally,
    ) -> Result<Option<Round>, String> {
        self.warm_up(crew)?;
        let mut watch = self.world.watch();
        // The background thread is needed in the end, so it is stopped only where it is let go again.
        let background = self.world.background().filter(|_| !self.plan.for_ever && dice.below(20) == 0);
        let background = background.and_then(thread_named);
        let victim = crew[dice.below(crew.len() as u64) as usize];
        self.pick_a_moment(victim, dice);
        let thread = background.unwrap_or_else(|| self.posts[victim].tid.load(Ordering::Acquire));
        let stopped = Stopped::new(thread, FOR_EVER).ok_or("a thread does not get the signal")?;
        self.posts[victim].wanted.store(0, Ordering::Relaxed);
        let kind = match self.posts[victim].doing.load(Ordering::Relaxed) {
            _ if background.is_some() => BACKGROUND,
            0 => {
                tally.between += 1;
                stopped.release();
                return Ok(None);
            }
            doing => self.world.kinds()[doing - 1],
        };
        *tally.inside.entry(kind).or_default() += 1;
        tally.places.insert(stopped.at);
        let others: Vec<usize> =
            crew.iter().copied().filter(|&index| background.is_some() || index != victim).collect();
        let hung = self.beside(&others, background.is_some(), &mut watch, tally);
        let hung = match hung? {
            Some(who) if !hangs_are_fine => {
                return Err(format!("stopped in {kind}, at {:#x}: {who}", stopped.at));
            }
            hung => hung.is_some(),
        };
        if hung {
            *tally.hung.entry(kind).or_default() += 1;
        }
        Ok(Some(Round { victim, stopped, hung }))
    }

    /// Some time after the victim has begun to do operations of one kind, each as likely as any other: so that long
    /// operations do not get all the stops.
    fn pick_a_moment(&self, victim: usize, dice: &mut Dice) {
        let kind = dice.below(self.world.kinds().len() as u64) as usize;
        let post = &self.posts[victim];
        post.wanted.store(kind + 1, Ordering::Relaxed);
        let since = Instant::now();
        while post.doing.load(Ordering::Relaxed) != kind + 1 && since.elapsed() < Duration::from_millis(50) {
            thread::yield_now();
        }
        for _ in 0..dice.below(10_000) {
            hint::spin_loop();
        }
    }

    /// While somebody is stopped: all others do their operations, and the background thread its work. Answers who hung.
    fn beside(
        &self,
        others: &[usize],
        without_background: bool,
        watch: &mut W::Watch,
        tally: &mut Tally,
    ) -> Result<Option<String>, String> {
        let since = Instant::now();
        let before: u64 = others.iter().map(|&index| self.posts[index].done.load(Ordering::Relaxed)).sum();
        let mut hung = self.wait_for(others, &self.goals(others), self.plan.patience).err();
        if !without_background && hung.is_none() {
            hung = self.wait_for_background();
        }
        while !without_background && hung.is_none() {
            let Some(debt) = self.world.owes(watch)? else { break };
            if since.elapsed() > self.plan.patience {
                hung = Some(debt);
            }
            thread::sleep(Duration::from_micros(200));
        }
        tally.slowest = tally.slowest.max(since.elapsed());
        let after: u64 = others.iter().map(|&index| self.posts[index].done.load(Ordering::Relaxed)).sum();
        tally.done_beside += after - before;
        self.law()?;
        Ok(hung)
    }

    fn wait_for_background(&self) -> Option<String> {
        let since = Instant::now();
        for time in 1..=3 {
            self.world.leave_work();
            while !self.world.has_worked() {
                if since.elapsed() > self.plan.patience {
                    return Some(format!("the background thread does not work (time {time})"));
                }
                thread::sleep(Duration::from_micros(100));
            }
        }
        None
    }

    /// Everybody has done each operation once, so that whatever is set up at a thread's first operation is set up.
    fn warm_up(&self, crew: &[usize]) -> Result<(), String> {
        let once = vec![self.world.kinds().len() as u64; crew.len()];
        self.wait_for(crew, &once, FOR_EVER).map_err(|who| format!("nobody is stopped: {who}"))
    }

    /// How much each of these is to have done when it has done the plan's operations from now on.
    fn goals(&self, crew: &[usize]) -> Vec<u64> {
        // One more, for the one under way.
        let more = self.plan.cycles * self.world.kinds().len() as u64 + 1;
        crew.iter().map(|&index| self.posts[index].done.load(Ordering::Relaxed) + more).collect()
    }

    fn wait_for(&self, crew: &[usize], goals: &[u64], limit: Duration) -> Result<(), String> {
        let since = Instant::now();
        loop {
            let behind = crew.iter().zip(goals).find(|&(&index, &goal)| {
                self.posts[index].tid.load(Ordering::Acquire) == 0
                    || self.posts[index].done.load(Ordering::Relaxed) < goal
            });
            let Some((&index, &goal)) = behind else { return Ok(()) };
            self.law()?;
            if since.elapsed() > limit {
                let post = &self.posts[index];
                let doing = post.doing.load(Ordering::Relaxed);
                let doing =
                    doing.checked_sub(1).map_or("between two operations", |kind| self.world.kinds()[kind]);
                let done = post.done.load(Ordering::Relaxed);
                return Err(format!("worker {index} hangs in {doing}, {done} operations done of {goal}"));
            }
            thread::sleep(Duration::from_micros(50));
        }
    }

    fn law(&self) -> Result<(), String> {
        let law = self.broken.load(Ordering::Acquire);
        if law.is_null() {
            return Ok(());
        }
        #[expect(unsafe_code, reason = "handed over without a lock, which a stopped thread might hold")]
        // SAFETY: made by `Box::into_raw` in `work`, written once and never freed.
        Err(unsafe { (*law).clone() })
    }
}

/// A stop whose round is done.
pub(crate) struct Round {
    pub(crate) victim: usize,
    pub(crate) stopped: Stopped,
    pub(crate) hung: bool,
}
