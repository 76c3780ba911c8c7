//! Many threads, many keys, growth, and guards that outlast what they see: what versions share is dropped once, and not
//! before the last who sees one of them is gone. AddressSanitizer watches.

use crate::{
    patience::until,
    raw::{Cursor, Entry, Fresh, Query, Strong, Table, Version, pin},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

const THREADS: u64 = 4;
/// What each thread does.
const STEPS: u64 = 4_000;
/// Keys at the end. There are few at first, so that threads meet; then the table grows under them.
const KEYS: u64 = 512;
/// Steps under one guard, and so entries that a thread stands on at once.
const UNDER_GUARD: u64 = 24;

#[derive(Clone, PartialEq, Eq)]
struct Key(u64);

impl Query<Key> for Key {
    fn hash(&self) -> u64 {
        // A few keys of one hash each, so that marked nodes of several keys stand side by side.
        (self.0 / 3).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn matches(&self, key: &Key) -> bool {
        self == key
    }
}

/// What versions share. The number lies out of line: it is poisoned where it was freed.
struct Life {
    number: Box<u64>,
    alive: Arc<AtomicUsize>,
}

impl Drop for Life {
    fn drop(&mut self) {
        *self.number = u64::MAX;
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

type Lives = Table<Key, Version<Life, Box<u64>>>;
type Seen<'g> = Entry<'g, Key, Version<Life, Box<u64>>>;

struct Crowd {
    table: Lives,
    numbers: AtomicU64,
    alive: Arc<AtomicUsize>,
}

impl Crowd {
    fn fresh(&self, key: &Key) -> Fresh<Key, Version<Life, Box<u64>>> {
        let number = Box::new(self.numbers.fetch_add(1, Ordering::Relaxed));
        self.alive.fetch_add(1, Ordering::Relaxed);
        let life = Life { number, alive: Arc::clone(&self.alive) };
        self.table.fresh(key.hash(), key.clone(), Version::first(life, Box::new(0)))
    }

    /// One thread's part.
    fn mingle(&self, seed: u64) {
        let mut state = seed;
        let mut kept: Vec<(Strong<Life>, u64)> = Vec::new();
        for round in 0..STEPS / UNDER_GUARD {
            let guard = pin();
            let mut seen: Vec<(Seen<'_>, u64)> = Vec::new();
            for _ in 0..UNDER_GUARD {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                // The range of keys widens.
                let key = Key(state % (KEYS * (round + 1) / (STEPS / UNDER_GUARD)).max(4));
                let Some(entry) = self.table.get(&key, &guard) else {
                    let _ = self.table.insert(self.fresh(&key), || KEYS as usize, &guard);
                    continue;
                };
                seen.push((entry, *entry.value().shared().number));
                match state >> 32 & 7 {
                    0 => _ = entry.remove(),
                    1 => _ = entry.replace(self.fresh(&key)),
                    2 => kept.push((entry.value().share(), *entry.value().shared().number)),
                    3 => {}
                    _ => _ = entry.succeed(key, Box::new(***entry.value() + 1)),
                }
            }
            for (entry, number) in seen {
                assert_eq!(*entry.value().shared().number, number);
            }
            drop(guard);
            kept.drain(..kept.len() / 2).for_each(|(life, number)| assert_eq!(*life.number, number));
            self.table.maintain();
        }
        kept.drain(..).for_each(|(life, number)| assert_eq!(*life.number, number));
    }
}

#[test]
fn what_many_threads_versions_share_is_dropped_once_and_last() {
    let (numbers, alive) = (AtomicU64::new(0), Arc::new(AtomicUsize::new(0)));
    let crowd = Crowd { table: Table::new(), numbers, alive: Arc::clone(&alive) };
    thread::scope(|scope| {
        for seed in 1..=THREADS {
            scope.spawn({
                let crowd = &crowd;
                move || crowd.mingle(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
            });
        }
    });
    let made = crowd.numbers.load(Ordering::Relaxed);
    assert!(made > KEYS, "{made} lives");
    until("what was removed is dropped", || {
        crowd.table.maintain();
        crowd.table.garbage() == 0
    });
    let mut there = 0;
    let complete = crowd.table.scan(&mut Cursor::default(), usize::MAX, &pin(), |_| there += 1);
    assert!(complete);
    assert_eq!(alive.load(Ordering::Relaxed), there, "one life for each entry that is there");
    drop(crowd);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}
