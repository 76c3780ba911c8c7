//! W3: set a key that is there, with the route that is there or with another one. W3p: from the parts of a message.
//! W3o: with another one that was made for this call, as a gateway has it from a message.
//!
//! The routes of W3 and W3p are ready to be stored, not the table's own: the peers have them behind an `Arc` already, and
//! share each among many keys where it is another one. Those of W3o are owned: each table makes of them what it stores, and
//! frees the one that was there, as it must when no two messages bring the same route.

use crate::{
    load::{Dist, Load},
    peers::Routes,
    tasks::Turn,
    world::World,
};

/// The same route: only the deadline moves.
pub(crate) fn renew<R: Routes>(world: &World<R>, load: &Load, turn: Turn, dist: Dist) -> usize {
    let keys = world.lanes[turn.lane].hits(dist);
    for _ in 0..turn.passes {
        for index in load.part(turn.round) {
            world.table.set(keys.exact(index), keys.routes[index].clone());
        }
    }
    load.slice * turn.passes
}

/// The same from parts.
pub(crate) fn renew_parts<R: Routes>(world: &World<R>, load: &Load, turn: Turn, dist: Dist) -> usize {
    let keys = world.lanes[turn.lane].hits(dist);
    let names = &load.lanes[turn.lane].hits(dist).names;
    let mut buffer = R::Buffer::default();
    for _ in 0..turn.passes {
        for index in load.part(turn.round) {
            world.table.set_parts(names.get(index), &mut buffer, keys.routes[index].clone());
        }
    }
    load.slice * turn.passes
}

/// Another route than the one that is there.
pub(crate) fn change<R: Routes>(world: &World<R>, load: &Load, turn: Turn, dist: Dist) -> usize {
    let keys = world.lanes[turn.lane].hits(dist);
    for pass in 0..turn.passes {
        let others = &world.others[turn.lane][(turn.round + pass) % 2];
        for index in load.part(turn.round) {
            world.table.set(keys.exact(index), others[index % others.len()].clone());
        }
    }
    load.slice * turn.passes
}

/// Another route than the one that is there, made for this call.
pub(crate) fn replace<R: Routes>(world: &World<R>, load: &Load, turn: Turn, dist: Dist) -> usize {
    let keys = world.lanes[turn.lane].hits(dist);
    let mut made = world.made[turn.lane].lock();
    assert_eq!(made.len(), load.slice, "a route is used once");
    for (index, route) in load.part(turn.round).zip(made.drain(..)) {
        world.table.set_owned(keys.exact(index), route);
    }
    load.slice
}
