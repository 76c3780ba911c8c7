//! Users' destructors and clocks that panic on the monitor's thread: what the others have is watched on.

mod fragile;

use fragile::Fragile;
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};
use tenure_core::{DeathReason, EndCause, SessionMap, Tick};
use tenure_std::{Hearts, Monitor, Watcher};

/// No machine is so busy that what a test waits for takes longer.
const LONG: Duration = Duration::from_secs(120);

/// Says that it is being dropped, and panics.
#[derive(Clone)]
struct Explosive(Sender<()>);

impl Drop for Explosive {
    fn drop(&mut self) {
        _ = self.0.send(());
        assert!(thread::panicking(), "planted: a destructor panics");
    }
}

fn explosive() -> (Explosive, Receiver<()>) {
    let (sender, dropped) = channel();
    (Explosive(sender), dropped)
}

/// A heart that stops is still noticed: the monitor's thread is at work.
fn is_at_work(monitor: &Monitor) {
    let map = SessionMap::<()>::new();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    let mut events = Watcher::new(&map).watch("A").unwrap();
    let heartbeat = monitor.heartbeat(owner, Duration::from_millis(1));
    events.get_mut().recv_timeout(LONG).expect("the monitor looks at it").expect("its end is told");
    assert_eq!(heartbeat.name().reason(), Some(DeathReason::HeartbeatMissed));
}

#[test]
fn what_a_thread_has_answered_and_nobody_wants() {
    let monitor = Monitor::new().unwrap();
    let (explosive, dropped) = explosive();
    let map = SessionMap::<()>::new();
    let (go, wait) = channel::<()>();
    let thread = thread::spawn(move || {
        _ = wait.recv();
        explosive
    });
    let watched = monitor.thread(map.owner(), thread);
    let name = watched.name().clone();
    drop(watched);
    drop(go);
    dropped.recv_timeout(LONG).expect("it is dropped");
    is_at_work(&monitor);
    assert_eq!(name.reason(), Some(DeathReason::Finished));
}

#[test]
fn what_a_session_carries() {
    let monitor = Monitor::new().unwrap();
    let (explosive, dropped) = explosive();
    // Its thread drops what the monitor's cannot: a reader may be in the way at that moment.
    let map = SessionMap::builder().background().build().unwrap();
    let owner = map.owner();
    let created = map.create("A", explosive, &owner);
    assert!(created.is_ok());
    let heartbeat = monitor.heartbeat(owner, Duration::from_millis(1));
    let gone = map.wait_gone("A", LONG);
    let missed = Ok(EndCause::OwnerDied(DeathReason::HeartbeatMissed));
    assert!(gone == missed || !heartbeat.name().is_alive(), "{gone:?}");
    dropped.recv_timeout(LONG).expect("it is dropped");
    is_at_work(&monitor);
}

/// Hearts of two maps, one of which has a clock that breaks before they stop. The others' are to be seen to all the same.
#[test]
fn the_clock_of_a_map_whose_owner_is_ended() {
    for grace in [None, Some(LONG)] {
        let (clock, hearts) = (Fragile::default(), Hearts::new());
        let bad = clock.map();
        let good = SessionMap::<()>::new();
        let beating = |map: &SessionMap<()>, code: &str| {
            let owner = map.owner();
            map.create(code, (), &owner).unwrap();
            hearts.add(owner, Duration::from_millis(10), grace, Tick::ZERO)
        };
        let all = [beating(&bad, "A"), beating(&good, "A"), beating(&bad, "B")];
        clock.break_it();
        hearts.step(Tick::from_millis(10));
        let name = all[1].name();
        assert_eq!(name.suspended_until().is_some(), grace.is_some());
        assert_eq!(name.reason(), grace.is_none().then_some(DeathReason::HeartbeatMissed));
    }
}

#[test]
fn a_clock() {
    let monitor = Monitor::new().unwrap();
    let clock = Fragile::default();
    let map = clock.map();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    clock.break_it();
    let heartbeat = monitor.heartbeat(owner, Duration::from_millis(1));
    is_at_work(&monitor);
    assert_eq!(heartbeat.name().reason(), Some(DeathReason::HeartbeatMissed));
}

#[cfg(target_os = "linux")]
#[test]
fn a_shared_socket() {
    use std::os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    };

    /// Closed, it panics.
    struct Brittle(UnixStream, #[expect(dead_code, reason = "its destructor is what counts")] Explosive);

    impl AsFd for Brittle {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }

    let monitor = Monitor::new().unwrap();
    let map = SessionMap::<()>::new();
    let (socket, peer) = UnixStream::pair().unwrap();
    let (explosive, dropped) = explosive();
    let attached = monitor.shared_socket(map.owner(), Arc::new(Brittle(socket, explosive))).unwrap();
    drop(peer);
    dropped.recv_timeout(LONG).expect("the monitor has the last of it");
    is_at_work(&monitor);
    assert_eq!(attached.name().reason(), Some(DeathReason::PeerClosed));
}
