//! W3: set a key that is there, with the route that is there or with another one. W3p: from the parts of a message.
//!
//! The route that is set is one that was made for this call, as a gateway has it in hand, not the table's own.

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
