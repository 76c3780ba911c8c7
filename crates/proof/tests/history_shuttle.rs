//! Histories of a few operations in many interleavings, each chosen by shuttle. `just shuttle` runs them, under
//! AddressSanitizer where there is a nightly toolchain: what is freed too early is then found as well.
//!
//! A failure prints a schedule, which `shuttle::replay` takes.
#![cfg(tenure_shuttle)]

use shuttle::{
    Config, Runner,
    rand::{Rng, thread_rng},
    scheduler::{PctScheduler, RandomScheduler},
};
use tenure_proof::history::{check, routes, sessions};

const TASKS: usize = 3;
const CALLS: usize = 6;
/// The same where the table is full: there, what nobody has looked at yet has many explanations.
const CALLS_WHEN_FULL: usize = 3;

/// Interleavings of each kind, unless the environment says otherwise.
fn schedules() -> usize {
    std::env::var("SHUTTLE_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

fn config() -> Config {
    let mut config = Config::new();
    // Without optimization, and with a sanitizer's red zones, the default is too small.
    config.stack_size = 0x4_0000;
    config.silence_warnings = true;
    config
}

/// In as many interleavings at random, and as many that change the task at few points (PCT).
fn explore(schedules: usize, scenario: impl Fn() + Send + Sync + Clone + 'static) {
    let ran = Runner::new(RandomScheduler::new(schedules), config()).run(scenario.clone())
        + Runner::new(PctScheduler::new(4, schedules), config()).run(scenario);
    assert_eq!(ran, 2 * schedules);
}

fn routes_one_by_one() {
    let seed = thread_rng().r#gen();
    let table = routes::Table::new(2);
    let mix = routes::Mix { advance: 8, reading: seed % 2 == 0, failing: seed % 4 < 2 };
    let model = table.model();
    let history = routes::run(&table, routes::plan(seed, TASKS, CALLS, mix));
    if let Err(violation) = check(&model, &history) {
        panic!("{violation}");
    }
    // Twice: what the first leaves waits for the other tasks' handles, which are gone by then.
    let waiting = table.table().maintain() && table.table().maintain();
    assert!(!waiting, "something that was removed was not freed");
}

fn full_routes_one_by_one() {
    let seed = thread_rng().r#gen();
    let table = routes::Table::bounded(1 + seed as usize % 2);
    let mix = routes::Mix { advance: 8, reading: false, failing: false };
    let model = table.model();
    let history = routes::run(&table, routes::plan(seed, TASKS, CALLS_WHEN_FULL, mix));
    if let Err(violation) = check(&model, &history) {
        panic!("{violation}");
    }
    let waiting = table.table().maintain() && table.table().maintain();
    assert!(!waiting, "something that was removed was not freed");
}

fn sessions_one_by_one() {
    let seed = thread_rng().r#gen();
    let mix = sessions::Mix {
        advance: 12,
        handing: seed % 2 == 0,
        suspending: seed % 4 < 2,
        deaths: (seed % 3) as usize,
        owners: 3,
    };
    let pairs = sessions::Map::default().others(0, mix.owners);
    let model = pairs.model();
    let history = sessions::run(&pairs, sessions::plan(seed, TASKS, CALLS, mix));
    if let Err(violation) = check(&model, &history) {
        panic!("{violation}");
    }
    while pairs.map().maintain() {}
}

#[test]
fn routes_are_answered_as_if_one_by_one() {
    explore(schedules(), routes_one_by_one);
}

#[test]
fn routes_of_a_full_table_are_answered_as_if_one_by_one() {
    explore(schedules() / 10, full_routes_one_by_one);
}

#[test]
fn sessions_are_answered_as_if_one_by_one() {
    explore(schedules(), sessions_one_by_one);
}
