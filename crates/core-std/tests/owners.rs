//! Each kind of owner against the real thing: threads that return and panic, processes that exit and are killed,
//! sockets that are closed, reset, and cut off.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::channel,
    thread,
    time::Duration,
};
use tenure_core::{
    CreateErrorKind, DeathReason, EndCause, OwnedWhat, Owner, OwnerRef, Received, SessionEvent, SessionMap,
};
use tenure_std::{Keep, Monitor, Watcher, own_current_thread, spawn_owned};

const LONG: Duration = Duration::from_secs(30);

/// A map with one session, and its owner.
fn session() -> (SessionMap<()>, Owner) {
    let map = SessionMap::new();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    (map, owner)
}

/// Waits until nothing of what is invisible is left: the monitor's thread may be about to free it.
fn freed<P: tenure_core::Payload>(map: &SessionMap<P>) {
    while map.occupied() > 0 {
        std::thread::yield_now();
    }
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

fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, client)
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
    let name = thread.join().unwrap();
    assert_eq!(reason(&map, &name), DeathReason::Finished);

    let (map, owner) = session();
    let name = owner.name().clone();
    let thread = spawn_owned(owner, |_| panic!("no more room")).unwrap();
    assert_eq!(*thread.join().unwrap_err().downcast::<&str>().unwrap(), "no more room");
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
        let name = names.recv().unwrap();
        assert_eq!(thread.join().is_err(), panics);
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
    assert!(watched.join().unwrap().is_err());

    let (map, owner) = session();
    let watched = monitor.thread(owner, thread::spawn(|| panic!("planted {}", 7)));
    let name = watched.name().clone();
    assert_eq!(reason(&map, &name), DeathReason::Panicked("planted 7".into()));
    assert!(watched.join().is_err());
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
    assert!(watched.join().is_err());
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
    assert_eq!(reason(&map, &thread.join().unwrap()), DeathReason::Shutdown);
    let (map, owner) = dead();
    let watched = monitor.thread(owner, thread::spawn(|| 42));
    let name = watched.name().clone();
    assert_eq!(watched.join().unwrap(), 42);
    assert_eq!(reason(&map, &name), DeathReason::Shutdown);
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

#[cfg(target_os = "linux")]
mod on_linux {
    use super::*;
    use std::{os::unix::net::UnixStream, process::Command};

    #[test]
    fn a_child_that_exits_and_one_that_is_killed() {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let child = Command::new("sh").args(["-c", "exit 7"]).spawn().unwrap();
        let child = monitor.child(owner, child).unwrap();
        assert_eq!(reason(&map, child.name()), DeathReason::Exited { status: 7 });
        assert_eq!(child.wait().unwrap().code(), Some(7));
        child.kill().unwrap();

        let (map, owner) = session();
        let child = Command::new("sleep").arg("1000").spawn().unwrap();
        let child = monitor.child(owner, child).unwrap();
        assert!(map.contains("A"));
        child.kill().unwrap();
        assert_eq!(reason(&map, child.name()), DeathReason::Killed { signal: 9 });
        assert_eq!(monitor.watched(), 0);
    }

