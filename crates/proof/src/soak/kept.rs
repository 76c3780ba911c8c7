//! Keys of which each belongs to one thread, in a table where nothing is evicted: what becomes of each is known
//! exactly, but for the moments in which its time is just over.

use super::{
    dice::Dice,
    tally::{Answer, Tally},
    world::{KEPT_KEYS, Tag, World, with_kept_key},
};
use std::time::Duration;
use tenure_core::{GetError, Tick};

/// What its thread knows of a key.
#[derive(Clone, Copy, Debug)]
struct Known {
    version: u64,
    /// Its deadline lies between these two: the call that set it took a little while.
    earliest: Tick,
    latest: Tick,
}

/// One thread's part.
pub(crate) struct Kept {
    thread: u32,
    versions: u64,
    known: Vec<Option<Known>>,
    /// The highest version seen under each key of all threads.
    seen: Vec<u64>,
}

/// Short enough to see many of them end, or for ever.
fn some_ttl(dice: &mut Dice) -> Duration {
    match dice.below(4) {
        0 => Duration::MAX,
        1 => Duration::from_millis(1 + dice.below(100) as u64),
        _ => Duration::from_millis(1 + dice.below(5_000) as u64),
    }
}

impl Kept {
    pub(crate) fn new(thread: u32, workers: u32) -> Self {
        let known = vec![None; KEPT_KEYS as usize];
        Self { thread, versions: 0, known, seen: vec![0; World::most_kept(workers)] }
    }

    pub(crate) fn step(&mut self, world: &World, dice: &mut Dice, tally: &mut Tally) {
        let own = dice.below(KEPT_KEYS as usize);
        match dice.below(100) {
            0..35 => self.set(world, own, dice, tally),
            35..55 => self.get(world, own, dice),
            55..70 => self.touch(world, own, dice, tally),
            70..80 => self.remove(world, own, tally),
            _ => self.look_at_others(world, dice),
        }
    }

    fn number(&self, own: usize) -> u32 {
        self.thread * KEPT_KEYS + own as u32
    }

    fn set(&mut self, world: &World, own: usize, dice: &mut Dice, tally: &mut Tally) {
        let (key, ttl) = (self.number(own), some_ttl(dice));
        // Half of the time the route that is there already, if it still is.
        let version = match self.known[own] {
            Some(known) if dice.once_in(2) => known.version,
            _ => {
                self.versions += 1;
                self.versions
            }
        };
        let before = world.now();
        let answer = with_kept_key(key, |asked| world.kept.set_with_ttl(asked, Tag::new(key, version), ttl));
        let after = world.now();
        world.laws.hold(answer.is_ok(), || format!("kept: set of key {key}: {answer:?}"));
        tally.count(Answer::KeptSet);
        self.known[own] =
            Some(Known { version, earliest: before.saturating_add(ttl), latest: after.saturating_add(ttl) });
    }

    fn get(&mut self, world: &World, own: usize, dice: &mut Dice) {
        let key = self.number(own);
        let before = world.now();
        let answer = with_kept_key(key, |asked| match dice.below(3) {
            0 => world.kept.peek(asked),
            1 => world.kept.get(asked),
            // The key is its own room, and no fallback is given: the answer is its record or none.
            _ => match world.kept.resolve(asked, &[]) {
                Ok(_) => world.kept.peek(asked),
                Err(_) => Err(GetError::NotFound),
            },
        });
        match answer {
            Ok(record) => {
                let known = self.found(world, "get", own, before, record.route.version);
                let deadline = record.expires_at;
                if let Some(known) = known {
                    world.laws.hold(known.earliest <= deadline && deadline <= known.latest, || {
                        format!("kept: key {key} expires at {deadline}, and should at {known:?}")
                    });
                    self.known[own] = Some(Known { earliest: deadline, latest: deadline, ..known });
                }
            }
            Err(why) => self.missing(world, "get", own, why),
        }
    }

    /// A record was there: was it to be?
    fn found(&self, world: &World, how: &str, own: usize, before: Tick, version: u64) -> Option<Known> {
        let (key, known) = (self.number(own), self.known[own]);
        let right = known.is_some_and(|known| known.version == version && before < known.latest);
        world.laws.hold(right, || {
            format!(
                "kept: {how} of key {key} at {before} or later showed version {version}; known was {known:?}"
            )
        });
        known
    }

    /// No record was there: was none to be?
    fn missing(&mut self, world: &World, how: &str, own: usize, why: GetError) {
        let (key, after) = (self.number(own), world.now());
        let known = self.known[own];
        let lost = known.is_some_and(|known| after < known.earliest);
        world.laws.hold(!lost, || {
            format!("kept: {how} of key {key} at {after} or before: {why}; lost was {known:?}")
        });
        let explained = match why {
            GetError::NotFound => true,
            GetError::Expired => known.is_some(),
            _ => false,
        };
        world.laws.hold(explained, || format!("kept: {how} of key {key}: {why}; known was {known:?}"));
        // A peek leaves an expired record where it is: to be met once more.
        if why == GetError::NotFound {
            self.known[own] = None;
        }
    }

    fn touch(&mut self, world: &World, own: usize, dice: &mut Dice, tally: &mut Tally) {
        let (key, ttl) = (self.number(own), some_ttl(dice));
        let before = world.now();
        let answer = with_kept_key(key, |asked| world.kept.touch_with_ttl(asked, ttl));
        let after = world.now();
        match answer {
            Ok(()) => {
                tally.count(Answer::KeptTouched);
                let version = self.known[own].map_or(0, |known| known.version);
                self.found(world, "touch", own, before, version);
                let (earliest, latest) = (before.saturating_add(ttl), after.saturating_add(ttl));
                self.known[own] = Some(Known { version, earliest, latest });
            }
            Err(why) => self.missing(world, "touch", own, why),
        }
    }

    fn remove(&mut self, world: &World, own: usize, tally: &mut Tally) {
        let key = self.number(own);
        let before = world.now();
        match with_kept_key(key, |asked| world.kept.remove(asked)) {
            Ok(Some(route)) => {
                tally.count(Answer::KeptRemoved);
                self.found(world, "remove", own, before, route.version);
                self.known[own] = None;
            }
            Ok(None) => {
                self.missing(world, "remove", own, GetError::NotFound);
            }
            Err(why) => world.laws.break_with(format!("kept: remove of key {key}: {why}")),
        }
    }

    /// A key of any thread: what stands there is about it, and no older than what was seen before.
    fn look_at_others(&mut self, world: &World, dice: &mut Dice) {
        let key = dice.below(self.seen.len()) as u32;
        let before = world.now();
        let Ok(record) = with_kept_key(key, |asked| world.kept.get(asked)) else { return };
        let (Tag { about, version, .. }, deadline) = (record.route, record.expires_at);
        let seen = &mut self.seen[key as usize];
        world.laws.hold(about == key && version >= *seen && before < deadline, || {
            format!("kept: key {key} showed version {version} of {about} after version {seen}, at {before} or later, to expire at {deadline}")
        });
        *seen = version.max(*seen);
    }
}
