//! What the models of the table share: keys with chosen hashes, tracked values, and two threads that race.

use crate::{
    raw::{Counted, Cursor, Fresh, Guard, Query, lend, pin},
    sync::{Arc, Ordering},
};

pub(in crate::raw) use crate::raw::lend::Tracked;

/// A hash, which says where it stands (under loom a new table has one bucket, so bit 0 of the hash decides first),
/// and a number that tells keys of one hash apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::raw) struct Key(pub(in crate::raw) u64, pub(in crate::raw) u64);

impl Query<Key> for Key {
    fn hash(&self) -> u64 {
        self.0
    }

    fn matches(&self, key: &Key) -> bool {
        self == key
    }
}

pub(in crate::raw) type Map = Counted<Key, Tracked>;

pub(in crate::raw) fn fresh(key: Key, value: u64) -> Fresh<Key, Tracked> {
    Fresh::new(key.0, key, Tracked::new(value))
}

/// A table with these keys, each with its number as the value.
pub(in crate::raw) fn map<const N: usize>(keys: [Key; N]) -> Arc<Map> {
    let (table, guard) = (Counted::new(), pin());
    for key in keys {
        assert!(insert(&table, key, key.1, &guard));
    }
    Arc::new(table)
}

/// The same, and grown so far that the next two inserts have nothing to do for the growth.
pub(in crate::raw) fn roomy_map<const N: usize>(keys: [Key; N]) -> Arc<Map> {
    let (table, guard) = (map([Key(0, 100), Key(0, 101), Key(0, 102)]), pin());
    for id in 100..103 {
        assert!(remove(&table, Key(0, id), &guard));
    }
    for key in keys {
        assert!(insert(&table, key, key.1, &guard));
    }
    table
}

pub(in crate::raw) fn insert(table: &Map, key: Key, value: u64, guard: &Guard) -> bool {
    table.insert(fresh(key, value), guard).is_ok()
}

pub(in crate::raw) fn get(table: &Map, key: Key, guard: &Guard) -> Option<u64> {
    table.get(&key, guard).map(|entry| entry.value().read())
}

pub(in crate::raw) fn remove(table: &Map, key: Key, guard: &Guard) -> bool {
    table.get(&key, guard).is_some_and(|entry| table.remove(entry))
}

pub(in crate::raw) fn replace(table: &Map, key: Key, value: u64, guard: &Guard) -> bool {
    table.get(&key, guard).is_some_and(|entry| entry.replace(fresh(key, value)).is_ok())
}

/// Puts a bucket into the list as growth does.
#[allow(dead_code, reason = "this file is included by several, and not all of them split")]
pub(in crate::raw) fn split(table: &Map, index: usize, guard: &Guard) {
    // Relaxed: as in `grow`.
    table.split.fetch_max(index + 1, Ordering::Relaxed);
    table.ensure_bucket(index, guard);
}

/// What one complete pass sees, in its order.
pub(in crate::raw) fn pass(table: &Map, guard: &Guard) -> Vec<(Key, u64)> {
    let mut seen = Vec::new();
    let visit = |entry: crate::raw::Entry<'_, Key, Tracked>| seen.push((*entry.key(), entry.value().read()));
    assert!(table.scan(&mut Cursor::default(), usize::MAX, guard, visit));
    seen
}

/// Asserts that exactly this is in the table, in whatever way one asks.
pub(in crate::raw) fn assert_holds<const N: usize>(table: &Map, mut expected: [(Key, u64); N]) {
    let guard = pin();
    let mut seen = pass(table, &guard);
    seen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(seen, expected, "the whole list");
    for (key, value) in expected {
        assert_eq!(get(table, key, &guard), Some(value), "{key:?}");
        let same = table.with_hash(key.0, &guard).filter(|entry| *entry.key() == key).count();
        assert_eq!(same, 1, "{key:?}");
    }
}

/// Runs the two in a thread each, on the same table. Nothing in them may drive the reclaimer.
pub(in crate::raw) fn race<A: Send + 'static, B: Send + 'static>(
    table: &Arc<Map>,
    one: impl FnOnce(&Map, &Guard) -> A + Send + 'static,
    other: impl FnOnce(&Map, &Guard) -> B + Send + 'static,
) -> (A, B) {
    let (ones, others) = (Arc::clone(table), Arc::clone(table));
    lend::race(move |guard| one(&ones, guard), move |guard| other(&others, guard))
}
