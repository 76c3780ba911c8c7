use super::*;
use crate::{clock::Tick, owner::Owner, raw::lend::both, sync::model};
use std::sync::{Arc, Weak};

/// A home that nobody is at.
struct Nowhere;

impl crate::owner::Home for Nowhere {
    fn bury(&self, _: &crate::owner::OwnerRef) {}

    fn now(&self) -> Tick {
        Tick::MAX
    }

    fn suspend(&self, _: &crate::owner::OwnerRef, _: Tick) -> bool {
        false
    }

    fn tell_suspended(&self, _: &crate::owner::OwnerRef, _: Tick) {}
}

fn owner(wards: &Arc<Wards>) -> Owner {
    let nowhere: Weak<Nowhere> = Weak::new();
    Owner::new(nowhere, Arc::clone(wards))
}

#[test]
fn loom_who_knows_of_a_death_finds_the_ward_disturbed() {
    model(|| {
        let wards = Arc::new(Wards::new());
        let owner = owner(&wards);
        let name = owner.name().clone();
        let ((), calm_after_death) =
            both(move || drop(owner), move || !name.is_alive() && wards.is_calm(name.ward()));
        assert!(!calm_after_death, "its sessions would be seen");
    });
}

#[test]
fn loom_a_resumption_and_a_death_leave_the_ward_disturbed() {
    model(|| {
        let wards = Arc::new(Wards::new());
        let owner = owner(&wards);
        let name = owner.name().clone();
        assert!(name.core().suspend(Tick::from_millis(9)));
        let (resuming, ward, theirs) = (name.clone(), name.ward(), Arc::clone(&wards));
        let end = move || {
            drop(owner);
            theirs.is_calm(ward)
        };
        let (_, calm) = both(move || resuming.resume(Tick::ZERO), end);
        assert!(!calm && !wards.is_calm(ward), "it is dead, whoever came first");
        drop(name);
        assert!(wards.is_calm(ward), "it is gone");
    });
}

#[test]
fn loom_who_finds_the_ward_calm_again_sees_the_resumption() {
    model(|| {
        let wards = Arc::new(Wards::new());
        let owner = owner(&wards);
        let (name, resuming) = (owner.name().clone(), owner.name().clone());
        assert!(name.core().suspend(Tick::from_millis(9)));
        let look = move || !wards.is_calm(name.ward()) || name.suspended_until().is_none();
        let (_, right) = both(move || resuming.resume(Tick::ZERO), look);
        assert!(right, "calm, and suspended");
        drop(owner);
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn a_ward_is_calm_again_when_its_owners_are_resumed_or_gone() {
    let wards = Arc::new(Wards::new());
    let owner = owner(&wards);
    let (name, ward) = (owner.name().clone(), owner.ward());
    assert!(wards.is_calm(ward));
    for _ in 0..3 {
        assert!(name.core().suspend(Tick::from_millis(9)));
        assert!(!wards.is_calm(ward), "suspended");
        assert!(!name.core().suspend(Tick::from_millis(10)), "suspended already");
        assert!(name.resume(Tick::ZERO));
        assert!(!name.resume(Tick::ZERO), "not suspended any more");
        assert!(wards.is_calm(ward), "resumed");
    }
    assert!(name.core().suspend(Tick::from_millis(9)));
    assert!(!name.is_alive(), "late, for nobody is at home to say how late it is");
    drop(owner);
    assert!(!wards.is_calm(ward), "lapsed");
    drop(name);
    assert!(wards.is_calm(ward), "gone");
}

#[cfg(not(tenure_loom))]
#[test]
fn what_happens_to_an_owner_is_no_matter_of_the_others_in_its_ward() {
    let from_millis = std::time::Duration::from_millis;
    let clock = crate::ManualClock::new();
    let map = crate::SessionMap::builder().clock(clock.clone()).build().expect("valid settings");
    let mut owners: Vec<_> = (0..=WARDS).map(|_| map.owner()).collect();
    for (number, owner) in owners.iter().enumerate() {
        map.create(number.to_string(), (), owner).expect("a free code");
    }
    let (last, first) = (owners.pop().expect("the last"), owners.remove(0));
    assert_eq!(first.ward().0, last.ward().0);
    first.suspend(from_millis(5)).expect("alive");
    assert!(map.contains("0") && map.contains(&WARDS.to_string()));
    clock.advance(from_millis(5));
    assert!(!map.contains("0") && map.contains(&WARDS.to_string()));
    drop(last);
    assert!(!map.contains(&WARDS.to_string()));
    assert_eq!(map.count_active(), WARDS - 1);
}

#[test]
fn loom_who_ends_it_second_finds_the_ward_disturbed() {
    model(|| {
        let wards = Arc::new(Wards::new());
        let owner = owner(&wards);
        let (name, ward) = (owner.name().clone(), owner.ward());
        let ((), calm) = both(
            move || drop(owner),
            move || {
                name.end(crate::DeathReason::Finished);
                wards.is_calm(ward)
            },
        );
        assert!(!calm, "it has ended, and its sessions would be seen");
    });
}

#[test]
fn loom_who_cannot_suspend_it_any_more_finds_the_ward_disturbed() {
    model(|| {
        let wards = Arc::new(Wards::new());
        let owner = owner(&wards);
        let (name, ward) = (owner.name().clone(), owner.ward());
        let ((), calm) = both(
            move || drop(owner),
            move || !name.core().suspend(Tick::from_millis(9)) && wards.is_calm(ward),
        );
        assert!(!calm, "it has ended, and its sessions would be seen");
    });
}

/// At home, where it is late.
#[test]
fn loom_a_lapse_and_a_death_leave_the_ward_disturbed() {
    model(|| {
        let wards = Arc::new(Wards::new());
        let owner = owner(&wards);
        let (name, ward) = (owner.name().clone(), owner.ward());
        assert!(name.core().suspend(Tick::from_millis(9)));
        let theirs = Arc::clone(&wards);
        let kept = name.clone();
        let (calm, other) = both(
            move || {
                drop(owner);
                theirs.is_calm(ward)
            },
            move || !name.is_alive() && wards.is_calm(ward),
        );
        assert!(!calm && !other, "it is dead, whoever came first");
        drop(kept);
    });
}

#[test]
fn loom_suspending_and_resuming_one_hides_no_other() {
    model(|| {
        let wards = Arc::new(Wards::new());
        let (dead, between, moved) = (owner(&wards), owner(&wards), owner(&wards));
        let (ward, grave) = (dead.ward(), dead.name().clone());
        drop(dead);
        let (one, two, theirs) = (moved.name().clone(), moved.name().clone(), Arc::clone(&wards));
        let (calm, other) = both(
            move || {
                one.core().suspend(Tick::from_millis(9));
                wards.is_calm(ward)
            },
            move || {
                two.resume(Tick::ZERO);
                theirs.is_calm(ward)
            },
        );
        assert!(!calm && !other, "another owner of the ward is dead");
        drop((between, moved, grave));
    });
}
