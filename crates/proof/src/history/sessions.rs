//! The session map as a sequential model: several codes and several owners together, because an owner's death is one
//! event for all of its codes.

use super::{Around, Outcomes, Specification};
use tenure_core::Status;

mod drive;
mod moving;
mod plan;
mod state;

pub use drive::{Cargo, Map, Pairs, run};
pub use moving::Moving;
pub use plan::{Mix, plan};
pub use state::{Standing, State};

/// Codes of one history.
pub const CODES: usize = 3;
/// The most owners of one history.
pub const OWNERS: usize = 64;

/// The model of some codes and all that can own what stands under them, in a map without bounds.
#[derive(Clone, Copy, Debug)]
pub struct Sessions {
    /// How long a session without owner stays, in milliseconds.
    pub ownerless_ttl: u64,
    /// The time at the beginning.
    pub now: u64,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Lets time pass.
    Advance(u64),
    /// `create`.
    Create {
        /// The code.
        code: usize,
        /// What it carries.
        payload: u64,
        /// Whose it is.
        owner: Option<usize>,
    },
    /// `get`.
    Get(usize),
    /// `update`: adds to the payload, and moves the status.
    Update {
        /// The code.
        code: usize,
        /// What is added.
        add: u64,
        /// The status that it is to have.
        to: Option<Status>,
    },
    /// `claim`.
    Claim(usize),
    /// `delete`.
    Delete(usize),
    /// `hand_over`.
    HandOver {
        /// The code.
        code: usize,
        /// To whom.
        to: usize,
    },
    /// `hand_over_all`.
    HandOverAll {
        /// From whom.
        from: usize,
        /// To whom.
        to: usize,
    },
    /// An owner dies, unless it has no handle: it is suspended, or dead.
    Die(usize),
    /// An owner is suspended for so many milliseconds, unless it has no handle.
    Suspend {
        /// The owner.
        owner: usize,
        /// Milliseconds.
        grace: u64,
    },
    /// `resume`.
    Resume(usize),
    /// `maintain`, which nobody may notice.
    Maintain,
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
    /// A session, as `get` and a `claim` that wins show it.
    Session {
        /// What it carries.
        payload: u64,
        /// How far it has come.
        status: Status,
        /// Whose it is.
        owner: Option<usize>,
    },
    /// An update was made, of a session that carried this.
    Updated(u64),
    /// There is no such session.
    NotFound,
    /// An update was refused because a session in this status cannot move as asked.
    Refused(Status),
    /// The code has a session.
    AlreadyExists,
    /// A claim came too late; the session was in this status.
    AlreadyUsed(Status),
    /// The owner is dead.
    OwnerDead,
    /// So many sessions were handed over together.
    Moved(usize),
    /// Whether a `delete` has deleted it.
    Deleted(bool),
    /// The owner has no handle that could be used.
    NoHandle,
    /// The owner is not suspended, or it is too late.
    NotResumed,
}

/// How far an operation of several steps has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Progress {
    /// It has done nothing.
    #[default]
    Begun,
    /// The code was as it must be, or the session was there for a moment; then the owner is met dead.
    Looked,
    /// It hands over session by session.
    Moving(Moving),
}

type At<'a> = Around<'a, Sessions>;
type Out = Outcomes<Sessions>;

impl Specification for Sessions {
    type State = State;
    type Operation = Operation;
    type Answer = Answer;
    type Progress = Progress;

    fn initial(&self) -> State {
        State { now: self.now, ..State::default() }
    }

    fn step(&self, at: &At<'_>, outcomes: &mut Out) {
        let state = at.state;
        // Last, whatever the code has come to by then.
        if *at.progress == Progress::Looked {
            if let Some(owner) = owner_of(at.operation.call).filter(|&owner| state.is_dead(owner, state.now))
            {
                outcomes.done(state.without(owner));
            }
            return;
        }
        match at.operation.call {
            Call::Advance(span) if *at.answer == Answer::Done => {
                outcomes.done(State { now: state.now + span, ..state.clone() });
            }
            Call::Die(owner) | Call::Suspend { owner, .. } if *at.answer == Answer::NoHandle => {
                // Only one thread has the owner's handle in its hands.
                if !state.has_handle(owner) {
                    outcomes.done(state.clone());
                }
            }
            Call::Die(owner) if *at.answer == Answer::Done && state.has_handle(owner) => {
                outcomes.done(state.without(owner));
            }
            Call::Suspend { owner, grace } if *at.answer == Answer::Done && state.has_handle(owner) => {
                for now in at.operation.since..=state.now {
                    outcomes.done(state.with_suspended(owner, now + grace));
                }
            }
            Call::HandOverAll { from, to } => moving::step(at, (from, to), outcomes),
            Call::Create { code, payload, owner } => self.create(at, (code, payload, owner), outcomes),
            call => {
                for now in at.operation.since..=state.now {
                    if let Some((after, progress)) = at_once(call, now, at) {
                        match progress {
                            None => outcomes.done(after),
                            Some(progress) => outcomes.goes_on(after, progress),
                        }
                    }
                }
            }
        }
    }
}

