//! Each kind of owner against the real thing: threads that return and panic, processes that exit and are killed,
//! sockets that are closed, reset, and cut off.

#[cfg(target_os = "linux")]
#[path = "owners/on_linux.rs"]
mod on_linux;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};
use tenure_core::{CreateErrorKind, DeathReason, EndCause, Owner, OwnerRef, SessionMap};
use tenure_std::{Keep, Monitor, ThreadError, own_current_thread, spawn_owned};

/// No machine is so busy that what a test waits for takes longer.
const LONG: Duration = Duration::from_secs(120);

/// A map with one session, and its owner.
fn session() -> (SessionMap<()>, Owner) {
    let map = SessionMap::new();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    (map, owner)
}

/// Asks again and again until it is so; panics, and says what was waited for, where that would be for ever.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < LONG, "not within {LONG:?}: {what}");
        thread::yield_now();
    }
}

/// What the thread comes to.
#[track_caller]
fn joined<T>(thread: thread::JoinHandle<T>) -> thread::Result<T> {
    until("the thread's end", || thread.is_finished());
    thread.join()
}

/// What a call answers that blocks without a limit of its own.
#[track_caller]
fn aside<T: Send + 'static>(what: &str, blocks: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::spawn(blocks);
    until(what, || thread.is_finished());
    thread.join().expect(what)
}

/// Waits until nothing of what is invisible is left: the monitor's thread may be about to free it.
fn freed<P: tenure_core::Payload>(map: &SessionMap<P>) {
    until("sessions of dead owners are freed", || map.occupied() == 0);
}

/// Waits for the end of that session and answers its owner's reason.
fn reason(map: &SessionMap<()>, name: &OwnerRef) -> DeathReason {
    match map.wait_gone("A", LONG) {
        Ok(EndCause::OwnerDied(reason)) => assert_eq!(name.reason(), Some(reason)),
        // It was gone before the waiting began.
        Err(tenure_core::WaitError::NotFound { .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(map.count_active(), 0);
    freed(map);
    let refused = map.create("B", (), name).unwrap_err();
    let dead = CreateErrorKind::OwnerDead { incarnation: name.incarnation().get() };
    assert_eq!(*refused.kind(), if map.is_draining() { CreateErrorKind::Draining } else { dead });
    name.reason().unwrap()
}

#[test]
fn a_guard_that_is_dropped_by_unwinding() {
    let (map, owner) = session();
    let name = owner.name().clone();
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _kept = Keep::new(owner, "a connection");
        panic!("in the middle of it");
    }));
    assert!(unwound.is_err() && map.get("A").is_none());
    assert_eq!(reason(&map, &name), DeathReason::Dropped);
}

#[test]
fn a_thread_of_its_own_that_returns_and_one_that_panics() {
    let (map, owner) = session();
    let thread = spawn_owned(owner, OwnerRef::clone).unwrap();
    let name = joined(thread).unwrap();
    assert_eq!(reason(&map, &name), DeathReason::Finished);

    let (map, owner) = session();
    let name = owner.name().clone();
    let thread = spawn_owned(owner, |_| panic!("no more room")).unwrap();
    assert_eq!(*joined(thread).unwrap_err().downcast::<&str>().unwrap(), "no more room");
    assert_eq!(reason(&map, &name), DeathReason::Panicked("no more room".into()));
}

#[test]
fn the_current_thread_however_it_ends() {
    for panics in [false, true] {
        let (map, owner) = session();
        let (sender, names) = channel();
        let thread = thread::spawn(move || {
            sender.send(own_current_thread(owner)).unwrap();
            assert!(!panics, "planted");
        });
        let name = names.recv_timeout(LONG).expect("the thread names its owner");
        assert_eq!(joined(thread).is_err(), panics);
        assert_eq!(reason(&map, &name), DeathReason::Finished);
    }
}

