//! What compares the session map with its model: some codes and owners of a real map, and random calls on them.

use super::{Answer, CODES, Call, OWNERS, Operation, Sessions};
use crate::history::{
    Record, Recorder,
    threads::{Interrupted, interrupt},
    together,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenure_core::{
    ClaimError, Clock, CreateErrorKind, DeathReason, HandOverError, Incarnation, ManualClock, Owner,
    OwnerRef, ResumeError, SessionMap, Status, Token, UpdateError,
};

/// How long a session without owner stays, in milliseconds.
const TTL: u64 = 3;

/// A payload that is a number on the heap, so that one that is read after it was freed does not go unnoticed.
#[derive(Debug)]
pub struct Cargo(Box<u64>);

impl Clone for Cargo {
    fn clone(&self) -> Self {
        interrupt();
        Self(self.0.clone())
    }
}

/// Some codes and owners of a map, as one thread of a run sees them.
pub trait Pairs: Clone + Send + 'static {
    /// Does it, and says what it came to.
    fn perform(&self, call: Call) -> (Operation, Answer);
}

/// Some codes and owners of a real map.
#[derive(Clone, Debug)]
pub struct Map {
    sessions: SessionMap<Cargo>,
    clock: ManualClock,
    codes: Arc<[String; CODES]>,
    owners: Arc<[OwnerRef]>,
    /// Who holds them decides when they die.
    handles: Arc<[Mutex<Option<Owner>>]>,
    /// By which they are resumed.
    tokens: Arc<[Token]>,
}

impl Default for Map {
    /// Codes of a new map, and no owners.
    fn default() -> Self {
        let clock = ManualClock::new();
        let map =
            SessionMap::builder().clock(Interrupted(clock.clone())).ownerless_ttl(Duration::from_millis(TTL));
        Self::of(map.build().expect("the settings are valid"), clock, 0, 0)
    }
}

impl Map {
    /// Other codes and so many owners of the same map, with a clock that goes on.
    ///
    /// # Panics
    /// There are more than [`OWNERS`].
    #[must_use]
    pub fn others(&self, number: u64, owners: usize) -> Self {
        Self::of(self.sessions.clone(), self.clock.clone(), number, owners)
    }

    fn of(map: SessionMap<Cargo>, clock: ManualClock, number: u64, owners: usize) -> Self {
        assert!(owners <= OWNERS, "{owners} owners are more than the {OWNERS} of the model");
        let handles: Vec<Owner> = (0..owners).map(|_| map.owner()).collect();
        Self {
            codes: Arc::new(std::array::from_fn(|n| format!("{number}-{n}"))),
            owners: handles.iter().map(|owner| owner.name().clone()).collect(),
            tokens: handles.iter().map(|owner| owner.token().expect("random bytes")).collect(),
            handles: handles.into_iter().map(|owner| Mutex::new(Some(owner))).collect(),
            clock,
            sessions: map,
        }
    }

    /// The model of these, from this moment on.
    pub fn model(&self) -> Sessions {
        Sessions { ownerless_ttl: TTL, now: self.now() }
    }

    /// The map.
    pub fn map(&self) -> &SessionMap<Cargo> {
        &self.sessions
    }

    fn now(&self) -> u64 {
        self.clock.now().as_millis()
    }

