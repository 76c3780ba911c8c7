use crate::{
    raw::{lend::both, pin},
    session::{Asked, models::map},
    sync::{model, model_within},
};

/// Deletes a session of whose hint there is none left, as if somebody had tidied after the removal, while another is
/// created under its code. So the hint that the deletion may find is that of the new one alone.
fn a_deletion_beside_a_creation(then_dies: bool) {
    let map = map();
    let owner = map.owner();
    let name = owner.name().clone();
    map.create("A", (), &name).unwrap();
    assert!(name.core().hints.step(usize::MAX, |_| false));
    let (theirs, theirs_too) = (map.clone(), map.clone());
    let creator = move || {
        let created = theirs.create("A", (), owner.name()).is_ok();
        // Else it has its end behind the race.
        (!(created && then_dies)).then_some((owner, created))
    };
    let (deleted, left) = both(move || theirs_too.delete("A"), creator);
    if let Some((owner, created)) = left {
        assert!(deleted);
        assert_eq!((map.occupied(), owner.session_count()), (usize::from(created), usize::from(created)));
        drop(owner);
    }
    assert_eq!((map.occupied(), name.session_count()), (0, 0), "a hint was forgotten that led somewhere");
}

#[test]
fn loom_a_deletion_forgets_no_hint_to_what_is_created_meanwhile() {
    model(|| a_deletion_beside_a_creation(false));
}

#[test]
fn loom_a_death_misses_no_session_whose_hint_a_deletion_has_in_its_hands() {
    model_within(Some(2), || a_deletion_beside_a_creation(true));
}

/// Who has deleted a session under this code, and comes to forget the hint to it, has that of another in its hands.
#[test]
fn loom_a_death_misses_no_session_whose_hint_somebody_takes_for_another() {
    model(|| {
        let map = map();
        let owner = map.owner();
        let name = owner.name().clone();
        map.create("A", (), &name).unwrap();
        let hash = map.inner.table.get(&Asked::new("A"), &pin()).unwrap().hash();
        let (theirs, forgotten) = (map.clone(), name.clone());
        both(move || theirs.inner.left(&forgotten, hash, &pin()), move || drop(owner));
        assert_eq!((map.occupied(), name.session_count()), (0, 0), "nobody has buried it");
    });
}

#[test]
fn loom_a_hand_over_forgets_no_hint_to_a_session_that_comes_back() {
    model_within(Some(2), || {
        let map = map();
        let (one, other) = (map.owner(), map.owner());
        map.create("A", (), &one).unwrap();
        // As if somebody had tidied after it has moved: so the hint that is found then is that of its return alone.
        assert!(one.name().core().hints.step(usize::MAX, |_| false));
        let (theirs, to) = (map.clone(), other.name().clone());
        let (theirs_too, back) = (map.clone(), one.name().clone());
        let (there, here) = both(
            move || theirs.hand_over("A", &to).is_ok(),
            // If it has not moved by then, it has nothing to return from, and is with the other in the end.
            move || theirs_too.hand_over("A", &back).is_ok(),
        );
        assert!(there && here);
        assert_eq!(one.session_count() + other.session_count(), 1);
        // No sweep: by its hint alone.
        drop((one, other));
        assert_eq!(map.occupied(), 0, "a hint was forgotten that led somewhere");
    });
}
