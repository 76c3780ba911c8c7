use super::*;
use crate::sync::{AtomicU64, model_within, thread};

/// A waker that does nothing: what counts is whether it was called.
fn enter(bells: &Bells, code: &Code) -> Arc<Waiter> {
    bells.waiting.fetch_add(1, Ordering::Relaxed);
    bells.enter(code, 1, Waker::noop(), || None, &pin())
}

fn is_rung(waiter: &Waiter) -> bool {
    waiter.rung.load(Ordering::Acquire)
}

#[test]
fn loom_either_the_waiter_sees_the_change_or_it_is_rung() {
    model_within(Some(2), || {
        let shared = Arc::new((Bells::new(), AtomicU64::new(0)));
        let other = Arc::clone(&shared);
        let changer = thread::spawn(move || {
            other.1.store(1, Ordering::Relaxed);
            other.0.ring(&Code::new("A"), 1, &pin());
        });
        let waiter = enter(&shared.0, &Code::new("A"));
        let seen = shared.1.load(Ordering::Relaxed) == 1;
        changer.join().unwrap();
        assert!(seen || is_rung(&waiter), "it would sleep for ever");
    });
}

#[test]
fn loom_who_enters_a_bell_that_is_being_rung_is_rung_by_the_next() {
    model_within(Some(2), || {
        let bells = Arc::new(Bells::new());
        let code = Code::new("A");
        let early = enter(&bells, &code);
        let other = Arc::clone(&bells);
        let first = thread::spawn(move || other.ring(&Code::new("A"), 1, &pin()));
        let late = enter(&bells, &code);
        first.join().unwrap();
        assert!(is_rung(&early));
        bells.ring(&code, 1, &pin());
        assert!(is_rung(&late), "it would sleep for ever");
    });
}

#[test]
fn loom_who_comes_to_a_bell_whose_ringer_has_stopped_wakes_who_is_in_it() {
    model_within(Some(2), || {
        let bells = Arc::new(Bells::new());
        let code = Code::new("A");
        let waiter = enter(&bells, &code);
        {
            // As a ringer that is stopped before it has woken anybody.
            let guard = pin();
            let bell = bells.table.get(&Asked::of(&code, 1), &guard).unwrap();
            assert_eq!(bell.value().waiters.close().count(), 1);
        }
        let other = Arc::clone(&bells);
        let late = thread::spawn(move || enter(&other, &Code::new("A")));
        bells.ring_for(&code, 1, &pin());
        late.join().unwrap();
        assert!(is_rung(&waiter) && waiter.woken.load(Ordering::Acquire), "it would sleep for ever");
    });
}
