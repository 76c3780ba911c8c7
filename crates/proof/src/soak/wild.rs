//! Every operation on every key of a table with small bounds, short lives and failing partitions.
//!
//! Whether a record is there depends on all threads; what it says does not. Each key is set by one thread only, with
//! growing versions, so that nobody may see an older one after a newer one.

use super::{
    dice::Dice,
    tally::{Answer, Tally},
    world::{Tag, WILD_KEYS, World, room_of, wild_number, with_wild_key},
};
use std::time::Duration;
use tenure_core::{Reason, ResolveError, SetErrorKind, Source, Tick, pin};

/// One thread's part.
pub(crate) struct Wild {
    thread: u32,
    /// The version last set under each key of this thread's own.
    set: Vec<u64>,
    /// The highest version seen under each key.
    seen: Vec<u64>,
}

impl Wild {
    pub(crate) fn new(thread: u32) -> Self {
        Self { thread, set: vec![0; WILD_KEYS as usize], seen: vec![0; WILD_KEYS as usize] }
    }

    pub(crate) fn step(&mut self, world: &World, dice: &mut Dice, tally: &mut Tally) {
        let key = dice.below(WILD_KEYS as usize) as u32;
        match dice.below(100) {
            0..30 => self.set(world, dice),
            30..45 => self.get(world, key, dice),
            45..75 => self.resolve(world, key, dice, tally),
            75..83 => touch(world, key, dice, tally),
            83..97 => self.remove(world, key, tally),
            97 => self.walk(world, key),
            98 => {
                world.wild.prune();
            }
            _ => {
                world.wild.maintain();
            }
        }
    }

    /// Another of this thread's keys, with the next version or once more with the same.
    fn set(&mut self, world: &World, dice: &mut Dice) {
        let key = dice.below((WILD_KEYS / world.workers) as usize) as u32 * world.workers + self.thread;
        let version = &mut self.set[key as usize];
        *version += u64::from(*version == 0 || dice.once_in(2));
        let route = Tag::new(key, *version);
        let answer = with_wild_key(key, |key| match dice.below(10) {
            0 => world.wild.set_with_ttl(key, route, Duration::from_millis(1 + dice.below(900) as u64)),
            1 => world.wild.set_with_ttl(key, route, Duration::MAX),
            _ => world.wild.set(key, route),
        });
        if let Err(refused) = answer {
            let (about, holds) = (refused.route.about, matches!(refused.kind, SetErrorKind::Unavailable(_)));
            world.laws.hold(holds && about == key, || format!("wild: set of key {key}: {refused}"));
        }
    }

    fn get(&mut self, world: &World, key: u32, dice: &mut Dice) {
        let before = world.now();
        let answer = with_wild_key(key, |asked| match dice.below(3) {
            0 => world.wild.peek(asked),
            1 => world.wild.get(asked),
            _ => {
                let guard = pin();
                world.wild.get_view(asked, &guard).map(tenure_core::RecordView::to_record)
            }
        });
        if let Ok(record) = answer {
            is_fresh(world, "get", key, before, record.expires_at);
            self.is_about(world, "get", key, &record.route);
            let after = world.now();
            let updated = record.updated_at;
            world.laws.hold(updated <= after, || format!("wild: key {key} set at {updated}, it is {after}"));
        }
    }

    /// Under a key stands what was set under it, or what was learned: its room's route, or one provided for it.
    fn is_about(&mut self, world: &World, how: &str, key: u32, route: &Tag) {
        let Tag { about, version, .. } = *route;
        world.laws.hold(about == key || about == room_of(key), || {
            format!("wild: {how} of key {key} showed a route about {about}")
        });
        if about == key {
            self.does_not_go_back(world, how, key, version);
        }
    }

    /// What this thread has seen set under a key, it does not see undone for an older one.
    fn does_not_go_back(&mut self, world: &World, how: &str, key: u32, version: u64) {
        if version == 0 {
            return;
        }
        let seen = &mut self.seen[key as usize];
        let before = *seen;
        world.laws.hold(version >= before, || {
            format!("wild: {how} showed version {version} of key {key} after version {before}")
        });
        *seen = before.max(version);
    }

