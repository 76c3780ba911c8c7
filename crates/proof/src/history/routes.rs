//! The route table as a sequential model: the promise of each operation, word for word as in `docs/guarantees.md`.
//!
//! One history is that of one room: the room's own key and the keys of some of its threads. Nothing that happens to
//! other rooms may matter, so a run is checked room by room. The clock is part of the state: it moves by an operation.

use super::{Around, Outcomes, Specification};
use resolve::Resolving;
use tenure_core::Source;

mod ask;
mod bounded;
mod drive;
mod resolve;
mod state;
pub use ask::{Answer, Call, Resolved};
use bounded::Making;
pub use drive::{Mix, Parcel, Routing, Table, plan, run};
use state::Met;
pub use state::{State, Stored};

/// Keys of one room: key 0 is the room's own, the others are its threads'.
pub const KEYS: usize = 3;

/// The model of one room: alone in a table with a bound, or one of many in a table that never has to evict.
#[derive(Clone, Copy, Debug)]
pub struct Routes {
    /// The table's default time to live, in milliseconds.
    pub ttl: u64,
    /// The time at the beginning.
    pub now: u64,
    /// The partition of each key.
    pub partitions: [usize; KEYS],
    /// The most records, where that are fewer than there are keys. Then all keys are in one partition, which never fails.
    pub bound: Option<usize>,
}

/// A call, and a reading of the clock from its beginning.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The clock after the call began and before it did anything: it acts with no earlier time.
    pub since: u64,
    /// What is asked.
    pub call: Call,
}

/// How far an operation of several steps has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Progress {
    /// It has done nothing.
    #[default]
    Begun,
    /// A prune has visited these keys, or a maintenance those of these partitions: a bit for each key.
    Visited(u8),
    /// A resolution has met no fresh record under its key.
    Missed {
        /// The time it acts with.
        at: u64,
        /// The record was there, and expired.
        stale: bool,
        /// Its partition was out of service.
        unavailable: bool,
    },
    /// It has found this elsewhere, and is about to store it under its key.
    Learning {
        /// The time it acts with.
        at: u64,
        /// What it has found.
        route: u64,
        /// Where.
        source: Source,
        /// Whether anything expired was met.
        stale: bool,
        /// How far it has come with that, where there is a bound.
        making: Making,
    },
    /// A set under a bound has come so far.
    Setting(Making),
}

type At<'a> = Around<'a, Routes>;
type Out = Outcomes<Routes>;

impl Specification for Routes {
    type State = State;
    type Operation = Operation;
    type Answer = Answer;
    type Progress = Progress;

    fn initial(&self) -> State {
        State { now: self.now, ..State::default() }
    }

    /// Each operation acts with one reading of the clock, from some time between its beginning and this step.
    fn step(&self, at: &At<'_>, outcomes: &mut Out) {
        let state = at.state;
        match (at.operation.call, *at.progress) {
            (Call::Advance(span), _) => {
                if *at.answer == Answer::Done {
                    outcomes.done(State { now: state.now + span, ..state.clone() });
                }
            }
            (Call::Set { key, route, ttl }, progress) if self.bound.is_some() => {
                self.set(at, (key, route, ttl), progress, outcomes);
            }
            (Call::Prune, progress) => prune(at, progress, outcomes),
            (Call::Maintain, progress) => self.maintain(at, progress, outcomes),
            (Call::Fail(key), _) => {
                let wins = !state.has_failed(key);
                if *at.answer == Answer::Failed(wins) {
                    outcomes.done(State { failed: state.failed | self.beside(key), ..state.clone() });
                }
            }
            (Call::Resolve { key, provided }, progress) => {
                self.resolve(at, Resolving { key, provided, writes: true }, progress, outcomes);
            }
            (Call::PeekResolve { key, provided }, progress) => {
                self.resolve(at, Resolving { key, provided, writes: false }, progress, outcomes);
            }
            (call, _) => {
                for now in at.operation.since..=state.now {
                    if let Some(after) = at_once(call, now, at) {
                        outcomes.done(after);
                    }
                }
            }
        }
    }
}

impl Routes {
    /// The keys in the partition of this one, a bit for each.
    fn beside(&self, key: usize) -> u8 {
        let same = (0..KEYS).filter(|&other| self.partitions[other] == self.partitions[key]);
        same.fold(0, |keys, other| keys | 1 << other)
    }

    /// A set under a bound.
    fn set(&self, at: &At<'_>, asked: (usize, u64, u64), progress: Progress, outcomes: &mut Out) {
        let (key, route, ttl) = asked;
        let making = if let Progress::Setting(making) = progress { making } else { Making::default() };
        let Some(bound) = self.bound.filter(|_| *at.answer == Answer::Done) else { return };
        at.make_room(key, making, bound, |after, making| outcomes.goes_on(after, Progress::Setting(making)));
        if at.has_place(key, bound) {
            for now in at.operation.since..=at.state.now {
                let lagged = at.operation.since < at.state.now;
                let stored = Stored { route, set_at: now, deadline: now + ttl, lagged };
                outcomes.done(at.state.set(key, stored, making));
            }
        }
        if at.may_vanish(bound) {
            outcomes.done(at.state.without_mark(making));
        }
    }

