//! W7: an owner with many sessions dies; many owners with one session each die.
//!
//! Two figures for each: how long until none of its sessions is to be seen, and the time for each session until all is
//! freed, which is the time that the freeing thread ran.

use crate::{
    lines::{self, Figure, ratio},
    long::{self, Entrant},
    options::Options,
    report::{Report, Target},
    session_peers::{self, EachStore, Sessions},
    system::{run_time, switches},
    w6_sessions::code,
};
use std::{
    hint,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

/// How often a death is measured at most, if the system keeps taking cores away.
const TRIES: usize = 4;

/// How many of an owner's sessions are watched.
const WATCHED: usize = 4;

/// Both kinds of death, as lines.
pub(crate) fn run(most: usize, options: &Options, report: &mut Report) {
    let (others, count) = (if options.quick { most / 10 } else { most }, 100_000);
    let at_once = Target { most: Some(1_000.0), ..Target::default() };
    let kinds = [(false, "an owner of 100,000 sessions dies"), (true, "100,000 owners of one session die")];
    for (many, what) in kinds {
        let figures = vec![
            Figure::new("W7", format!("{what}: until unseen, each owner"), at_once),
            Figure::new("W7", format!("{what}: until freed, each session"), ratio(0.5)),
        ];
        let mut each = Each { others, count, many, entrants: Vec::new() };
        session_peers::all(&mut each);
        let rounds = long::rounds(what, each.entrants, options.long_rounds());
        report.add_all(lines::lines(figures, others + count, &rounds));
    }
}

struct Each {
    others: usize,
    count: usize,
    many: bool,
    entrants: Vec<Entrant>,
}

impl EachStore for Each {
    fn store<S: Sessions>(&mut self) {
        let mut deaths = Deaths::<S>::new(self.others);
        let (many, count) = (self.many, self.count);
        let round = move || if many { deaths.many_owners(count) } else { deaths.one_owner(count) };
        self.entrants.push(Entrant::new(S::PEER, round));
    }
}

/// A store in which others' sessions stand all the time.
struct Deaths<S: Sessions> {
    store: S,
    _others: Vec<S::Owner>,
    /// The first code that nobody has used.
    next: usize,
}

impl<S: Sessions> Deaths<S> {
    fn new(others: usize) -> Self {
        let store = S::new();
        let owner = store.owner();
        for number in 0..others {
            assert!(store.create(&code(number), &owner), "{}: code {number} is taken", S::PEER);
        }
        Self { store, _others: vec![owner], next: others }
    }

    fn codes(&mut self, count: usize) -> Vec<String> {
        // The same ones each time: they are gone by then.
        (self.next..self.next + count).map(code).collect()
    }

    /// Nanoseconds until another thread sees nothing of an owner with `count` sessions any more; nanoseconds per
    /// session until all is freed. Once more if the system took a core away, a few times.
    fn one_owner(&mut self, count: usize) -> Vec<f64> {
        let mut tries = (1..=TRIES).map(|_| self.one_death(count));
        let last = tries.next().expect("there is a try");
        if last.0 { tries.find(|(disturbed, _)| !disturbed).map_or(last.1, |calm| calm.1) } else { last.1 }
    }

    /// Whether a core was taken away; the two figures.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn one_death(&mut self, count: usize) -> (bool, Vec<f64>) {
        let codes = self.codes(count);
        let owner = self.store.owner();
        assert!(codes.iter().all(|code| self.store.create(code, &owner)), "{}", S::PEER);
        let watched: Vec<&String> = codes.iter().step_by(count.div_ceil(WATCHED)).collect();
        let watching = AtomicBool::new(false);
        let (disturbed, died, unseen, freed) = thread::scope(|scope| {
            let watcher = scope.spawn(|| self.watch(&watched, &watching));
            // Relaxed: a flag that is only waited for.
            while !watching.load(Ordering::Relaxed) {
                hint::spin_loop();
            }
            let calm = switches();
            // First the run time, which is a call into the system.
            let (before, died) = (run_time(), Instant::now());
            self.store.end(owner);
            let here = switches() != calm;
            self.store.free();
            let freed = run_time().saturating_sub(before);
            let (there, unseen) = watcher.join().expect("the watcher");
            (here || there, died, unseen, freed)
        });
        assert!(!codes.iter().step_by(97).any(|code| self.store.get(code)), "{} shows the dead", S::PEER);
        let unseen = unseen.saturating_duration_since(died);
        (disturbed, vec![unseen.as_nanos() as f64, freed.as_nanos() as f64 / count as f64])
    }

    /// When nothing is to be seen of these sessions any more, and whether the core was taken away until then. All of them
    /// are looked at in turn, or the time would be that of finding memory that nobody has looked at for long.
    fn watch(&self, codes: &[&String], watching: &AtomicBool) -> (bool, Instant) {
        let calm = switches();
        while codes.iter().filter(|code| self.store.get(code)).count() > 0 {
            // Relaxed: a flag that is only waited for.
            watching.store(true, Ordering::Relaxed);
        }
        let unseen = Instant::now();
        (switches() != calm, unseen)
    }

    /// The same for `count` owners of one session each; both figures are for each owner.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn many_owners(&mut self, count: usize) -> Vec<f64> {
        let codes = self.codes(count);
        let mut owners: Vec<S::Owner> = codes.iter().map(|_| self.store.owner()).collect();
        assert!(codes.iter().zip(&owners).all(|(code, owner)| self.store.create(code, owner)), "{}", S::PEER);
        let start = run_time();
        // Drained and not consumed: freeing a list so large has the allocator tidy up all that it was given back, which
        // is not what an owner's end takes.
        for owner in owners.drain(..) {
            self.store.end(owner);
        }
        let unseen = run_time().saturating_sub(start);
        assert!(!codes.iter().step_by(97).any(|code| self.store.get(code)), "{} shows the dead", S::PEER);
        let again = run_time();
        self.store.free();
        let freed = unseen + run_time().saturating_sub(again);
        vec![unseen.as_nanos() as f64 / count as f64, freed.as_nanos() as f64 / count as f64]
    }
}
