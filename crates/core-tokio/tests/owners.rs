//! Each kind of owner against the real thing, on both kinds of runtime.

#[cfg(target_os = "linux")]
#[path = "owners/on_linux.rs"]
mod on_linux;
mod runtimes;

use runtimes::{PATIENCE, on_both, soon};
use std::{future::pending, time::Duration};
use tenure_core::{DeathReason, EndCause, Owner, OwnerRef, SessionMap, WaitError};
use tenure_tokio::{
    Monitor, TaskError, Watcher, own_abort_handle, own_cancellation, own_oneshot, own_sender, own_task,
    own_unbounded_sender, own_until, spawn_owned,
};
use tokio::{
    runtime::Builder,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

const LONG: Duration = Duration::from_secs(3_600);
fn session() -> (SessionMap<()>, Owner) {
    let map = SessionMap::new();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    (map, owner)
}

/// Waits for the end of that session and answers its owner's reason.
async fn reason(map: &SessionMap<()>, name: &OwnerRef) -> DeathReason {
    match Watcher::new(map).gone("A", PATIENCE).await {
        Ok(EndCause::OwnerDied(reason)) => assert_eq!(name.reason(), Some(reason)),
        // It was gone before the waiting began.
        Err(WaitError::NotFound { .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(map.count_active(), 0);
    // Another thread may be about to free what is invisible.
    soon("what is invisible is freed", async {
        while map.occupied() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(map.create("B", (), name).is_err());
    name.reason().unwrap()
}

#[test]
fn a_task_of_its_own_that_returns_panics_and_is_aborted() {
    on_both(|| async {
        let (map, owner) = session();
        let name = spawn_owned(owner, |name| async { name }).await.unwrap();
        assert_eq!(reason(&map, &name).await, DeathReason::Finished);

        for at_once in [true, false] {
            let (map, owner) = session();
            let name = owner.name().clone();
            let task = spawn_owned(owner, move |_| {
                assert!(!at_once, "planted");
                async { panic!("planted") }
            });
            assert!(task.await.unwrap_err().is_panic());
            assert_eq!(reason(&map, &name).await, DeathReason::Panicked("planted".into()));
        }

        let (map, owner) = session();
        let name = owner.name().clone();
        let task = spawn_owned(owner, |_| pending::<()>());
        tokio::task::yield_now().await;
        assert!(map.contains("A"));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(reason(&map, &name).await, DeathReason::Cancelled);
    });
}

#[test]
fn tasks_whose_runtime_is_dropped() {
    let (map, owner) = session();
    let (other, foreign) = session();
    let (third, beating) = session();
    let names = [owner.name().clone(), foreign.name().clone(), beating.name().clone()];
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (monitor, heartbeat) = runtime.block_on(async {
        drop(spawn_owned(owner, |_| pending::<()>()));
        drop(own_task(foreign, tokio::spawn(pending::<()>())));
        let monitor = Monitor::new().unwrap();
        let heartbeat = monitor.heartbeat(beating, LONG);
        (monitor, heartbeat)
    });
    assert!(map.contains("A") && other.contains("A") && third.contains("A"));
    drop(runtime);
    assert!(!map.contains("A") && !other.contains("A") && !third.contains("A"));
    for name in names {
        assert_eq!(name.reason(), Some(DeathReason::Cancelled));
    }
    let late = monitor.heartbeat(map.owner(), LONG);
    assert_eq!(late.name().reason(), Some(DeathReason::Cancelled), "nobody would look at it");
    drop(heartbeat);
}

#[test]
fn a_task_of_somebody_elses_that_returns_panics_and_is_aborted() {
    on_both(|| async {
        let (map, owner) = session();
        let watched = own_task(owner, tokio::spawn(async { 42 }));
        let name = watched.name().clone();
        assert_eq!(watched.await.unwrap(), 42);
        assert_eq!(reason(&map, &name).await, DeathReason::Finished);

        let (map, owner) = session();
        let watched = own_task(owner, tokio::spawn(async { panic!("planted \"{}\"", 7) }));
        let name = watched.name().clone();
        let thrown = watched.await.unwrap_err();
        assert_eq!(thrown.to_string(), "the task panicked: planted \"7\"");
        let TaskError::Panicked(thrown) = thrown else { panic!("{thrown}") };
        assert_eq!(
            DeathReason::of_panic(&*thrown.into_payload()),
            DeathReason::Panicked("planted \"7\"".into())
        );
        assert_eq!(reason(&map, &name).await, DeathReason::Panicked("planted \"7\"".into()));

        let (map, owner) = session();
        let watched = own_task(owner, tokio::spawn(pending::<()>()));
        let name = watched.name().clone();
        watched.abort();
        assert_eq!(reason(&map, &name).await, DeathReason::Cancelled);
    });
}

#[test]
fn a_task_that_is_known_by_its_abort_handle_only() {
    on_both(|| async {
        let (map, owner) = session();
        let handle = tokio::spawn(pending::<()>()).abort_handle();
        let name = own_abort_handle(owner, handle.clone());
        tokio::task::yield_now().await;
        assert!(map.contains("A"));
        handle.abort();
        assert_eq!(reason(&map, &name).await, DeathReason::Finished);
    });
}

#[test]
fn a_cancellation_token() {
    on_both(|| async {
        let token = CancellationToken::new();
        let (map, owner) = session();
        let owned = own_cancellation(owner, token.child_token());
        tokio::task::yield_now().await;
        assert!(map.contains("A"));
        token.cancel();
        assert_eq!(reason(&map, owned.name()).await, DeathReason::Cancelled);
        // One that was cancelled before.
        let (map, owner) = session();
        let name = own_cancellation(owner, token).detach();
        assert_eq!(reason(&map, &name).await, DeathReason::Cancelled);
    });
}

#[test]
fn the_receiving_end_of_a_channel() {
    on_both(|| async {
        let (map, owner) = session();
        let (sender, mut receiver) = mpsc::channel(8);
        let owned = own_sender(owner, sender.clone());
        sender.send(7).await.unwrap();
        assert!(map.contains("A"));
        receiver.close();
        assert_eq!(reason(&map, owned.name()).await, DeathReason::PeerClosed);
        assert_eq!(receiver.recv().await, Some(7), "no message was stolen");

        let (map, owner) = session();
        let (sender, receiver) = mpsc::unbounded_channel::<u8>();
        let owned = own_unbounded_sender(owner, sender);
        drop(receiver);
        assert_eq!(reason(&map, owned.name()).await, DeathReason::PeerClosed);
    });
}

#[test]
fn a_channel_for_one_message() {
    on_both(|| async {
        let (map, owner) = session();
        let (sender, receiver) = oneshot::channel::<u8>();
        let (_given, name) = own_oneshot(owner, sender);
        drop(receiver);
        assert_eq!(reason(&map, &name).await, DeathReason::PeerClosed);

        let (map, owner) = session();
        let (sender, receiver) = oneshot::channel();
        let (given, name) = own_oneshot(owner, sender);
        given.send(7).unwrap();
        assert_eq!(receiver.await.unwrap(), 7);
        assert_eq!(reason(&map, &name).await, DeathReason::Finished);

        let (map, owner) = session();
        let (sender, receiver) = oneshot::channel::<u8>();
        let (given, name) = own_oneshot(owner, sender);
        drop(given);
        assert!(receiver.await.is_err());
        assert_eq!(reason(&map, &name).await, DeathReason::Dropped);
    });
}

#[test]
fn anything_that_can_be_awaited_and_giving_it_up() {
    on_both(|| async {
        let (map, owner) = session();
        let until = own_until(owner, pending());
        let name = until.name().clone();
        tokio::task::yield_now().await;
        assert!(map.contains("A"));
        drop(until);
        assert_eq!(reason(&map, &name).await, DeathReason::Cancelled);
    });
}

/// An owner whose handle is still there: its map was drained.
fn dead() -> (SessionMap<()>, Owner) {
    let (map, owner) = session();
    drop(map.drain());
    (map, owner)
}

#[test]
fn an_owner_that_is_dead_when_it_is_registered_stays_so_and_hangs_nobody() {
    on_both(|| async {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = dead();
        let name = spawn_owned(owner, |name| async { name }).await.unwrap();
        assert_eq!(reason(&map, &name).await, DeathReason::Shutdown);
        let (map, owner) = dead();
        let watched = own_task(owner, tokio::spawn(async { 42 }));
        let name = watched.name().clone();
        assert_eq!((watched.await.unwrap(), reason(&map, &name).await), (42, DeathReason::Shutdown));
        let (map, owner) = dead();
        let until = own_until(owner, pending());
        assert_eq!(reason(&map, until.name()).await, DeathReason::Shutdown);
        let (map, owner) = dead();
        let heartbeat = monitor.heartbeat(owner, LONG);
        assert_eq!(reason(&map, heartbeat.name()).await, DeathReason::Shutdown);
        let (map, owner) = dead();
        let task = tokio::spawn(pending::<()>()).abort_handle();
        assert_eq!(reason(&map, &own_abort_handle(owner, task)).await, DeathReason::Shutdown);
        let (map, owner) = dead();
        let owned = own_cancellation(owner, CancellationToken::new());
        assert_eq!(reason(&map, owned.name()).await, DeathReason::Shutdown);
        let (map, owner) = dead();
        let (sender, _receiver) = mpsc::channel::<u8>(1);
        let owned = own_sender(owner, sender);
        assert_eq!(reason(&map, owned.name()).await, DeathReason::Shutdown);
        let (map, owner) = dead();
        let (sender, receiver) = oneshot::channel();
        let (given, name) = own_oneshot(owner, sender);
        given.send(7).unwrap();
        assert_eq!((receiver.await.unwrap(), reason(&map, &name).await), (7, DeathReason::Shutdown));
    });
}

#[tokio::test(start_paused = true)]
async fn hearts_beat_in_the_runtimes_time() {
    let monitor = Monitor::new().unwrap();
    let (map, owner) = session();
    let heartbeat = monitor.heartbeat(owner, Duration::from_secs(60));
    for _ in 0..60 {
        heartbeat.beat();
        tokio::time::sleep(Duration::from_secs(59)).await;
        assert!(map.contains("A"));
    }
    let began = tokio::time::Instant::now();
    assert_eq!(reason(&map, heartbeat.name()).await, DeathReason::HeartbeatMissed);
    assert!(began.elapsed() <= Duration::from_secs(76));
    // Those that come later, and sooner, than the next look.
    let slow = monitor.heartbeat(map.owner(), Duration::from_secs(3_600));
    let quick = monitor.heartbeat(map.owner(), Duration::from_secs(1));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(slow.name().is_alive() && !quick.name().is_alive());
}
