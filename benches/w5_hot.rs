//! W5: all threads resolve one hot key.

use crate::{
    load::{Dist, Load},
    peers::Routes,
    tasks::Turn,
    world::World,
};
use std::hint::black_box;

/// Each thread has the key in its own hands; the record is everybody's.
pub(crate) fn hot<R: Routes>(world: &World<R>, load: &Load, turn: Turn) -> usize {
    let ops = load.slice * turn.passes;
    // The first lane's key, built by each thread: asked for through its own memory.
    let key = R::key(load.lanes[0].hits(Dist::Uniform).names.get(0));
    let asked = crate::peers::Asked { exact: &key, room: &key };
    let mut found = 0;
    for _ in 0..ops {
        let seen = world.table.resolve(black_box(&asked), |route| {
            black_box(route);
        });
        found += usize::from(seen.is_some());
    }
    assert_eq!(found, ops, "the key is there");
    ops
}
