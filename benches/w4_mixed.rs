//! W4: 90 % resolve, 9 % set what is there (half of them another route), 1 % set a new key; the table is full, so that
//! each new key drives another one out.
//!
//! Which record goes is the table's choice, so a resolve may find nothing; what it finds is right. A key that has gone
//! comes back when it is set.

use crate::{
    load::{Dist, Load, Op},
    peers::Routes,
    tasks::Turn,
    world::World,
};
use std::hint::black_box;

/// Goes on where the last round stopped with its new keys.
pub(crate) fn mixed<R: Routes>(world: &World<R>, load: &Load, turn: Turn, dist: Dist) -> usize {
    let keys = world.lanes[turn.lane].hits(dist);
    let start = load.part(turn.round).start;
    for pass in 0..turn.passes {
        let others = &world.others[turn.lane][(turn.round + pass) % 2];
        for (index, op) in load.mix.iter().enumerate() {
            let other = || others[index % others.len()].clone();
            match op {
                Op::Resolve => {
                    black_box(world.table.resolve(&keys.asked(start + index), |route| {
                        black_box(route);
                    }));
                }
                Op::Renew => world.table.set(keys.exact(start + index), keys.routes[start + index].clone()),
                Op::Change => world.table.set(keys.exact(start + index), other()),
                Op::New => world.table.set(world.next_new(turn.lane), other()),
            }
        }
    }
    load.slice * turn.passes
}