    fn answer(&self, call: Call) -> Answer {
        match call {
            Call::Advance(span) => {
                self.clock.advance(Duration::from_millis(span));
                Answer::Done
            }
            Call::Create { code, payload, owner } => self.create(code, payload, owner),
            Call::Get(code) => {
                self.sessions.get(&self.codes[code]).map_or(Answer::NotFound, |found| self.shown(&found))
            }
            Call::Update { code, add, to } => self.update(code, add, to),
            Call::Claim(code) => match self.sessions.claim(&self.codes[code]) {
                Ok(claimed) => self.shown(&claimed),
                Err(ClaimError::NotFound { .. }) => Answer::NotFound,
                Err(ClaimError::AlreadyUsed { status, .. }) => Answer::AlreadyUsed(status),
                Err(other) => unreachable!("no other way to fail: {other}"),
            },
            Call::Delete(code) => Answer::Deleted(self.sessions.delete(&self.codes[code])),
            Call::HandOver { code, to } => match self.sessions.hand_over(&self.codes[code], &self.owners[to])
            {
                Ok(()) => Answer::Done,
                Err(HandOverError::NotFound { .. }) => Answer::NotFound,
                Err(HandOverError::OwnerDead { .. }) => Answer::OwnerDead,
                Err(other) => unreachable!("no bounds, one map: {other}"),
            },
            Call::HandOverAll { from, to } => {
                match self.sessions.hand_over_all(&self.owners[from], &self.owners[to]) {
                    Ok(moved) => Answer::Moved(moved),
                    Err(HandOverError::OwnerDead { .. }) => Answer::OwnerDead,
                    Err(other) => unreachable!("no bounds, one map: {other}"),
                }
            }
            Call::Maintain => {
                self.sessions.maintain();
                Answer::Done
            }
            Call::Die(owner) => {
                // Of several that end one owner, who comes second may return before it is dead, so those take no part
                // in a history.
                let Some(handle) = self.take_handle(owner) else { return Answer::NoHandle };
                handle.release(DeathReason::PeerClosed);
                Answer::Done
            }
            Call::Suspend { owner, grace } => {
                let Some(handle) = self.take_handle(owner) else { return Answer::NoHandle };
                let token = handle.suspend(Duration::from_millis(grace)).expect("who has the handle can");
                assert_eq!(token, self.tokens[owner], "the token of an owner is one");
                Answer::Done
            }
            Call::Resume(owner) => match self.sessions.resume(&self.tokens[owner]) {
                Ok(handle) => {
                    let mut place = self.handles[owner].lock().unwrap_or_else(PoisonError::into_inner);
                    assert!(place.replace(handle).is_none(), "two handles of one owner");
                    Answer::Done
                }
                Err(ResumeError::NotSuspended { .. } | ResumeError::OwnerDead { .. }) => Answer::NotResumed,
                Err(other) => unreachable!("the token is its own: {other}"),
            },
        }
    }

    /// Taken first: what is done with it must not happen inside of the lock.
    fn take_handle(&self, owner: usize) -> Option<Owner> {
        self.handles[owner].lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn create(&self, code: usize, payload: u64, owner: Option<usize>) -> Answer {
        let owner = owner.map(|owner| &self.owners[owner]);
        match self.sessions.create(self.codes[code].as_str(), Cargo(Box::new(payload)), owner) {
            Ok(()) => Answer::Done,
            Err(error) => {
                assert_eq!(*error.payload().0, payload, "what is refused is handed back");
                match error.kind() {
                    CreateErrorKind::AlreadyExists { .. } => Answer::AlreadyExists,
                    CreateErrorKind::OwnerDead { .. } => Answer::OwnerDead,
                    other => unreachable!("no bounds, one map: {other}"),
                }
            }
        }
    }

    fn update(&self, code: usize, add: u64, to: Option<Status>) -> Answer {
        let updated = self.sessions.update(&self.codes[code], |edit| {
            let before = *edit.payload().0;
            *edit.payload_mut().0 += add;
            if let Some(to) = to {
                edit.set_status(to);
            }
            before
        });
        match updated {
            Ok(before) => Answer::Updated(before),
            Err(UpdateError::NotFound { .. }) => Answer::NotFound,
            Err(UpdateError::InvalidTransition(refused)) => Answer::Refused(refused.from),
            Err(other) => unreachable!("no other way to fail: {other}"),
        }
    }

    fn shown(&self, session: &tenure_core::Session<Cargo>) -> Answer {
        let named = |incarnation: Incarnation| {
            let known = self.owners.iter().position(|owner| owner.incarnation() == incarnation);
            known.expect("an owner of these sessions")
        };
        Answer::Session {
            payload: *session.payload.0,
            status: session.status,
            owner: session.owner.map(named),
        }
    }
}

impl Pairs for Map {
    fn perform(&self, call: Call) -> (Operation, Answer) {
        (Operation { since: self.now(), call }, self.answer(call))
    }
}

/// Lets each thread make its calls, all at once, and answers the history.
pub fn run(pairs: &impl Pairs, plan: Vec<Vec<Call>>) -> Vec<Record<Operation, Answer>> {
    let recorder = Arc::new(Recorder::default());
    let work = plan.into_iter().enumerate().map(|(thread, calls)| {
        let (recorder, pairs) = (Arc::clone(&recorder), pairs.clone());
        move || -> Vec<_> {
            calls.into_iter().map(|call| recorder.record(thread, || pairs.perform(call))).collect()
        }
    });
    together(work.collect()).into_iter().flatten().collect()
}
