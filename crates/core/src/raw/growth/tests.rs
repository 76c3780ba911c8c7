//! Buckets are put into the list while others read and write around them.

#[allow(clippy::duplicate_mod, dead_code, reason = "shared, and each uses some of it")]
#[path = "../table/tests/harness.rs"]
mod harness;

use crate::{
    raw::{Cursor, Guard},
    sync::{Ordering, model},
};
use harness::{Key, Map, assert_holds, get, insert, map, race, remove, split};

/// Two buckets, and the second is not in the list yet; it would come in front of `BEHIND`.
const FRONT: Key = Key(0, 1);
const BEHIND: Key = Key(1, 2);
const LATE: Key = Key(3, 3);

/// Four buckets, the last two of which are not in the list.
fn doubles(table: &Map, guard: &Guard) {
    table.grow(2, guard);
}

#[test]
fn loom_inserts_of_two_keys_both_stay_while_the_table_grows() {
    model(|| {
        let table = map([]);
        race(
            &table,
            |t, g| {
                assert!(insert(t, BEHIND, 2, g));
                assert_eq!(get(t, BEHIND, g), Some(2));
            },
            |t, g| {
                assert!(insert(t, FRONT, 1, g));
                assert_eq!(get(t, FRONT, g), Some(1));
            },
        );
        assert_holds(&table, [(FRONT, 1), (BEHIND, 2)]);
    });
}

#[test]
fn loom_a_bucket_is_put_in_front_of_what_is_there() {
    model(|| {
        let table = map([BEHIND]);
        let reader = |t: &Map, g: &_| assert_eq!(get(t, BEHIND, g), Some(2));
        let writer = |t: &Map, g: &_| split(t, 1, g);
        race(&table, writer, reader);
        assert_holds(&table, [(BEHIND, 2)]);
    });
}

#[test]
fn loom_a_look_up_that_began_before_a_doubling_finds_what_is_there() {
    model(|| {
        let table = map([Key(2, 1)]);
        let reader = |t: &Map, g: &_| assert_eq!(get(t, Key(2, 1), g), Some(1));
        let writer = |t: &Map, g: &_| {
            doubles(t, g);
            split(t, 2, g);
        };
        race(&table, writer, reader);
    });
}

#[test]
fn loom_an_insert_that_began_before_a_doubling_finds_what_is_there() {
    model(|| {
        let table = map([Key(2, 1)]);
        let inserter = |t: &Map, g: &_| assert!(!insert(t, Key(2, 1), 9, g));
        let writer = |t: &Map, g: &_| {
            doubles(t, g);
            split(t, 2, g);
        };
        race(&table, writer, inserter);
    });
}

#[test]
fn loom_nothing_enters_a_bucket_that_is_not_in_the_list() {
    model(|| {
        let table = map([FRONT]);
        let owner = |t: &Map, g: &_| split(t, 1, g);
        // The second insert takes the link that the sentinel wants.
        let other = |t: &Map, g: &_| {
            assert!(insert(t, BEHIND, 2, g));
            assert!(insert(t, Key(0, 4), 4, g));
        };
        race(&table, other, owner);
        assert_holds(&table, [(FRONT, 1), (Key(0, 4), 4), (BEHIND, 2)]);
    });
}

#[test]
fn loom_what_comes_into_a_new_bucket_is_found_from_its_ancestor() {
    model(|| {
        let table = map([FRONT]);
        let writer = |t: &Map, g: &_| assert!(insert(t, BEHIND, 2, g));
        let reader = |t: &Map, g: &_| assert!(matches!(get(t, BEHIND, g), None | Some(2)));
        race(&table, writer, reader);
        assert_holds(&table, [(FRONT, 1), (BEHIND, 2)]);
    });
}

#[test]
fn loom_what_comes_into_a_new_bucket_is_seen_from_the_first() {
    model(|| {
        let table = map([FRONT]);
        let owner = |t: &Map, g: &_| split(t, 1, g);
        let other = |t: &Map, g: &_| {
            assert!(insert(t, BEHIND, 2, g));
            let mut seen = 0;
            t.scan(&mut Cursor::default(), usize::MAX, g, |entry| seen += entry.value().read());
            assert_eq!(seen, 3, "both, from bucket 0");
        };
        race(&table, other, owner);
        assert_holds(&table, [(FRONT, 1), (BEHIND, 2)]);
    });
}

#[test]
fn loom_a_bucket_is_put_where_another_removes() {
    model(|| {
        let table = map([FRONT, BEHIND]);
        let owner = |t: &Map, g: &_| assert!(insert(t, LATE, 3, g));
        let remover = |t: &Map, g: &_| {
            assert!(remove(t, FRONT, g));
            assert!(remove(t, BEHIND, g));
        };
        race(&table, remover, owner);
        assert_holds(&table, [(LATE, 3)]);
    });
}

#[test]
fn loom_a_segment_that_another_has_added_is_used() {
    model(|| {
        let table = map([Key(2, 1)]);
        // So that doubling is all there is to do.
        split(&table, 1, &crate::raw::pin());
        race(&table, doubles, |t: &Map, g: &_| {
            doubles(t, g);
            // The other has made the segment, this one says that it is there and puts its buckets into the list.
            t.grow(1, g);
            assert_eq!(get(t, Key(2, 1), g), Some(1));
        });
        assert_holds(&table, [(Key(2, 1), 1)]);
    });
}

#[test]
fn loom_a_bucket_whose_owner_is_stopped_is_walked_through() {
    model(|| {
        let table = map([FRONT]);
        split(&table, 1, &crate::raw::pin());
        // As if its owner were stopped between putting it into the list and saying so.
        let bucket = &table.buckets.get(1).next;
        bucket.store(bucket.load(Ordering::Relaxed).pending(), Ordering::Relaxed);
        let writer = |t: &Map, g: &_| assert!(insert(t, BEHIND, 2, g));
        let reader = |t: &Map, g: &_| assert!(matches!(get(t, BEHIND, g), None | Some(2)));
        race(&table, writer, reader);
        assert_holds(&table, [(FRONT, 1), (BEHIND, 2)]);
    });
}
