use crate::{
    raw::lend::both,
    session::models::map,
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
