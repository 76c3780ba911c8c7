//! Two threads at neighboring links of the list, and three.

use super::harness::{Key, Tracked, assert_holds, fresh, get, insert, map, race, remove, replace, roomy_map};
use crate::{
    raw::lend::race_of_three,
    sync::{Arc, model, model_within},
};

/// Of one hash, so neighbors in one run.
const A: Key = Key(0, 1);
const B: Key = Key(0, 2);
const C: Key = Key(0, 3);

#[test]
fn loom_of_two_inserts_of_one_key_one_wins() {
    model(|| {
        let table = map([]);
        let (theirs, mine) = race(&table, |t, g| insert(t, A, 10, g), |t, g| insert(t, A, 20, g));
        assert!(theirs ^ mine);
        assert_holds(&table, [(A, if theirs { 10 } else { 20 })]);
    });
}

#[test]
fn loom_inserts_at_one_link_both_stay() {
    model(|| {
        let table = roomy_map([A]);
        race(&table, |t, g| assert!(insert(t, B, 2, g)), |t, g| assert!(insert(t, C, 3, g)));
        assert_holds(&table, [(A, 1), (B, 2), (C, 3)]);
    });
}

#[test]
fn loom_of_two_removers_one_wins_and_both_find_it_gone() {
    model(|| {
        let table = map([A, B]);
        let remover = |t: &_, g: &_| {
            let removed = remove(t, A, g);
            assert_eq!(get(t, A, g), None, "who has lost has lost to a removal");
            removed
        };
        let (theirs, mine) = race(&table, remover, remover);
        assert!(theirs ^ mine);
        assert_holds(&table, [(B, 2)]);
    });
}

#[test]
fn loom_of_two_replacements_one_wins_and_both_see_it() {
    model(|| {
        let table = map([A]);
        let (theirs, mine) = race(
            &table,
            |t, g| {
                let entry = t.get(&A, g).expect("never absent");
                let (before, won) = (entry.value().read(), entry.replace(fresh(A, 10)).is_ok());
                assert!(won || get(t, A, g) == Some(20));
                (before, won)
            },
            |t, g| {
                let entry = t.get(&A, g).expect("never absent");
                let (before, won) = (entry.value().read(), entry.replace(fresh(A, 20)).is_ok());
                assert!(won || get(t, A, g) == Some(10));
                (before, won)
            },
        );
        let last = match (theirs, mine) {
            ((1, true), (1 | 10, false)) | ((20, true), (1, true)) => 10,
            ((1 | 20, false), (1, true)) | ((1, true), (10, true)) => 20,
            wrong => panic!("{wrong:?}"),
        };
        assert_holds(&table, [(A, last)]);
    });
}

#[test]
fn loom_of_a_remove_and_a_replace_one_wins() {
    model(|| {
        let table = map([A, B]);
        let (replaced, removed) = race(
            &table,
            |t, g| replace(t, A, 10, g),
            |t, g| t.get(&A, g).is_some_and(|entry| entry.value().read() == 1 && entry.remove()),
        );
        assert!(replaced ^ removed);
        let guard = crate::raw::pin();
        assert_eq!(get(&table, A, &guard), replaced.then_some(10));
        assert_eq!(get(&table, B, &guard), Some(2));
    });
}

#[test]
fn loom_a_replaced_key_is_never_absent() {
    model(|| {
        let table = map([A, B]);
        let reader = |t: &_, g: &_| {
            assert!(matches!(get(t, A, g), Some(1 | 10)));
            assert_eq!(get(t, B, g), Some(2));
        };
        let writer = |t: &_, g: &_| assert!(replace(t, A, 10, g));
        race(&table, writer, reader);
        assert_holds(&table, [(A, 10), (B, 2)]);
    });
}

#[test]
fn loom_a_replaced_key_is_never_inserted_again() {
    model(|| {
        let table = map([A]);
        race(
            &table,
            |t, g| {
                assert!(replace(t, A, 10, g));
                assert!(insert(t, B, 2, g));
            },
            |t, g| {
                assert!(!insert(t, A, 20, g));
                assert!(matches!(get(t, A, g), Some(1 | 10)));
            },
        );
        assert_holds(&table, [(A, 10), (B, 2)]);
    });
}

#[test]
fn loom_a_replacement_and_an_insert_behind_it_both_stay() {
    model(|| {
        let table = map([A]);
        race(&table, |t, g| assert!(replace(t, A, 10, g)), |t, g| assert!(insert(t, B, 2, g)));
        assert_holds(&table, [(A, 10), (B, 2)]);
    });
}

#[test]
fn loom_a_removal_loses_no_insert_behind_it() {
    model(|| {
        let table = map([A]);
        race(&table, |t, g| assert!(remove(t, A, g)), |t, g| assert!(insert(t, B, 2, g)));
        assert_holds(&table, [(B, 2)]);
    });
}

#[test]
fn loom_neighbors_are_removed_both() {
    model(|| {
        let table = map([A, B, C]);
        race(&table, |t, g| assert!(remove(t, A, g)), |t, g| assert!(remove(t, B, g)));
        assert_holds(&table, [(C, 3)]);
    });
}

