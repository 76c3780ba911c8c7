//! The search for instants that explain a history.
//!
//! Wing and Gong (1993) look for an order of the operations that agrees with real time and with a sequential model;
//! Lowe (2017) remembers the configurations that were met, and takes a step only *just in time*: when an operation
//! that has not taken its last step is about to return. This is that search, breadth first: it goes through the
//! history once and keeps all configurations that explain it so far. So its memory does not grow with the history,
//! operations may take several steps, and a step may have several outcomes.
//!
//! Nothing is lost by waiting: in any order that explains a history, each step that comes before a return and is not
//! needed for it may be moved to just before the next one.

use super::{Around, Outcomes, Record, Specification};
use std::{
    collections::{HashSet, VecDeque},
    error::Error,
    fmt,
};

#[cfg(test)]
mod tests;

/// So many operations before a wrong answer are shown with it.
const SHOWN: usize = 100;

type Entry<S> = Record<<S as Specification>::Operation, <S as Specification>::Answer>;

/// How far a thread's operation has come, in one way to explain the history.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage<P> {
    /// There is none, or it has taken its last step.
    Still,
    UnderWay(P),
}

/// One way to explain the history so far.
#[derive(Debug)]
struct Configuration<S: Specification + ?Sized> {
    state: S::State,
    threads: Vec<Stage<S::Progress>>,
}

// By hand, for a derive would ask the same of `S`.
impl<S: Specification + ?Sized> Clone for Configuration<S> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), threads: self.threads.clone() }
    }
}

impl<S: Specification + ?Sized> PartialEq for Configuration<S> {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state && self.threads == other.threads
    }
}

impl<S: Specification + ?Sized> Eq for Configuration<S> {}

impl<S: Specification + ?Sized> std::hash::Hash for Configuration<S> {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        self.state.hash(hasher);
        self.threads.hash(hasher);
    }
}

/// Goes through one history, event by event.
pub struct Checker<'a, S: Specification + ?Sized> {
    spec: &'a S,
    /// What each thread is doing.
    doing: Vec<Option<&'a Entry<S>>>,
    /// Every way to explain the history so far. Never empty.
    ways: HashSet<Configuration<S>, Hasher>,
    checked: Checked,
    recent: VecDeque<&'a Entry<S>>,
}

type Hasher = std::hash::BuildHasherDefault<ahash::AHasher>;

impl<S: Specification + ?Sized> fmt::Debug for Checker<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker").field("checked", &self.checked).finish_non_exhaustive()
    }
}

/// What a check has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Operations whose answers were explained.
    pub operations: u64,
    /// Of these, the ones that overlapped with another: without them a history says little.
    pub overlapping: u64,
    /// The most ways to explain the same beginning that had to be kept in mind.
    pub most_ways: usize,
    /// Configurations that were met, over all of the search.
    pub met: u64,
}

impl Checked {
    /// Adds what another check has done.
    pub fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.overlapping += other.overlapping;
        self.most_ways = self.most_ways.max(other.most_ways);
        self.met += other.met;
    }
}

/// An answer that nothing explains, with what happened before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The operation, as text.
    pub operation: String,
    /// The last operations before it and those that it overlapped with, in the order in which they began; and the
    /// states that are possible before it.
    pub context: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no order of the operations explains this answer:\n  {}\n{}", self.operation, self.context)
    }
}

impl Error for Violation {}

/// Checks one history, its records in any order.
///
/// # Errors
/// The first answer, in the order of returns, that nothing explains.
pub fn check<S: Specification + ?Sized>(spec: &S, history: &[Entry<S>]) -> Result<Checked, Violation> {
    // (stamp, record); a record begins at the one and ends at the other.
    let mut events: Vec<(u64, &Entry<S>)> =
        history.iter().flat_map(|record| [(record.began, record), (record.ended, record)]).collect();
    // Stable, and in a record's own pair the beginning stands first. Of different records that share a stamp, which a
    // recorder never draws, those that begin come first: they overlap.
    events.sort_by_key(|&(stamp, record)| (stamp, stamp != record.began));
    let mut checker = Checker::new(spec);
    for (stamp, record) in events {
        if checker.is_doing(record) {
            checker.ended(record)?;
        } else {
            debug_assert_eq!(stamp, record.began);
            checker.began(record);
        }
    }
    Ok(checker.checked())
}

impl<'a, S: Specification + ?Sized> Checker<'a, S> {
    /// Before the first event.
    pub fn new(spec: &'a S) -> Self {
        let first = Configuration { state: spec.initial(), threads: Vec::new() };
        Self {
            spec,
            doing: Vec::new(),
            ways: HashSet::from_iter([first]),
            checked: Checked::default(),
            recent: VecDeque::with_capacity(SHOWN),
        }
    }

    /// What was checked so far.
    pub fn checked(&self) -> Checked {
        self.checked
    }

