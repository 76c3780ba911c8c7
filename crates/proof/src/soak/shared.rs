//! Sessions that every thread does everything to.

use super::{
    dice::Dice,
    sessions::{Own, check_owner},
    tally::{Answer, Tally},
    world::{Load, MAP_CAPACITY, World},
};
use tenure_core::{Session, Status};

/// Codes that all threads share.
const CODES: usize = 64;
/// Sessions of a round that are only updated, so that the updates can be counted.
pub(crate) const COUNTED: usize = 4;
/// Sessions of a round that are only claimed.
pub(crate) const CLAIMED: usize = 256;

/// What one thread has seen of one code: serial, version, status.
type Seen = (u64, u64, Status);

/// One thread's part.
pub(crate) struct Shared {
    seen: Vec<Option<Seen>>,
    /// Updates of each counted session of this round that have succeeded.
    pub(crate) updates: [u64; COUNTED],
    /// Claims of each session of this round that have succeeded.
    pub(crate) claims: Vec<u8>,
}

pub(crate) fn counted_code(at: usize) -> String {
    format!("counted-{at}")
}

pub(crate) fn claimed_code(at: usize) -> String {
    format!("claimed-{at}")
}

fn code(at: usize) -> String {
    format!("shared-{at}")
}

/// How far a status is from the beginning.
fn progress(status: Status) -> u8 {
    match status {
        Status::Pending => 0,
        Status::Connected => 1,
        Status::Completed | Status::Failed => 2,
    }
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self { seen: vec![None; CODES], updates: [0; COUNTED], claims: vec![0; CLAIMED] }
    }

    pub(crate) fn step(&mut self, world: &World, own: &Own, dice: &mut Dice, tally: &mut Tally) {
        let at = dice.below(CODES);
        match dice.below(1_000) {
            0..250 => create(world, own, at, dice, tally),
            250..450 => self.get(world, at),
            450..550 => {
                if world.map.update(&code(at), |edit| edit.payload_mut().version += 1).is_ok() {
                    tally.count(Answer::Updated);
                }
            }
            550..650 => self.claim(world, at, tally),
            650..750 => {
                if world.map.delete(&code(at)) {
                    tally.count(Answer::Deleted);
                }
            }
            750..850 => {
                // Whether it has moved, or was there already, only the map knows.
                let _ = world.map.hand_over(&code(at), own.owner(dice));
            }
            850..920 => self.update_counted(world, dice, tally),
            920..990 => self.claim_one(world, dice, tally),
            990..997 => {
                let occupied = world.map.occupied();
                world.laws.hold(occupied <= MAP_CAPACITY, || {
                    format!("map: {occupied} places taken, of {MAP_CAPACITY} that may ever be")
                });
                world.map.maintain();
            }
            997 => list(world),
            998 => {
                world.map.count_active();
            }
            _ => {
                world.map.prune();
            }
        }
    }

    fn get(&mut self, world: &World, at: usize) {
        let deaths = world.deaths.so_far();
        if let Some(session) = world.map.get(&code(at)) {
            check_owner(world, &session, deaths);
            self.does_not_go_back(world, at, &session);
        }
    }

    /// A session only goes on, and a successor has a number of its own.
    fn does_not_go_back(&mut self, world: &World, at: usize, session: &Session<Load>) {
        let Load { serial, version, code, .. } = session.payload;
        world.laws.hold(code as usize == at, || format!("map: under {} stands {session:?}", self::code(at)));
        if let Some(seen) = self.seen[at]
            && seen.0 == serial
        {
            let on = version >= seen.1 && progress(session.status) >= progress(seen.2);
            world
                .laws
                .hold(on, || format!("map: {session:?} at version {version} was seen as {seen:?} before"));
        }
        self.seen[at] = Some((serial, version, session.status));
    }

    fn claim(&mut self, world: &World, at: usize, tally: &mut Tally) {
        let deaths = world.deaths.so_far();
        if let Ok(session) = world.map.claim(&code(at)) {
            tally.count(Answer::Claimed);
            check_owner(world, &session, deaths);
            let right = session.status == Status::Connected && session.connected.is_some();
            world.laws.hold(right, || format!("map: a claim answered {session:?}"));
            self.does_not_go_back(world, at, &session);
        }
    }

    fn update_counted(&mut self, world: &World, dice: &mut Dice, tally: &mut Tally) {
        let at = dice.below(COUNTED);
        if world.map.update(&counted_code(at), |edit| edit.payload_mut().version += 1).is_ok() {
            tally.count(Answer::Updated);
            self.updates[at] += 1;
        }
    }

    fn claim_one(&mut self, world: &World, dice: &mut Dice, tally: &mut Tally) {
        let at = dice.below(CLAIMED);
        if world.map.claim(&claimed_code(at)).is_ok() {
            tally.count(Answer::Claimed);
            self.claims[at] += 1;
        }
    }
}

fn create(world: &World, own: &Own, at: usize, dice: &mut Dice, tally: &mut Tally) {
    let load = Load::new(world.serial(), at as u32);
    let owner = (!dice.once_in(4)).then(|| own.owner(dice));
    if world.map.create(code(at), load, owner).is_ok() {
        tally.count(Answer::Created);
    }
}

/// The list shows each session once, newest first, and none of a dead owner.
fn list(world: &World) {
    let deaths = world.deaths.so_far();
    let list = world.map.list_active();
    for session in &list {
        check_owner(world, session, deaths);
    }
    let in_order = list.is_sorted_by(|a, b| a.created.tick >= b.created.tick);
    world.laws.hold(in_order, || "map: the list is not newest first".to_owned());
    let mut serials: Vec<u64> = list.iter().map(|session| session.payload.serial).collect();
    serials.sort_unstable();
    let once = serials.is_sorted_by(|a, b| a < b);
    world.laws.hold(once, || "map: the list shows a session twice".to_owned());
}
