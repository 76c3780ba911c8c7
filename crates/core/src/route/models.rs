//! Scenarios that loom explores, on one partition; under plain `cargo test` each runs once.

mod bound;
mod writing;

use super::{
    RouteTable,
    call::Call,
    store::{Asked, Found, Store},
};
use crate::{
    clock::{ManualClock, Millis, Tick},
    key::SessionKey,
    raw::{Guard, pin},
};
use std::time::Duration;

type Text = &'static str;
type Routes = RouteTable<Text>;

const TTL: Millis = Millis(100);

/// A room key whose place in the table depends on the name's letter alone, although hashes are seeded at random: the
/// keys of `#a`, `#b`, `#c` and `#d` belong to four different buckets.
fn room(name: &str) -> SessionKey {
    let bucket = u64::from(name.as_bytes()[1]) & 3;
    let keys = (0_u32..).map(|number| SessionKey::for_room("irc", "libera", &format!("{name}{number}")));
    keys.into_iter().find(|key| key.hashes().full & 3 == bucket).expect("some hash ends like that")
}

/// A table of one partition, and its clock. What it holds at the beginning is set under a guard of its own.
fn table_of<const N: usize>(bound: usize, records: [(&SessionKey, Text); N]) -> (Routes, ManualClock) {
    let clock = ManualClock::new();
    let table = RouteTable::builder().clock(clock.clone()).partitions(1).max_entries_per_partition(bound);
    let table = table.ttl(Duration::from_millis(TTL.0)).build().expect("valid");
    for (key, route) in records {
        set(&table, key, route, &pin());
    }
    (table, clock)
}

/// The same, with records that have expired by now.
fn stale_table_of<const N: usize>(bound: usize, records: [(&SessionKey, Text); N]) -> Routes {
    let (table, clock) = table_of(bound, records);
    clock.advance(Duration::from_millis(TTL.0));
    table
}

/// Runs with the content of the only partition.
fn inside<'g, T>(
    table: &'g Routes,
    guard: &'g Guard,
    run: impl FnOnce(&'g Store<Text>, &Call<'g>) -> T,
) -> T {
    let partition = &table.inner.partitions[0];
    run(partition.store(guard), &partition.call(&table.inner.shared, guard))
}

fn set(table: &Routes, key: &SessionKey, route: Text, guard: &Guard) {
    inside(table, guard, |store, call| {
        if let Some(other) = store.set_same(key, &route, TTL, *call) {
            other.set(key, route, TTL);
        }
    });
}

/// What a look-up that removes what has expired answers: the route, or whether there was one.
fn get(table: &Routes, key: &SessionKey, guard: &Guard) -> Result<Text, bool> {
    inside(table, guard, |store, call| answer(&store.get(&Asked::Exact(key), call)))
}

fn peek(table: &Routes, key: &SessionKey, guard: &Guard) -> Result<Text, bool> {
    inside(table, guard, |store, call| answer(&store.peek(&Asked::Exact(key), call.now, guard)))
}

fn answer(found: &Found<'_, Text>) -> Result<Text, bool> {
    match found {
        Found::Fresh(entry, _) => Ok(entry.value().route),
        Found::Expired => Err(true),
        Found::Missing => Err(false),
    }
}

/// Asserts that exactly these are in the table, and that as many places are taken.
fn assert_holds<const N: usize>(table: &Routes, mut expected: [Text; N]) {
    let guard = pin();
    let mut seen: Vec<Text> = table.iter(&guard).map(|record| *record.route()).collect();
    seen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(seen, expected);
    assert_eq!(table.len(), N, "places taken");
}

fn at(millis: u64) -> Tick {
    Tick::from_millis(millis)
}
