//! Sessions under codes that belong to one thread: what becomes of each is known exactly, but for those without
//! owner in the moments in which their time may be over.

use super::{
    dice::Dice,
    tally::{Answer, Tally},
    world::{Load, OWNERLESS, World},
};
use tenure_core::{
    ClaimError, CreateErrorKind, DeathReason, Owner, OwnerRef, Session, Status, Tick, UpdateError,
};

/// Codes of one thread.
const CODES: usize = 200;
/// Owners of one thread at a time.
const OWNERS: usize = 8;
/// Sessions of an owner that is too large to be freed by who ends it.
const MANY: u32 = 300;

/// What its thread knows of a session.
#[derive(Clone, Debug)]
struct Known {
    serial: u64,
    version: u64,
    status: Status,
    /// The place of its owner among this thread's.
    owner: Option<usize>,
    /// Without owner, it ends between these two.
    ends: (Tick, Tick),
}

/// One thread's part.
pub(crate) struct Own {
    thread: u32,
    owners: Vec<Owner>,
    known: Vec<Option<Known>>,
}

/// Any way to die.
fn some_reason(dice: &mut Dice) -> DeathReason {
    match dice.below(4) {
        0 => DeathReason::PeerClosed,
        1 => DeathReason::Panicked("soak".into()),
        2 => DeathReason::Killed { signal: 9 },
        _ => DeathReason::Shutdown,
    }
}

impl Own {
    pub(crate) fn new(thread: u32, world: &World) -> Self {
        let owners = (0..OWNERS).map(|_| world.map.owner()).collect();
        Self { thread, owners, known: vec![None; CODES] }
    }

    /// An owner of this thread's, for whoever wants one.
    pub(crate) fn owner(&self, dice: &mut Dice) -> &OwnerRef {
        self.owners[dice.below(OWNERS)].name()
    }

    pub(crate) fn step(&mut self, world: &World, dice: &mut Dice, tally: &mut Tally) {
        let at = dice.below(CODES);
        match dice.below(1_000) {
            0..300 => self.create(world, at, dice, tally),
            300..500 => self.get(world, at),
            500..650 => self.update(world, at, dice, tally),
            650..750 => self.claim(world, at, tally),
            750..850 => self.delete(world, at, tally),
            850..940 => self.hand_over(world, at, dice, tally),
            940..999 => self.end_an_owner(world, dice),
            _ => self.end_a_large_owner(world, tally),
        }
    }

    fn code(&self, at: usize) -> String {
        format!("own-{}-{at}", self.thread)
    }

    /// Whether it may have ended by its age by now; and whether it must have.
    fn may_have_ended(&self, at: usize, now: Tick) -> bool {
        let known = self.known[at].as_ref();
        known.is_some_and(|known| known.owner.is_none() && now >= known.ends.0)
    }

    /// No session was there: forgets it if its time may be over, else it was lost.
    fn missing(&mut self, world: &World, how: &str, at: usize) {
        if !self.may_have_ended(at, world.now()) {
            let (code, known) = (self.code(at), &self.known[at]);
            world
                .laws
                .hold(known.is_none(), || format!("map: {how} of {code} found none; lost was {known:?}"));
        }
        self.known[at] = None;
    }

    /// A session was there: was it to be, at `before` or later?
    fn there(&self, world: &World, how: &str, at: usize, before: Tick) {
        let (code, known) = (self.code(at), &self.known[at]);
        let right = known.as_ref().is_some_and(|known| known.owner.is_some() || before < known.ends.1);
        world.laws.hold(right, || {
            format!("map: {how} of {code} at {before} or later found one; known was {known:?}")
        });
    }

    fn create(&mut self, world: &World, at: usize, dice: &mut Dice, tally: &mut Tally) {
        let owner = (!dice.once_in(5)).then(|| dice.below(OWNERS));
        let serial = world.serial();
        let load = Load::new(serial, at as u32);
        let before = world.now();
        let answer = world.map.create(self.code(at), load, owner.map(|at| self.owners[at].name()));
        let after = world.now();
        let Err(refused) = answer else {
            tally.count(Answer::Created);
            let free = self.known[at].is_none() || self.may_have_ended(at, after);
            let (code, known) = (self.code(at), &self.known[at]);
            world.laws.hold(free, || format!("map: {code} was created over {known:?}"));
            let ends = (before.saturating_add(OWNERLESS.0), after.saturating_add(OWNERLESS.1));
            self.known[at] = Some(Known { serial, version: 0, status: Status::Pending, owner, ends });
            return;
        };
        let handed_back = refused.payload().serial == serial;
        world.laws.hold(handed_back, || format!("map: create handed back another payload: {refused}"));
        match refused.kind() {
            CreateErrorKind::AlreadyExists { .. } => self.there(world, "create", at, before),
            CreateErrorKind::MapFull { .. } | CreateErrorKind::OwnerFull { .. } => {}
            kind => world.laws.break_with(format!("map: {} was not created: {kind}", self.code(at))),
        }
    }

    fn get(&mut self, world: &World, at: usize) {
        let (before, deaths) = (world.now(), world.deaths.so_far());
        match world.map.get(&self.code(at)) {
            None => self.missing(world, "get", at),
            Some(session) => {
                check_owner(world, &session, deaths);
                self.there(world, "get", at, before);
                self.is_as_known(world, "get", at, &session);
            }
        }
    }

    fn is_as_known(&self, world: &World, how: &str, at: usize, session: &Session<Load>) {
        let Some(known) = &self.known[at] else { return };
        let owner = known.owner.map(|owner| self.owners[owner].incarnation());
        let seen = (session.payload.serial, session.payload.version, session.status, session.owner);
        let right = seen == (known.serial, known.version, known.status, owner);
        world.laws.hold(right, || {
            format!(
                "map: {how} of {} showed {session:?} with {:?}; known was {known:?}",
                self.code(at),
                session.payload
            )
        });
    }

