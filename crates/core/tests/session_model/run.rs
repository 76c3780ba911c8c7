//! Operations as values, and a run that has the map and a naive model do each of them. The fuzz target `operations`
//! uses it as well.

use std::{collections::HashMap, time::Duration};
use tenure_core::{
    ClaimError, Clock, CreateErrorKind, HandOverError, InvalidTransition, ManualClock, Owner, OwnerRef,
    SessionMap, Status, UpdateError,
};

pub(crate) const CODES: usize = 6;
pub(crate) const TTL_MS: u64 = 1_000;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Owner,
    Kill(usize),
    Create { code: usize, owner: Option<usize>, payload: u8 },
    Get(usize),
    Set { code: usize, payload: u8 },
    Move { code: usize, to: Status },
    Claim(usize),
    Delete(usize),
    HandOver { code: usize, to: usize },
    Advance(u64),
    Capacity(usize),
    PerOwner(usize),
    Prune,
    Maintain,
}

/// An owner, dead or alive: in the model by its place in the list of all.
pub(crate) struct Owners {
    pub(crate) handles: Vec<Option<Owner>>,
    pub(crate) names: Vec<OwnerRef>,
}

impl Owners {
    /// One of the last four.
    fn pick(&self, at: usize) -> usize {
        self.names.len() - 1 - at % self.names.len().min(4)
    }

