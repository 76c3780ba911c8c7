use super::Hints;
#[cfg(not(tenure_loom))]
use super::NONE;
use crate::sync::model;
#[cfg(not(tenure_loom))]
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

fn taken(hints: &Hints) -> Vec<u64> {
    let mut taken = Vec::new();
    hints.step(usize::MAX, |hash| {
        taken.push(hash);
        false
    });
    taken.sort_unstable();
    taken
}

#[cfg(not(tenure_loom))]
#[test]
fn hints_are_given_back_each_once_whatever_they_are() {
    let hints = Hints::new();
    assert_eq!((hints.len(), hints.step(8, |_| true)), (0, true));
    for hash in [NONE, 7, u64::MAX, 7] {
        hints.push(hash);
    }
    assert_eq!(hints.len(), 4);
    assert_eq!(taken(&hints), [NONE, 7, 7, u64::MAX]);
    assert_eq!((hints.len(), hints.step(8, |_| true)), (0, true));
}

#[cfg(not(tenure_loom))]
#[test]
fn one_hint_is_kept_or_forgotten_like_any_other() {
    let hints = Hints::new();
    hints.push(7);
    assert!(!hints.step(8, |_| true), "it was kept");
    assert_eq!(hints.len(), 1);
    assert!(hints.step(8, |_| false));
    hints.push(8);
    hints.push(9);
    assert!(!hints.step(8, |hash| hash == 8));
    assert_eq!(taken(&hints), [8]);
}

#[cfg(not(tenure_loom))]
#[test]
fn the_hints_that_come_next_are_shown_before_they_are_worked_on() {
    let hints = Hints::new();
    (1..=3).for_each(|hash| hints.push(hash));
    let shown = std::cell::RefCell::new(Vec::new());
    hints.step_ahead(
        8,
        |hashes| shown.borrow_mut().extend_from_slice(hashes),
        |hash| {
            assert!(shown.borrow().contains(&hash));
            false
        },
    );
    assert_eq!(shown.borrow().len(), 3);
}

#[cfg(not(tenure_loom))]
#[test]
fn work_that_throws_loses_no_hint() {
    for planted in 1..=3 {
        let hints = Hints::new();
        (1..=3).for_each(|hash| hints.push(hash));
        let work = |hash| hash != planted || panic!("planted");
        assert!(catch_unwind(AssertUnwindSafe(|| hints.step(8, work))).is_err());
        assert_eq!(hints.len(), 3);
        assert_eq!(taken(&hints), [1, 2, 3]);
    }
}

#[test]
fn loom_two_who_leave_hints_and_two_who_take_them_lose_none_and_take_none_twice() {
    model(|| {
        let hints = Arc::new(Hints::new());
        let other = Arc::clone(&hints);
        let thread = crate::sync::thread::spawn(move || {
            other.push(1);
            taken(&other)
        });
        hints.push(2);
        let mut all = taken(&hints);
        all.extend(thread.join().unwrap());
        all.extend(taken(&hints));
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
    });
}

#[test]
fn loom_who_takes_a_hint_finds_what_was_there_before_it() {
    model(|| {
        let hints = Arc::new((Hints::new(), crate::sync::AtomicUsize::new(0)));
        let other = Arc::clone(&hints);
        let taker = crate::sync::thread::spawn(move || {
            other.0.step(8, |_| {
                assert_eq!(
                    other.1.load(Ordering::Relaxed),
                    1,
                    "a hint without its session would be forgotten"
                );
                false
            });
        });
        // The session, in the table.
        hints.1.store(1, Ordering::Relaxed);
        hints.0.push(7);
        taker.join().unwrap();
    });
}

#[test]
fn loom_a_hint_that_is_kept_beside_one_that_comes_is_not_lost() {
    model(|| {
        let hints = Arc::new(Hints::new());
        hints.push(1);
        let other = Arc::clone(&hints);
        let creator = crate::sync::thread::spawn(move || other.push(2));
        let looked_at = AtomicUsize::new(0);
        hints.step(8, |_| {
            looked_at.fetch_add(1, Ordering::Relaxed);
            true
        });
        creator.join().unwrap();
        assert!(looked_at.into_inner() >= 1);
        assert_eq!(taken(&hints), [1, 2]);
    });
}
