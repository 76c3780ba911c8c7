//! What the kernel tells of: processes and sockets.

use super::*;
use tenure_core::{OwnedWhat, Received, SessionEvent};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    process::Command,
};

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener.accept().await.unwrap().0, client)
}

#[test]
fn a_child_that_exits_and_one_that_is_killed() {
    on_both(|| async {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let child = Command::new("sh").args(["-c", "exit 7"]).spawn().unwrap();
        let mut child = monitor.child(owner, child);
        assert_eq!(reason(&map, child.name()).await, DeathReason::Exited { status: 7 });
        assert_eq!(soon("the child's end", child.wait()).await.unwrap().code(), Some(7));
        assert_eq!(soon("the child's end", child.wait()).await.unwrap().code(), Some(7));

        let (map, owner) = session();
        let child = monitor.child(owner, Command::new("sleep").arg("1000").spawn().unwrap());
        assert!(map.contains("A"));
        child.kill();
        assert_eq!(reason(&map, child.name()).await, DeathReason::Killed { signal: 9 });
    });
}

#[test]
fn a_process_by_its_number() {
    on_both(|| async {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let name = monitor.process(owner, child.id().unwrap()).unwrap();
        assert!(map.contains("A"));
        child.start_kill().unwrap();
        assert_eq!(reason(&map, &name).await, DeathReason::Killed { signal: 9 });
        assert!(!soon("the child's end", child.wait()).await.unwrap().success());
    });
}

#[test]
fn a_socket_whose_peer_closes_and_one_whose_peer_resets() {
    on_both(|| async {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        let (mut socket, mut peer) = tcp().await;
        let attached = monitor.socket(owner, &socket).unwrap();
        peer.write_all(b"last words").await.unwrap();
        assert!(map.contains("A"));
        drop(peer);
        assert_eq!(reason(&map, attached.name()).await, DeathReason::PeerClosed);
        let mut words = String::new();
        soon("the last words", socket.read_to_string(&mut words)).await.unwrap();
        assert_eq!(words, "last words");

        let (map, owner) = session();
        let (mut socket, peer) = tcp().await;
        let attached = monitor.socket(owner, &socket).unwrap();
        socket.write_all(b"never read").await.unwrap();
        soon("something to read", peer.readable()).await.unwrap();
        drop(peer);
        assert_eq!(reason(&map, attached.name()).await, DeathReason::PeerReset);

        let (map, owner) = session();
        let (socket, peer) = UnixStream::pair().unwrap();
        let attached = monitor.socket(owner, &socket).unwrap();
        drop(peer);
        assert_eq!(reason(&map, attached.name()).await, DeathReason::PeerClosed);
    });
}

#[test]
fn an_owner_that_is_dead_is_watched_for_nothing_and_hangs_nobody() {
    on_both(|| async {
        let monitor = Monitor::new().unwrap();
        let (map, owner) = dead();
        let (socket, peer) = tcp().await;
        let attached = monitor.socket(owner, &socket).unwrap();
        assert_eq!(reason(&map, attached.name()).await, DeathReason::Shutdown);
        drop((attached, peer));
        let (map, owner) = dead();
        let mut child = Command::new("true").spawn().unwrap();
        let name = monitor.process(owner, child.id().unwrap()).unwrap();
        assert_eq!(reason(&map, &name).await, DeathReason::Shutdown);
        assert!(soon("the child's end", child.wait()).await.unwrap().success());
        let (map, owner) = dead();
        let mut child = monitor.child(owner, Command::new("true").spawn().unwrap());
        assert!(soon("the child's end", child.wait()).await.unwrap().success());
        assert_eq!(reason(&map, child.name()).await, DeathReason::Shutdown);
        soon("nothing is watched any more", async {
            while monitor.monitored() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    });
}

/// Passes on what comes until it is told to stop, and then keeps both connections open without a word: a peer
/// whose cable was pulled looks like this.
async fn cable(proxy: TcpListener, server: std::net::SocketAddr, pulled: oneshot::Receiver<()>) {
    let (mut from, _) = proxy.accept().await.unwrap();
    let mut to = TcpStream::connect(server).await.unwrap();
    for _ in 0..5 {
        let byte = from.read_u8().await.unwrap();
        to.write_u8(byte).await.unwrap();
    }
    let _ = pulled.await;
    drop((from, to));
}

#[test]
fn a_peer_that_vanishes_is_found_by_its_heartbeat() {
    on_both(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (server, at_proxy) = (listener.local_addr().unwrap(), proxy.local_addr().unwrap());
        let (pull, pulled) = oneshot::channel();
        let cable = tokio::spawn(cable(proxy, server, pulled));
        let mut client = TcpStream::connect(at_proxy).await.unwrap();
        let (mut socket, _) = listener.accept().await.unwrap();

        let monitor = Monitor::new().unwrap();
        let (map, owner) = session();
        // Both ways: whichever is the first to know.
        let heartbeat = monitor.heartbeat(owner, Duration::from_millis(50));
        let attached = monitor.socket(map.owner(), &socket).unwrap();
        let mut events = Watcher::new(&map).watch("A").unwrap();
        for _ in 0..5 {
            client.write_u8(b'x').await.unwrap();
            soon("a byte through the cable", socket.read_u8()).await.unwrap();
            heartbeat.beat();
        }
        // The client goes on, and nothing arrives.
        client.write_u8(b'x').await.unwrap();
        let Some(Received::Event(event)) = soon("an event", events.recv()).await else {
            panic!("nothing was told")
        };
        let kind = SessionEvent::Ended(EndCause::OwnerDied(DeathReason::HeartbeatMissed));
        assert_eq!(event.what, OwnedWhat::Session { code: "A".into(), kind });
        assert!(attached.name().is_alive(), "the kernel knows nothing");
        drop(pull);
        soon("the cable's end", cable).await.unwrap();
    });
}

#[test]
fn a_lost_connection_with_a_grace_is_taken_up_again_by_the_next() {
    on_both(|| async {
        let monitor = Monitor::new().unwrap().with_grace(Duration::from_secs(3_600));
        let (map, owner) = session();
        let token = owner.token().unwrap();
        let (socket, peer) = tcp().await;
        let attached = monitor.socket(owner, &socket).unwrap();
        let name = attached.name().clone();
        let watcher = Watcher::new(&map);
        let mut events = watcher.watch("A").unwrap();
        drop(peer);
        let lost = watcher.wait_until("A", |view| view.suspended_until().is_some(), PATIENCE).await;
        assert!(lost.unwrap().suspended_until.is_some() && name.suspended_until().is_some());
        let back = watcher.wait_until("A", |view| view.suspended_until().is_none(), PATIENCE);
        let (kept, back) = tokio::join!(
            async {
                let Some(Received::Event(event)) = soon("an event", events.recv()).await else {
                    panic!("nothing was told")
                };
                let OwnedWhat::Session { kind, .. } = event.what else { panic!("{event:?}") };
                assert!(matches!(kind, SessionEvent::Suspended { .. }), "{kind:?}");
                let (socket, peer) = tcp().await;
                let attached = monitor.socket(map.resume(&token).unwrap(), &socket).unwrap();
                let Some(Received::Event(event)) = soon("an event", events.recv()).await else {
                    panic!("nothing was told")
                };
                let kind = SessionEvent::Resumed;
                assert_eq!(event.what, OwnedWhat::Session { code: "A".into(), kind });
                (attached, socket, peer)
            },
            back
        );
        assert_eq!(back.unwrap().suspended_until, None);
        drop((kept, attached, socket));
    });
}
