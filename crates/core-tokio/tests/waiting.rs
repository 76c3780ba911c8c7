//! Waiting, watching and draining, async; and the defects of the systems that Tenure replaces, through this crate.

mod runtimes;

use futures_core::Stream;
use runtimes::{PATIENCE, on_both, soon};
use std::{future::poll_fn, pin::Pin, time::Duration};
use tenure_core::{
    CreateErrorKind, DeathReason, EndCause, OwnedWhat, OwnerRef, Received, SessionEvent, SessionMap, Status,
    WaitError,
};
use tenure_tokio::{TokioClock, Watcher, spawn_owned};

/// In the time of a runtime whose clock is paused, which goes there at once.
const LONG: Duration = Duration::from_secs(3_600);

#[tokio::test(start_paused = true)]
async fn limits_are_in_the_runtimes_time() {
    let map = SessionMap::<()>::builder().clock(TokioClock::new()).build().unwrap();
    let watcher = Watcher::new(&map);
    let began = tokio::time::Instant::now();
    let missing = watcher.wait_for("A", LONG).await.unwrap_err();
    assert!(matches!(missing, WaitError::TimedOut { limit: LONG, .. }));
    map.create("A", (), None).unwrap();
    let pending = watcher.wait_until("A", |view| view.status() == Status::Connected, LONG).await;
    assert!(matches!(pending, Err(WaitError::TimedOut { .. })));
    assert!(matches!(watcher.gone("A", LONG).await, Err(WaitError::TimedOut { .. })));
    assert!(began.elapsed() >= 3 * LONG);
    // The table's time has moved with the runtime's: by two hours of twenty-four since "A" was there.
    tokio::time::advance(22 * LONG).await;
    assert!(!map.contains("A"));
}

/// The thread reads the paused clock, and sleeps in real time: answers are right without it, and it may be helped.
#[tokio::test(start_paused = true)]
async fn a_map_with_a_background_thread_goes_by_the_paused_time() {
    let map = SessionMap::<()>::builder().clock(TokioClock::new()).background().build().unwrap();
    let watcher = Watcher::new(&map);
    let owner = map.owner();
    let name = owner.name().clone();
    map.create("A", (), None).unwrap();
    map.create("B", (), &owner).unwrap();
    let token = owner.suspend(LONG).unwrap();
    let moment = Duration::from_millis(1);
    tokio::time::advance(LONG.saturating_sub(moment)).await;
    assert!(map.contains("B") && name.is_alive());
    tokio::time::advance(moment).await;
    assert!(!map.contains("B") && map.resume(&token).is_err());
    assert_eq!(name.reason(), Some(DeathReason::NotResumed));
    // With nobody to wake anybody, the runtime moves its time to the next limit: the session has ended by then.
    assert_eq!(watcher.gone("A", 48 * LONG).await, Ok(EndCause::Expired));
    while map.maintain() {}
    // The background thread may have a part of it in its hands, and works in real time.
    let since = std::time::Instant::now();
    while map.occupied() > 0 {
        assert!(since.elapsed() < PATIENCE, "what nobody sees any more is not freed");
        tokio::task::yield_now().await;
    }
    assert_eq!(map.stats().missed, 0);
}

#[test]
fn a_clock_goes_on_when_its_runtime_is_gone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let map = runtime.block_on(async {
        SessionMap::<()>::builder().clock(TokioClock::new()).background().build().unwrap()
    });
    drop(runtime);
    map.create("A", (), None).unwrap();
    assert!(map.contains("A"));
}