impl Sessions {
    fn create(&self, at: &At<'_>, asked: (usize, u64, Option<usize>), outcomes: &mut Out) {
        let (code, payload, owner) = asked;
        for now in at.operation.since..=at.state.now {
            let state = &at.state.met(code, now);
            if state.visible(code, now).is_some() {
                if *at.answer == Answer::AlreadyExists {
                    outcomes.done(state.clone());
                }
                continue;
            }
            if *at.answer == Answer::OwnerDead {
                outcomes.goes_on(state.clone(), Progress::Looked);
            }
            if owner.is_some_and(|owner| state.is_dead(owner, now)) {
                continue;
            }
            // The deadline may come from an earlier reading of the clock than the one that met nothing.
            for created in at.operation.since..=now {
                let deadline = owner.map_or(created + self.ownerless_ttl, |_| 0);
                let standing = Standing { payload, status: Status::Pending, owner, deadline, moves: 0 };
                let after = state.with(code, Some(standing));
                match at.answer {
                    Answer::Done => outcomes.done(after),
                    // It was there, and its owner's death has taken it away again.
                    Answer::OwnerDead if owner.is_some() => outcomes.goes_on(after, Progress::Looked),
                    _ => {}
                }
            }
        }
    }
}

/// Who is to hold the session.
fn owner_of(call: Call) -> Option<usize> {
    match call {
        Call::Create { owner, .. } => owner,
        Call::HandOver { to, .. } | Call::HandOverAll { to, .. } => Some(to),
        _ => None,
    }
}

/// Which code it is about.
fn code_of(call: Call) -> Option<usize> {
    match call {
        Call::Get(code)
        | Call::Update { code, .. }
        | Call::Claim(code)
        | Call::Delete(code)
        | Call::HandOver { code, .. } => Some(code),
        _ => None,
    }
}

/// A step at a time: the state after it and whether there is another, if it leads to the answer that was given.
fn at_once(call: Call, now: u64, at: &At<'_>) -> Option<(State, Option<Progress>)> {
    let state = &code_of(call).map_or_else(|| at.state.clone(), |code| at.state.met(code, now));
    let (after, right) = match call {
        Call::Get(code) => {
            (state.clone(), state.visible(code, now).map_or(Answer::NotFound, Standing::as_answer))
        }
        Call::Update { code, add, to } => match state.visible(code, now) {
            None => (state.clone(), Answer::NotFound),
            Some(old) if to.is_some_and(|to| !may_move(old.status, to)) => {
                (state.clone(), Answer::Refused(old.status))
            }
            Some(old) => {
                let (payload, status) = (old.payload + add, to.unwrap_or(old.status));
                (state.with(code, Some(Standing { payload, status, ..old })), Answer::Updated(old.payload))
            }
        },
        Call::Claim(code) => match state.visible(code, now) {
            None => (state.clone(), Answer::NotFound),
            Some(old) if old.status == Status::Pending => {
                let claimed = Standing { status: Status::Connected, ..old };
                (state.with(code, Some(claimed)), claimed.as_answer())
            }
            Some(old) => (state.clone(), Answer::AlreadyUsed(old.status)),
        },
        Call::Delete(code) => {
            let there = state.visible(code, now).is_some();
            (if there { state.with(code, None) } else { state.clone() }, Answer::Deleted(there))
        }
        Call::HandOver { code, to } => match state.visible(code, now) {
            None => (state.clone(), Answer::NotFound),
            Some(_) if *at.answer == Answer::OwnerDead => {
                return Some((state.clone(), Some(Progress::Looked)));
            }
            Some(_) if state.is_dead(to, now) => return None,
            Some(old) => {
                // To whom it has already: nothing happens.
                let moved = if old.owner == Some(to) { old } else { old.moved_to(to) };
                (state.with(code, Some(moved)), Answer::Done)
            }
        },
        Call::Resume(owner) => match state.suspended.get(&owner) {
            Some(&until) if now < until => (state.with_handle(owner), Answer::Done),
            // Dead: who learns of it here is the first, or not.
            Some(_) => (state.without(owner), Answer::NotResumed),
            None => (state.clone(), Answer::NotResumed),
        },
        Call::Maintain => (state.clone(), Answer::Done),
        Call::Advance(_)
        | Call::Die(_)
        | Call::Suspend { .. }
        | Call::Create { .. }
        | Call::HandOverAll { .. } => return None,
    };
    (*at.answer == right).then_some((after, None))
}

/// The moves that a status may make, written down once more: a model that asked the code would agree with its mistakes.
fn may_move(from: Status, to: Status) -> bool {
    use Status::{Completed, Connected, Failed, Pending};
    from == to || matches!((from, to), (Pending, Connected | Failed) | (Connected, Completed | Failed))
}
