//! Storing, learning, touching, removing and expiring, two at a time, on one key. Nothing here evicts: the threads share
//! one guard.

use super::*;
use crate::{
    raw::{
        Cursor, Fresh,
        lend::{race, race_of_three},
    },
    route::{record::Record, store::Written},
    sync::{model, model_within},
};

/// What a resolution that has found nothing writes back: the route that the caller is told then.
fn learn(table: &Routes, key: &SessionKey, route: Text, guard: &Guard) -> Text {
    inside(table, guard, |store, call| match store.learn(key, &route, call) {
        Written::Stored => route,
        Written::Yielded(entry) => entry.value().route,
    })
}

fn remove(table: &Routes, key: &SessionKey, guard: &Guard) -> Option<Text> {
    inside(table, guard, |store, call| store.remove(key, call))
}

/// Runs two on one table and one key, and answers what they answer, and the table.
fn two<A: Send + 'static, B: Send + 'static>(
    table: Routes,
    one: impl FnOnce(&Routes, &SessionKey, &Guard) -> A + Send + 'static,
    other: impl FnOnce(&Routes, &SessionKey, &Guard) -> B + Send + 'static,
) -> (A, B, Routes) {
    let (ones, others) = (table.clone(), table.clone());
    let (one, other) =
        race(move |guard| one(&ones, &room("#a"), guard), move |guard| other(&others, &room("#a"), guard));
    (one, other, table)
}

#[test]
fn loom_of_two_sets_of_an_absent_key_one_stays() {
    model(|| {
        let ((), (), table) = two(
            table_of(4, []).0,
            |table, key, guard| set(table, key, "!1", guard),
            |table, key, guard| set(table, key, "!2", guard),
        );
        let last = get(&table, &room("#a"), &pin()).expect("set, and not removed");
        assert_holds(&table, [last]);
    });
}

#[test]
fn loom_what_is_learned_never_overwrites_what_is_set() {
    model(|| {
        let (told, (), table) = two(
            table_of(4, []).0,
            |table, key, guard| learn(table, key, "!learned", guard),
            |table, key, guard| set(table, key, "!set", guard),
        );
        assert!(["!learned", "!set"].contains(&told));
        assert_holds(&table, ["!set"]);
    });
}

#[test]
fn loom_what_is_learned_is_removed_or_stays() {
    model(|| {
        let (told, removed, table) =
            two(table_of(4, []).0, |table, key, guard| learn(table, key, "!learned", guard), remove);
        assert_eq!(told, "!learned");
        match removed {
            Some(route) => assert_eq!((route, table.len()), ("!learned", 0)),
            None => assert_holds(&table, ["!learned"]),
        }
    });
}

#[test]
fn loom_what_is_learned_outlives_the_expired_record_before_it() {
    model_within(Some(2), || {
        let (told, met, table) = two(
            stale_table_of(4, [(&room("#a"), "!old")]),
            |table, key, guard| learn(table, key, "!learned", guard),
            get,
        );
        assert_eq!(told, "!learned");
        assert!(met == Ok("!learned") || met.is_err(), "{met:?}");
        assert_holds(&table, ["!learned"]);
    });
}

/// A resolution writes back over an expired record that another thread sets by `set`, which says whether it has: what
/// is set stands, and what is learned is stored where that came too late.
fn of_a_set_and_a_write_back_one_ends_the_expired_record(
    set: impl Fn(&Store<Text>, &SessionKey, &Call<'_>) -> bool + Copy + Send + Sync + 'static,
    route: Text,
) {
    model(move || {
        let (told, is_set, table) = two(
            stale_table_of(4, [(&room("#a"), "!old")]),
            |table, key, guard| learn(table, key, "!learned", guard),
            move |table, key, guard| inside(table, guard, |store, call| set(store, key, call)),
        );
        assert_eq!(told, if is_set { route } else { "!learned" });
        assert_holds(&table, [told]);
    });
}

#[test]
fn loom_what_is_learned_does_not_end_an_expired_record_that_is_set_again() {
    let again = |store: &Store<Text>, key: &SessionKey, call: &Call<'_>| {
        let met = store.meet(&Asked::Exact(key), call.guard);
        met.is_some_and(|(entry, life)| {
            let same = entry.value().route == "!old" && life.is_expired(call.now);
            same && entry.value().renew(call.now, TTL, || store.order.draw(), || call.now)
        })
    };
    of_a_set_and_a_write_back_one_ends_the_expired_record(again, "!old");
}

