//! Each reason of which an owner dies reaches everybody who is there to be told: the observer of the table, who waits, who
//! watches that session, and who reads of all.

mod told;

use std::{sync::mpsc::channel, thread, time::Duration};
use tenure_core::{DeathReason, EndCause, OwnedWhat, Owner, Received, SessionEvent, SessionMap, WaitError};
use tenure_std::{EventIter, Keep, Monitor, Watcher, own_current_thread, spawn_owned};

/// No machine is so busy that what a test waits for takes longer.
const LONG: Duration = Duration::from_secs(120);

/// Has the owner of a session end by this act, and sees what everybody is told.
fn all_are_told<T>(expected: DeathReason, act: impl FnOnce(&SessionMap<()>, Owner) -> T) {
    let (tell, observed) = channel();
    let observer = told::Told(move |cause| _ = tell.send(cause));
    let map = SessionMap::builder().observer(observer).background().build().unwrap();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    let watcher = Watcher::new(&map);
    let (mut watching, mut reading) = (watcher.watch("A").unwrap(), watcher.events(16));
    let (waits, waiting) = channel();
    let (answer, answered) = channel();
    thread::spawn(move || {
        // It has taken its seat when it looks for the first time.
        let never = watcher.wait_until("A", |_| waits.send(()).is_err(), LONG);
        _ = answer.send(never.map(|session| session.code));
    });
    waiting.recv_timeout(LONG).expect("it waits");

    let kept = act(&map, owner);
    let cause = EndCause::OwnerDied(expected);
    let ended = WaitError::Ended { code: "A".into(), cause: cause.clone() };
    assert_eq!(answered.recv_timeout(LONG).expect("who waits is told"), Err(ended));
    assert_eq!(observed.recv_timeout(LONG).expect("the observer is told"), cause);
    for events in [&mut watching, &mut reading] {
        assert_eq!(end_in(events), cause);
    }
    assert_eq!(watching.get_mut().recv_timeout(LONG), Ok(None), "the end is the last");
    drop(kept);
}

/// Reads on until a session ends.
fn end_in(events: &mut EventIter<()>) -> EndCause {
    loop {
        match events.get_mut().recv_timeout(LONG).expect("the end is read") {
            Some(Received::Event(event)) => {
                if let OwnedWhat::Session { kind: SessionEvent::Ended(cause), .. } = event.what {
                    return cause;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn of_a_thread() {
    all_are_told(DeathReason::Finished, |_, owner| spawn_owned(owner, |_| {}).unwrap());
    let panicked = DeathReason::Panicked("no more room".into());
    all_are_told(panicked, |_, owner| spawn_owned(owner, |_| panic!("no more room")).unwrap());
    all_are_told(DeathReason::Finished, |_, owner| thread::spawn(|| own_current_thread(owner)));
    let monitor = Monitor::new().unwrap();
    let foreign = DeathReason::Panicked("planted 7".into());
    all_are_told(foreign, |_, owner| monitor.thread(owner, thread::spawn(|| panic!("planted {}", 7))));
}

#[test]
fn of_a_handle() {
    all_are_told(DeathReason::Dropped, |_, owner| drop(Keep::new(owner, "a connection")));
    for given in [
        DeathReason::Released,
        // Nothing in a blocking program is cancelled but by who says so.
        DeathReason::Cancelled,
        DeathReason::Other("the lease of the cloud is over".into()),
    ] {
        all_are_told(given.clone(), |_, owner| Keep::new(owner, "a connection").release(given));
    }
    all_are_told(DeathReason::NotResumed, |_, owner| owner.suspend(Duration::from_millis(1)).unwrap());
    all_are_told(DeathReason::Shutdown, |map, owner| {
        drop(map.drain());
        owner
    });
}

#[test]
fn of_what_gives_no_sign_of_life() {
    let monitor = Monitor::new().unwrap();
    all_are_told(DeathReason::HeartbeatMissed, |_, owner| {
        monitor.heartbeat(owner, Duration::from_millis(10))
    });
}

#[cfg(unix)]
#[test]
fn of_a_process() {
    use std::process::Command;
    let monitor = Monitor::new().unwrap();
    for (act, expected) in [
        ("exit 7", DeathReason::Exited { status: 7 }),
        ("kill -15 $$", DeathReason::Killed { signal: 15 }),
        ("kill -9 $$", DeathReason::Killed { signal: 9 }),
    ] {
        all_are_told(expected, |_, owner| {
            monitor.child(owner, Command::new("sh").args(["-c", act]).spawn().unwrap()).unwrap()
        });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn of_a_socket() {
    use std::{
        io::Write as _,
        net::{TcpListener, TcpStream},
    };
    let monitor = Monitor::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for expected in [DeathReason::PeerClosed, DeathReason::PeerReset] {
        let reset = expected == DeathReason::PeerReset;
        all_are_told(expected, |_, owner| {
            let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            peer.set_read_timeout(Some(LONG)).unwrap();
            let mut socket = listener.accept().unwrap().0;
            let attached = monitor.socket(owner, &socket).unwrap();
            if reset {
                // Closing with something unread is a reset.
                socket.write_all(b"never read").unwrap();
                assert!(peer.peek(&mut [0]).expect("something to read") > 0);
            }
            drop(peer);
            (attached, socket)
        });
    }
}