#[test]
fn a_thread_of_somebody_elses_that_returns_and_one_that_panics() {
    let monitor = Monitor::new().unwrap();
    let (map, owner) = session();
    let (go, wait) = channel::<()>();
    let watched = monitor.thread(owner, thread::spawn(move || wait.recv()));
    let name = watched.name().clone();
    assert!(map.contains("A"));
    drop(go);
    assert_eq!(reason(&map, &name), DeathReason::Finished);
    assert!(aside("what the thread has answered", || watched.join()).unwrap().is_err());

    let (map, owner) = session();
    let watched = monitor.thread(owner, thread::spawn(|| panic!("planted {}", 7)));
    let name = watched.name().clone();
    assert_eq!(reason(&map, &name), DeathReason::Panicked("planted 7".into()));
    let error = watched.join().unwrap_err();
    assert_eq!(error.to_string(), "the thread panicked: planted 7");
    let ThreadError::Panicked(thrown) = error else { panic!("{error}") };
    assert_eq!(DeathReason::of_panic(&*thrown.into_payload()), DeathReason::Panicked("planted 7".into()));
}

#[test]
fn a_thread_whose_monitor_is_gone_is_out_of_reach_and_its_owner_dead() {
    let (map, owner) = session();
    let monitor = Monitor::new().unwrap();
    let (go, wait) = channel::<()>();
    let watched = monitor.thread(owner, thread::spawn(move || wait.recv()));
    let name = watched.name().clone();
    drop(monitor);
    assert_eq!(reason(&map, &name), DeathReason::Dropped);
    assert!(matches!(watched.join(), Err(ThreadError::OutOfReach)));
    drop(go);
}

#[test]
fn one_end_of_a_channel() {
    let (map, owner) = session();
    let name = owner.name().clone();
    let (sender, receiver) = channel::<u8>();
    let peer = Keep::new(owner, receiver);
    sender.send(1).unwrap();
    assert_eq!(peer.recv(), Ok(1));
    drop(peer);
    assert!(sender.send(2).is_err());
    assert_eq!(reason(&map, &name), DeathReason::Dropped);
}

#[test]
fn a_heart_that_stops() {
    let monitor = Monitor::new().unwrap();
    let (map, owner) = session();
    let heartbeat = monitor.heartbeat(owner, Duration::from_millis(20));
    let name = heartbeat.name().clone();
    assert_eq!(reason(&map, &name), DeathReason::HeartbeatMissed);
    heartbeat.beat();
    assert!(heartbeat.into_owner().is_none());
}

/// An owner whose handle is still there: its map was drained.
fn dead() -> (SessionMap<()>, Owner) {
    let (map, owner) = session();
    drop(map.drain());
    assert_eq!(owner.reason(), Some(DeathReason::Shutdown));
    (map, owner)
}

#[test]
fn an_owner_that_is_dead_when_it_is_registered_stays_so_and_hangs_nobody() {
    let monitor = Monitor::new().unwrap();
    let (map, owner) = dead();
    let heartbeat = monitor.heartbeat(owner, Duration::from_millis(1));
    assert_eq!(reason(&map, heartbeat.name()), DeathReason::Shutdown);
    let (map, owner) = dead();
    let thread = spawn_owned(owner, OwnerRef::clone).unwrap();
    assert_eq!(reason(&map, &joined(thread).unwrap()), DeathReason::Shutdown);
    let (map, owner) = dead();
    let watched = monitor.thread(owner, thread::spawn(|| 42));
    let name = watched.name().clone();
    assert_eq!(reason(&map, &name), DeathReason::Shutdown);
    assert_eq!(aside("what the thread has answered", || watched.join().unwrap()), 42);
}

#[test]
fn a_hundred_threads_and_hearts_cost_one_thread() {
    let monitor = Monitor::new().unwrap();
    let map = SessionMap::<()>::new();
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let before = threads();
    let hearts: Vec<_> = (0..1_000).map(|_| monitor.heartbeat(map.owner(), LONG)).collect();
    // Other tests of this binary start and stop threads of their own; not a thousand.
    assert!(threads() < before + 200);
    drop(hearts);
}