#[test]
fn loom_what_is_learned_does_not_end_what_replaces_an_expired_record() {
    let replaces = |store: &Store<Text>, key: &SessionKey, call: &Call<'_>| {
        let met = store.meet(&Asked::Exact(key), call.guard);
        met.is_some_and(|(entry, life)| {
            let record = Record::new("!set", call.now, call.now.after(TTL), store.order.draw());
            let fresh = Fresh::new(entry.hash(), entry.key().clone(), record);
            life.is_expired(call.now) && entry.replace(fresh).is_ok()
        })
    };
    of_a_set_and_a_write_back_one_ends_the_expired_record(replaces, "!set");
}

#[test]
fn loom_a_set_a_write_back_and_a_remove_fit_one_order() {
    model_within(Some(2), || {
        let (table, _) = table_of(4, []);
        let (sets, learns) = (table.clone(), table.clone());
        let ((), told, removed) = race_of_three(
            move |guard| set(&sets, &room("#a"), "!set", guard),
            move |guard| learn(&learns, &room("#a"), "!learned", guard),
            |guard| remove(&table, &room("#a"), guard),
        );
        let left = get(&table, &room("#a"), &pin()).ok();
        let answers = (told, removed, left);
        let one_order = [
            ("!set", Some("!set"), None),
            ("!set", None, Some("!set")),
            ("!learned", Some("!set"), Some("!learned")),
            ("!learned", Some("!set"), None),
            ("!learned", Some("!learned"), Some("!set")),
            ("!learned", None, Some("!set")),
        ];
        assert!(one_order.contains(&answers), "told, removed and left: {answers:?}");
        assert_eq!(table.len(), usize::from(left.is_some()), "places taken");
    });
}

#[test]
fn loom_of_two_who_learn_both_are_told_what_stays() {
    model(|| {
        let (one, other, table) = two(
            table_of(4, []).0,
            |table, key, guard| learn(table, key, "!1", guard),
            |table, key, guard| learn(table, key, "!2", guard),
        );
        assert_eq!(one, other, "the later of them yields");
        assert_holds(&table, [one]);
    });
}

#[test]
fn loom_a_record_that_is_set_again_is_not_pruned_for_its_old_deadline() {
    model_within(Some(2), || {
        let ((), pruned, table) = two(
            stale_table_of(4, [(&room("#a"), "!a")]),
            |table, key, guard| set(table, key, "!a", guard),
            |table, _, guard| {
                let mut pruned = 0;
                inside(table, guard, |store, call| {
                    store.prune(&mut Cursor::default(), usize::MAX, &mut pruned, call)
                });
                pruned
            },
        );
        assert!(pruned <= 1);
        assert_holds(&table, ["!a"]);
    });
}

#[test]
fn loom_of_a_set_and_a_remove_the_later_stands() {
    model(|| {
        let ((), removed, table) = two(
            table_of(4, [(&room("#a"), "!1")]).0,
            |table, key, guard| set(table, key, "!2", guard),
            remove,
        );
        match removed.expect("it is there all the time") {
            "!1" => assert_holds(&table, ["!2"]),
            _ => assert_holds(&table, []),
        }
    });
}

#[test]
fn loom_of_a_touch_and_an_expiry_one_wins() {
    model(|| {
        let (touched, met, table) = two(
            table_of(4, [(&room("#a"), "!a")]).0,
            |table, key, guard| {
                inside(table, guard, |store, call| {
                    matches!(store.touch(key, Millis(200), call), Found::Fresh(..))
                })
            },
            |table, key, guard| {
                // One whose clock is ahead: for it the record has expired, unless it was touched.
                inside(table, guard, |store, call| {
                    answer(&store.get(&Asked::Exact(key), &Call { now: at(100), ..*call }))
                })
            },
        );
        assert_eq!(met == Err(true), !touched, "one sees the other: {met:?}");
        assert_eq!(table.len(), usize::from(touched));
    });
}

#[test]
fn loom_of_two_who_meet_an_expired_record_one_removes_it() {
    model(|| {
        let (one, other, table) = two(stale_table_of(4, [(&room("#a"), "!old")]), get, get);
        assert!((one == Err(true)) ^ (other == Err(true)), "{one:?} {other:?}");
        assert_eq!(table.len(), 0);
    });
}