#[test]
fn waiters_are_told_and_one_that_is_given_up_leaves_nothing() {
    on_both(|| async {
        let map = SessionMap::<usize>::new();
        let watcher = Watcher::new(&map);
        let owner = map.owner();
        map.create("A", 0, &owner).unwrap();
        let (met, mut all_met) = tokio::sync::mpsc::channel(64);
        let waiting: Vec<_> = (1..50)
            .map(|number| {
                let (watcher, met) = (watcher.clone(), met.clone());
                tokio::spawn(async move {
                    let until = watcher.wait_until("A", |view| *view.payload() >= number, PATIENCE).await;
                    assert!(until.unwrap().payload >= number);
                    met.send(()).await.unwrap();
                    watcher.gone("A", PATIENCE).await
                })
            })
            .collect();
        let given_up = tokio::spawn({
            let watcher = watcher.clone();
            async move { watcher.gone("A", PATIENCE).await }
        });
        for number in 1..50 {
            tokio::task::yield_now().await;
            map.update("A", |edit| *edit.payload_mut() = number).unwrap();
        }
        for _ in 1..50 {
            all_met.recv().await.unwrap();
        }
        given_up.abort();
        owner.release(DeathReason::PeerReset);
        for one in waiting {
            match one.await.unwrap() {
                Ok(cause) => assert_eq!(cause, EndCause::OwnerDied(DeathReason::PeerReset)),
                // It was gone before this one began to wait for that.
                Err(error) => assert!(matches!(error, WaitError::NotFound { .. })),
            }
        }
        let _ = given_up.await;
        assert_eq!(watcher.drain(Duration::ZERO).await.unseen, 0);
    });
}

#[test]
fn a_stream_of_one_session_ends_with_it() {
    on_both(|| async {
        let map = SessionMap::<()>::new();
        let mut events = Watcher::new(&map).events(16);
        let sessions = map.clone();
        spawn_owned(map.owner(), async move |owner: OwnerRef| {
            sessions.create("A", (), &owner).unwrap();
            let mut own = Watcher::new(&sessions).watch("A").unwrap();
            sessions.claim("A").unwrap();
            assert!(own.recv().await.is_some());
        })
        .await
        .unwrap();
        let mut kinds = Vec::new();
        for _ in 0..3 {
            let next = poll_fn(|context| Pin::new(&mut events).poll_next(context)).await;
            let Some(Received::Event(event)) = next else { panic!("{next:?}") };
            let OwnedWhat::Session { kind, .. } = event.what else { panic!("{event:?}") };
            kinds.push(kind);
        }
        let ended = SessionEvent::Ended(EndCause::OwnerDied(DeathReason::Finished));
        assert_eq!(kinds, [SessionEvent::Created, SessionEvent::Claimed, ended]);
        assert_eq!(Watcher::new(&map).watch("A").unwrap_err(), WaitError::NotFound { code: "A".into() });
    });
}

#[test]
fn a_drain_ends_everything_tells_everybody_and_waits_for_those_who_listen() {
    on_both(|| async {
        let map = SessionMap::<()>::new();
        let watcher = Watcher::new(&map);
        let owner = map.owner();
        map.create("A", (), &owner).unwrap();
        map.create("B", (), None).unwrap();
        let mut all = watcher.events(16);
        let reader = tokio::spawn(async move {
            let mut read = 0;
            while all.recv().await.is_some() {
                read += 1;
            }
            read
        });
        // It is about the session that is there now, whenever the task comes to run.
        let waiter = tokio::spawn(map.gone("A"));
        let drained = watcher.drain(PATIENCE).await;
        assert_eq!((drained.sessions, drained.owners, drained.unseen), (2, 1, 0));
        assert_eq!(reader.await.unwrap(), 2);
        assert_eq!(waiter.await.unwrap(), Ok(EndCause::OwnerDied(DeathReason::Shutdown)));
        let refused = map.create("C", (), None).unwrap_err();
        assert_eq!(*refused.kind(), CreateErrorKind::Draining);
    });
}

#[tokio::test(start_paused = true)]
async fn a_drain_says_how_many_had_not_seen_it() {
    let map = SessionMap::<()>::new();
    map.create("A", (), None).unwrap();
    let slow = Watcher::new(&map).watch("A").unwrap();
    assert_eq!(Watcher::new(&map).drain(LONG).await.unseen, 1);
    drop(slow);
    assert_eq!(Watcher::new(&map).drain(LONG).await.unseen, 0);
}

