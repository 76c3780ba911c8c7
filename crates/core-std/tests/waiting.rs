//! Waiting, watching and draining, blocking, through this crate.

use std::{
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};
use tenure_core::{
    CreateErrorKind, DeathReason, EndCause, OwnedEvent, OwnedWhat, Received, SessionEvent, SessionMap,
    Status, WaitError,
};
use tenure_std::{EventIter, Watcher};

/// No machine is so busy that what a test waits for takes longer.
const LONG: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_millis(1);

/// Runs it on a thread of its own, and says what it came to.
fn aside<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (tell, told) = channel();
    thread::spawn(move || tell.send(run()));
    told
}

/// What the iterator answers next.
fn next<P: tenure_core::Payload>(events: &mut EventIter<P>) -> Received {
    let next = events.get_mut().recv_timeout(LONG).expect("there is one to read");
    next.expect("it goes on")
}

fn of_session(received: Received) -> (u64, SessionEvent) {
    match received {
        Received::Event(OwnedEvent { sequence, what: OwnedWhat::Session { kind, .. }, .. }) => {
            (sequence, kind)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_wait_is_longer_than_its_limit_and_none_is_cut_short() {
    let map = SessionMap::<()>::new();
    let watcher = Watcher::new(&map);
    let began = Instant::now();
    let timed_out =
        |error: WaitError| assert!(matches!(error, WaitError::TimedOut { limit: SHORT, .. }), "{error}");
    timed_out(watcher.wait_for("A", SHORT).unwrap_err());
    map.create("A", (), None).unwrap();
    timed_out(watcher.wait_until("A", |_| false, SHORT).unwrap_err());
    timed_out(watcher.gone("A", SHORT).unwrap_err());
    assert!(began.elapsed() >= 3 * SHORT);
    // What is there, or not, needs no time at all.
    assert!(watcher.wait_for("A", Duration::ZERO).is_ok());
    assert!(watcher.wait_until("A", |_| true, Duration::ZERO).is_ok());
    assert!(matches!(watcher.gone("B", LONG), Err(WaitError::NotFound { .. })));
    assert!(matches!(watcher.wait_until("B", |_| true, LONG), Err(WaitError::NotFound { .. })));
}

#[test]
fn who_waits_is_woken_by_what_it_waits_for() {
    let map = SessionMap::<usize>::new();
    let watcher = Watcher::new(&map);
    let appears = aside({
        let watcher = watcher.clone();
        move || watcher.wait_for("A", LONG).map(|session| session.status)
    });
    map.create("A", 0, None).unwrap();
    assert_eq!(appears.recv_timeout(LONG).expect("it appears"), Ok(Status::Pending));

    let (looks, looked) = channel();
    let met = aside({
        let watcher = watcher.clone();
        let met = move |view: &tenure_core::View<'_, usize>| {
            _ = looks.send(());
            *view.payload() == 100
        };
        move || watcher.wait_until("A", met, LONG).map(|session| session.payload)
    });
    looked.recv_timeout(LONG).expect("it waits");
    for number in 1..=100 {
        map.update("A", |edit| *edit.payload_mut() = number).unwrap();
    }
    assert_eq!(met.recv_timeout(LONG).expect("the last change is not missed"), Ok(100));
}

#[test]
fn a_slow_reader_is_told_how_much_it_has_missed_and_goes_on() {
    let map = SessionMap::<()>::new();
    let mut events = Watcher::new(&map).events(3);
    for number in 0..10 {
        map.create(format!("{number}"), (), None).unwrap();
    }
    let first = of_session(next(&mut events)).0;
    assert_eq!([of_session(next(&mut events)).0, of_session(next(&mut events)).0], [first + 1, first + 2]);
    assert_eq!(next(&mut events), Received::Lagged(7));
    // It has room again, and sequence numbers go on where they were.
    map.claim("9").unwrap();
    assert_eq!(of_session(next(&mut events)), (first + 10, SessionEvent::Claimed));
}

#[test]
fn the_end_of_a_session_is_never_lost_to_who_watches_it() {
    let map = SessionMap::<usize>::new();
    let owner = map.owner();
    map.create("A", 0, &owner).unwrap();
    let events = Watcher::new(&map).watch("A").unwrap();
    for number in 0..10_000 {
        map.update("A", |edit| *edit.payload_mut() = number).unwrap();
    }
    owner.release(DeathReason::PeerReset);
    map.create("A", 0, None).unwrap();
    let all: Vec<_> = aside(|| events.collect()).recv_timeout(LONG).expect("it ends");
    let lost: u64 = all.iter().map(|one| if let Received::Lagged(lost) = one { *lost } else { 0 }).sum();
    let read = all.iter().filter(|one| matches!(one, Received::Event(_))).count() as u64;
    assert!(lost > 0, "nobody has read for long");
    assert_eq!(read + lost, 10_001);
    let (_, last) = of_session(all.into_iter().next_back().unwrap());
    assert_eq!(last, SessionEvent::Ended(EndCause::OwnerDied(DeathReason::PeerReset)));
}

#[test]
fn a_drain_waits_for_those_who_listen_and_says_how_many_had_not() {
    let map = SessionMap::<()>::new();
    let watcher = Watcher::new(&map);
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    map.create("B", (), None).unwrap();
    let slow = watcher.watch("A").unwrap();
    let reads = aside({
        let events = watcher.events(16);
        move || events.count()
    });
    let drained = watcher.drain(SHORT);
    assert_eq!((drained.sessions, drained.owners), (2, 1));
    assert!((1..=2).contains(&drained.unseen), "one of two does not read: {drained:?}");
    assert_eq!(reads.recv_timeout(LONG).expect("the other has read to the end"), 2);
    assert_eq!(owner.reason(), Some(DeathReason::Shutdown));
    let refused = map.create("C", (), None).unwrap_err();
    assert_eq!(*refused.kind(), CreateErrorKind::Draining);
    // Whoever has read is not waited for any longer.
    let again = aside({
        let watcher = watcher.clone();
        move || watcher.drain(LONG).unseen
    });
    assert_eq!(aside(|| slow.count()).recv_timeout(LONG).expect("it ends"), 1);
    assert_eq!(again.recv_timeout(LONG).expect("nobody is left"), 0);
}
