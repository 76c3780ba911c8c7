use super::Version;
use crate::{
    raw::{
        Entry, Query, Strong, Table,
        lend::{Tracked, both, race},
        pin,
    },
    sync::{Arc, AtomicUsize, Ordering, model, model_within},
};

/// The one key.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key;

impl Query<Key> for Key {
    fn hash(&self) -> u64 {
        0
    }

    fn matches(&self, _: &Key) -> bool {
        true
    }
}

/// Says how often it was dropped.
struct Told(Tracked, Arc<AtomicUsize>);

impl Drop for Told {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

type Versions = Table<Key, Version<Told, Tracked>>;

/// A table with the first version of an entry, and how often what its versions share was dropped.
fn versions() -> (Arc<Versions>, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    let table = Table::new();
    let first = Version::first(Told(Tracked::new(7), Arc::clone(&drops)), Tracked::new(1));
    assert!(table.insert(table.fresh(0, Key, first), || 1, &pin()).is_ok());
    (Arc::new(table), drops)
}

fn succeed(entry: Entry<'_, Key, Version<Told, Tracked>>) -> bool {
    let next = entry.value().read() + 1;
    entry.succeed(Key, Tracked::new(next)).is_some()
}

#[test]
fn loom_of_two_who_put_the_next_version_there_one_does_and_what_is_shared_is_dropped_once() {
    model(|| {
        let (table, drops) = versions();
        let (theirs, mine) = (Arc::clone(&table), Arc::clone(&table));
        let next = |table: &Versions, guard: &_| {
            let entry = table.get(&Key, guard).expect("never absent");
            let done = succeed(entry);
            assert_eq!(entry.value().shared().0.read(), 7);
            done
        };
        let (one, other) = race(move |guard| next(&theirs, guard), move |guard| next(&mine, guard));
        assert!(one || other);
        let version = table.get(&Key, &pin()).map(|entry| entry.value().read());
        assert_eq!(version, Some(1 + u64::from(one) + u64::from(other)));
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        drop(table);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_who_has_seen_an_old_version_finds_what_it_shares_when_the_last_is_dropped() {
    model_within(Some(2), || {
        let (table, drops) = versions();
        let mine = Arc::clone(&table);
        let reader = move || {
            let guard = pin();
            let entry = mine.get(&Key, &guard)?;
            assert_eq!(entry.value().shared().0.read(), 7);
            Some(entry.value().share())
        };
        let theirs = Arc::clone(&table);
        let writer = move || {
            let guard = pin();
            assert!(succeed(theirs.get(&Key, &guard).expect("nobody else removes it")));
            assert!(theirs.get(&Key, &guard).expect("nobody else removes it").remove());
            drop(guard);
            theirs.maintain();
        };
        let (kept, ()): (Option<Strong<Told>>, ()) = both(reader, writer);
        drop(table);
        assert_eq!(drops.load(Ordering::Relaxed), usize::from(kept.is_none()));
        assert!(kept.is_none_or(|kept| kept.0.read() == 7));
    });
}

#[test]
fn loom_a_version_that_comes_beside_a_removal_leaves_one_owner() {
    model(|| {
        let (table, drops) = versions();
        let (theirs, mine) = (Arc::clone(&table), Arc::clone(&table));
        race(
            move |guard| theirs.get(&Key, guard).is_some_and(succeed),
            move |guard| mine.get(&Key, guard).expect("nobody else removes it").remove(),
        );
        assert_eq!(drops.load(Ordering::Relaxed), 0, "a guard was there");
        drop(table);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn an_old_version_that_is_dropped_last_leaves_what_was_shared_alone() {
    let (table, drops) = versions();
    let guard = pin();
    let first = table.get(&Key, &guard).unwrap();
    for _ in 0..100 {
        assert!(succeed(table.get(&Key, &guard).unwrap()));
    }
    assert!(!succeed(first), "it is not there any more");
    let kept = first.value().share();
    assert!(table.get(&Key, &guard).unwrap().remove());
    assert_eq!((first.value().shared().0.read(), first.value().read()), (7, 1));
    drop(guard);
    crate::patience::until("all versions are dropped", || {
        table.maintain();
        table.garbage() == 0
    });
    assert_eq!((kept.0.read(), drops.load(Ordering::Relaxed)), (7, 0));
    drop(kept);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}
