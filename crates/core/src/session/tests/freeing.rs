//! What is not visible any more is freed: by whom, when, and in how large steps.

use super::{super::*, DAY, kind, map};
use crate::patience::until;
use crate::{clock::ManualClock, error::CreateErrorKind};
use std::{sync::Mutex, time::Duration};

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
    while !owner.core().hints.step(usize::MAX, |_| false) {}
    drop(owner);
    assert_eq!((map.count_active(), map.occupied()), (0, 10));
    for sweep in 1..=2 {
        clock.advance(Duration::from_secs(60 * 60));
        while map.maintain() {}
        assert_eq!(map.stats().missed, if sweep == 1 { 0 } else { 10 }, "a death of this moment is none");
    }
    assert_eq!(map.occupied(), 0);
}

#[test]
fn a_full_map_of_expired_sessions_has_room_while_a_pass_is_under_way() {
    let clock = ManualClock::new();
    let map = SessionMap::builder().clock(clock.clone()).capacity(2_000).build().unwrap();
    (0..2_000).for_each(|number| map.create(number.to_string(), (), None).unwrap());
    clock.advance(DAY);
    assert!(map.maintain(), "a pass has begun and is not over");
    let owner = map.owner();
    (0..2_000).for_each(|number| map.create(format!("n{number}"), (), &owner).unwrap());
    assert_eq!((map.count_active(), map.occupied()), (2_000, 2_000));
    assert_eq!(kind(map.create("one too many", (), None)), CreateErrorKind::MapFull { capacity: 2_000 });
}

#[test]
fn an_observer_that_creates_for_each_end_in_a_full_map_goes_only_so_deep() {
    use std::sync::atomic::AtomicUsize as Count;
    let shared: Arc<std::sync::OnceLock<SessionMap<()>>> = Arc::default();
    let depths = Arc::new((Count::new(0), Count::new(0)));
    let (inside, seen) = (Arc::clone(&shared), Arc::clone(&depths));
    let observer = move |event: &Event<'_>| {
        let What::Session { kind: SessionEvent::Ended(_), code } = event.what else { return };
        let Some(map) = inside.get() else { return };
        let depth = seen.0.fetch_add(1, Ordering::Relaxed) + 1;
        seen.1.fetch_max(depth, Ordering::Relaxed);
        for copy in 0..2 {
            // Whether there is room is not the question here.
            let _ = map.create(format!("{code}/{copy}"), (), None);
        }
        seen.0.fetch_sub(1, Ordering::Relaxed);
    };
    let clock = ManualClock::new();
    let build =
        || SessionMap::builder().clock(clock.clone()).capacity(5_000).observer(observer).build().unwrap();
    let map = shared.get_or_init(build);
    (0..5_000).for_each(|number| map.create(number.to_string(), (), None).unwrap());
    clock.advance(DAY);
    let full = map.create("one", (), None).is_err();
    assert!(!full || map.count_active() == 5_000, "refused, though not all places are in use");
    let deepest = depths.1.load(Ordering::Relaxed);
    assert!((1..=16).contains(&deepest), "{deepest} observers inside each other");
    assert!(map.occupied() <= 5_000);
}

#[test]
fn a_pass_that_is_never_put_back_is_made_again() {
    let (map, clock) = map();
    (0..1_000).for_each(|number| map.create(number.to_string(), (), None).unwrap());
    clock.advance(DAY);
    assert!(map.maintain());
    // As a thread that is stopped for ever in the middle of a step.
    assert!(map.inner.pass.take().is_some());
    assert!(!map.maintain(), "the next one is not due yet");
    clock.advance(Duration::from_secs(1));
    while map.maintain() {}
    assert_eq!((map.occupied(), map.stats().expired), (0, 1_000));
}

#[test]
fn a_session_that_is_to_stay_for_ever_does() {
    let clock = ManualClock::new();
    let map = SessionMap::builder().clock(clock.clone()).ownerless_ttl(Duration::MAX).build().unwrap();
    map.create("A", (), None).unwrap();
    clock.advance(Duration::MAX);
    assert!(map.contains("A"));
    assert_eq!((map.prune(), map.count_active()), (0, 1));
}

#[test]
fn the_last_handle_takes_all_payloads_with_it() {
    let payload = Arc::new(());
    for round in 0..100 {
        let (entered, enters) = std::sync::mpsc::channel();
        let observer = move |event: &Event<'_>| {
            if let What::Session { kind: SessionEvent::Ended(_), .. } = event.what {
                // Tells that the background thread is in the middle of a step.
                let _ = entered.send(());
            }
        };
        let clock = ManualClock::new();
        let builder = SessionMap::builder().clock(clock.clone()).observer(observer).background();
        let map = builder.build().unwrap();
        (0..50).for_each(|number| map.create(number.to_string(), Arc::clone(&payload), None).unwrap());
        clock.advance(DAY);
        map.set_sweep_interval(Duration::from_secs(1)).unwrap();
        enters.recv_timeout(Duration::from_secs(60)).unwrap();
        drop(map);
        // What was retired may wait for another thread's guard; what stood in the table may not wait.
        let left = Arc::strong_count(&payload) - 1;
        assert!(enters.try_iter().count() + 1 >= left, "round {round}: {left} left");
        until("every payload is dropped, once no other test's guard is in the way", || {
            SessionMap::<()>::new().prune();
            Arc::strong_count(&payload) == 1
        });
    }
}

#[test]
fn owners_that_end_each_other_one_after_the_other_need_no_deep_stack() {
    const OWNERS: usize = 20_000;
    let owners = Arc::new(Mutex::new(Vec::new()));
    let (next, deepest) = (Arc::clone(&owners), Arc::new(AtomicUsize::new(0)));
    let (depth, most) = (AtomicUsize::new(0), Arc::clone(&deepest));
    let map = SessionMap::builder()
        .observer(move |event: &Event<'_>| {
            if let What::Session { kind: SessionEvent::Ended(_), .. } = event.what {
                most.fetch_max(depth.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                let next = next.lock().unwrap().pop();
                drop(next);
                depth.fetch_sub(1, Ordering::Relaxed);
            }
        })
        .build()
        .unwrap();
    for number in 0..OWNERS {
        let owner = map.owner();
        map.create(number.to_string(), (), &owner).unwrap();
        owners.lock().unwrap().push(owner);
    }
    let last = owners.lock().unwrap().pop();
    drop(last);
    assert!((2..=16).contains(&deepest.load(Ordering::Relaxed)), "{deepest:?} inside each other");
    while map.maintain() {}
    assert_eq!((map.occupied(), owners.lock().unwrap().len()), (0, 0));
    assert_eq!(map.stats().owner_died, OWNERS as u64);
}
