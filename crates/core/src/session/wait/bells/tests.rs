use super::*;
use crate::{
    raw::lend::race,
    sync::{AtomicU64, model, model_within},
};

/// A waker that does nothing: what counts is whether it was called.
fn enter(bells: &Bells, guard: &Guard) -> Arc<Waiter> {
    bells.waiting.fetch_add(1, Ordering::Relaxed);
    bells.enter(&Code::new("A"), 1, Waker::noop(), || None, guard)
}

fn ring(bells: &Bells, guard: &Guard) {
    bells.ring(&Code::new("A"), 1, guard);
}

fn is_rung(waiter: &Waiter) -> bool {
    waiter.rung.load(Ordering::Acquire)
}

#[test]
fn loom_either_the_waiter_sees_the_change_or_it_is_rung() {
    model(|| {
        let shared = Arc::new((Bells::new(), AtomicU64::new(0)));
        let (own, other) = (Arc::clone(&shared), Arc::clone(&shared));
        let changer = move |guard: &_| {
            other.1.store(1, Ordering::Relaxed);
            ring(&other.0, guard);
        };
        let waiter = move |guard: &_| {
            let waiter = enter(&own.0, guard);
            (own.1.load(Ordering::Relaxed) == 1, waiter)
        };
        let ((), (seen, waiter)) = race(changer, waiter);
        assert!(seen || is_rung(&waiter), "it would sleep for ever");
    });
}

#[test]
fn loom_who_enters_a_bell_that_is_being_rung_is_rung_by_the_next() {
    model(|| {
        let bells = Arc::new(Bells::new());
        let early = enter(&bells, &pin());
        let (ones, others) = (Arc::clone(&bells), Arc::clone(&bells));
        let ((), late) = race(move |guard| ring(&ones, guard), move |guard| enter(&others, guard));
        assert!(is_rung(&early));
        ring(&bells, &pin());
        assert!(is_rung(&late), "it would sleep for ever");
    });
}

#[test]
fn loom_who_is_rung_sees_the_change() {
    model(|| {
        let shared = Arc::new((Bells::new(), AtomicU64::new(0)));
        let early = enter(&shared.0, &pin());
        let other = Arc::clone(&shared);
        let changer = move |guard: &_| {
            other.1.store(1, Ordering::Relaxed);
            ring(&other.0, guard);
        };
        let own = Arc::clone(&shared);
        let waiter = move |_: &_| {
            assert!(
                !is_rung(&early) || own.1.load(Ordering::Relaxed) == 1,
                "rung for a change that it does not see"
            );
        };
        race(changer, waiter);
    });
}

#[test]
fn loom_who_leaves_a_bell_wakes_who_stays() {
    model(|| {
        let bells = Arc::new(Bells::new());
        let early = enter(&bells, &pin());
        let (ones, others) = (Arc::clone(&bells), Arc::clone(&bells));
        let leaver = move |_: &_| ones.leave(&Code::new("A"), 1, &early);
        let ((), late) = race(leaver, move |guard| enter(&others, guard));
        ring(&bells, &pin());
        assert!(is_rung(&late), "it would sleep for ever");
    });
}

#[test]
fn loom_who_comes_to_a_bell_whose_ringer_has_stopped_wakes_who_is_in_it() {
    model_within(Some(2), || {
        let bells = Arc::new(Bells::new());
        let waiter = enter(&bells, &pin());
        {
            // As a ringer that is stopped before it has woken anybody.
            let guard = pin();
            let bell = bells.table.get(&Asked::of(&Code::new("A"), 1), &guard).unwrap();
            assert_eq!(bell.value().waiters.close().count(), 1);
        }
        let (ones, others) = (Arc::clone(&bells), Arc::clone(&bells));
        let ringer = move |guard: &_| ones.ring_for(&Code::new("A"), 1, guard);
        race(move |guard| drop(enter(&others, guard)), ringer);
        assert!(is_rung(&waiter) && waiter.woken.load(Ordering::Acquire), "it would sleep for ever");
    });
}
