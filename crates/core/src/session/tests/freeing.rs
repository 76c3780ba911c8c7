//! What is not visible any more is freed: by whom, when, and in how large steps.

use super::{super::*, DAY, kind, map};
use crate::{clock::ManualClock, error::CreateErrorKind};
use std::time::Duration;

#[test]
fn a_large_owner_is_invisible_at_once_and_freed_in_bounded_steps() {
    let (map, _) = map();
    let owner = map.owner();
    for number in 0..5_000 {
        map.create(number.to_string(), number, &owner).unwrap();
    }
    drop(owner);
    assert_eq!(map.count_active(), 0);
    assert!(map.list_active().is_empty());
    let left = map.occupied();
    assert!(left > 4_000, "the one who ends a large owner frees a few: {left}");
    let mut steps = 0;
    while map.occupied() > 0 {
        let before = map.occupied();
        assert!(map.maintain() || map.occupied() == 0, "there is more to do");
        assert!(before - map.occupied() <= 600, "a step is bounded");
        steps += 1;
        assert!(steps < 1_000);
    }
    assert_eq!(map.stats().owner_died, 5_000);
    assert_eq!(map.stats().missed, 0);
}

#[test]
fn a_full_map_makes_room_of_what_nobody_sees() {
    let clock = ManualClock::new();
    let map = SessionMap::builder().clock(clock.clone()).capacity(500).build().unwrap();
    let owner = map.owner();
    (0..500).for_each(|number| map.create(number.to_string(), (), &owner).unwrap());
    drop(owner);
    let owner = map.owner();
    (0..500).for_each(|number| map.create(format!("n{number}"), (), &owner).unwrap());
    assert_eq!(kind(map.create("one too many", (), None)), CreateErrorKind::MapFull { capacity: 500 });
    drop(owner);
    (0..500).for_each(|number| map.create(format!("o{number}"), (), None).unwrap());
    assert!(map.create("one too many", (), None).is_err());
    clock.advance(DAY);
    (0..500).for_each(|number| map.create(format!("p{number}"), (), None).unwrap());
    assert_eq!(map.count_active(), 500);
}

#[test]
fn a_session_without_owner_goes_after_its_time() {
    let (map, clock) = map();
    map.create("A", 1, None).unwrap();
    map.set_ownerless_ttl(Duration::from_secs(1)).unwrap();
    map.create("B", 2, None).unwrap();
    clock.advance(Duration::from_millis(999));
    assert_eq!(map.count_active(), 2);
    clock.advance(Duration::from_millis(1));
    assert!(map.get("B").is_none() && map.get("A").is_some());
    map.create("B", 3, None).unwrap();
    assert_eq!(map.get("B").unwrap().payload, 3);
    assert_eq!(map.stats().expired, 1, "the expired one has made room");
    clock.advance(DAY);
    assert_eq!(map.prune(), 2);
    assert_eq!((map.occupied(), map.stats().missed), (0, 0));
}

#[test]
fn maintenance_frees_what_has_expired_without_waiting_for_the_sweep() {
    let (map, clock) = map();
    map.set_sweep_interval(Duration::from_secs(1_000_000)).unwrap();
    (0..1_000).for_each(|number| map.create(number.to_string(), (), None).unwrap());
    clock.advance(DAY);
    while map.maintain() {}
    assert_eq!((map.occupied(), map.stats().expired), (0, 1_000));
}

#[test]
fn deleted_sessions_leave_no_trace_in_their_owner() {
    let (map, _) = map();
    let owner = map.owner();
    for _ in 0..3 {
        (0..2_000).for_each(|number| map.create(number.to_string(), (), &owner).unwrap());
        (0..2_000).for_each(|number| assert!(map.delete(&number.to_string())));
        let hints = owner.core().hints.len();
        assert!(hints <= 64, "{hints} hints for no session");
    }
    let other = map.owner();
    (0..2_000).for_each(|number| map.create(number.to_string(), (), &owner).unwrap());
    (0..2_000).for_each(|number| map.hand_over(&number.to_string(), &other).unwrap());
    let hints = owner.core().hints.len();
    assert!(hints <= 64, "{hints} hints for sessions that were handed over");
    drop(other);
    map.prune();
    assert_eq!(map.occupied(), 0);
}

#[test]
fn the_sweep_finds_what_a_death_has_missed_and_counts_it() {
    let (map, clock) = map();
    let owner = map.owner();
    (0..10).for_each(|number| map.create(number.to_string(), (), &owner).unwrap());
    // As if every hint was lost.
    while !owner.core().hints.step(usize::MAX, |_| None) {}
    drop(owner);
    assert_eq!((map.count_active(), map.occupied()), (0, 10));
    for sweep in 1..=2 {
        clock.advance(Duration::from_secs(60 * 60));
        while map.maintain() {}
        assert_eq!(map.stats().missed, if sweep == 1 { 0 } else { 10 }, "a death of this moment is none");
    }
    assert_eq!(map.occupied(), 0);
}
