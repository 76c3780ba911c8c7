//! Threads against each other, on small maps, for a fixed number of rounds.

use super::{super::*, map};
use crate::patience::until;
use crate::{
    error::{CreateErrorKind, HandOverError},
    event::DeathReason,
};
use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize as Count, Ordering::Relaxed},
    },
    thread,
};

const ROUNDS: usize = 3_000;

#[test]
fn creating_for_an_owner_that_dies_leaves_nothing_behind() {
    let (map, _) = map::<usize>();
    for round in 0..ROUNDS {
        let owner = map.owner();
        let name = owner.name().clone();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                for number in 0..8 {
                    match map.create(format!("{round}/{number}"), number, &name) {
                        Ok(()) => {}
                        Err(error) => {
                            let dead = CreateErrorKind::OwnerDead { incarnation: name.incarnation().get() };
                            assert_eq!((error.kind(), error.payload()), (&dead, &number));
                        }
                    }
                }
            });
            start.wait();
            drop(owner);
        });
        assert_eq!((map.count_active(), map.occupied(), name.session_count()), (0, 0, 0), "round {round}");
    }
}

#[test]
fn handing_over_between_owners_that_die_leaves_nothing_behind_and_brings_nothing_back() {
    let (map, _) = map::<()>();
    for round in 0..ROUNDS {
        let (one, two) = (map.owner(), map.owner());
        let (from, to) = (one.name().clone(), two.name().clone());
        map.create("A", (), &one).unwrap();
        let start = Barrier::new(4);
        let handed = thread::scope(|scope| {
            let handing = scope.spawn(|| {
                start.wait();
                map.hand_over("A", &to)
            });
            scope.spawn(|| {
                start.wait();
                drop(one);
            });
            scope.spawn(|| {
                start.wait();
                let mut was_gone = false;
                for _ in 0..20 {
                    let there = map.contains("A");
                    assert!(!(there && was_gone), "round {round}: seen dead and back");
                    was_gone = !there;
                }
            });
            start.wait();
            if round % 2 == 0 {
                map.update("A", |_| ()).ok();
            }
            handing.join().unwrap()
        });
        match handed {
            Ok(()) => assert!(map.contains("A")),
            Err(HandOverError::NotFound { .. }) => assert!(!map.contains("A")),
            Err(other) => panic!("{other:?}"),
        }
        drop(two);
        assert!(!map.contains("A"));
        assert_eq!((map.occupied(), from.session_count(), to.session_count()), (0, 0, 0), "round {round}");
    }
}

#[test]
fn hand_overs_against_each_other_and_a_deletion_keep_the_books() {
    let (map, _) = map::<()>();
    for round in 0..ROUNDS {
        let owners = [map.owner(), map.owner(), map.owner()];
        map.create("A", (), &owners[0]).unwrap();
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for owner in &owners[1..] {
                scope.spawn(|| {
                    start.wait();
                    let handed = map.hand_over("A", owner);
                    assert!(matches!(handed, Ok(()) | Err(HandOverError::NotFound { .. })), "{handed:?}");
                });
            }
            start.wait();
            if round % 2 == 0 {
                map.delete("A");
            }
        });
        let live = usize::from(map.contains("A"));
        let counted: usize = owners.iter().map(|owner| owner.session_count()).sum();
        assert_eq!((counted, map.occupied()), (live, live), "round {round}");
        drop(owners);
        assert_eq!(map.occupied(), 0);
    }
}

#[test]
fn bounds_hold_whoever_comes_at_once() {
    const BOUND: usize = 50;
    let map = SessionMap::<usize>::builder().capacity(BOUND).per_owner(30).build().unwrap();
    let owners: Vec<_> = (0..3).map(|_| map.owner()).collect();
    let at_work = Count::new(owners.len());
    thread::scope(|scope| {
        for (thread, owner) in owners.iter().enumerate() {
            let (map, at_work) = (&map, &at_work);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let code = format!("{thread}/{}", round % 40);
                    if map.create(code.as_str(), round, owner).is_err() && round % 3 == 0 {
                        map.delete(&code);
                    }
                    assert!(map.occupied() <= BOUND && owner.session_count() <= 30);
                }
                at_work.fetch_sub(1, Relaxed);
            });
        }
        while at_work.load(Relaxed) > 0 {
            // (A count is no snapshot: what goes behind it and comes before it is counted twice.)
            assert!(map.occupied() <= BOUND);
            thread::yield_now();
        }
    });
    assert_eq!(map.count_active(), map.occupied());
    let counted: usize = owners.iter().map(|owner| owner.session_count()).sum();
    assert_eq!(counted, map.occupied());
}

#[test]
fn no_session_of_an_owner_outlives_another_of_it() {
    let (map, _) = map::<()>();
    for round in 0..ROUNDS / 10 {
        let owner = map.owner();
        (0..100).for_each(|number| map.create(number.to_string(), (), &owner).unwrap());
        let name = owner.name().clone();
        let seen_after_death = Count::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                until("the other thread ends the owner", || !name.is_alive());
                let seen = (0..100).filter(|number| map.contains(&number.to_string())).count();
                seen_after_death.fetch_add(seen, Relaxed);
            });
            owner.release(DeathReason::Killed { signal: 9 });
        });
        assert_eq!(seen_after_death.load(Relaxed), 0, "round {round}");
        map.prune();
        assert_eq!(map.occupied(), 0);
    }
}

#[test]
fn deaths_and_tidying_at_once_forget_no_session() {
    let (map, _) = map::<()>();
    for round in 0..ROUNDS / 10 {
        let owner = map.owner();
        let name = owner.name().clone();
        (0..200).for_each(|number| map.create(number.to_string(), (), &owner).unwrap());
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for half in 0..2 {
                let (map, start) = (&map, &start);
                scope.spawn(move || {
                    start.wait();
                    // Deleting most of them makes each of these calls tidy.
                    (0..80).for_each(|number| _ = map.delete(&(half * 100 + number).to_string()));
                });
            }
            start.wait();
            for _ in 0..round % 50 {
                thread::yield_now();
            }
            drop(owner);
        });
        while map.maintain() {}
        assert_eq!((map.occupied(), name.session_count()), (0, 0), "round {round}");
    }
    assert_eq!(map.stats().missed, 0);
}

#[test]
fn a_list_shows_each_session_once_whatever_changes_meanwhile() {
    let (map, _) = map::<usize>();
    (0..300).for_each(|number| map.create(number.to_string(), number, None).unwrap());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS * 10 {
                map.update(&(round % 300).to_string(), |_| ()).unwrap();
            }
            over.store(true, Relaxed);
        });
        while !over.load(Relaxed) {
            assert_eq!(map.count_active(), 300);
            assert_eq!(map.list_active().len(), 300);
            let mut payloads: Vec<_> = map.iter().map(|session| session.payload).collect();
            payloads.sort_unstable();
            assert!(payloads.into_iter().eq(0..300));
        }
    });
}