    fn update(&mut self, world: &World, at: usize, dice: &mut Dice, tally: &mut Tally) {
        let to = dice.once_in(3).then(|| Status::ALL[dice.below(4)]);
        let before = world.now();
        let answer = world.map.update(&self.code(at), |edit| {
            edit.payload_mut().version += 1;
            if let Some(to) = to {
                edit.set_status(to);
            }
        });
        match answer {
            Ok(()) => {
                tally.count(Answer::Updated);
                self.there(world, "update", at, before);
                if let Some(known) = &mut self.known[at] {
                    known.version += 1;
                    known.status = to.unwrap_or(known.status);
                }
            }
            Err(UpdateError::NotFound { .. }) => self.missing(world, "update", at),
            Err(refused) => {
                self.there(world, "update", at, before);
                let status = self.known[at].as_ref().map(|known| known.status);
                let right = to.zip(status).is_some_and(|(to, status)| status.to(to).is_err());
                world.laws.hold(right, || format!("map: {status:?} to {to:?}: {refused}"));
            }
        }
    }

    fn claim(&mut self, world: &World, at: usize, tally: &mut Tally) {
        let before = world.now();
        match world.map.claim(&self.code(at)) {
            Ok(session) => {
                tally.count(Answer::Claimed);
                self.there(world, "claim", at, before);
                if let Some(known) = &mut self.known[at] {
                    let was = known.status;
                    world.laws.hold(was == Status::Pending, || format!("map: claimed though {was}"));
                    known.status = Status::Connected;
                }
                self.is_as_known(world, "claim", at, &session);
            }
            Err(ClaimError::NotFound { .. }) => self.missing(world, "claim", at),
            Err(refused) => {
                self.there(world, "claim", at, before);
                let pending = self.known[at].as_ref().is_some_and(|known| known.status == Status::Pending);
                world.laws.hold(!pending, || format!("map: {refused}; it was pending"));
            }
        }
    }

    fn delete(&mut self, world: &World, at: usize, tally: &mut Tally) {
        let before = world.now();
        if world.map.delete(&self.code(at)) {
            tally.count(Answer::Deleted);
            self.there(world, "delete", at, before);
            self.known[at] = None;
        } else {
            self.missing(world, "delete", at);
        }
        let back = world.map.contains(&self.code(at));
        world.laws.hold(!back, || format!("map: {} is there after its deletion", self.code(at)));
    }

    fn hand_over(&mut self, world: &World, at: usize, dice: &mut Dice, tally: &mut Tally) {
        let to = dice.below(OWNERS);
        let before = world.now();
        match world.map.hand_over(&self.code(at), self.owners[to].name()) {
            Ok(()) => {
                self.there(world, "hand-over", at, before);
                if let Some(known) = &mut self.known[at]
                    && known.owner.replace(to) != Some(to)
                {
                    tally.count(Answer::HandedOver);
                }
            }
            Err(tenure_core::HandOverError::NotFound { .. }) => self.missing(world, "hand-over", at),
            Err(tenure_core::HandOverError::OwnerFull { .. }) => {}
            Err(refused) => world.laws.break_with(format!("map: hand-over of {}: {refused}", self.code(at))),
        }
    }

    /// Ends an owner: from then on none of its sessions is there, and those of the others are.
    fn end_an_owner(&mut self, world: &World, dice: &mut Dice) {
        let which = dice.below(OWNERS);
        let owner = std::mem::replace(&mut self.owners[which], world.map.owner());
        let incarnation = owner.incarnation();
        if dice.once_in(2) {
            drop(owner);
        } else {
            owner.release(some_reason(dice));
        }
        world.deaths.note(incarnation);
        for at in 0..CODES {
            if self.known[at].as_ref().is_some_and(|known| known.owner == Some(which)) {
                let back = world.map.contains(&self.code(at));
                world.laws.hold(!back, || {
                    format!("map: {} is there after owner {incarnation}'s death", self.code(at))
                });
                self.known[at] = None;
            }
        }
    }

    /// Ends an owner with more sessions than are freed at once: none is seen all the same.
    fn end_a_large_owner(&mut self, world: &World, tally: &mut Tally) {
        let owner = world.map.owner();
        let code = |n: u32| format!("many-{}-{n}", self.thread);
        for n in 0..MANY {
            match world.map.create(code(n), Load::new(world.serial(), n), &owner) {
                Ok(()) => tally.count(Answer::Created),
                Err(refused) => {
                    let kind = refused.kind();
                    let full =
                        matches!(kind, CreateErrorKind::MapFull { .. } | CreateErrorKind::OwnerFull { .. });
                    world.laws.hold(full, || format!("map: {}: {kind}", code(n)));
                    break;
                }
            }
        }
        let incarnation = owner.incarnation();
        drop(owner);
        world.deaths.note(incarnation);
        let left = (0..MANY).filter(|&n| world.map.contains(&code(n))).count();
        world.laws.hold(left == 0, || {
            format!("map: {left} sessions are there after the death of their owner {incarnation}")
        });
        let listed = world.map.iter().filter(|session| session.owner == Some(incarnation)).count();
        world
            .laws
            .hold(listed == 0, || format!("map: a walk shows {listed} sessions of the dead {incarnation}"));
    }
}

/// No session of an owner that had died before the question.
pub(crate) fn check_owner(world: &World, session: &Session<Load>, deaths: u64) {
    if let Some(owner) = session.owner {
        world.laws.hold(!world.deaths.is_before(owner, deaths), || {
            format!("map: {session:?} was seen, and owner {owner} had died before")
        });
    }
}
