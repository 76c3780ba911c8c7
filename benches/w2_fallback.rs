//! W2: resolve a thread that has no record of its own: its room's answers. W2w: and is written down under the thread.

use crate::{load::Load, peers::Routes, tasks::Turn, world::World};
use std::hint::black_box;

/// Writes nothing.
pub(crate) fn peek<R: Routes>(world: &World<R>, load: &Load, turn: Turn) -> usize {
    let keys = &world.lanes[turn.lane].unknown;
    let mut found = 0;
    for _ in 0..turn.passes {
        for index in 0..load.slice {
            let seen = world.table.peek(&keys.asked(index), |route| {
                black_box(route);
            });
            found += usize::from(seen.is_some());
        }
    }
    assert_eq!(found, load.slice * turn.passes, "every room asked for is there");
    found
}

/// Each thread once: the next time it would be there.
pub(crate) fn learn<R: Routes>(world: &World<R>, load: &Load, turn: Turn) -> usize {
    let keys = &world.lanes[turn.lane].unknown;
    let mut found = 0;
    for index in 0..load.slice {
        let seen = world.table.learn(&keys.asked(index), |route| {
            black_box(route);
        });
        found += usize::from(seen.is_some());
    }
    assert_eq!(found, load.slice, "every room asked for is there");
    found
}