    fn is_alive(&self, index: usize) -> bool {
        self.handles[index].is_some()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Naive {
    owner: Option<usize>,
    payload: u8,
    status: Status,
    created: u64,
    connected: Option<u64>,
    serial: usize,
}

pub(crate) struct Model {
    sessions: HashMap<usize, Naive>,
    now: u64,
    capacity: usize,
    per_owner: usize,
    serial: usize,
}

impl Model {
    /// Forgets what nobody can see.
    fn settle(&mut self, owners: &Owners) {
        let now = self.now;
        self.sessions.retain(|_, session| match session.owner {
            Some(owner) => owners.is_alive(owner),
            None => now < session.created + TTL_MS,
        });
    }

    fn of(&self, owner: usize) -> usize {
        self.sessions.values().filter(|session| session.owner == Some(owner)).count()
    }

    fn newest_first(&self) -> Vec<String> {
        let mut all: Vec<_> = self.sessions.iter().map(|(code, session)| (session.serial, *code)).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.into_iter().map(|(_, code)| name(code)).collect()
    }
}

pub(crate) fn name(code: usize) -> String {
    format!("code-{code}")
}

pub(crate) fn allowed(from: Status, to: Status) -> bool {
    use Status::{Completed, Connected, Failed, Pending};
    from == to
        || matches!((from, to), (Pending, Connected) | (Connected, Completed) | (Pending | Connected, Failed))
}

pub(crate) struct Run {
    pub(crate) map: SessionMap<u8>,
    pub(crate) clock: ManualClock,
    pub(crate) model: Model,
    pub(crate) owners: Owners,
}

impl Run {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new();
        let ttl = Duration::from_millis(TTL_MS);
        let map = SessionMap::builder()
            .clock(clock.clone())
            .ownerless_ttl(ttl)
            .sweep_interval(Duration::from_secs(3))
            .build()
            .unwrap();
        let model = Model {
            sessions: HashMap::new(),
            now: 0,
            capacity: usize::MAX,
            per_owner: usize::MAX,
            serial: 0,
        };
        let mut run = Self { map, clock, model, owners: Owners { handles: vec![], names: vec![] } };
        run.new_owner();
        run
    }

    fn new_owner(&mut self) {
        let owner = self.map.owner();
        self.owners.names.push(owner.name().clone());
        self.owners.handles.push(Some(owner));
    }

    fn create(&mut self, code: usize, owner: Option<usize>, payload: u8) {
        let owner = owner.map(|at| self.owners.pick(at));
        let answer = self.map.create(name(code), payload, owner.map(|at| &self.owners.names[at]));
        let model = &mut self.model;
        let expected = if model.sessions.contains_key(&code) {
            Err(CreateErrorKind::AlreadyExists { code: name(code) })
        } else if let Some(dead) = owner.filter(|&at| !self.owners.is_alive(at)) {
            Err(CreateErrorKind::OwnerDead { incarnation: self.owners.names[dead].incarnation().get() })
        } else if owner.is_some_and(|at| model.of(at) >= model.per_owner) {
            Err(CreateErrorKind::OwnerFull { per_owner: model.per_owner })
        } else if model.sessions.len() >= model.capacity {
            Err(CreateErrorKind::MapFull { capacity: model.capacity })
        } else {
            Ok(())
        };
        if let Err(error) = &answer {
            assert_eq!(*error.payload(), payload, "what is refused is handed back");
        }
        assert_eq!(answer.map_err(|error| error.kind().clone()), expected);
        if expected.is_ok() {
            model.serial += 1;
            let session = Naive {
                owner,
                payload,
                status: Status::Pending,
                created: model.now,
                connected: None,
                serial: model.serial,
            };
            model.sessions.insert(code, session);
        }
    }

    fn get(&self, code: usize) {
        let session = self.map.get(&name(code));
        let expected = self.model.sessions.get(&code);
        assert_eq!(session.is_some(), expected.is_some());
        if let (Some(session), Some(expected)) = (session, expected) {
            assert_eq!(session.code, *name(code));
            assert_eq!(session.payload, expected.payload);
            assert_eq!(session.status, expected.status);
            assert_eq!(session.created.tick.as_millis(), expected.created);
            assert_eq!(session.connected.map(|moment| moment.tick.as_millis()), expected.connected);
            let owner = expected.owner.map(|at| self.owners.names[at].incarnation());
            assert_eq!(session.owner, owner);
        }
    }

    fn move_to(&mut self, code: usize, to: Status) {
        let answer = self.map.update(&name(code), |edit| edit.set_status(to));
        let expected = match self.model.sessions.get_mut(&code) {
            None => Err(UpdateError::NotFound { code: name(code) }),
            Some(session) if allowed(session.status, to) => {
                session.status = to;
                Ok(())
            }
            Some(session) => {
                Err(UpdateError::InvalidTransition(InvalidTransition { from: session.status, to }))
            }
        };
        assert_eq!(answer, expected);
    }

    fn claim(&mut self, code: usize) {
        let answer = self.map.claim(&name(code)).map(|session| session.status);
        let now = self.model.now;
        let expected = match self.model.sessions.get_mut(&code) {
            None => Err(ClaimError::NotFound { code: name(code) }),
            Some(session) if session.status == Status::Pending => {
                session.status = Status::Connected;
                session.connected = Some(now);
                Ok(Status::Connected)
            }
            Some(session) => Err(ClaimError::AlreadyUsed { code: name(code), status: session.status }),
        };
        assert_eq!(answer, expected);
    }

    fn hand_over(&mut self, code: usize, to: usize) {
        let to = self.owners.pick(to);
        let answer = self.map.hand_over(&name(code), &self.owners.names[to]);
        let full = self.model.of(to) >= self.model.per_owner;
        let per_owner = self.model.per_owner;
        let expected = match self.model.sessions.get_mut(&code) {
            None => Err(HandOverError::NotFound { code: name(code) }),
            Some(session) if session.owner == Some(to) => Ok(()),
            Some(_) if !self.owners.is_alive(to) => {
                Err(HandOverError::OwnerDead { incarnation: self.owners.names[to].incarnation().get() })
            }
            Some(_) if full => Err(HandOverError::OwnerFull { per_owner }),
            Some(session) => {
                session.owner = Some(to);
                Ok(())
            }
        };
        assert_eq!(answer, expected);
    }

    pub(crate) fn apply(&mut self, op: &Op) {
        self.model.settle(&self.owners);
        match *op {
            Op::Owner => self.new_owner(),
            Op::Kill(at) => {
                let at = self.owners.pick(at);
                self.owners.handles[at] = None;
            }
            Op::Create { code, owner, payload } => self.create(code, owner, payload),
            Op::Get(code) => self.get(code),
            Op::Set { code, payload } => {
                let answer = self.map.update(&name(code), |edit| *edit.payload_mut() = payload);
                let session = self.model.sessions.get_mut(&code);
                assert_eq!(answer.is_ok(), session.is_some());
                if let Some(session) = session {
                    session.payload = payload;
                }
            }
            Op::Move { code, to } => self.move_to(code, to),
            Op::Claim(code) => self.claim(code),
            Op::Delete(code) => {
                let was_there = self.model.sessions.remove(&code).is_some();
                assert_eq!(self.map.delete(&name(code)), was_there);
            }
            Op::HandOver { code, to } => self.hand_over(code, to),
            Op::Advance(ms) => {
                self.clock.advance(Duration::from_millis(ms));
                self.model.now += ms;
                assert_eq!(self.clock.now().as_millis(), self.model.now);
            }
            Op::Capacity(sessions) => {
                self.map.set_capacity(sessions).unwrap();
                self.model.capacity = sessions;
            }
            Op::PerOwner(sessions) => {
                self.map.set_per_owner(sessions).unwrap();
                self.model.per_owner = sessions;
            }
            Op::Prune => {
                self.map.prune();
                assert_eq!(self.map.occupied(), self.model.sessions.len(), "nothing unseen is left");
            }
            Op::Maintain => {
                self.map.maintain();
            }
        }
        self.model.settle(&self.owners);
        self.check();
    }

    fn check(&self) {
        assert_eq!(self.map.count_active(), self.model.sessions.len());
        let list: Vec<_> =
            self.map.list_active().into_iter().map(|session| session.code.to_string()).collect();
        assert_eq!(list, self.model.newest_first());
        for (at, owner) in self.owners.names.iter().enumerate() {
            assert_eq!(owner.is_alive(), self.owners.is_alive(at));
            assert_eq!(owner.session_count(), self.model.of(at));
        }
        assert_eq!(self.map.stats().missed, 0);
    }

    /// When all owners are dead and the time of the rest is over, nothing is left.
    pub(crate) fn end(mut self) {
        self.owners.handles.clear();
        self.clock.advance(Duration::from_millis(TTL_MS));
        self.map.prune();
        assert_eq!(self.map.occupied(), 0);
    }
}
