//! 10,000 connections whose other ends are in another process, so that each side stays within its descriptors.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    io::Read,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tenure_core::SessionMap;
use tenure_std::{Attached, Monitor};

/// With this argument, an address and a number, the program is the other side.
pub(crate) const PEERS: &str = "peers";
/// Descriptors that a process has besides.
const OTHERS: u64 = 200;

/// Sockets with an owner each, and the process that has their other ends.
pub(crate) struct Crowd {
    peers: Child,
    map: SessionMap<()>,
    pub(crate) sockets: Vec<(Arc<TcpStream>, Option<Attached>)>,
}

/// Raises the limit on descriptors as far as the system lets, and answers it.
fn descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

impl Crowd {
    /// So many connections, or as many as the system lets, and says so then. They have no owners yet.
    pub(crate) fn new(wanted: usize) -> Self {
        let room = usize::try_from(descriptors().saturating_sub(OTHERS)).unwrap_or(usize::MAX);
        let count = wanted.min(room);
        if count < wanted {
            println!("{count} sockets instead of {wanted}: the system gives no more descriptors");
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let this = std::env::current_exe().expect("a program knows its own file");
        let peers = Command::new(this)
            .args([PEERS, &address, &count.to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a process");
        let accept = || Arc::new(listener.accept().expect("the peers connect").0);
        let sockets = (0..count).map(|_| (accept(), None)).collect();
        Self { peers, map: SessionMap::builder().background().build().expect("a thread"), sockets }
    }

    /// Gives the next socket its owner.
    pub(crate) fn attach(&mut self, number: usize, monitor: &Monitor) {
        let (socket, attached) = &mut self.sockets[number];
        *attached = Some(monitor.shared_socket(self.map.owner(), Arc::clone(socket)).expect("a place"));
    }

    /// Gives each a session, kills the process with all of their other ends, and says when the last session was gone.
    pub(crate) fn end(mut self) {
        for (number, (_, attached)) in self.sockets.iter().enumerate() {
            let owner = attached.as_ref().expect("each has its owner").name();
            self.map.create(format!("{number:08}"), (), owner).expect("the code is free");
        }
        let began = Instant::now();
        self.peers.kill().expect("ours to kill");
        while self.map.occupied() > 0 {
            thread::yield_now();
        }
        let took = began.elapsed();
        self.peers.wait().expect("ours to wait for");
        let count = self.sockets.len();
        println!("{count} sockets closed at once: the last session gone after {:.1} ms", millis(took));
    }
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

/// The other side: connects so often, and keeps all until it is killed or its input ends.
pub(crate) fn be_peers(arguments: &[String]) {
    descriptors();
    let [_, address, count, ..] = arguments else { panic!("{PEERS} ADDRESS COUNT") };
    let count: usize = count.parse().expect("a number");
    let connect = || TcpStream::connect(address).expect("it listens");
    let kept: Vec<TcpStream> = (0..count).map(|_| connect()).collect();
    let _ = std::io::stdin().read(&mut [0]);
    drop(kept);
}
