//! The bound, and who goes where it is reached. Where the threads share one guard no survey may be replaced: there is
//! one that lists as many records as are evicted, or one record is evicted by name.

use super::*;
use crate::{
    raw::lend::{both, race},
    route::{bound::Place, order::Candidate, store::Written},
    sync::{Arc, AtomicUsize, Ordering, model, model_within},
};

#[test]
fn loom_who_takes_the_place_of_a_removed_record_does_not_see_it() {
    model(|| {
        let (a, b) = (room("#a"), room("#b"));
        // Grown, and all its buckets put into the list, so that the two are no neighbors, whose links would tell the
        // one of the other.
        let (table, _) = table_of(8, [(&a, "!a")]);
        for gone in ["#b", "#c", "#d", "#b", "#c", "#d", "#b"].map(room) {
            set(&table, &gone, "!gone", &pin());
            inside(&table, &pin(), |store, call| store.remove(&gone, call));
        }
        table.inner.shared.set_bound(1);
        let (ones, others) = (table.clone(), table.clone());
        race(
            move |guard| inside(&ones, guard, |store, call| store.remove(&room("#a"), call)),
            move |guard| {
                // With a free place nobody is evicted.
                if others.is_empty() {
                    set(&others, &b, "!b", guard);
                    assert_eq!(peek(&others, &a, guard), Err(false), "two, where one is the bound");
                }
            },
        );
    });
}

#[test]
fn loom_a_bound_that_is_lowered_is_seen_or_the_place_that_was_taken_is() {
    model(|| {
        let (table, _) = table_of(1, []);
        let (ones, others) = (table.clone(), table.clone());
        let lowers = move |guard: &_| {
            inside(&ones, guard, |store, call| {
                call.shared.set_bound(0);
                store.len(1) == 0
            })
        };
        let sets = move |guard: &_| {
            inside(&others, guard, |store, call| store.take_place(call.shared).map(Place::keep).is_some())
        };
        let (none_seen, taken) = race(lowers, sets);
        assert!(!(none_seen && taken), "a place above the bound that nobody takes back");
    });
}

/// What an eviction would find on a survey: this record, as it is now.
fn candidate(table: &Routes, key: &SessionKey) -> Candidate {
    inside(table, &pin(), |store, call| {
        let entry = store.table.get(&Asked::Exact(key), call.guard).expect("it is there");
        Candidate { stamp: entry.value().stamp(entry.value().life(), || 0), hash: entry.hash() }
    })
}

#[test]
fn loom_a_record_that_is_set_again_is_not_evicted_for_its_old_age() {
    model(|| {
        let a = room("#a");
        let (table, _) = table_of(1, [(&a, "!a")]);
        let (ones, others, old) = (table.clone(), table.clone(), candidate(&table, &a));
        let renews = move |guard: &_| {
            inside(&ones, guard, |store, call| {
                let (entry, _) = store.meet(&Asked::Exact(&a), guard)?;
                entry.value().renew(call.now, TTL, || store.order.draw(), || call.now).then_some(())
            })
        };
        let evicts = move |guard: &_| inside(&others, guard, |store, call| store.evict(old, call));
        let (renewed, evicted) = race(renews, evicts);
        assert!(renewed.is_some() ^ evicted.is_some(), "{renewed:?} {evicted:?}");
        assert_eq!(table.len(), usize::from(renewed.is_some()));
    });
}

#[test]
fn loom_what_is_learned_yields_to_what_is_evicted_or_takes_its_place() {
    model_within(Some(2), || {
        let a = room("#a");
        let (table, _) = table_of(4, [(&a, "!a")]);
        let (ones, others, old) = (table.clone(), table.clone(), candidate(&table, &a));
        let learns = move |guard: &_| {
            inside(&ones, guard, |store, call| matches!(store.learn(&a, &"!learned", call), Written::Stored))
        };
        let evicts = move |guard: &_| inside(&others, guard, |store, call| store.evict(old, call));
        let (stored, evicted) = race(learns, evicts);
        assert!(evicted.is_some());
        if stored {
            assert_holds(&table, ["!learned"]);
        } else {
            assert_holds(&table, []);
        }
    });
}

