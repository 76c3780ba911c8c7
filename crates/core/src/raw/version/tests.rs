use super::Version;
use crate::{
    raw::{
        Entry, Query, Strong, Table,
        lend::{Tracked, both, race},
        pin,
    },
    sync::{Arc, AtomicUsize, Ordering, model, model_within},
};
#[cfg(not(tenure_loom))]
use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(not(tenure_loom))]
mod crowd;

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

/// What was shared has been dropped once, behind the table. Without loom the reclaimer is that of all tests, and may have to
/// wait for their guards.
fn dropped_once(drops: &AtomicUsize) {
    #[cfg(not(tenure_loom))]
    crate::patience::until("what was shared is dropped", || {
        crate::raw::advance();
        drops.load(Ordering::Relaxed) > 0
    });
    assert_eq!(drops.load(Ordering::Relaxed), 1);
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
        if let Some(kept) = kept {
            assert_eq!((kept.0.read(), drops.load(Ordering::Relaxed)), (7, 0));
        }
        dropped_once(&drops);
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

#[test]
fn loom_an_entry_of_its_own_in_the_place_of_a_version_leaves_each_its_owner() {
    model(|| {
        let ((table, drops), others) = (versions(), Arc::new(AtomicUsize::new(0)));
        let (theirs, mine, told) = (Arc::clone(&table), Arc::clone(&table), Arc::clone(&others));
        let (_, replaced) = race(
            move |guard| theirs.get(&Key, guard).is_some_and(succeed),
            move |guard| {
                let old = mine.get(&Key, guard).expect("never absent");
                let other = Version::first(Told(Tracked::new(8), told), Tracked::new(1));
                let replaced = old.replace(old.next(Key, other)).is_ok();
                assert_eq!(old.value().shared().0.read(), 7);
                replaced
            },
        );
        let now = table.get(&Key, &pin()).map(|entry| entry.value().shared().0.read());
        assert_eq!(now, Some(if replaced { 8 } else { 7 }));
        assert_eq!(drops.load(Ordering::Relaxed), 0, "a guard was there");
        assert_eq!(others.load(Ordering::Relaxed), usize::from(!replaced));
        drop(table);
        assert_eq!((drops.load(Ordering::Relaxed), others.load(Ordering::Relaxed)), (1, 1));
    });
}

/// Whoever makes the second version may be stopped between the exchange and the handing on: then there are two owners
/// and one count, and its guard alone keeps both.
#[test]
fn loom_a_version_that_is_removed_before_it_was_handed_anything_is_dropped_behind_that() {
    model_within(Some(1), || {
        let (table, drops) = versions();
        let (theirs, mine) = (Arc::clone(&table), Arc::clone(&table));
        let writer = move || theirs.get(&Key, &pin()).is_some_and(succeed);
        let remover = move || {
            let guard = pin();
            let first = mine.get(&Key, &guard).expect("nobody else removes it");
            while !mine.get(&Key, &guard).expect("nobody else removes it").remove() {}
            assert_eq!(first.value().shared().0.read(), 7);
            drop(guard);
            mine.maintain();
        };
        both(writer, remover);
        drop(table);
        dropped_once(&drops);
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn a_version_that_came_too_late_has_never_owned_what_its_destructor_looks_at() {
    /// Looks at what is shared when it is dropped, and then throws.
    struct Nosy(Option<Box<dyn Fn() + Send + Sync>>);
    impl Drop for Nosy {
        fn drop(&mut self) {
            if let Some(look) = self.0.take() {
                look();
                panic!("planted");
            }
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let table: Arc<Table<Key, Version<Told, Nosy>>> = Arc::new(Table::new());
    let first = Version::first(Told(Tracked::new(7), Arc::clone(&drops)), Nosy(None));
    let guard = pin();
    assert!(table.insert(table.fresh(0, Key, first), || 1, &guard).is_ok());
    let old = table.get(&Key, &guard).unwrap();
    assert!(old.succeed(Key, Nosy(None)).is_some());
    let theirs = Arc::clone(&table);
    let look = move || {
        let guard = pin();
        let entry = theirs.get(&Key, &guard).unwrap();
        assert_eq!(entry.value().shared().0.read(), 7);
        assert!(entry.succeed(Key, Nosy(None)).is_some(), "it may change what it is about");
    };
    let late = AssertUnwindSafe(|| old.succeed(Key, Nosy(Some(Box::new(look)))).is_some());
    assert!(catch_unwind(late).is_err());
    assert_eq!((old.value().shared().0.read(), drops.load(Ordering::Relaxed)), (7, 0));
    drop(guard);
    drop(table);
    dropped_once(&drops);
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