#[test]
fn loom_a_removed_key_comes_back_once() {
    model(|| {
        let table = map([A]);
        let (theirs, mine) = race(
            &table,
            |t, g| {
                assert!(remove(t, A, g));
                insert(t, B, 10, g)
            },
            |t, g| insert(t, B, 20, g),
        );
        assert!(theirs ^ mine);
        assert_holds(&table, [(B, if theirs { 10 } else { 20 })]);
    });
}

#[test]
fn loom_a_reader_is_led_past_what_is_removed() {
    model(|| {
        let table = map([A, B, C]);
        let reader = |t: &_, g: &_| {
            assert_eq!(get(t, C, g), Some(3));
            assert!(matches!(get(t, B, g), None | Some(2)));
        };
        let writer = |t: &_, g: &_| {
            assert!(remove(t, B, g));
            assert_eq!(get(t, B, g), None);
        };
        race(&table, writer, reader);
        assert_holds(&table, [(A, 1), (C, 3)]);
    });
}

#[test]
fn loom_what_is_inserted_is_read_whole() {
    model(|| {
        let table = map([A]);
        let reader = |t: &_, g: &_| assert!(matches!(get(t, B, g), None | Some(2)));
        let writer = |t: &_, g: &_| assert!(insert(t, B, 2, g));
        race(&table, writer, reader);
        assert_holds(&table, [(A, 1), (B, 2)]);
    });
}

/// Says whether what the remover or replacer did before is seen by who finds the entry no longer current.
fn what_was_done_before_is_seen(
    end: impl Fn(crate::raw::Entry<'_, Key, Tracked>) -> bool + Copy + Send + Sync + 'static,
) {
    model(move || {
        let table = map([A]);
        let note = Arc::new(Tracked::new(0));
        let seen = Arc::clone(&note);
        race(
            &table,
            move |t, g| {
                let entry = t.get(&A, g).expect("mine to end");
                note.write(7);
                assert!(end(entry));
            },
            move |t, g| {
                if t.get(&A, g).is_some_and(|entry| !entry.is_current()) {
                    assert_eq!(seen.read(), 7);
                }
            },
        );
    });
}

#[test]
#[expect(clippy::redundant_closure_for_method_calls, reason = "the method is not general enough")]
fn loom_who_sees_an_entry_removed_sees_what_came_before() {
    what_was_done_before_is_seen(|entry| entry.remove());
}

#[test]
fn loom_who_sees_an_entry_replaced_sees_what_came_before() {
    what_was_done_before_is_seen(|entry| entry.replace(fresh(A, 10)).is_ok());
}

/// Says whether who comes too late, in ending an entry that another is ending, sees what that one did before.
fn who_is_too_late_sees_what_came_before(
    is_too_late: impl Fn(crate::raw::Entry<'_, Key, Tracked>) -> bool + Copy + Send + Sync + 'static,
) {
    model(move || {
        let table = map([A]);
        let note = Arc::new(Tracked::new(0));
        let seen = Arc::clone(&note);
        race(
            &table,
            move |t, g| {
                if let Some(entry) = t.get(&A, g) {
                    note.write(7);
                    entry.remove();
                }
            },
            move |t, g| {
                if t.get(&A, g).is_some_and(is_too_late) {
                    assert_eq!(seen.read(), 7);
                }
            },
        );
    });
}

#[test]
fn loom_who_is_too_late_to_remove_sees_what_came_before() {
    who_is_too_late_sees_what_came_before(|entry| !entry.remove());
}

#[test]
fn loom_who_is_too_late_to_replace_sees_what_came_before() {
    who_is_too_late_sees_what_came_before(|entry| entry.replace(fresh(A, 10)).is_err());
}

#[test]
fn loom_two_inserts_and_a_remove_of_one_key_fit_one_order() {
    model(|| {
        let table = map([]);
        let (ones, others) = (Arc::clone(&table), Arc::clone(&table));
        let (first, second, removed) = race_of_three(
            move |guard| insert(&ones, A, 10, guard),
            move |guard| insert(&others, A, 20, guard),
            |guard| remove(&table, A, guard),
        );
        let left = get(&table, A, &crate::raw::pin());
        let answers = (first, second, removed, left);
        let one_order = [
            (true, false, true, None),
            (false, true, true, None),
            (true, true, true, Some(10)),
            (true, true, true, Some(20)),
            (true, false, false, Some(10)),
            (false, true, false, Some(20)),
        ];
        assert!(one_order.contains(&answers), "inserted, inserted, removed and left: {answers:?}");
        match left {
            Some(value) => assert_holds(&table, [(A, value)]),
            None => assert_holds(&table, []),
        }
    });
}

#[test]
fn loom_a_removal_loses_neither_of_two_inserts_behind_it() {
    model_within(Some(2), || {
        let table = roomy_map([A]);
        let (ones, others) = (Arc::clone(&table), Arc::clone(&table));
        race_of_three(
            move |guard| assert!(insert(&ones, B, 2, guard)),
            move |guard| assert!(insert(&others, C, 3, guard)),
            |guard| assert!(remove(&table, A, guard)),
        );
        assert_holds(&table, [(B, 2), (C, 3)]);
    });
}
