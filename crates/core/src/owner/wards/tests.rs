use super::*;
use crate::{
    clock::Tick,
    owner::{Home, Owner, OwnerRef},
    raw::lend::both,
    sync::model,
};
use std::sync::{Arc, Weak};

/// A home where it is always the same time.
struct At(Tick);

impl Home for At {
    fn bury(&self, _: &OwnerRef) {}

    fn now(&self) -> Tick {
        self.0
    }

    fn suspend(&self, _: &OwnerRef, _: Tick) -> bool {
        false
    }

    fn tell_suspended(&self, _: &OwnerRef, _: Tick) {}
}

/// One owner of a map, with what is asked of it and of its ward.
struct Scene {
    home: Arc<At>,
    wards: Arc<Wards>,
    owner: Owner,
    name: OwnerRef,
}

impl Scene {
    fn at(now: Tick) -> Self {
        let (home, wards) = (Arc::new(At(now)), Arc::new(Wards::new()));
        let owner = owner(&home, &wards);
        let name = owner.name().clone();
        Self { home, wards, owner, name }
    }

    /// Where every suspension is over.
    fn late() -> Self {
        Self::at(Tick::MAX)
    }

    /// One whose owner is suspended.
    fn suspended(self) -> Self {
        assert!(self.name.core().suspend(UNTIL));
        self
    }
}

const UNTIL: Tick = Tick::from_millis(9);

fn owner(home: &Arc<At>, wards: &Arc<Wards>) -> Owner {
    let home: Weak<At> = Arc::downgrade(home);
    Owner::new(home, Arc::clone(wards))
}

#[test]
fn loom_who_knows_of_a_death_finds_the_ward_disturbed() {
    model(|| {
        let Scene { wards, owner, name, .. } = Scene::late();
        let ((), calm_after_death) =
            both(move || drop(owner), move || !name.is_alive() && wards.is_calm(name.ward()));
        assert!(!calm_after_death, "its sessions would be seen");
    });
}

#[test]
fn loom_a_resumption_and_a_death_leave_the_ward_disturbed() {
    model(|| {
        let Scene { wards, owner, name, .. } = Scene::late().suspended();
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

/// In time, so that who looks at the word changes nothing.
#[test]
fn loom_who_finds_the_ward_calm_again_sees_the_resumption() {
    model(|| {
        let Scene { home, wards, owner, name } = Scene::at(Tick::ZERO).suspended();
        let resuming = name.clone();
        let look = move || !wards.is_calm(name.ward()) || name.suspended_until().is_none();
        let (_, right) = both(move || resuming.resume(Tick::ZERO), look);
        assert!(right, "calm, and suspended");
        drop((owner, home));
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn a_ward_is_calm_again_when_its_owners_are_resumed_or_gone() {
    let Scene { home, wards, owner, name } = Scene::late();
    drop(home);
    let ward = name.ward();
    assert!(wards.is_calm(ward));
    for _ in 0..3 {
        assert!(name.core().suspend(UNTIL));
        assert!(!wards.is_calm(ward), "suspended");
        assert!(!name.core().suspend(Tick::from_millis(10)), "suspended already");
        assert!(name.resume(Tick::ZERO));
        assert!(!name.resume(Tick::ZERO), "not suspended any more");
        assert!(wards.is_calm(ward), "resumed");
    }
    assert!(name.core().suspend(UNTIL));
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
        let Scene { wards, owner, name, .. } = Scene::late();
        let ward = name.ward();
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
        let Scene { wards, owner, name, .. } = Scene::late();
        let ward = name.ward();
        let ((), calm) =
            both(move || drop(owner), move || !name.core().suspend(UNTIL) && wards.is_calm(ward));
        assert!(!calm, "it has ended, and its sessions would be seen");
    });
}

/// At home, where it is late.
#[test]
fn loom_a_lapse_and_a_death_leave_the_ward_disturbed() {
    model(|| {
        let Scene { home, wards, owner, name } = Scene::late().suspended();
        let ward = name.ward();
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
        drop((kept, home));
    });
}

#[test]
fn loom_suspending_and_resuming_one_hides_no_other() {
    model(|| {
        let Scene { home, wards, owner: dead, name: grave } = Scene::late();
        let (ward, moved) = (grave.ward(), owner(&home, &wards));
        drop(dead);
        let (one, two, theirs) = (moved.name().clone(), moved.name().clone(), Arc::clone(&wards));
        let (calm, other) = both(
            move || {
                one.core().suspend(UNTIL);
                wards.is_calm(ward)
            },
            move || {
                two.resume(Tick::ZERO);
                theirs.is_calm(ward)
            },
        );
        assert!(!calm && !other, "another owner of the ward is dead");
        drop((moved, grave));
    });
}