#[test]
fn a_slow_reader_is_told_how_much_it_has_missed_and_goes_on() {
    on_both(|| async {
        let map = SessionMap::<()>::new();
        let mut events = Watcher::new(&map).events(3);
        for number in 0..10 {
            map.create(format!("{number}"), (), None).unwrap();
        }
        let mut numbers = Vec::new();
        for _ in 0..3 {
            let next = soon("an event", events.recv()).await;
            let Some(Received::Event(event)) = next else { panic!("{next:?}") };
            numbers.push(event.sequence);
        }
        let first = numbers[0];
        assert_eq!(numbers, [first, first + 1, first + 2]);
        assert_eq!(soon("word of what is lost", events.recv()).await, Some(Received::Lagged(7)));
        // It has room again, and sequence numbers go on where they were.
        map.claim("9").unwrap();
        let next = soon("the next event", events.recv()).await;
        assert!(matches!(next, Some(Received::Event(event)) if event.sequence == first + 10));
    });
}

#[test]
fn the_end_of_a_session_is_never_lost_to_who_watches_it() {
    on_both(|| async {
        let map = SessionMap::<usize>::new();
        let owner = map.owner();
        map.create("A", 0, &owner).unwrap();
        let mut events = Watcher::new(&map).watch("A").unwrap();
        for number in 0..10_000 {
            map.update("A", |edit| *edit.payload_mut() = number).unwrap();
        }
        owner.release(DeathReason::PeerReset);
        let (mut read, mut lost, mut last) = (0, 0, None);
        while let Some(next) = soon("an event", events.recv()).await {
            match next {
                Received::Event(event) => (read, last) = (read + 1, Some(event.what)),
                Received::Lagged(more) => lost += more,
            }
        }
        assert!(lost > 0 && read + lost == 10_001, "{read} read, {lost} lost");
        let kind = SessionEvent::Ended(EndCause::OwnerDied(DeathReason::PeerReset));
        assert_eq!(last, Some(OwnedWhat::Session { code: "A".into(), kind }));
    });
}

/// An old owner's death deleted the successor's session under the same code.
#[test]
fn what_an_old_connection_leaves_behind_is_not_its_successors() {
    on_both(|| async {
        let map = SessionMap::<&str>::new();
        let sessions = map.clone();
        let old = spawn_owned(map.owner(), async move |owner: OwnerRef| {
            sessions.create("K7QX", "old", &owner).unwrap();
            std::future::pending::<()>().await;
        });
        Watcher::new(&map).wait_for("K7QX", PATIENCE).await.unwrap();
        map.delete("K7QX");
        let new = map.owner();
        map.create("K7QX", "new", &new).unwrap();
        old.abort();
        assert!(old.await.is_err());
        assert_eq!(map.get("K7QX").unwrap().payload, "new");
    });
}

/// A session whose owner was changed was not watched.
#[test]
fn a_session_that_was_handed_over_ends_with_its_new_owner() {
    on_both(|| async {
        let map = SessionMap::<()>::new();
        let old = map.owner();
        map.create("K7QX", (), &old).unwrap();
        let sessions = map.clone();
        let new = spawn_owned(map.owner(), async move |owner: OwnerRef| {
            sessions.hand_over_all(&old, &owner).unwrap();
            drop(old);
            assert!(sessions.contains("K7QX"));
        });
        new.await.unwrap();
        assert!(!map.contains("K7QX"));
    });
}

/// Deleted sessions left their monitors behind.
#[test]
fn ten_thousand_sessions_that_were_deleted_leave_nothing() {
    on_both(|| async {
        let map = SessionMap::<()>::new();
        let sessions = map.clone();
        let task = spawn_owned(map.owner(), async move |owner: OwnerRef| {
            for number in 0..10_000 {
                let code = format!("{number}");
                sessions.create(&code, (), &owner).unwrap();
                sessions.delete(&code);
            }
            assert!(owner.note_count() < 100, "{} notes of no session", owner.note_count());
            owner
        });
        assert_eq!((task.await.unwrap().session_count(), map.occupied()), (0, 0));
    });
}