#[test]
fn loom_of_two_who_make_room_nobody_evicts_a_younger_one() {
    model_within(Some(2), || {
        let keys = ["#a", "#b", "#c", "#d"].map(room);
        let (table, _) =
            table_of(4, [(&keys[0], "!a"), (&keys[1], "!b"), (&keys[2], "!c"), (&keys[3], "!d")]);
        let make_room = |table: &Routes, guard: &_| inside(table, guard, |store, call| store.make_room(call));
        // Makes the survey that the two use.
        assert!(make_room(&table, &pin()));
        let (ones, others) = (table.clone(), table.clone());
        let (one, other) = race(move |guard| make_room(&ones, guard), move |guard| make_room(&others, guard));
        assert!(one && other);
        // One may have helped the other, and both count the place that they have freed together.
        match table.len() {
            1 => assert_holds(&table, ["!d"]),
            _ => assert_holds(&table, ["!c", "!d"]),
        }
    });
}

/// Two make room, each under a guard of its own, and so replace a survey that is used up.
#[test]
fn loom_of_two_who_make_a_new_survey_nobody_evicts_a_younger_one() {
    model_within(Some(1), || {
        let keys = ["#a", "#b"].map(room);
        let (table, _) = table_of(2, [(&keys[0], "!a"), (&keys[1], "!b")]);
        let make_room = |table: &Routes| inside(table, &pin(), |store, call| store.make_room(call));
        let (ones, others) = (table.clone(), table.clone());
        let (one, other) = both(move || make_room(&ones), move || make_room(&others));
        assert!(one && other);
        // As above.
        match table.len() {
            0 => assert_holds(&table, []),
            _ => assert_holds(&table, ["!b"]),
        }
    });
}

/// One finds the only place taken, and then nobody to evict. It alone replaces the survey, so one guard will do.
///
/// That the place had been given back when the set gave up cannot be seen from outside, but with one preemption it is
/// so wherever the other has ended by then: that one is spent before the survey.
#[test]
fn loom_a_set_that_finds_a_place_taken_and_then_nobody_there_takes_it_when_it_is_free() {
    model_within(Some(1), || {
        let a = room("#a");
        let (table, _) = table_of(1, [(&a, "!a")]);
        let ended = Arc::new(AtomicUsize::new(0));
        let (ones, others, seen) = (table.clone(), table.clone(), Arc::clone(&ended));
        let reserves = move |guard: &_| {
            let taken = inside(&ones, guard, |store, call| store.reserve(call).map(Place::keep).is_some());
            // Relaxed, both: in the order in which they are executed, as the exchange of the places is.
            taken || seen.load(Ordering::Relaxed) == 0
        };
        let removes = move |guard: &_| {
            inside(&others, guard, |store, call| store.remove(&a, call));
            ended.store(1, Ordering::Relaxed);
        };
        let (right, ()) = race(reserves, removes);
        assert!(right, "there was room, and it was not used");
    });
}

/// Moves the deadline of the route that is there and makes it the youngest; false if it is gone.
fn renew(table: &Routes, key: &SessionKey, guard: &Guard) -> bool {
    inside(table, guard, |store, call| {
        let met = store.meet(&Asked::Exact(key), guard);
        met.is_some_and(|(entry, _)| entry.value().renew(call.now, TTL, || store.order.draw(), || call.now))
    })
}

/// The survey is made while both records are set again, the older one first. One of them goes: the one that was the
/// older at that instant.
#[test]
fn loom_a_survey_of_records_that_are_being_set_leads_to_the_oldest() {
    model_within(Some(2), || {
        let (a, b) = (room("#a"), room("#b"));
        let (table, _) = table_of(2, [(&a, "!a"), (&b, "!b")]);
        let (ones, others) = (table.clone(), table.clone());
        let makes_room = move |guard: &_| inside(&ones, guard, |store, call| store.make_room(call));
        let renews = move |guard: &_| (renew(&others, &a, guard), renew(&others, &b, guard));
        // One alone replaces the survey, so one guard will do.
        let (made, renewed) = race(makes_room, renews);
        assert!(made);
        match renewed {
            (true, false) => assert_holds(&table, ["!a"]),
            (_, true) => assert_holds(&table, ["!b"]),
            (false, false) => panic!("both are gone"),
        }
    });
}
