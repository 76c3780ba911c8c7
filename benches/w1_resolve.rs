//! W1: resolve, an exact hit. W1p: from the borrowed parts of a message. W1o: an answer that may be kept.

use crate::{
    load::{Dist, Load},
    peers::Routes,
    tasks::Turn,
    world::World,
};
use std::hint::black_box;

/// A prebuilt key, the route borrowed.
pub(crate) fn prebuilt<R: Routes>(world: &World<R>, load: &Load, turn: Turn, dist: Dist) -> usize {
    let keys = world.lanes[turn.lane].hits(dist);
    let mut found = 0;
    for _ in 0..turn.passes {
        for index in load.part(turn.round) {
            let seen = world.table.resolve(&keys.asked(index), |route| {
                black_box(route);
            });
            found += usize::from(seen.is_some());
        }
    }
    all(found, load, turn)
}

/// The parts of a message, the route borrowed.
pub(crate) fn parts<R: Routes>(world: &World<R>, load: &Load, turn: Turn, dist: Dist) -> usize {
    let names = &load.lanes[turn.lane].hits(dist).names;
    let mut buffer = R::Buffer::default();
    let mut found = 0;
    for _ in 0..turn.passes {
        for index in load.part(turn.round) {
            let seen = world.table.resolve_parts(names.get(index), &mut buffer, |route| {
                black_box(route);
            });
            found += usize::from(seen.is_some());
        }
    }
    all(found, load, turn)
}

/// A prebuilt key; the route may outlive whatever lent it.
pub(crate) fn owned<R: Routes>(world: &World<R>, load: &Load, turn: Turn, dist: Dist) -> usize {
    let keys = world.lanes[turn.lane].hits(dist);
    let mut found = 0;
    for _ in 0..turn.passes {
        for index in load.part(turn.round) {
            let route = world.table.resolve(&keys.asked(index), R::Route::clone);
            found += usize::from(black_box(route).is_some());
        }
    }
    all(found, load, turn)
}

fn all(found: usize, load: &Load, turn: Turn) -> usize {
    assert_eq!(found, load.slice * turn.passes, "every key asked for is there");
    found
}