    fn resolve(&mut self, world: &World, key: u32, dice: &mut Dice, tally: &mut Tally) {
        let (provided, peek) = (dice.once_in(2), dice.once_in(4));
        let mut fallbacks = Vec::new();
        if provided {
            fallbacks.extend([Tag::nowhere(), Tag::new(key, 0)]);
        }
        let answer = with_wild_key(key, |asked| {
            if peek {
                world.wild.peek_resolve(asked, &fallbacks)
            } else {
                world.wild.resolve(asked, &fallbacks)
            }
        });
        let counted = match &answer {
            Ok(found) => {
                if found.reason == Some(Reason::Unavailable) && !peek {
                    tally.count(Answer::Unavailable);
                }
                match found.source {
                    Source::Exact => {
                        self.is_about(world, "resolve", key, &found.route);
                        Answer::Exact
                    }
                    Source::Room => {
                        let (about, room) = (found.route.about, room_of(key));
                        world.laws.hold(about == room, || {
                            format!("wild: the room's route for key {key} is about {about}")
                        });
                        self.does_not_go_back(world, "resolve", room, found.route.version);
                        Answer::Room
                    }
                    Source::Provided => {
                        let given = provided && found.route == fallbacks[1];
                        world
                            .laws
                            .hold(given, || format!("wild: key {key} resolved to what nobody provided"));
                        Answer::Provided
                    }
                }
            }
            Err(error) => {
                world.laws.hold(!provided, || format!("wild: key {key}: {error}, with a fallback at hand"));
                if matches!(error, ResolveError::Unavailable(_)) {
                    Answer::Unavailable
                } else {
                    Answer::NoRoute
                }
            }
        };
        if !peek {
            tally.count(counted);
        }
    }

    fn remove(&mut self, world: &World, key: u32, tally: &mut Tally) {
        if let Ok(Some(route)) = with_wild_key(key, |key| world.wild.remove(key)) {
            tally.count(Answer::Removed);
            self.is_about(world, "remove", key, &route);
        }
    }

    /// A walk shows records under their own keys, and fresh ones.
    fn walk(&mut self, world: &World, key: u32) {
        let (guard, before) = (pin(), world.now());
        let room = with_wild_key(key, |key| {
            let key = tenure_core::AsKey::to_session_key(&key);
            world.wild.iter_room(key, &guard).map(|view| (wild_number(view.key()), view)).collect::<Vec<_>>()
        });
        let all = world.wild.iter(&guard).map(|view| (wild_number(view.key()), view));
        for (number, view) in room.iter().copied().chain(all) {
            let Some(number) = number else {
                world.laws.break_with(format!("wild: a walk showed the key {}", view.key()));
                return;
            };
            is_fresh(world, "walk", number, before, view.expires_at());
            self.is_about(world, "walk", number, view.route());
        }
        let strays = room.iter().filter(|(number, _)| number.map(room_of) != Some(room_of(key))).count();
        world.laws.hold(strays == 0, || format!("wild: {strays} keys of other rooms in that of key {key}"));
    }
}

/// Nobody is shown a record whose time was over when the call began.
fn is_fresh(world: &World, how: &str, key: u32, before: Tick, deadline: Tick) {
    world.laws.hold(before < deadline, || {
        format!("wild: {how} at {before} or later showed key {key}, which expired at {deadline}")
    });
}

fn touch(world: &World, key: u32, dice: &mut Dice, tally: &mut Tally) {
    let answer = with_wild_key(key, |key| match dice.below(8) {
        0 => world.wild.touch_with_ttl(key, Duration::ZERO),
        1 => world.wild.touch_with_ttl(key, Duration::from_millis(dice.below(2_000) as u64)),
        _ => world.wild.touch(key),
    });
    if answer.is_ok() {
        tally.count(Answer::Touched);
    }
}
