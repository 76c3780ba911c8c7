//! The thread that drives the clock, and the one that changes the settings and fails partitions.

use super::{
    dice::Dice,
    world::{MAP_CAPACITY, OWNERLESS, WILD_BOUND, World},
};
use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

/// Between two sweeps by the soak's clock, at least: some seconds of real time, and some hundred sweeps in half an
/// hour. If two came while the machine has set a thread aside, they would find what that one is about to free, and
/// count it as missed.
pub(crate) const SWEEPS: Duration = Duration::from_secs(600);
/// How long a failed partition may stay out of service.
const REPAIR: Duration = Duration::from_secs(60);

/// Has the clock run some sixty times as fast as the real one, in steps of any size.
pub(crate) fn drive_clock(world: &World, mut dice: Dice) {
    loop {
        if world.gate.is_wanted() && !world.gate.pass() {
            return;
        }
        world.clock.advance(Duration::from_micros(dice.below(40_000) as u64));
        thread::sleep(Duration::from_micros(200));
    }
}

/// Changes everything that can be changed while the tables are in use.
pub(crate) fn govern(world: &World, mut dice: Dice) {
    loop {
        if world.gate.is_wanted() && !world.gate.pass() {
            return;
        }
        change_something(world, &mut dice);
        thread::sleep(Duration::from_micros(dice.below(2_000) as u64));
    }
}

fn change_something(world: &World, dice: &mut Dice) {
    let some = |dice: &mut Dice, least: Duration, most: Duration| {
        least + Duration::from_millis(dice.below(most.saturating_sub(least).as_millis() as usize) as u64)
    };
    let millis = Duration::from_millis;
    let done = match dice.below(10) {
        0 => world.wild.set_ttl(some(dice, millis(1), millis(2_000))),
        1..4 => world.wild.set_max_entries_per_partition(1 + dice.below(WILD_BOUND)),
        4 => world.wild.set_prune_interval(some(dice, millis(1), millis(5_000))),
        5 => world.kept.set_prune_interval(some(dice, millis(1), millis(5_000))),
        6 => world.map.set_capacity(1_000 + dice.below(MAP_CAPACITY - 1_000)),
        7 => world.map.set_per_owner(100 + dice.below(400)),
        8 => {
            let ttl = some(dice, OWNERLESS.0, OWNERLESS.1);
            let interval = SWEEPS + some(dice, Duration::ZERO, SWEEPS);
            world.map.set_ownerless_ttl(ttl).and_then(|()| world.map.set_sweep_interval(interval))
        }
        _ => {
            fail_a_partition(world, dice);
            Ok(())
        }
    };
    world.laws.hold(done.is_ok(), || format!("a setting was refused: {done:?}"));
}

/// Takes a partition out of service: it comes back by itself.
fn fail_a_partition(world: &World, dice: &mut Dice) {
    let index = dice.below(world.wild.partition_count());
    world.wild.fail_partition(index);
    // Relaxed: a count.
    world.failures.fetch_add(1, Ordering::Relaxed);
    let since = Instant::now();
    while world.wild.partition(index).is_some_and(|partition| !partition.is_available()) {
        if since.elapsed() > REPAIR {
            world.laws.break_with(format!("wild: partition {index} was not replaced in {REPAIR:?}"));
            return;
        }
        thread::yield_now();
    }
}
