//! The session map as a sequential model: several codes and several owners together, because an owner's death is one
//! event for all of its codes.

use super::{Around, Outcomes, Specification};
use tenure_core::Status;

mod drive;

pub use drive::{Cargo, Map, Mix, Pairs, plan, run};

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

/// One session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    payload: u64,
    status: Status,
    /// None: it ends at its deadline.
    owner: Option<usize>,
    deadline: u64,
}

/// The clock, the sessions and who is dead. A session of a dead owner is no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    now: u64,
    codes: [Option<Standing>; CODES],
    /// A bit for each owner.
    dead: u64,
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
    /// An owner dies.
    Die(usize),
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
    /// Whether a `delete` has deleted it.
    Deleted(bool),
}

/// How far an operation of two steps has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Progress {
    /// It has done nothing.
    #[default]
    Begun,
    /// The code was as it must be, or the session was there for a moment; then the owner is met dead.
    Looked,
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
            if owner_of(at.operation.call).is_some_and(|owner| state.is_dead(owner)) {
                outcomes.done(state.clone());
            }
            return;
        }
        match at.operation.call {
            Call::Advance(span) if *at.answer == Answer::Done => {
                outcomes.done(State { now: state.now + span, ..state.clone() });
            }
            Call::Die(owner) if *at.answer == Answer::Done => outcomes.done(state.without(owner)),
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
        let state = at.state;
        for now in at.operation.since..=state.now {
            if state.visible(code, now).is_some() {
                if *at.answer == Answer::AlreadyExists {
                    outcomes.done(state.clone());
                }
                continue;
            }
            if *at.answer == Answer::OwnerDead {
                outcomes.goes_on(state.clone(), Progress::Looked);
            }
            if owner.is_some_and(|owner| state.is_dead(owner)) {
                continue;
            }
            // The deadline may come from an earlier reading of the clock than the one that met nothing.
            for created in at.operation.since..=now {
                let deadline = owner.map_or(created + self.ownerless_ttl, |_| 0);
                let standing = Standing { payload, status: Status::Pending, owner, deadline };
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
        Call::HandOver { to, .. } => Some(to),
        _ => None,
    }
}

/// A step at a time: the state after it and whether there is another, if it leads to the answer that was given.
fn at_once(call: Call, now: u64, at: &At<'_>) -> Option<(State, Option<Progress>)> {
    let state = at.state;
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
            Some(_) if state.is_dead(to) => return None,
            Some(old) => {
                let moved = Standing { owner: Some(to), deadline: 0, ..old };
                (state.with(code, Some(moved)), Answer::Done)
            }
        },
        Call::Maintain => (state.clone(), Answer::Done),
        Call::Advance(_) | Call::Die(_) | Call::Create { .. } => return None,
    };
    (*at.answer == right).then_some((after, None))
}

/// The moves that a status may make, written down once more: a model that asked the code would agree with its mistakes.
fn may_move(from: Status, to: Status) -> bool {
    use Status::{Completed, Connected, Failed, Pending};
    from == to || matches!((from, to), (Pending, Connected | Failed) | (Connected, Completed | Failed))
}

impl Standing {
    fn as_answer(self) -> Answer {
        Answer::Session { payload: self.payload, status: self.status, owner: self.owner }
    }
}

impl State {
    fn is_dead(&self, owner: usize) -> bool {
        self.dead >> owner & 1 == 1
    }

    fn visible(&self, code: usize, now: u64) -> Option<Standing> {
        self.codes[code].filter(|standing| standing.owner.is_some() || now < standing.deadline)
    }

    fn with(&self, code: usize, standing: Option<Standing>) -> Self {
        let mut after = self.clone();
        after.codes[code] = standing;
        after
    }

    /// After this owner's death: at one instant it is dead and all of its sessions are gone.
    fn without(&self, owner: usize) -> Self {
        let mut after = self.clone();
        after.dead |= 1 << owner;
        for code in &mut after.codes {
            *code = code.filter(|standing| standing.owner != Some(owner));
        }
        after
    }
}
