//! The route table as a sequential model: the promise of each operation, word for word as in `docs/guarantees.md`.
//!
//! One history is that of one room: the room's own key and the keys of some of its threads. Nothing that happens to
//! other rooms may matter, so a run is checked room by room. The clock is part of the state: it moves by an operation.

use super::{Around, Outcomes, Specification};
use resolve::Resolving;
use tenure_core::{Reason, Source};

mod drive;
mod resolve;
pub use drive::{Mix, Parcel, Routing, Table, plan, run};

/// Keys of one room: key 0 is the room's own, the others are its threads'.
pub const KEYS: usize = 3;

/// The model of one room, under a table that never has to evict.
#[derive(Clone, Copy, Debug)]
pub struct Routes {
    /// The table's default time to live, in milliseconds.
    pub ttl: u64,
    /// The time at the beginning.
    pub now: u64,
}

/// What is stored under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stored {
    route: u64,
    set_at: u64,
    deadline: u64,
}

/// The clock and the room's records, expired ones included until somebody removes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    now: u64,
    records: [Option<Stored>; KEYS],
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Lets time pass.
    Advance(u64),
    /// `set_with_ttl`; the default is a time like any other.
    Set {
        /// The key.
        key: usize,
        /// The route, as a number.
        route: u64,
        /// Milliseconds.
        ttl: u64,
    },
    /// `get`.
    Get(usize),
    /// `peek`.
    Peek(usize),
    /// `resolve`.
    Resolve {
        /// The key.
        key: usize,
        /// The one route that the caller provides.
        provided: Option<u64>,
    },
    /// `peek_resolve`.
    PeekResolve {
        /// The key.
        key: usize,
        /// The one route that the caller provides.
        provided: Option<u64>,
    },
    /// `touch_with_ttl`.
    Touch {
        /// The key.
        key: usize,
        /// Milliseconds; zero expires it.
        ttl: u64,
    },
    /// `remove`.
    Remove(usize),
    /// `prune`, of the whole table.
    Prune,
    /// `maintain`, which nobody may notice.
    Maintain,
}

impl Call {
    /// The key that it may change, if it is about one.
    fn changes(self) -> Option<usize> {
        match self {
            Self::Set { key, .. }
            | Self::Resolve { key, .. }
            | Self::Touch { key, .. }
            | Self::Get(key)
            | Self::Remove(key) => Some(key),
            Self::Advance(_) | Self::Peek(_) | Self::PeekResolve { .. } | Self::Prune | Self::Maintain => {
                None
            }
        }
    }
}

/// A call, and a reading of the clock from its beginning.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The clock after the call began and before it did anything: it acts with no earlier time.
    pub since: u64,
    /// What is asked.
    pub call: Call,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done; there is nothing to say.
    Done,
    /// A record.
    Fresh {
        /// The route.
        route: u64,
        /// When it was set last.
        updated_at: u64,
        /// When it expires.
        expires_at: u64,
    },
    /// There is none.
    NotFound,
    /// There was one.
    Expired,
    /// What a `remove` gave back.
    Removed(Option<u64>),
    /// A resolution.
    Resolved(Resolved),
    /// Nothing to resolve to.
    NoRoute {
        /// Whether anything expired was met.
        stale: bool,
    },
}

/// A resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Where to.
    pub route: u64,
    /// Whose route that is.
    pub source: Source,
    /// Whether anything expired was met.
    pub stale: bool,
    /// Why it is not the key's own.
    pub reason: Option<Reason>,
}

/// How far an operation of several steps has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Progress {
    /// It has done nothing.
    #[default]
    Begun,
    /// A prune has visited these keys, a bit for each.
    Visited(u8),
    /// A resolution has met no fresh record under its key.
    Missed {
        /// The time it acts with.
        at: u64,
        /// The record was there, and expired.
        stale: bool,
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
    },
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

    /// Each operation acts with one reading of the clock, from some time between its beginning and this step; a
    /// resolution reads it once more for the room's record.
    fn step(&self, at: &At<'_>, outcomes: &mut Out) {
        let state = at.state;
        match (at.operation.call, *at.progress) {
            (Call::Advance(span), _) => {
                if *at.answer == Answer::Done {
                    outcomes.done(State { now: state.now + span, ..state.clone() });
                }
            }
            (Call::Prune, progress) => prune(at, progress, outcomes),
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

/// An operation of one step, at a time: the state after it, if it gives the answer that was given.
fn at_once(call: Call, now: u64, at: &At<'_>) -> Option<State> {
    let (state, answer) = (at.state, *at.answer);
    let (after, right) = match call {
        Call::Set { key, route, ttl } => {
            let stored = Stored { route, set_at: now, deadline: now + ttl };
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
        Call::Maintain => (state.clone(), Answer::Done),
        Call::Advance(_) | Call::Prune | Call::Resolve { .. } | Call::PeekResolve { .. } => return None,
    };
    (answer == right).then_some(after)
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
            visit(at.state.met(key, now));
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

/// What a look at one key finds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    Fresh(Stored),
    Expired,
    Missing,
}

impl State {
    fn look(&self, key: usize, now: u64) -> Met {
        match self.records[key] {
            Some(stored) if now < stored.deadline => Met::Fresh(stored),
            Some(_) => Met::Expired,
            None => Met::Missing,
        }
    }

    fn with(&self, key: usize, stored: Option<Stored>) -> Self {
        let mut after = self.clone();
        after.records[key] = stored;
        after
    }

    /// After somebody who removes what has expired has met this key.
    fn met(&self, key: usize, now: u64) -> Self {
        match self.look(key, now) {
            Met::Expired => self.with(key, None),
            Met::Fresh(_) | Met::Missing => self.clone(),
        }
    }
}
