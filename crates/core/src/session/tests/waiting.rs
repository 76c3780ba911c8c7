//! Futures polled by hand, and threads that wait for real.

use super::{
    super::*,
    DAY, map,
    woken::{Woken, poll},
};
use crate::event::{DeathReason, EndCause};
use crate::patience::until;
use std::{
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(1);

#[test]
fn a_waiter_is_woken_by_changes_of_its_session_only() {
    let (map, _) = map();
    map.create("A", 0, None).unwrap();
    map.create("B", 0, None).unwrap();
    let woken = Arc::<Woken>::default();
    let mut until = map.until("A", |view| *view.payload() == 2);
    assert!(poll(&mut until, &woken).is_pending());
    map.update("B", |edit| *edit.payload_mut() = 2).unwrap();
    assert_eq!(woken.0.load(Relaxed), 0, "another session is none of its business");
    map.update("A", |edit| *edit.payload_mut() = 1).unwrap();
    assert_eq!(woken.0.load(Relaxed), 1);
    assert!(poll(&mut until, &woken).is_pending());
    map.update("A", |edit| *edit.payload_mut() = 2).unwrap();
    let Poll::Ready(Ok(session)) = poll(&mut until, &woken) else { panic!() };
    assert_eq!(session.payload, 2);
}

#[test]
fn the_end_is_told_with_its_cause_whatever_comes_after_it() {
    let (map, clock) = map::<u8>();
    let owner = map.owner();
    map.create("A", 1, &owner).unwrap();
    map.create("B", 1, None).unwrap();
    map.create("C", 1, None).unwrap();
    let woken = Arc::<Woken>::default();
    let mut gone = [map.gone("A"), map.gone("B"), map.gone("C")];
    let mut until = map.until("B", |_| false);
    assert!(gone.iter_mut().all(|gone| poll(gone, &woken).is_pending()));
    assert!(poll(&mut until, &woken).is_pending());
    owner.release(DeathReason::PeerReset);
    map.delete("B");
    let causes = [EndCause::OwnerDied(DeathReason::PeerReset), EndCause::Deleted, EndCause::Expired];
    for code in ["A", "B"] {
        map.create(code, 2, None).unwrap();
    }
    clock.advance(DAY);
    for (gone, cause) in gone.iter_mut().zip(&causes) {
        assert_eq!(poll(gone, &woken), Poll::Ready(Ok(cause.clone())));
    }
    let ended = WaitError::Ended { code: Code::new("B"), cause: EndCause::Deleted };
    assert_eq!(poll(&mut until, &woken), Poll::Ready(Err(ended)));
    let not_found = WaitError::NotFound { code: Code::new("D") };
    assert_eq!(poll(&mut map.gone("D"), &woken), Poll::Ready(Err(not_found)));
}

#[test]
fn a_watch_begins_when_it_is_made() {
    let (map, _) = map::<()>();
    map.create("A", (), None).unwrap();
    let mut gone = map.gone("A");
    map.delete("A");
    map.create("A", (), None).unwrap();
    assert_eq!(poll(&mut gone, &Arc::default()), Poll::Ready(Ok(EndCause::Deleted)));
}

#[test]
fn waiting_for_a_session_to_appear() {
    let (map, _) = map();
    let woken = Arc::<Woken>::default();
    let mut appears = map.appears("A");
    assert!(poll(&mut appears, &woken).is_pending());
    map.create("A", 7, None).unwrap();
    assert_eq!(woken.0.load(Relaxed), 1);
    let Poll::Ready(session) = poll(&mut appears, &woken) else { panic!() };
    assert_eq!(session.payload, 7);
}

#[test]
fn a_future_that_moves_to_another_task_wakes_that_one() {
    let (map, _) = map::<()>();
    let (first, second) = (Arc::<Woken>::default(), Arc::<Woken>::default());
    let mut appears = map.appears("A");
    assert!(poll(&mut appears, &first).is_pending());
    assert!(poll(&mut appears, &second).is_pending());
    map.create("A", (), None).unwrap();
    assert_eq!(second.0.load(Relaxed), 1);
    assert!(poll(&mut appears, &second).is_ready());
}

#[test]
fn waiters_that_give_up_leave_nothing_behind() {
    let (map, _) = map::<()>();
    let woken = Arc::<Woken>::default();
    let mut stays = map.appears("A");
    assert!(poll(&mut stays, &woken).is_pending());
    for _ in 0..1_000 {
        assert!(poll(&mut map.appears("A"), &woken).is_pending());
        assert!(poll(&mut map.appears("B"), &woken).is_pending());
        // Woken or not, it is polled again at times.
        assert!(poll(&mut stays, &woken).is_pending());
    }
    // Bells that were rung go as other waste does: once no guard, of another test's thread, is in the way.
    until("bells that were rung are dropped", || {
        map.maintain();
        Arc::strong_count(&woken) < 16
    });
    map.create("A", (), None).unwrap();
    assert!(poll(&mut stays, &woken).is_ready());
    drop(stays);
    assert_eq!(map.inner.bells.waiting(), 0);
    assert_eq!(map.inner.bells.len(), 0, "no bell is left for a code that nobody waits for");
}

#[test]
fn a_waker_that_panics_leaves_nobody_asleep() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("a bad runtime");
        }
    }
    let (map, _) = map::<()>();
    let woken = Arc::<Woken>::default();
    let (mut one, mut bad, mut two) = (map.appears("A"), map.appears("A"), map.appears("A"));
    assert!(poll(&mut one, &woken).is_pending());
    assert!(Pin::new(&mut bad).poll(&mut Context::from_waker(&Waker::from(Arc::new(Bad)))).is_pending());
    assert!(poll(&mut two, &woken).is_pending());
    map.create("A", (), None).unwrap();
    assert_eq!(woken.0.load(Relaxed), 2);
}

