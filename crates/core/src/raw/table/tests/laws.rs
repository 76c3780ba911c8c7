//! What one thread, and what many at once, may rely on.

use crate::patience::until;
use crate::raw::{Counted, Cursor, Entry, Fresh, Occupied, Query, pin};
use std::sync::atomic::{AtomicUsize, Ordering};

impl Query<u64> for u64 {
    fn hash(&self) -> u64 {
        spread(*self)
    }

    fn matches(&self, key: &u64) -> bool {
        self == key
    }
}

fn spread(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

pub(super) fn fresh<V>(key: u64, value: V) -> Fresh<u64, V> {
    Fresh::new(spread(key), key, value)
}

pub(super) fn insert<V: Send + Sync + 'static>(table: &Counted<u64, V>, key: u64, value: V) -> bool {
    table.insert(fresh(key, value), &pin()).is_ok()
}

pub(super) fn value(table: &Counted<u64, u64>, key: u64) -> Option<u64> {
    table.get(&key, &pin()).map(|entry| *entry.value())
}

/// How often values of this type have been dropped.
#[derive(Default)]
pub(super) struct Drops(std::sync::Arc<AtomicUsize>);

impl Drops {
    pub(super) fn token(&self) -> Token {
        Token(std::sync::Arc::clone(&self.0))
    }