    /// One more partition is visited, in whatever order: one that has failed is there again, and empty.
    fn maintain(&self, at: &At<'_>, progress: Progress, outcomes: &mut Out) {
        let visited = if let Progress::Visited(visited) = progress { visited } else { 0 };
        if *at.answer != Answer::Done {
            return;
        }
        for key in (0..KEYS).filter(|key| visited >> key & 1 == 0) {
            let (here, mut after) = (self.beside(key), at.state.clone());
            if after.has_failed(key) {
                after.failed &= !here;
                for key in (0..KEYS).filter(|key| here >> key & 1 == 1) {
                    after.records[key] = None;
                }
            }
            let visited = visited | here;
            if visited.count_ones() as usize == KEYS {
                outcomes.done(after);
            } else {
                outcomes.goes_on(after, Progress::Visited(visited));
            }
        }
    }
}

/// An operation of one step, at a time: the state after it, if it gives the answer that was given.
fn at_once(call: Call, now: u64, at: &At<'_>) -> Option<State> {
    let (state, answer) = (at.state, *at.answer);
    if key_of(call).is_some_and(|key| state.has_failed(key)) {
        return (answer == Answer::Unavailable).then(|| state.clone());
    }
    let (after, right) = match call {
        Call::Set { key, route, ttl } => {
            let stored = Stored { route, set_at: now, deadline: now + ttl, lagged: false };
            (state.with(key, Some(stored)), Answer::Done)
        }
        Call::Get(key) | Call::Peek(key) => {
            let kept = if matches!(call, Call::Peek(_)) { state.clone() } else { state.met(key, now) };
            match state.look(key, now) {
                Met::Fresh(stored) => return is_answer_for(stored, key, at).then_some(kept),
                Met::Expired => (kept, Answer::Expired),
                Met::Missing => (kept, Answer::NotFound),
            }
        }
        Call::Touch { key, ttl } => match state.look(key, now) {
            Met::Fresh(stored) => {
                (state.with(key, Some(Stored { deadline: now + ttl, ..stored })), Answer::Done)
            }
            Met::Expired => (state.met(key, now), Answer::Expired),
            Met::Missing => (state.clone(), Answer::NotFound),
        },
        Call::Remove(key) => {
            let given_back = match state.look(key, now) {
                Met::Fresh(stored) => Some(stored.route),
                Met::Expired | Met::Missing => None,
            };
            (state.with(key, None), Answer::Removed(given_back))
        }
        Call::Advance(_)
        | Call::Prune
        | Call::Maintain
        | Call::Fail(_)
        | Call::Resolve { .. }
        | Call::PeekResolve { .. } => return None,
    };
    (answer == right).then_some(after)
}

/// The key that an operation of one step is about.
fn key_of(call: Call) -> Option<usize> {
    match call {
        Call::Set { key, .. }
        | Call::Touch { key, .. }
        | Call::Get(key)
        | Call::Peek(key)
        | Call::Remove(key) => Some(key),
        _ => None,
    }
}

/// One more key is visited, in whatever order. What has expired is removed, unless somebody is about to change it.
fn prune(at: &At<'_>, progress: Progress, outcomes: &mut Out) {
    let Progress::Visited(visited) =
        (if progress == Progress::Begun { Progress::Visited(0) } else { progress })
    else {
        return;
    };
    if *at.answer != Answer::Done {
        return;
    }
    for key in (0..KEYS).filter(|key| visited >> key & 1 == 0) {
        let after_this = visited | 1 << key;
        let mut visit = |after: State| {
            if after_this.count_ones() as usize == KEYS {
                outcomes.done(after);
            } else {
                outcomes.goes_on(after, Progress::Visited(after_this));
            }
        };
        for now in at.operation.since..=at.state.now {
            visit(if at.state.has_failed(key) { at.state.clone() } else { at.state.met(key, now) });
            if at.under_way.iter().any(|other| other.call.changes() == Some(key)) {
                visit(at.state.clone());
            }
        }
    }
}

/// Whether the answer shows this record. The time of the last set may be that of a set that is under way.
fn is_answer_for(stored: Stored, key: usize, at: &At<'_>) -> bool {
    let Answer::Fresh { route, updated_at, expires_at } = *at.answer else { return false };
    let under_way = || {
        at.under_way.iter().any(|other| {
            let same = matches!(other.call, Call::Set { key: k, route: r, .. } if k == key && r == route);
            same && (other.since..=at.state.now).contains(&updated_at)
        })
    };
    route == stored.route && expires_at == stored.deadline && (updated_at == stored.set_at || under_way())
}