#[test]
fn nothing_that_a_waker_throws_reaches_who_wakes_it() {
    /// Throws itself when it wakes, and panics when it is dropped.
    #[derive(Clone)]
    struct Worse;
    impl Drop for Worse {
        fn drop(&mut self) {
            assert!(thread::panicking(), "a worse runtime");
        }
    }
    impl Wake for Worse {
        fn wake(self: Arc<Self>) {
            std::panic::panic_any(Self);
        }
    }
    let (map, _) = map::<()>();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    map.create("B", (), &owner).unwrap();
    for code in ["A", "B"] {
        let waker = Waker::from(Arc::new(Worse));
        let mut gone = map.gone(code);
        assert!(Pin::new(&mut gone).poll(&mut Context::from_waker(&waker)).is_pending());
        // So that the map drops the last of each.
        std::mem::forget((gone, waker));
    }
    drop(owner);
    assert_eq!(map.occupied(), 0, "both have ended, and the owner's drop has not panicked");
}

#[test]
fn a_blocking_wait_ends_with_the_limit_or_with_the_session() {
    let (map, _) = map::<()>();
    let limit = SHORT;
    let timed_out = WaitError::TimedOut { code: Code::new("A"), limit };
    assert_eq!(map.wait_for("A", limit), Err(timed_out.clone()));
    assert_eq!(map.wait_gone("A", LONG), Err(WaitError::NotFound { code: Code::new("A") }));
    map.create("A", (), None).unwrap();
    assert!(map.wait_for("A", Duration::ZERO).is_ok());
    assert_eq!(map.wait_gone("A", limit), Err(timed_out.clone()));
    assert_eq!(map.wait_until("A", |_| false, limit), Err(timed_out));
    assert!(map.wait_until("A", |_| true, Duration::MAX).is_ok());
}

#[test]
fn threads_that_play_ping_pong_never_miss_a_wake_up() {
    const ROUNDS: u32 = 2_000;
    let (map, _) = map::<u32>();
    map.create("ball", 0, None).unwrap();
    let play = |parity: u32| {
        for round in (0..ROUNDS).filter(|round| round % 2 == parity) {
            map.wait_until("ball", |view| *view.payload() == round, LONG).unwrap();
            map.update("ball", |edit| *edit.payload_mut() += 1).unwrap();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| play(0));
        scope.spawn(|| play(1));
    });
    assert_eq!(map.get("ball").unwrap().payload, ROUNDS);
}

#[test]
fn every_waiter_learns_the_end_of_its_own_session_while_successors_come() {
    const ROUNDS: u64 = 500;
    let (map, _) = map::<u64>();
    map.create("A", 0, None).unwrap();
    let ends = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    match map.wait_gone("A", LONG) {
                        Ok(EndCause::Deleted) => _ = ends.fetch_add(1, Relaxed),
                        Err(WaitError::NotFound { .. }) if map.contains("over") => return,
                        Err(WaitError::NotFound { .. }) => thread::yield_now(),
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
        for round in 1..ROUNDS {
            until("somebody waits", || map.inner.bells.len() > 0);
            assert!(map.delete("A"));
            map.create("A", round, None).unwrap();
        }
        map.create("over", 0, None).unwrap();
        map.delete("A");
    });
    assert!(ends.load(Relaxed) > 0);
}

#[test]
fn the_background_thread_ends_what_has_expired_and_drops_it() {
    /// Tells when it is dropped.
    #[derive(Clone)]
    struct Payload(#[allow(dead_code, reason = "held for its drop")] std::sync::mpsc::Sender<()>);
    let (dropped, was_dropped) = std::sync::mpsc::channel();
    let ttl = Duration::from_millis(5);
    let map = SessionMap::builder().ownerless_ttl(ttl).background().build().unwrap();
    map.create("A", Payload(dropped), None).unwrap();
    match map.wait_gone("A", LONG) {
        Ok(cause) => assert_eq!(cause, EndCause::Expired),
        Err(error) => assert!(matches!(error, WaitError::NotFound { .. }), "over before the wait began"),
    }
    // Disconnected: every clone of the sender is dropped.
    let waited = was_dropped.recv_timeout(LONG);
    assert_eq!(waited, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn the_background_thread_frees_a_large_owner() {
    let map = SessionMap::builder().background().build().unwrap();
    let owner = map.owner();
    (0..5_000).for_each(|number: u32| map.create(number.to_string(), (), &owner).unwrap());
    let last = thread::scope(|scope| {
        let waiter = scope.spawn(|| map.wait_gone("4999", LONG));
        // It has looked at the session before it makes a bell.
        until("somebody waits", || map.inner.bells.len() > 0);
        owner.release(DeathReason::Shutdown);
        waiter.join().unwrap()
    });
    assert_eq!(last, Ok(EndCause::OwnerDied(DeathReason::Shutdown)));
    until("the background thread frees all of the owner's sessions", || map.occupied() == 0);
    assert_eq!(map.stats().missed, 0);
}
