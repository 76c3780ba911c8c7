//! Passes over a table that others change.

#[allow(clippy::duplicate_mod, dead_code, reason = "shared, and each uses some of it")]
#[path = "../table/tests/harness.rs"]
mod harness;

use super::Cursor;
use crate::{
    raw::Guard,
    sync::{model, model_within},
};
use harness::{Key, Map, assert_holds, insert, map, pass, race, remove, replace, split};

const A: Key = Key(0, 1);
const B: Key = Key(0, 2);
const C: Key = Key(1, 3);

/// How often each key is seen in a pass that is put aside after each step.
fn pass_in_steps(table: &Map, guard: &Guard) -> [usize; 4] {
    let (mut cursor, mut seen) = (Cursor::default(), [0; 4]);
    while !table.scan(&mut cursor, 1, guard, |entry| {
        entry.value().read();
        seen[entry.key().1 as usize] += 1;
    }) {}
    seen
}

#[test]
fn loom_a_pass_sees_what_stays_once_under_removal() {
    model(|| {
        let table = map([A, B, C]);
        let writer = |t: &Map, g: &_| assert!(remove(t, A, g));
        let scanner = |t: &Map, g: &_| {
            let [_, a, b, c] = pass_in_steps(t, g);
            assert!(a <= 1, "what goes, at most once");
            assert_eq!((b, c), (1, 1));
        };
        race(&table, writer, scanner);
        assert_holds(&table, [(B, 2), (C, 3)]);
    });
}

#[test]
fn loom_a_pass_sees_what_stays_once_under_insertion() {
    model_within(Some(2), || {
        let table = map([A, C]);
        let writer = |t: &Map, g: &_| assert!(insert(t, B, 2, g));
        let scanner = |t: &Map, g: &_| {
            let [_, a, b, c] = pass_in_steps(t, g);
            assert!(b <= 1, "what comes, at most once");
            assert_eq!((a, c), (1, 1));
        };
        race(&table, writer, scanner);
        assert_holds(&table, [(A, 1), (B, 2), (C, 3)]);
    });
}

#[test]
fn loom_a_pass_sees_what_stays_once_under_growth() {
    model(|| {
        // Four buckets, of which the two to come stand in front of these.
        let table = map([Key(2, 1), Key(3, 2)]);
        let writer = |t: &Map, g: &_| {
            split(t, 2, g);
            split(t, 3, g);
        };
        let scanner = |t: &Map, g: &_| assert_eq!(pass_in_steps(t, g), [0, 1, 1, 0]);
        race(&table, writer, scanner);
        assert_holds(&table, [(Key(2, 1), 1), (Key(3, 2), 2)]);
    });
}

#[test]
fn loom_a_pass_sees_what_is_replaced_as_it_was_or_is() {
    model(|| {
        let table = map([A, B]);
        let writer = |t: &Map, g: &_| assert!(replace(t, A, 10, g));
        let scanner = |t: &Map, g: &_| {
            let seen = pass(t, g);
            let wanted: [&[_]; 3] = [&[(A, 1), (B, 2)], &[(A, 10), (B, 2)], &[(A, 1), (A, 10), (B, 2)]];
            assert!(wanted.contains(&seen.as_slice()), "{seen:?}");
        };
        race(&table, writer, scanner);
        assert_holds(&table, [(A, 10), (B, 2)]);
    });
}

#[test]
fn loom_a_pass_follows_a_new_bucket_to_what_was_put_there() {
    model(|| {
        let table = map([A]);
        let writer = |t: &Map, g: &_| assert!(insert(t, C, 3, g));
        let scanner = |t: &Map, g: &_| {
            let [_, a, _, c] = pass_in_steps(t, g);
            assert_eq!(a, 1);
            assert!(c <= 1);
        };
        race(&table, writer, scanner);
        assert_holds(&table, [(A, 1), (C, 3)]);
    });
}

/// The values of one hash.
fn run(table: &Map, hash: u64, guard: &Guard) -> Vec<u64> {
    table.with_hash(hash, guard).map(|entry| entry.value().read()).collect()
}

#[test]
fn loom_the_entries_of_one_hash_are_found_while_it_changes() {
    model(|| {
        let table = map([A, B]);
        let writer = |t: &Map, g: &_| {
            assert!(remove(t, A, g));
            assert!(insert(t, Key(0, 3), 3, g));
        };
        let reader = |t: &Map, g: &_| {
            let seen = run(t, 0, g);
            let wanted: [&[_]; 4] = [&[1, 2], &[2], &[2, 3], &[1, 2, 3]];
            assert!(wanted.contains(&seen.as_slice()), "{seen:?}");
        };
        race(&table, writer, reader);
        assert_holds(&table, [(B, 2), (Key(0, 3), 3)]);
    });
}

