//! A hand-over against the death of the old owner, and against those who look on.

use super::*;
use crate::{
    event::EndCause,
    owner::Owner,
    raw::{Once, lend::race_of_three},
    session::{
        Standing,
        cell::{Life, Stage},
        models::{map, orphan},
    },
    sync::model,
};

/// Puts a session under the code `A` into the table, without more ado: its death needs nobody who buries it.
fn put(map: &SessionMap<()>, owner: &Owner) {
    let (created, hash) = (map.inner.moment(), Asked::new("A").hash());
    let holder = Holder::of(owner.name().clone());
    let state = State { holder, stage: Stage::FIRST, connected: None, payload: () };
    let cell = Cell::first(Life { id: 0, created, end: Once::new() }, state);
    let fresh = map.inner.table.fresh(hash, Code::new("A"), cell);
    // The places that it gives back when it ends.
    map.inner.busy.places.fetch_add(1, Ordering::Relaxed);
    assert!(owner.core().reserve(1));
    assert!(map.inner.table.insert(fresh, || 1, &pin()).is_ok());
}

/// What `hand_over` does to the session itself.
fn hand_over(map: &SessionMap<()>, from: &OwnerRef, to: &OwnerRef, guard: &Guard) {
    let Some(entry) = map.inner.visible(Asked::new("A"), guard) else { return };
    let moving = Arc::new(Move::new(&Holder::of(from.clone()), to.clone()));
    let holder = Holder::Moving(Arc::clone(&moving));
    if let Some(new) = replace(entry, Status::Pending, None, holder, ()) {
        map.inner.decide(&moving, new, guard);
    }
}

/// A session whose owner dies is handed over, and a third thread looks at it by `is_gone`: what is gone stays gone.
fn what_is_seen_dead_stays_dead(
    is_gone: impl Fn(&SessionMap<()>, &Guard) -> bool + Copy + Send + Sync + 'static,
) {
    model(move || {
        let map = map();
        let (from, to) = (orphan(&map.inner.wards), orphan(&map.inner.wards));
        put(&map, &from);
        let (theirs, old, new) = (map.clone(), from.name().clone(), to.name().clone());
        let ((), (), gone) = race_of_three(
            move |_| drop(from),
            move |guard| hand_over(&theirs, &old, &new, guard),
            |guard| is_gone(&map, guard),
        );
        assert!(!gone || map.inner.visible(Asked::new("A"), &pin()).is_none(), "it was dead, and is back");
    });
}

#[test]
fn loom_a_session_that_is_seen_dead_does_not_come_back() {
    what_is_seen_dead_stays_dead(|map, guard| {
        map.inner.look(Asked::new("A"), guard).is_some_and(|(_, standing)| standing != Standing::Visible)
    });
}

#[test]
fn loom_a_session_that_a_list_leaves_out_does_not_come_back() {
    what_is_seen_dead_stays_dead(|map, guard| {
        let entry = map.inner.table.get(&Asked::new("A"), guard).expect("nobody removes it");
        map.inner.seen(entry, guard).is_none()
    });
}

#[test]
fn loom_a_session_that_lives_on_is_not_said_to_have_ended() {
    what_is_seen_dead_stays_dead(|map, guard| {
        let entry = map.inner.table.get(&Asked::new("A"), guard).expect("nobody else removes it");
        if map.inner.standing(entry.value()) != Standing::Visible {
            map.inner.end(entry, EndCause::Expired, guard);
        }
        // Written down for all versions of it.
        entry.value().shared().end.get().is_some()
    });
}

/// What the change of a session's status does to the table.
fn change(map: &SessionMap<()>, guard: &Guard) {
    let Some(entry) = map.inner.visible(Asked::new("A"), guard) else { return };
    if !map.inner.finish_hand_over(entry, guard) {
        let _ = replace(entry, Status::Connected, None, entry.value().settled(), ());
    }
}

/// The owner of a session dies, another thread does something to the session, and a third looks on: who knows of the
/// death does not see it, and what is gone stays gone.
fn a_third_looks_on(act: impl Fn(&SessionMap<()>, &Guard) + Copy + Send + Sync + 'static) {
    model(move || {
        let map = map();
        let owner = orphan(&map.inner.wards);
        put(&map, &owner);
        let (theirs, name) = (map.clone(), owner.name().clone());
        let ((), (), (known, seen)) = race_of_three(
            move |_| drop(owner),
            move |guard| act(&theirs, guard),
            |guard| {
                let known = !name.is_alive();
                (known, [0; 2].map(|_| map.inner.visible(Asked::new("A"), guard).is_some()))
            },
        );
        assert!(!known || seen == [false; 2], "its owner was known to be dead");
        assert!(seen[0] || !seen[1], "it was gone, and is back");
        assert!(map.inner.visible(Asked::new("A"), &pin()).is_none());
    });
}

#[test]
fn loom_a_third_sees_no_session_that_was_changed_behind_its_owners_death() {
    a_third_looks_on(change);
}

#[test]
fn loom_a_third_sees_no_session_come_back_that_was_deleted_while_its_owner_died() {
    a_third_looks_on(|map, guard| {
        if let Some(entry) = map.inner.visible(Asked::new("A"), guard) {
            entry.remove();
        }
    });
}

/// A change and a hand-over at the same moment, and the death of the old owner: one of the two is done first.
#[test]
fn loom_a_session_that_two_change_while_its_owner_dies_moves_or_is_gone() {
    model(|| {
        let map = map();
        let (from, to) = (orphan(&map.inner.wards), orphan(&map.inner.wards));
        put(&map, &from);
        let (changing, theirs) = (map.clone(), map.clone());
        let (old, new) = (from.name().clone(), to.name().clone());
        race_of_three(
            move |guard| change(&changing, guard),
            move |guard| hand_over(&theirs, &old, &new, guard),
            |_| drop(from),
        );
        let guard = pin();
        let entry = map.inner.table.get(&Asked::new("A"), &guard).expect("nobody removes it");
        let lives = map.inner.visible(Asked::new("A"), &guard).is_some();
        assert_eq!(lives, entry.value().settled_holder() == Some(to.name()), "with its owner, or not at all");
        assert!(entry.value().stage.version() <= 2);
    });
}