    pub(super) fn seen(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

pub(super) struct Token(std::sync::Arc<AtomicUsize>);

impl Token {
    /// Another one of the same count.
    pub(super) fn of(other: &Self) -> Self {
        Self(std::sync::Arc::clone(&other.0))
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn what_is_inserted_is_found_through_every_growth() {
    let table = Counted::new();
    for key in 0..5_000 {
        assert!(insert(&table, key, key + 1));
        assert!(!insert(&table, key, 0), "{key} is there");
    }
    for key in 0..5_000 {
        assert_eq!(value(&table, key), Some(key + 1));
    }
    assert_eq!(value(&table, 5_000), None);
    assert_eq!(table.len(), 5_000);
}

#[test]
fn equal_hashes_keep_their_keys_apart() {
    let table = Counted::new();
    for key in 0..50_u64 {
        assert!(table.insert(Fresh::new(7, key, key), &pin()).is_ok());
    }
    let guard = pin();
    assert_eq!(table.with_hash(7, &guard).count(), 50);
    let odd: Vec<_> = table.with_hash(7, &guard).filter(|entry| entry.key() % 2 == 1).collect();
    assert!(odd.into_iter().all(Entry::remove));
    let mut left: Vec<u64> = table.with_hash(7, &guard).map(|entry| *entry.key()).collect();
    left.sort_unstable();
    assert_eq!(left, (0..50).step_by(2).collect::<Vec<_>>());
}

/// Keys of one and the same hash, whoever has made them: a chain that no growth splits, and every answer right.
#[test]
fn a_thousand_keys_of_one_hash_are_a_table_all_the_same() {
    struct Same(u64);
    impl Query<u64> for Same {
        fn hash(&self) -> u64 {
            7
        }

        fn matches(&self, key: &u64) -> bool {
            self.0 == *key
        }
    }
    let table = Counted::new();
    let fresh = |key: u64, value: u64| Fresh::new(7, key, value);
    for key in 0..1_000_u64 {
        assert!(table.insert(fresh(key, key), &pin()).is_ok());
        assert!(table.insert(fresh(key, 0), &pin()).is_err(), "{key} is there");
    }
    let guard = pin();
    for key in (0..1_000).step_by(3) {
        let entry = table.get(&Same(key), &guard).expect("inserted");
        assert!(if key % 2 == 0 { table.remove(entry) } else { entry.replace(fresh(key, key + 1)).is_ok() });
    }
    for key in 0..1_001 {
        let expected = match key {
            1_000 => None,
            key if key % 6 == 0 => None,
            key => Some(key + u64::from(key % 3 == 0)),
        };
        assert_eq!(table.get(&Same(key), &guard).map(|entry| *entry.value()), expected, "{key}");
    }
    let (mut cursor, mut complete, mut steps) = (Cursor::default(), false, Vec::new());
    while !complete {
        let mut seen = 0;
        complete = table.scan(&mut cursor, 1, &guard, |_| seen += 1);
        steps.extend((seen > 0).then_some(seen));
    }
    assert_eq!((steps, table.len()), (vec![833], 833), "the run of one hash is one step");
}

#[test]
fn an_occupied_insert_gives_back_what_it_was_given() {
    let table = Counted::new();
    assert!(insert(&table, 1, 10));
    let guard = pin();
    let Err(Occupied { existing, fresh }) = table.insert(fresh(1, 11), &guard) else { panic!("1 is there") };
    assert_eq!(*existing.value(), 10);
    assert_eq!(fresh.into_parts(), (1, 11));
}

#[test]
fn an_entry_is_removed_or_replaced_once() {
    let table = Counted::new();
    assert!(insert(&table, 1, 10));
    let guard = pin();
    let first = table.get(&1, &guard).expect("inserted");
    let second = first.replace(fresh(1, 11)).ok().expect("current");
    assert!(!first.is_current());
    assert!(second.is_current());
    assert!(first.replace(fresh(1, 12)).is_err());
    assert!(!table.remove(first));
    assert_eq!(value(&table, 1), Some(11));
    assert!(table.remove(second));
    assert!(!table.remove(second));
    assert_eq!(value(&table, 1), None);
    assert_eq!(table.len(), 0);
}

#[test]
fn a_pass_in_steps_sees_each_entry_once_while_the_table_grows() {
    let table = Counted::new();
    for key in 0..100 {
        insert(&table, key, key);
    }
    let guard = pin();
    let (mut cursor, mut seen, mut next) = (Cursor::default(), vec![0; 100], 100);
    while !table.scan(&mut cursor, 7, &guard, |entry| {
        if *entry.key() < 100 {
            seen[*entry.key() as usize] += 1;
        }
    }) {
        // Not for ever: a table that grows faster than the pass goes on is never passed.
        for _ in 0..if next < 5_000 { 50 } else { 0 } {
            insert(&table, next, next);
            next += 1;
        }
    }
    assert!(seen.iter().all(|&times| times == 1), "{seen:?}");
    assert_eq!(cursor, Cursor::default());
}

#[test]
fn a_visit_may_remove_what_it_visits() {
    let table = Counted::new();
    for key in 0..1_000 {
        insert(&table, key, key);
    }
    let guard = pin();
    assert!(table.scan(&mut Cursor::default(), usize::MAX, &guard, |entry| {
        if entry.key() % 3 == 0 {
            assert!(entry.remove());
        }
    }));
    for key in 0..1_000 {
        assert_eq!(value(&table, key).is_some(), key % 3 != 0);
    }
}

#[test]
fn maintenance_drops_what_was_removed_without_further_traffic() {
    let drops = Drops::default();
    let table = Counted::new();
    for key in 0..10 {
        insert(&table, key, drops.token());
    }
    {
        let guard = pin();
        for key in 0..5 {
            assert!(table.get(&key, &guard).expect("inserted").remove());
        }
        let replaced = table.get(&5, &guard).expect("inserted").replace(fresh(5, drops.token()));
        assert!(replaced.is_ok());
        table.maintain();
        assert_eq!(drops.seen(), 0, "a guard still sees them");
    }
    // Other tests of this process may hold guards for a moment.
    until("what was removed is dropped", || {
        table.maintain();
        table.garbage() == 0
    });
    assert_eq!(drops.seen(), 6);
    drop(table);
    assert_eq!(drops.seen(), 11);
}

#[test]
fn threads_that_insert_and_remove_lose_nothing() {
    const THREADS: u64 = 4;
    const EACH: u64 = 20_000;
    let drops = Drops::default();
    let table = std::sync::Arc::new(Counted::new());
    let workers: Vec<_> = (0..THREADS)
        .map(|me| {
            let (table, token) = (std::sync::Arc::clone(&table), drops.token());
            std::thread::spawn(move || {
                for i in 0..EACH {
                    // Own keys, and keys that all threads fight for.
                    let (own, shared) = (1_000 + me * EACH + i, i % 97);
                    assert!(insert(&table, own, Token::of(&token)));
                    insert(&table, shared, Token::of(&token));
                    let guard = pin();
                    if let Some(entry) = table.get(&shared, &guard) {
                        if i % 2 == 0 {
                            entry.remove();
                        } else {
                            let _ = entry.replace(fresh(shared, Token::of(&token)));
                        }
                    }
                    assert!(table.get(&own, &guard).is_some(), "own key {own}");
                    if i % 3 == 0 {
                        assert!(table.get(&own, &guard).expect("own key").remove());
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("no assertion failed");
    }
    let guard = pin();
    let mut own = 0;
    table.scan(&mut Cursor::default(), usize::MAX, &guard, |entry| own += u64::from(*entry.key() >= 1_000));
    assert_eq!(own, THREADS * (EACH - EACH.div_ceil(3)));
}

#[test]
fn a_pass_over_a_table_that_was_large_once_is_made_in_bounded_steps() {
    let table = Counted::new();
    let guard = pin();
    for key in 0..10_000 {
        insert(&table, key, key);
    }
    assert!(table.scan(&mut Cursor::default(), usize::MAX, &guard, |entry| assert!(entry.remove())));
    insert(&table, 7, 7);
    let (mut cursor, mut steps, mut seen) = (Cursor::default(), 1, 0);
    while !table.scan(&mut cursor, 100, &guard, |_| seen += 1) {
        steps += 1;
    }
    assert_eq!(seen, 1);
    assert!(steps > 50, "{steps} steps of 100 over some 10,000 buckets");
}
