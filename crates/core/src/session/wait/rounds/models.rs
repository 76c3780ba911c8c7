//! Rounds, against each other and against who sits down: nobody sleeps on behind a thread that was stopped before it
//! rang. Under plain `cargo test` each runs once.

use super::*;
use crate::{
    clock::ManualClock,
    raw::{
        Guard,
        lend::{both, race},
    },
    session::{SessionMap, wait::bells::Seat},
    sync::{AtomicBool, model, model_within},
};
use std::{
    sync::Arc,
    task::{Wake, Waker},
};

/// A waiter that only notes that it was woken.
struct Sleeper(AtomicBool);

impl Sleeper {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(false)))
    }

    fn is_woken(&self) -> bool {
        // Relaxed: asked when all threads have ended.
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        // Relaxed: as above.
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A map with a session, and its clock.
fn map() -> (SessionMap<()>, ManualClock) {
    let clock = ManualClock::new();
    let map = SessionMap::builder().clock(clock.clone()).build().expect("valid");
    map.create("A", (), None).expect("room for it");
    (map, clock)
}

/// What a thread does that ends the session and is stopped before it rings.
fn end_in_silence(map: &SessionMap<()>, guard: &Guard) {
    assert!(map.inner.table.get(&Asked::new("A"), guard).expect("it is there").remove());
}

/// Two make rounds at once, behind a thread that did not ring. `begins` sees to it that one of them finds a round.
fn one_of_two_wakes_who_sleeps(begins: impl Fn(&Rounds, &ManualClock) + Send + Sync + 'static) {
    model_within(Some(2), move || {
        let (map, clock) = map();
        let (sleeper, mut seat) = (Sleeper::new(), Seat::new(&map, "A"));
        seat.sit(&Waker::from(Arc::clone(&sleeper)), &pin());
        end_in_silence(&map, &pin());
        begins(&map.inner.bells.rounds, &clock);
        let (ones, others) = (map.clone(), map.clone());
        let (one, other) = both(move || ones.inner.make_rounds(), move || others.inner.make_rounds());
        assert_eq!((one, other), (Some(Next::In(BETWEEN_ROUNDS)), Some(Next::In(BETWEEN_ROUNDS))));
        assert!(sleeper.is_woken(), "it would sleep for ever");
    });
}

#[test]
fn loom_of_two_who_find_a_round_due_one_makes_it() {
    one_of_two_wakes_who_sleeps(|_, clock| _ = clock.advance(BETWEEN_ROUNDS));
}

#[test]
fn loom_a_round_that_was_set_aside_is_made_to_its_end() {
    one_of_two_wakes_who_sleeps(|rounds, _| assert!(rounds.at.put(Box::default()).is_none()));
}

#[test]
fn loom_who_sits_down_while_a_session_ends_in_silence_is_woken_by_the_next_round() {
    model(|| {
        let (map, clock) = map();
        let sleeper = Sleeper::new();
        let (ones, others, waker) = (map.clone(), map.clone(), Waker::from(Arc::clone(&sleeper)));
        let ((), (seen, seat)) = race(
            move |guard| end_in_silence(&ones, guard),
            move |guard| {
                let mut seat = Seat::new(&others, "A");
                seat.sit(&waker, guard);
                (others.inner.visible(seat.asked(), guard).is_some(), seat)
            },
        );
        clock.advance(BETWEEN_ROUNDS);
        assert_eq!(map.inner.make_rounds(), Some(Next::In(BETWEEN_ROUNDS)));
        assert!(!seen || sleeper.is_woken(), "it would sleep for ever");
        drop(seat);
    });
}

#[test]
fn loom_who_sits_down_during_a_round_is_woken_by_the_next() {
    model_within(Some(1), || {
        let (map, clock) = map();
        clock.advance(BETWEEN_ROUNDS);
        let sleeper = Sleeper::new();
        let (ones, others, waker) = (map.clone(), map.clone(), Waker::from(Arc::clone(&sleeper)));
        let ((), (seen, seat)) = both(
            move || {
                // None while nobody waits.
                ones.inner.make_rounds();
                end_in_silence(&ones, &pin());
            },
            move || {
                let (mut seat, guard) = (Seat::new(&others, "A"), pin());
                seat.sit(&waker, &guard);
                (others.inner.visible(seat.asked(), &guard).is_some(), seat)
            },
        );
        clock.advance(BETWEEN_ROUNDS);
        assert_eq!(map.inner.make_rounds(), Some(Next::In(BETWEEN_ROUNDS)));
        assert!(!seen || sleeper.is_woken(), "it would sleep for ever");
        drop(seat);
    });
}