    fn is_doing(&self, record: &Entry<S>) -> bool {
        self.doing.get(record.thread).copied().flatten().is_some_and(|doing| std::ptr::eq(doing, record))
    }

    /// An operation begins.
    ///
    /// # Panics
    /// Its thread is in the middle of another.
    pub fn began(&mut self, record: &'a Entry<S>) {
        let threads = self.doing.len().max(record.thread + 1);
        self.doing.resize(threads, None);
        let before = self.doing[record.thread].replace(record);
        assert!(before.is_none(), "thread {} does two things at once: {before:?}, {record:?}", record.thread);
        self.ways = self
            .ways
            .drain()
            .map(|mut way| {
                way.threads.resize(threads, Stage::Still);
                way.threads[record.thread] = Stage::UnderWay(S::Progress::default());
                way
            })
            .collect();
        if self.recent.len() == SHOWN {
            self.recent.pop_front();
        }
        self.recent.push_back(record);
    }

    /// An operation returns.
    ///
    /// # Errors
    /// Nothing explains its answer.
    pub fn ended(&mut self, record: &'a Entry<S>) -> Result<(), Violation> {
        let others = self.doing.iter().flatten().count() - 1;
        if others == 0 && self.ways.len() == 1 {
            self.alone(record.thread);
        }
        let before = self.ways.clone();
        let mut met = HashSet::<_, Hasher>::default();
        let mut open: Vec<Configuration<S>> = self.ways.drain().collect();
        let mut outcomes = Outcomes::default();
        while let Some(way) = open.pop() {
            if way.threads[record.thread] == Stage::Still {
                self.ways.insert(way);
                continue;
            }
            for thread in 0..way.threads.len() {
                self.step(&way, thread, &mut outcomes);
                for (state, progress) in outcomes.drain() {
                    let mut next = Configuration { state, threads: way.threads.clone() };
                    next.threads[thread] = progress.map_or(Stage::Still, Stage::UnderWay);
                    if met.insert(next.clone()) {
                        open.push(next);
                    }
                }
            }
        }
        if self.ways.is_empty() {
            return Err(self.violation(record, &before));
        }
        self.checked.add(Checked {
            operations: 1,
            overlapping: u64::from(others > 0),
            most_ways: self.ways.len(),
            met: met.len() as u64,
        });
        self.doing[record.thread] = None;
        Ok(())
    }

    /// Nothing else is under way, and there is one way so far: as long as each step has one outcome, it is taken in
    /// place. Most operations of a run go this way.
    fn alone(&mut self, thread: usize) {
        let Some(mut way) = self.ways.drain().next() else { return };
        let mut outcomes = Outcomes::default();
        while way.threads[thread] != Stage::Still {
            self.step(&way, thread, &mut outcomes);
            let mut drained = outcomes.drain();
            let (Some((state, progress)), None) = (drained.next(), drained.next()) else { break };
            way.state = state;
            way.threads[thread] = progress.map_or(Stage::Still, Stage::UnderWay);
        }
        self.ways.insert(way);
    }

    /// The next step of a thread's operation.
    fn step(&self, way: &Configuration<S>, thread: usize, outcomes: &mut Outcomes<S>) {
        let (Stage::UnderWay(progress), Some(record)) = (&way.threads[thread], self.doing[thread]) else {
            return;
        };
        let under_way: Vec<_> = (0..way.threads.len())
            .filter(|&thread| way.threads[thread] != Stage::Still)
            .filter_map(|thread| self.doing[thread].map(|record| &record.operation))
            .collect();
        let unreturned: Vec<_> = self.doing.iter().flatten().map(|record| &record.operation).collect();
        let (operation, answer) = (&record.operation, &record.answer);
        let at = Around {
            state: &way.state,
            progress,
            operation,
            answer,
            under_way: &under_way,
            unreturned: &unreturned,
        };
        self.spec.step(&at, outcomes);
    }

    fn violation(&self, record: &Entry<S>, before: &HashSet<Configuration<S>, Hasher>) -> Violation {
        let recent = self.recent.iter().map(|recent| {
            let mark = if std::ptr::eq(*recent, record) { '>' } else { ' ' };
            format!("{mark} {}\n", line(recent))
        });
        let states = before.iter().take(SHOWN).map(|way| format!("  {:?} {:?}\n", way.state, way.threads));
        let states: String = states.collect();
        let context = format!(
            "after\n{}where these states were possible (with what each thread had not finished)\n{states}",
            recent.collect::<String>()
        );
        Violation { operation: line(record), context }
    }
}

fn line<O: fmt::Debug, A: fmt::Debug>(record: &Record<O, A>) -> String {
    let Record { thread, began, ended, operation, answer } = record;
    format!("{began:>5}..{ended:<5} thread {thread}: {operation:?} -> {answer:?}")
}
