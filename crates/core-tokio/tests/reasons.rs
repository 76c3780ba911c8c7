//! Each reason of which an owner dies reaches everybody who is there to be told: the observer of the table, who waits, who
//! watches that session, and who reads of all. On both kinds of runtime.

mod runtimes;
#[path = "../../core-std/tests/told/mod.rs"]
mod told;

use runtimes::{PATIENCE, on_both, soon};
use std::{
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};
use tenure_core::{DeathReason, EndCause, OwnedWhat, Owner, Received, SessionEvent, SessionMap, WaitError};
use tenure_tokio::{EventStream, Monitor, Watcher, own_cancellation, own_sender, own_until, spawn_owned};
use tokio::sync::mpsc::{self, unbounded_channel};
use tokio_util::sync::CancellationToken;

/// Has the owner of a session end by this act, and sees what everybody is told.
async fn all_are_told<T>(expected: DeathReason, act: impl AsyncFnOnce(&SessionMap<()>, Owner) -> T) {
    let (tell, mut observed) = unbounded_channel();
    let observer = told::Told(move |cause| _ = tell.send(cause));
    let map = SessionMap::builder().observer(observer).background().build().unwrap();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    let watcher = Watcher::new(&map);
    let (mut watching, mut reading) = (watcher.watch("A").unwrap(), watcher.events(16));
    let mut gone = pin!(watcher.gone("A", PATIENCE));
    let mut never = pin!(watcher.wait_until("A", |_| false, PATIENCE));
    // Both wait from here on.
    assert!(polled(gone.as_mut()).await.is_none() && polled(never.as_mut()).await.is_none());

    let kept = act(&map, owner).await;
    let cause = EndCause::OwnerDied(expected);
    assert_eq!(gone.await, Ok(cause.clone()));
    assert_eq!(never.await.unwrap_err(), WaitError::Ended { code: "A".into(), cause: cause.clone() });
    assert_eq!(soon("the observer to be told", observed.recv()).await, Some(cause.clone()));
    for events in [&mut watching, &mut reading] {
        assert_eq!(soon("the end to be read", end_in(events)).await, cause);
    }
    assert_eq!(soon("the end of the watching", watching.recv()).await, None);
    drop(kept);
}

/// What it is ready with, if it is.
async fn polled<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Reads on until a session ends.
async fn end_in(events: &mut EventStream<()>) -> EndCause {
    loop {
        match events.recv().await {
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
fn of_a_task() {
    on_both(|| async {
        all_are_told(DeathReason::Finished, async |_, owner| spawn_owned(owner, async |_| {})).await;
        let panicked = DeathReason::Panicked("no more room".into());
        all_are_told(panicked.clone(), async |_, owner| spawn_owned(owner, async |_| panic!("no more room")))
            .await;
        all_are_told(panicked, async |_, owner| own_until(owner, async { panic!("no more room") })).await;
        all_are_told(DeathReason::Cancelled, async |_, owner| {
            spawn_owned(owner, |_| pending::<()>()).abort();
        })
        .await;
        let token = CancellationToken::new();
        all_are_told(DeathReason::Cancelled, async |_, owner| {
            let owned = own_cancellation(owner, token.clone());
            token.cancel();
            owned
        })
        .await;
    });
}

#[test]
fn of_a_handle() {
    on_both(|| async {
        all_are_told(DeathReason::Dropped, async |_, owner| drop(owner)).await;
        all_are_told(DeathReason::Released, async |_, owner| owner.release(DeathReason::Released)).await;
        let other = DeathReason::Other("the lease of the cloud is over".into());
        all_are_told(other.clone(), async |_, owner| owner.release(other)).await;
        all_are_told(DeathReason::NotResumed, async |_, owner| {
            owner.suspend(Duration::from_millis(1)).unwrap()
        })
        .await;
        all_are_told(DeathReason::Shutdown, async |map, owner| {
            drop(map.drain());
            owner
        })
        .await;
    });
}

#[test]
fn of_what_gives_no_sign_of_life_and_of_a_channel() {
    on_both(|| async {
        let monitor = Monitor::new().unwrap();
        all_are_told(DeathReason::HeartbeatMissed, async |_, owner| {
            monitor.heartbeat(owner, Duration::from_millis(10))
        })
        .await;
        all_are_told(DeathReason::PeerClosed, async |_, owner| {
            let (sender, receiver) = mpsc::channel::<u8>(1);
            let owned = own_sender(owner, sender);
            drop(receiver);
            owned
        })
        .await;
    });
}

#[cfg(unix)]
#[test]
fn of_a_process() {
    use tokio::process::Command;
    on_both(|| async {
        let monitor = Monitor::new().unwrap();
        for (act, expected) in [
            ("exit 7", DeathReason::Exited { status: 7 }),
            ("kill -15 $$", DeathReason::Killed { signal: 15 }),
            ("kill -9 $$", DeathReason::Killed { signal: 9 }),
        ] {
            all_are_told(expected, async |_, owner| {
                monitor.child(owner, Command::new("sh").args(["-c", act]).spawn().unwrap())
            })
            .await;
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn of_a_socket() {
    use tokio::{
        io::AsyncWriteExt as _,
        net::{TcpListener, TcpStream},
    };
    on_both(|| async {
        let monitor = Monitor::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for expected in [DeathReason::PeerClosed, DeathReason::PeerReset] {
            let reset = expected == DeathReason::PeerReset;
            all_are_told(expected, async |_, owner| {
                let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
                let (mut socket, _) = listener.accept().await.unwrap();
                let attached = monitor.socket(owner, &socket).unwrap();
                if reset {
                    // Closing with something unread is a reset.
                    socket.write_all(b"never read").await.unwrap();
                    soon("something to read", peer.readable()).await.unwrap();
                }
                drop(peer);
                (attached, socket)
            })
            .await;
        }
    });
}
