//! Scenarios that loom explores; under plain `cargo test` each runs once.

use super::*;
use crate::{
    clock::ManualClock,
    sync::{model, thread},
};

pub(super) fn map() -> SessionMap<()> {
    SessionMap::builder().clock(ManualClock::new()).build().unwrap()
}

/// An owner of no map: nobody buries it.
pub(super) fn orphan() -> Owner {
    let nowhere: std::sync::Weak<Inner<()>> = std::sync::Weak::new();
    Owner::new(nowhere)
}

#[test]
fn loom_who_is_told_that_the_owner_is_dead_has_no_session() {
    model(|| {
        let map = map();
        let (keeper, owner) = (map.owner(), map.owner());
        let name = owner.name().clone();
        let other = map.clone();
        let thread = thread::spawn(move || {
            let handed = other.hand_over("A", &keeper).is_ok();
            drop(owner);
            (handed, keeper)
        });
        let created = map.create("A", (), &name);
        let (handed, keeper) = thread.join().unwrap();
        assert!(created.is_ok() || !map.contains("A"), "{created:?}, and it lives");
        assert_eq!(map.contains("A"), handed);
        assert_eq!((map.occupied(), keeper.session_count()), (usize::from(handed), usize::from(handed)));
    });
}

#[test]
fn loom_creating_for_an_owner_that_dies_leaves_nothing() {
    model(|| {
        let map = map();
        let owner = map.owner();
        let name = owner.name().clone();
        let thread = thread::spawn(move || drop(owner));
        let _ = map.create("A", (), &name);
        thread.join().unwrap();
        assert_eq!((map.occupied(), name.session_count()), (0, 0));
    });
}

#[test]
fn loom_a_session_seen_after_the_new_owner_is_dead_is_not_handed_to_it_any_more() {
    model(|| {
        let map = map();
        let (old, new) = (map.owner(), map.owner());
        let name = new.name().clone();
        map.create("A", (), &old).unwrap();
        let other = map.clone();
        let thread = thread::spawn(move || {
            drop(new);
            other.contains("A")
        });
        let handed = map.hand_over("A", &name).is_ok();
        let seen = thread.join().unwrap();
        assert!(!(handed && seen), "it was with the old owner, and has died with the new one");
        assert_eq!(map.contains("A"), !handed);
    });
}
