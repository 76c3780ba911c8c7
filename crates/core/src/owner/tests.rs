use super::{state::State, *};
use crate::sync::model;
use std::sync::atomic::AtomicUsize as Count;

/// A table that only counts funerals, and what time it is.
#[derive(Default)]
struct Graves(Count, std::sync::atomic::AtomicU64);

impl Home for Graves {
    fn bury(&self, owner: &OwnerRef) {
        assert!(!owner.is_alive(), "an owner is buried dead");
        assert!(owner.reason().is_some(), "with its reason");
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> Tick {
        Tick::from_millis(self.1.load(Ordering::Relaxed))
    }

    fn suspend(&self, owner: &OwnerRef, until: Tick) -> bool {
        owner.core().suspend(until)
    }

    fn tell_suspended(&self, _: &OwnerRef, _: Tick) {}
}

impl Graves {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn wards() -> std::sync::Arc<Wards> {
    std::sync::Arc::new(Wards::new())
}

fn owner(graves: &Arc<Graves>) -> Owner {
    let home: Weak<Graves> = Arc::downgrade(graves);
    Owner::new(home, wards())
}

#[test]
fn a_state_is_alive_until_somebody_ends_it() {
    assert!(!State::NEW.is_over());
    let dead = State::NEW.die().expect("alive");
    assert!(dead.is_over());
    assert_eq!(dead.die(), None, "only one ends it");
    assert_eq!(State::from_bits(dead.bits()), dead);
}

#[cfg(not(tenure_loom))]
#[test]
fn incarnations_grow_and_are_never_reused() {
    let graves = Arc::default();
    let numbers: Vec<_> = (0..100).map(|_| owner(&graves).incarnation()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(graves.count(), 100);
}

#[cfg(not(tenure_loom))]
#[test]
fn the_first_reason_stands() {
    let graves = Arc::default();
    let owner = owner(&graves);
    let name = owner.name().clone();
    assert!(name.end(DeathReason::HeartbeatMissed));
    owner.release(DeathReason::Released);
    assert_eq!(name.reason(), Some(DeathReason::HeartbeatMissed));
    assert_eq!(graves.count(), 1);
}

#[cfg(not(tenure_loom))]
#[test]
fn unwinding_ends_an_owner() {
    let graves: Arc<Graves> = Arc::default();
    let held = owner(&graves);
    let name = held.name().clone();
    let thread = std::thread::spawn(move || {
        let _held = held;
        panic!("the connection's task fails");
    });
    assert!(thread.join().is_err());
    assert_eq!(name.reason(), Some(DeathReason::Dropped));
}

#[cfg(not(tenure_loom))]
#[test]
fn an_owner_outlives_its_table_without_harm() {
    let graves = Arc::default();
    let owner = owner(&graves);
    let name = owner.name().clone();
    drop(graves);
    drop(owner);
    assert!(!name.is_alive());
}

#[cfg(not(tenure_loom))]
#[test]
fn names_are_equal_by_incarnation() {
    let graves = Arc::default();
    let (one, two) = (owner(&graves), owner(&graves));
    assert_eq!(one.name(), &one.name().clone());
    assert_ne!(one.name(), two.name());
    assert!(format!("{one:?}").contains(&one.incarnation().to_string()));
}

#[cfg(not(tenure_loom))]
#[test]
fn places_are_exact() {
    let graves = Arc::default();
    let owner = owner(&graves);
    assert!(owner.core().reserve(2) && owner.core().reserve(2));
    assert!(!owner.core().reserve(2));
    owner.core().release_place();
    assert!(owner.core().reserve(2));
    assert_eq!(owner.session_count(), 2);
}

#[test]
fn loom_two_who_end_one_owner_agree_on_the_reason() {
    model(|| {
        let graves = std::sync::Arc::new(Graves::default());
        let owner = std::sync::Arc::new(owner(&graves));
        let other = std::sync::Arc::clone(&owner);
        let end = |owner: &Owner, reason| {
            let ended = owner.name.end(reason);
            (ended, owner.reason().expect("dead when either returns"))
        };
        let thread = crate::sync::thread::spawn(move || end(&other, DeathReason::PeerReset));
        let (here, seen) = end(&owner, DeathReason::PeerClosed);
        let (there, seen_there) = thread.join().unwrap();
        assert!(here ^ there, "exactly one ends it");
        assert_eq!(seen, seen_there);
        assert!([DeathReason::PeerClosed, DeathReason::PeerReset].contains(&seen));
        assert_eq!(graves.count(), 1);
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn who_stops_in_the_middle_of_ending_an_owner_keeps_nobody_from_ending_it() {
    let graves = Arc::default();
    let owner = owner(&graves);
    let name = owner.name().clone();
    owner.core().reason.get_or_set(DeathReason::PeerReset);
    assert!(name.is_alive());
    drop(owner);
    assert_eq!((name.is_alive(), name.reason(), graves.count()), (false, Some(DeathReason::PeerReset), 1));
}

#[test]
fn loom_either_the_creator_sees_the_death_or_the_death_sees_the_hint() {
    /// Takes the hints, as a map does.
    struct Taking(Count);
    impl Home for Taking {
        fn bury(&self, owner: &OwnerRef) {
            owner.core().hints.step(8, |_| {
                self.0.fetch_add(1, Ordering::Relaxed);
                false
            });
        }

        fn now(&self) -> Tick {
            Tick::ZERO
        }

        fn suspend(&self, owner: &OwnerRef, until: Tick) -> bool {
            owner.core().suspend(until)
        }

        fn tell_suspended(&self, _: &OwnerRef, _: Tick) {}
    }
    model(|| {
        let home = std::sync::Arc::new(Taking(Count::new(0)));
        let weak: Weak<Taking> = Arc::downgrade(&home);
        let owner = Owner::new(weak, wards());
        let name = owner.name().clone();
        let creator = crate::sync::thread::spawn(move || {
            name.core().hints.push(7);
            name.core().died_meanwhile()
        });
        drop(owner);
        let creator_saw_it = creator.join().unwrap();
        let death_saw_it = home.0.load(Ordering::Relaxed) == 1;
        assert!(creator_saw_it || death_saw_it, "a session would be left behind");
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn a_backlog_gives_back_each_item_once_in_bounded_steps() {
    let backlog = Backlog::new();
    (0..1_000_u64).for_each(|number| backlog.push(number));
    let mut seen = Vec::new();
    loop {
        let before = seen.len();
        let done = backlog.step(7, |&number| {
            seen.push(number);
            false
        });
        assert!(seen.len() - before <= 7);
        if done {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..1_000).collect::<Vec<_>>());
    assert_eq!(backlog.len(), 0);
}

#[cfg(not(tenure_loom))]
#[test]
fn a_step_shows_the_items_that_come_next_some_at_a_time() {
    let backlog = Backlog::new();
    (0..100_u64).for_each(|number| backlog.push(number));
    let (shown, mut met) = (std::cell::RefCell::new(Vec::new()), Vec::new());
    let work = |&number: &u64| {
        met.push(number);
        false
    };
    let show = |next: &[u64]| shown.borrow_mut().push(next.to_vec());
    assert!(backlog.step_ahead(100, show, work));
    let shown = shown.into_inner();
    assert!(shown.iter().rev().skip(2).all(|next| next.len() > 1), "some at a time: {shown:?}");
    let mut shown = shown.concat();
    shown.sort_unstable();
    met.sort_unstable();
    assert_eq!((shown, met), ((0..100).collect(), (0..100).collect()));
}

#[test]
fn what_a_backlog_keeps_is_not_looked_at_again_before_all_else() {
    let backlog = Backlog::new();
    (0..100_u64).for_each(|number| backlog.push(number));
    let mut rounds = vec![0_u32; 100];
    let mut steps = 0;
    while rounds.iter().any(|&round| round < 3) {
        backlog.step(8, |&number| {
            rounds[number as usize] += 1;
            true
        });
        steps += 1;
        assert!(steps < 1_000, "some item is never looked at: {rounds:?}");
        let (least, most) = (rounds.iter().min().unwrap(), rounds.iter().max().unwrap());
        assert!(most - least <= 1, "unfair: {rounds:?}");
    }
    assert_eq!(backlog.len(), 100);
}

#[cfg(not(tenure_loom))]
#[test]
fn hints_stay_in_proportion_to_sessions_whatever_is_created_and_deleted() {
    use std::collections::HashSet;
    let graves = Arc::default();
    let owner = owner(&graves);
    let core = owner.core();
    let mut live = HashSet::new();
    let tidy = |live: &HashSet<u64>| {
        if core.is_untidy() {
            core.hints.step(8, |hint| live.contains(&hint));
        }
    };
    for number in 0..20_000_u64 {
        assert!(core.reserve(usize::MAX));
        live.insert(number);
        core.hints.push(number);
        tidy(&live);
    }
    for number in 0..20_000 {
        live.remove(&number);
        core.release_place();
        tidy(&live);
    }
    assert!(core.hints.len() <= 64, "{} hints for no session", core.hints.len());
}

#[cfg(not(tenure_loom))]
#[test]
fn a_backlog_of_many_chains_is_dropped_without_recursion() {
    let backlog = Backlog::new();
    for number in 0..200_000_u64 {
        backlog.push(number);
        backlog.push(number);
        // Looks at one of the two new ones only, so a chain is left over each time.
        backlog.step(1, |_| true);
    }
    drop(backlog);
}

#[cfg(not(tenure_loom))]
#[test]
fn a_backlog_takes_no_more_room_than_its_items_however_long_it_is_in_use() {
    let backlog = Backlog::new();
    (0..50_u64).for_each(|number| backlog.push(number));
    for _ in 0..100_000 {
        // As an owner's notes when a session is created and deleted again and again.
        backlog.push(50);
        backlog.push(50);
        backlog.step(8, |&number| number < 50);
    }
    assert_eq!(backlog.len(), 50);
    assert!(backlog.room() <= 256, "room for {} for 50", backlog.room());
    while !backlog.step(8, |_| false) {}
    assert_eq!(backlog.room(), 0);
}

#[cfg(not(tenure_loom))]
#[test]
fn a_step_that_panics_loses_nothing_and_what_it_had_comes_last() {
    let backlog = Backlog::new();
    (0..100_u64).for_each(|number| backlog.push(number));
    backlog.step(10, |_| true);
    let work = |&number: &u64| number != 85 || panic!("planted");
    let step = std::panic::AssertUnwindSafe(|| backlog.step(10, work));
    assert!(std::panic::catch_unwind(step).is_err());
    assert_eq!(backlog.len(), 100);
    let mut left = Vec::new();
    backlog.step(1_000, |&number| {
        left.push(number);
        false
    });
    assert_eq!(left.last(), Some(&85));
    left.sort_unstable();
    assert!(left.into_iter().eq(0..100));
}

#[test]
fn loom_two_who_work_on_a_backlog_at_once_lose_nothing_and_leave_it_to_nobody() {
    model(|| {
        let backlog = std::sync::Arc::new(Backlog::new());
        (0..3_u64).for_each(|number| backlog.push(number));
        let other = std::sync::Arc::clone(&backlog);
        let thread = crate::sync::thread::spawn(move || other.step(1, |_| true));
        backlog.step(1, |_| true);
        thread.join().unwrap();
        let mut left = Vec::new();
        backlog.step(8, |&number| {
            left.push(number);
            false
        });
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2]);
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn threads_that_push_and_work_lose_nothing() {
    let backlog = Backlog::new();
    let sum = std::sync::atomic::AtomicU64::new(0);
    let kept: Vec<_> = (0..20_000).map(|_| std::sync::atomic::AtomicBool::new(false)).collect();
    let work = || {
        backlog.step(5, |&number: &u64| {
            // Every third is kept once.
            if number.is_multiple_of(3) && !kept[number as usize].swap(true, Ordering::Relaxed) {
                return true;
            }
            sum.fetch_add(number, Ordering::Relaxed);
            false
        })
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (backlog, work) = (&backlog, &work);
            scope.spawn(move || {
                for number in (0..5_000).map(|number| number * 4 + thread) {
                    backlog.push(number);
                    if number.is_multiple_of(2) {
                        work();
                    }
                }
            });
        }
    });
    while !work() {}
    assert_eq!(sum.load(Ordering::Relaxed), (0..20_000_u64).sum::<u64>());
}

#[test]
fn loom_who_sees_the_death_sees_what_came_before_it() {
    model(|| {
        let owner = owner(&Arc::default());
        let name = owner.name().clone();
        let reader = crate::sync::thread::spawn(move || {
            // Like the reason.
            name.is_alive() || name.core().met_by_sweep.load(Ordering::Relaxed) == 7
        });
        owner.core().met_by_sweep.store(7, Ordering::Relaxed);
        drop(owner);
        assert!(reader.join().unwrap());
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn a_state_is_suspended_resumed_or_lapses_and_no_word_comes_back() {
    let (before, until) = (Tick::from_millis(6), Tick::from_millis(7));
    let suspended = State::NEW.suspend(until).unwrap();
    assert_eq!((suspended.suspended_until(), suspended.suspend(until)), (Some(until), None));
    assert!(!suspended.is_steady() && !suspended.is_over());
    assert_eq!((suspended.resume(until), suspended.lapse(before)), (None, None));
    let resumed = suspended.resume(before).unwrap();
    assert!(resumed.is_steady());
    assert_eq!((resumed.resume(before), resumed.lapse(until)), (None, None));
    let lapsed = suspended.lapse(until).unwrap();
    assert!(lapsed.is_over() && lapsed.has_lapsed());
    assert_eq!((lapsed.resume(before), lapsed.die(), lapsed.suspend(until)), (None, None, None));
    assert_ne!(resumed.suspend(until), Some(suspended));
    let dead = suspended.die().unwrap();
    assert_eq!((dead.resume(before), dead.lapse(until), dead.suspended_until()), (None, None, None));
    assert!(dead.is_over() && !dead.has_lapsed());
    let never = State::NEW.suspend(Tick::MAX).unwrap();
    assert_eq!(never.suspended_until(), Some(Tick::MAX));
}

#[test]
fn loom_who_has_seen_a_suspended_owner_dead_sees_it_dead_for_ever() {
    model(|| {
        let graves = std::sync::Arc::new(Graves::default());
        let owner = owner(&graves);
        let name = owner.name().clone();
        assert!(name.core.suspend(Tick::from_millis(7)));
        let (reader, clock) = (name.clone(), std::sync::Arc::clone(&graves));
        let thread = crate::sync::thread::spawn(move || {
            // Its time comes while it is being resumed.
            clock.1.store(7, Ordering::Relaxed);
            reader.is_alive()
        });
        let resumed = name.resume(Tick::from_millis(6));
        let seen_alive = thread.join().unwrap();
        assert_eq!(resumed, seen_alive, "either it was resumed first, or seen dead first");
        assert_eq!(name.is_alive(), resumed);
        drop(owner);
    });
}

#[test]
fn loom_either_the_creator_sees_that_the_owner_was_not_resumed_or_who_frees_it_sees_the_hint() {
    model(|| {
        let graves = std::sync::Arc::new(Graves::default());
        let owner = owner(&graves);
        let name = owner.name().clone();
        assert!(name.core.suspend(Tick::from_millis(7)));
        let (creator_name, time) = (name.clone(), Arc::clone(&graves));
        let creates = move || {
            creator_name.core().hints.push(7);
            creator_name.core().died_meanwhile()
        };
        let frees = move || {
            // Its time is over now; loom does not see the clock, so it may not have moved before the race began.
            time.1.store(7, Ordering::Relaxed);
            let mut freed = 0;
            assert!(name.core().has_lapsed());
            name.core().hints.step(8, |_| {
                freed += 1;
                false
            });
            freed
        };
        let (creator_saw_it, freed) = crate::raw::lend::both(creates, frees);
        assert!(creator_saw_it || freed == 1, "a session would be left behind");
        drop(owner);
    });
}