    #[test]
    fn a_process_by_its_number_leaves_its_status_to_who_waits_for_it() {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let name = monitor.process(owner, child.id()).unwrap();
        assert!(map.contains("A"));
        child.kill().unwrap();
        assert_eq!(reason(&map, &name), DeathReason::Killed { signal: 9 });
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn a_process_that_is_gone_and_whose_number_may_be_that_of_another() {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let mut child = Command::new("true").spawn().unwrap();
        let id = child.id();
        child.wait().unwrap();
        let name = monitor.process(owner, id).unwrap();
        assert_eq!(reason(&map, &name), DeathReason::Finished);

        // Watched before it ended and its number was free: a later process under it is another one.
        let (map, owner) = session();
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let old = monitor.process(owner, child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut later = under_number(child.id()).unwrap_or_else(|| {
            println!("SKIPPED: the system does not let this user choose a process's number");
            Command::new("sleep").arg("1000").spawn().unwrap()
        });
        // By its descriptor it is dead, whoever has its number now; its status may be taken.
        assert!(matches!(reason(&map, &old), DeathReason::Killed { signal: 9 } | DeathReason::Finished));
        let (map, owner) = session();
        let name = monitor.process(owner, later.id()).unwrap();
        assert!(map.contains("A") && name.is_alive());
        later.kill().unwrap();
        later.wait().unwrap();
        let _ = reason(&map, &name);
    }

    /// A process under a number that has become free, where the system can be told which number comes next.
    fn under_number(id: u32) -> Option<std::process::Child> {
        for _ in 0..100 {
            std::fs::write("/proc/sys/kernel/ns_last_pid", (id - 1).to_string()).ok()?;
            let mut child = Command::new("sleep").arg("1000").spawn().ok()?;
            if child.id() == id {
                return Some(child);
            }
            // Somebody else was quicker.
            child.kill().ok()?;
            child.wait().ok()?;
        }
        None
    }

    #[test]
    fn what_is_no_process_is_refused_and_the_owner_given_back() {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let error = monitor.process(owner, u32::MAX).unwrap_err();
        assert!(map.contains("A"), "{error}");
        drop(error.into_owner());
        assert!(!map.contains("A"));
    }

    #[test]
    fn a_socket_whose_peer_closes_and_what_it_has_sent_is_still_there() {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let (mut socket, mut peer) = tcp();
        let attached = monitor.socket(owner, &socket).unwrap();
        peer.write_all(b"last words").unwrap();
        assert!(map.contains("A"));
        drop(peer);
        assert_eq!(reason(&map, attached.name()), DeathReason::PeerClosed);
        let mut words = String::new();
        socket.read_to_string(&mut words).unwrap();
        assert_eq!(words, "last words");
        assert!(attached.into_owner().is_none());
    }

    #[test]
    fn a_socket_whose_peer_resets_and_the_error_is_still_there() {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let (mut socket, peer) = tcp();
        socket.write_all(b"never read").unwrap();
        let attached = monitor.socket(owner, &socket).unwrap();
        let mut one = [0];
        peer.peek(&mut one).unwrap();
        // Closing with something unread is a reset.
        drop(peer);
        assert_eq!(reason(&map, attached.name()), DeathReason::PeerReset);
        let error = socket.read(&mut one).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_socket_that_was_closed_before_and_one_whose_peer_only_stops_sending() {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let (socket, peer) = tcp();
        drop(peer);
        let attached = monitor.socket(owner, &socket).unwrap();
        assert_eq!(reason(&map, attached.name()), DeathReason::PeerClosed);

        let (map, owner) = session();
        let (socket, peer) = tcp();
        let attached = monitor.socket(owner, &socket).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reason(&map, attached.name()), DeathReason::PeerClosed);
    }

    #[test]
    fn a_unix_socket() {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let (socket, peer) = UnixStream::pair().unwrap();
        let attached = monitor.socket(owner, &socket).unwrap();
        drop(peer);
        assert_eq!(reason(&map, attached.name()), DeathReason::PeerClosed);
    }

    #[test]
    fn an_attachment_that_is_dropped_closes_the_connection_and_one_that_is_undone_does_not() {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let (socket, mut peer) = tcp();
        let attached = monitor.socket(owner, &socket).unwrap();
        let name = attached.name().clone();
        drop(socket);
        drop(attached);
        assert_eq!(reason(&map, &name), DeathReason::Dropped);
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);

        let (map, owner) = session();
        let (socket, peer) = tcp();
        let attached = monitor.socket(owner, &socket).unwrap();
        let owner = attached.into_owner().unwrap();
        drop((socket, peer));
        assert!(map.contains("A") && monitor.watched() == 0);
        drop(owner);
    }

    #[test]
    fn a_lost_connection_with_a_grace_is_taken_up_again_by_the_next() {
        let monitor = Monitor::new().unwrap().with_grace(Duration::from_secs(3_600));
        let (map, owner) = session();
        let token = owner.token().unwrap();
        let (socket, peer) = tcp();
        let attached = monitor.socket(owner, &socket).unwrap();
        let watcher = Watcher::new(&map);
        let mut events = watcher.watch("A").unwrap();
        drop(peer);
        let lost = watcher.wait_until("A", |view| view.suspended_until().is_some(), LONG).unwrap();
        assert!(lost.suspended.is_some() && attached.name().suspended_until().is_some());
        drop((attached, socket));
        let back = thread::spawn(move || {
            watcher.wait_until("A", |view| view.suspended_until().is_none(), LONG).unwrap()
        });
        let (socket, peer) = tcp();
        let attached = monitor.socket(map.resume(&token).unwrap(), &socket).unwrap();
        assert_eq!(back.join().unwrap().suspended, None);
        let mut kinds = Vec::new();
        while let Some(Received::Event(event)) = events.get_mut().try_next() {
            let OwnedWhat::Session { kind, .. } = event.what else { panic!("{event:?}") };
            kinds.push(kind);
        }
        let [SessionEvent::Suspended { .. }, SessionEvent::Resumed] = *kinds else { panic!("{kinds:?}") };
        drop((peer, attached));
    }

    /// Passes on what comes until it is told to stop, and then keeps both connections open without a word: a peer
    /// whose cable was pulled looks like this.
    #[test]
    fn a_peer_that_vanishes_is_found_by_its_heartbeat() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let (server, at_proxy) = (listener.local_addr().unwrap(), proxy.local_addr().unwrap());
        let (pull, pulled) = channel::<()>();
        let cable = thread::spawn(move || {
            let (mut from, to) = (proxy.accept().unwrap().0, TcpStream::connect(server).unwrap());
            let mut byte = [0];
            for _ in 0..5 {
                from.read_exact(&mut byte).unwrap();
                (&to).write_all(&byte).unwrap();
            }
            let _ = pulled.recv();
            drop((from, to));
        });
        let mut client = TcpStream::connect(at_proxy).unwrap();
        let (mut socket, _) = listener.accept().unwrap();

        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        // Both ways: whichever is the first to know.
        let heartbeat = monitor.heartbeat(owner, Duration::from_millis(50));
        let closing = map.owner();
        let attached = monitor.socket(closing, &socket).unwrap();
        let mut events = map.watch("A").unwrap();
        for _ in 0..5 {
            client.write_all(b"x").unwrap();
            socket.read_exact(&mut [0]).unwrap();
            heartbeat.beat();
        }
        // The client goes on, and nothing arrives.
        client.write_all(b"x").unwrap();
        let Ok(Some(Received::Event(event))) = events.recv_timeout(LONG) else { panic!("nothing was told") };
        let kind = SessionEvent::Ended(EndCause::OwnerDied(DeathReason::HeartbeatMissed));
        assert_eq!(event.what, OwnedWhat::Session { code: "A".into(), kind });
        assert!(attached.name().is_alive(), "the kernel knows nothing");
        drop(pull);
        cable.join().unwrap();
    }

    #[test]
    fn many_sockets_that_close_at_once() {
        let monitor = Monitor::new().unwrap();
        let map = SessionMap::<usize>::new();
        let (mut attached, mut peers) = (Vec::new(), Vec::new());
        for number in 0..200 {
            let (socket, peer) = UnixStream::pair().unwrap();
            let one = monitor.socket(map.owner(), &socket).unwrap();
            map.create(format!("{number}"), number, one.name()).unwrap();
            attached.push((one, socket));
            peers.push(peer);
        }
        assert_eq!((monitor.watched(), map.count_active()), (200, 200));
        let last = map.watch("199").unwrap();
        let mut last = last;
        drop(peers);
        while !last.is_over() {
            last.recv_timeout(LONG).unwrap();
        }
        for number in 0..200 {
            let gone = map.wait_gone(&format!("{number}"), LONG);
            assert!(!matches!(gone, Err(tenure_core::WaitError::TimedOut { .. })));
        }
        freed(&map);
        assert_eq!(map.stats().missed, 0);
    }
}
