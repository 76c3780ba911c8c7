//! Memory under load: minutes of traffic, and the resident memory at each tenth of it.
//!
//! Run one after the other, with the figures: `just stress`.

#![cfg(target_os = "linux")]

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tenure_core::{KeyRef, ManualClock, Pairing, RouteTable, RouteTableBuilder, SessionMap};

/// The figures are those of the process: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// How much the memory may grow after the second tenth, in KiB.
const SLACK: u64 = 2 * 1024;
const TENTHS: u64 = 10;

/// Resident memory, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of its own");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number of kB")
}

/// Does `step` for each number below `times` and fails if that has taken more and more memory.
fn stays_flat(what: &str, times: u64, mut step: impl FnMut(u64), rest: impl Fn() -> String) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{what}, {times} times; {} KiB resident before", resident());
    let mut samples = Vec::new();
    for tenth in 0..TENTHS {
        (tenth * times / TENTHS..(tenth + 1) * times / TENTHS).for_each(&mut step);
        samples.push(resident());
        println!("  {:>4} % {:>8} KiB  {}", 100 * (tenth + 1) / TENTHS, samples[samples.len() - 1], rest());
    }
    let (second, last) = (samples[1], samples[samples.len() - 1]);
    assert!(last <= second + SLACK, "{what}: {second} KiB after two tenths, {last} KiB at the end");
}

const MILLIONS: u64 = 10_000_000;

fn routes() -> RouteTableBuilder<String> {
    RouteTable::builder().partitions(4).max_entries_per_partition(2_500)
}

fn left<R: tenure_core::Destination>(table: &RouteTable<R>) -> String {
    let stats = table.stats();
    format!("{} held, {} garbage", stats.held, stats.garbage)
}

#[test]
#[ignore = "10 million sets"]
fn one_key_set_again_and_again() {
    let table = routes().build().expect("valid");
    let key = KeyRef::for_room("irc", "libera", "#rust");
    stays_flat(
        "one key, the same route",
        MILLIONS,
        |_| table.set(key, "!rust".to_owned()).expect("available"),
        || left(&table),
    );
    stays_flat(
        "one key, another route each time",
        MILLIONS,
        |n| table.set(key, format!("!rust-{n}")).expect("available"),
        || left(&table),
    );
    assert_eq!(table.len(), 1);
}

/// Sets a key of its own for each number: the manual clock lets a thousand of them live at a time, or all, so that the
/// bound has to do it.
fn distinct_keys(what: &str, table: &RouteTable<String>, clock: &ManualClock) {
    stays_flat(
        what,
        MILLIONS,
        |n| {
            let (room, thread) = ((n / 10).to_string(), (n % 10).to_string());
            let key = KeyRef::new("irc", "libera", &room, Some(&thread));
            table.set(key, format!("!room-{room}")).expect("available");
            clock.advance(Duration::from_millis(1));
            if n % 100_000 == 0 {
                // Has the background thread look at the clock.
                table.set_prune_interval(table.prune_interval()).expect("positive");
            }
        },
        || left(table),
    );
    assert!(table.len() <= 10_000);
}

#[test]
#[ignore = "10 million keys"]
fn distinct_keys_that_expire() {
    let clock = ManualClock::new();
    let table = routes().clock(clock.clone()).ttl(Duration::from_secs(1)).build().expect("valid");
    distinct_keys("distinct keys that expire", &table, &clock);
}

#[test]
#[ignore = "10 million keys"]
fn distinct_keys_that_are_evicted() {
    let clock = ManualClock::new();
    let table = routes().clock(clock.clone()).ttl(Duration::from_secs(3_600)).build().expect("valid");
    distinct_keys("distinct keys that are evicted", &table, &clock);
}

#[test]
#[ignore = "10 million keys"]
fn distinct_keys_with_a_background_thread() {
    let clock = ManualClock::new();
    let table =
        routes().clock(clock.clone()).ttl(Duration::from_secs(1)).background().build().expect("valid");
    distinct_keys("distinct keys with a background thread", &table, &clock);
}

#[test]
#[ignore = "a million failing partitions"]
fn partitions_that_fail_and_come_back() {
    let table = routes().build().expect("valid");
    stays_flat(
        "a partition that fails",
        200_000,
        |n| {
            let room = n.to_string();
            let key = KeyRef::for_room("irc", "libera", &room);
            table.set(key, "!room".to_owned()).expect("available");
            table.fail_partition(table.partition_of(key));
            table.maintain();
        },
        || left(&table),
    );
}

/// Sessions that are created and deleted, and owners that die with sessions left.
#[test]
#[ignore = "3 million sessions"]
fn sessions_that_come_and_go() {
    let map: SessionMap<Pairing> = SessionMap::builder().build().expect("valid");
    let lasting = map.owner();
    stays_flat(
        "sessions created, deleted, or gone with their owner",
        1_000_000,
        |n| {
            let code = |kind: &str| format!("{kind}-{n}");
            map.create(code("deleted"), Pairing::sending(), &*lasting).expect("free");
            map.delete(&code("deleted"));
            let owner = map.owner();
            map.create(code("a"), Pairing::sending(), &*owner).expect("free");
            map.create(code("b"), Pairing::receiving(), &*owner).expect("free");
            map.delete(&code("a"));
            drop(owner);
            if n % 64 == 0 {
                while map.maintain() {}
            }
        },
        || format!("{} active", map.count_active()),
    );
}
