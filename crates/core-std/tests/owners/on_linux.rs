//! What the kernel tells of: processes and sockets.

use super::*;
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    process::Command,
    sync::Arc,
};
use tenure_core::{OwnedWhat, Received, SessionEvent};
use tenure_std::Watcher;

fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (limited(listener.accept().unwrap().0), limited(client))
}

/// A socket from which nobody waits for ever: reading fails with a message of its own after that.
fn limited(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(LONG)).unwrap();
    socket
}

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
    assert_eq!(monitor.monitored(), 0);
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
fn an_owner_that_is_dead_is_watched_for_nothing_and_hangs_nobody() {
    let monitor = Monitor::new().unwrap();
    let (map, owner) = dead();
    let (socket, peer) = tcp();
    let attached = monitor.socket(owner, &socket).unwrap();
    assert_eq!(reason(&map, attached.name()), DeathReason::Shutdown);
    drop((attached, peer));
    assert_eq!(monitor.monitored(), 0);
    let (map, owner) = dead();
    let child = monitor.child(owner, Command::new("true").spawn().unwrap()).unwrap();
    let name = child.name().clone();
    assert!(aside("the child's end", move || child.wait()).unwrap().success());
    assert_eq!(reason(&map, &name), DeathReason::Shutdown);
    let (map, owner) = dead();
    let mut child = Command::new("true").spawn().unwrap();
    let name = monitor.process(owner, child.id()).unwrap();
    assert_eq!(reason(&map, &name), DeathReason::Shutdown);
    until("nothing is watched any more", || monitor.monitored() == 0);
    child.wait().unwrap();
    let (map, owner) = dead();
    assert_eq!(reason(&map, &own_current_thread(owner)), DeathReason::Shutdown);
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
fn a_shared_socket_that_is_closed_by_its_peer_and_one_that_is_let_go() {
    let monitor = Monitor::new().unwrap();
    let (map, owner) = session();
    let (socket, peer) = tcp();
    let socket = Arc::new(socket);
    let attached = monitor.shared_socket(owner, Arc::clone(&socket)).unwrap();
    let again = monitor.shared_socket(map.owner(), Arc::clone(&socket)).unwrap_err();
    assert!(again.into_owner().is_alive(), "given back");
    drop(peer);
    assert_eq!(reason(&map, attached.name()), DeathReason::PeerClosed);
    until("the monitor lets the socket go", || Arc::strong_count(&socket) == 1);

    let (map, owner) = session();
    let (socket, mut peer) = tcp();
    let attached = monitor.shared_socket(owner, Arc::new(socket)).unwrap();
    let name = attached.name().clone();
    assert!(map.contains("A"));
    drop(attached);
    assert_eq!(reason(&map, &name), DeathReason::Dropped);
    assert_eq!(peer.read(&mut [0]).unwrap(), 0, "the monitor's was the last");
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
    assert!(map.contains("A") && monitor.monitored() == 0);
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
    assert!(lost.suspended_until.is_some() && attached.name().suspended_until().is_some());
    drop((attached, socket));
    let back = thread::spawn(move || {
        watcher.wait_until("A", |view| view.suspended_until().is_none(), LONG).unwrap()
    });
    let (socket, peer) = tcp();
    let attached = monitor.socket(map.resume(&token).unwrap(), &socket).unwrap();
    assert_eq!(joined(back).unwrap().suspended_until, None);
    let mut kinds = Vec::new();
    while let Some(Received::Event(event)) = events.get_mut().try_recv() {
        let OwnedWhat::Session { kind, .. } = event.what else { panic!("{event:?}") };
        kinds.push(kind);
    }
    // The monitor's thread may still be about to tell of the suspension.
    assert!(kinds.contains(&SessionEvent::Resumed), "{kinds:?}");
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
        let (mut from, to) = (limited(proxy.accept().unwrap().0), TcpStream::connect(server).unwrap());
        let mut byte = [0];
        for _ in 0..5 {
            from.read_exact(&mut byte).unwrap();
            (&to).write_all(&byte).unwrap();
        }
        let _ = pulled.recv();
        drop((from, to));
    });
    let mut client = TcpStream::connect(at_proxy).unwrap();
    let mut socket = limited(listener.accept().unwrap().0);

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
    joined(cable).unwrap();
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
    assert_eq!((monitor.monitored(), map.count_active()), (200, 200));
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