#[test]
fn loom_the_entries_of_one_hash_are_found_past_a_new_bucket() {
    model(|| {
        let table = map([C]);
        let writer = |t: &Map, g: &_| assert!(insert(t, Key(1, 4), 4, g));
        let reader = |t: &Map, g: &_| {
            let seen = run(t, 1, g);
            assert!(seen == [3] || seen == [3, 4], "{seen:?}");
        };
        race(&table, writer, reader);
        assert_holds(&table, [(C, 3), (Key(1, 4), 4)]);
    });
}

#[test]
fn loom_the_first_entry_of_a_new_bucket_is_found_from_its_ancestor() {
    model(|| {
        let table = map([A]);
        let writer = |t: &Map, g: &_| assert!(insert(t, C, 3, g));
        let reader = |t: &Map, g: &_| {
            let seen = run(t, 1, g);
            assert!(seen.is_empty() || seen == [3], "{seen:?}");
        };
        race(&table, writer, reader);
    });
}

#[test]
fn loom_what_is_removed_is_not_visited() {
    model(|| {
        let table = map([A, B]);
        // Who has lost to the other removal may still find the entry in the list, but marked.
        race(
            &table,
            |t: &Map, g: &_| {
                remove(t, A, g);
                assert_eq!(run(t, 0, g), [2]);
            },
            |t: &Map, g: &_| {
                remove(t, A, g);
                assert_eq!(pass(t, g), [(B, 2)]);
            },
        );
    });
}

/// A partition that is replaced in the middle of a walk leaves the walk with a position of the table that is gone.
#[test]
fn a_position_of_a_larger_table_is_one_in_a_smaller_table_too() {
    let (large, small, guard) = (Map::new(), Map::new(), crate::raw::pin());
    // Spread over the buckets, about as hashes would be.
    let keys = (0..500_u64).map(|n| Key(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1, n));
    for (n, key) in keys.enumerate() {
        assert!(insert(&large, key, key.1, &guard));
        assert!(n % 25 != 0 || insert(&small, key, key.1, &guard));
    }
    let (order, in_small) = (pass(&large, &guard), pass(&small, &guard));
    let (mut cursor, mut passed, mut steps) = (Cursor::default(), 0, 0);
    while !large.scan(&mut cursor, 1, &guard, |_| passed += 1) {
        let (mut rest, mut there) = (Vec::new(), cursor);
        assert!(small.scan(&mut there, usize::MAX, &guard, |entry| rest.push(entry.key().1)));
        let expected = order[passed..].iter().filter(|entry| in_small.contains(entry)).map(|(key, _)| key.1);
        assert_eq!(rest, expected.collect::<Vec<_>>(), "after {passed} of {}", order.len());
        steps += 1;
    }
    assert!(steps > 500, "the pass has stopped at buckets as well");
}

/// One puts a bucket into the list, and only then makes an entry that is its first; the other meets the bucket.
fn what_comes_first_in_a_bucket_is_read_whole(read: impl Fn(&Map, &Guard) + Copy + Send + Sync + 'static) {
    model(move || {
        let table = map([A]);
        let writer = |t: &Map, g: &_| {
            split(t, 1, g);
            assert!(insert(t, C, 3, g));
        };
        race(&table, writer, read);
    });
}

#[test]
fn loom_what_comes_first_in_a_bucket_is_passed_whole() {
    what_comes_first_in_a_bucket_is_read_whole(|table, guard| {
        let seen = pass(table, guard);
        assert!(seen == [(A, 1)] || seen == [(A, 1), (C, 3)], "{seen:?}");
    });
}

#[test]
fn loom_what_comes_first_in_a_bucket_is_found_whole() {
    what_comes_first_in_a_bucket_is_read_whole(|table, guard| {
        let seen = run(table, 1, guard);
        assert!(seen.is_empty() || seen == [3], "{seen:?}");
    });
}

#[test]
fn loom_a_pass_goes_on_at_a_bucket_that_another_has_added() {
    model(|| {
        let table = map([Key(2, 1)]);
        // So that doubling is all there is to do.
        split(&table, 1, &crate::raw::pin());
        let reader = |t: &Map, g: &_| {
            // As if put aside at bucket 2, behind which the entry stands.
            let mut seen = 0;
            assert!(t.scan(&mut Cursor { mask: 3, after: Some(2) }, usize::MAX, g, |_| seen += 1));
            assert_eq!(seen, 1);
        };
        race(&table, |t: &Map, g: &_| t.grow(2, g), reader);
    });
}
