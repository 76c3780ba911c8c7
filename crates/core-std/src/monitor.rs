//! The one thread that sees things end.

use crate::heartbeat::{Heartbeat, Hearts, lock};
use std::{
    fmt, io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tenure_core::{Clock, Owner, SystemClock};

#[cfg(any(not(target_os = "linux"), test))]
mod asked;
mod child;
#[cfg(target_os = "linux")]
mod items;
#[cfg_attr(not(target_os = "linux"), path = "monitor/park.rs")]
mod poller;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod socket;
mod watched;

pub use child::ChildProcess;
#[cfg(target_os = "linux")]
pub use socket::Attached;
pub use watched::Monitored;

use poller::Poller;
use watched::Polled;

/// How often the thread wakes up for heartbeats at most.
const BEAT_STEP: Duration = Duration::from_millis(10);

/// Sees sockets, processes, threads and heartbeats end, and tells their owners: one thread for all of them.
///
/// A clone is another handle to the same thread. It sleeps in one system call while nothing ends: it is woken by the
/// kernel when a socket is closed or a process exits, and by its own clock for heartbeats. When the last handle is
/// dropped, its thread stops and is joined; owners that only it knew (of processes and of threads spawned by
/// others) are then dropped. An [`Attached`] or a [`Heartbeat`] goes on as long as its monitor.
///
/// ```
/// use std::net::{TcpListener, TcpStream};
/// use std::time::Duration;
/// use tenure_core::{DeathReason, EndCause, OwnedWhat, Received, SessionEvent, SessionMap};
/// use tenure_std::Monitor;
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let client = TcpStream::connect(listener.local_addr()?)?;
/// let (socket, _) = listener.accept()?;
///
/// let map = SessionMap::<()>::new();
/// let monitor = Monitor::new()?;
/// let attached = monitor.socket(map.owner(), &socket)?;
/// map.create("K7QX", (), attached.name())?;
/// let mut events = map.watch("K7QX")?;
/// drop(client); // nobody reads or writes `socket`
/// let Some(Received::Event(event)) = events.recv_timeout(Duration::from_secs(10))? else { panic!() };
/// let kind = SessionEvent::Ended(EndCause::OwnerDied(DeathReason::PeerClosed));
/// assert_eq!(event.what, OwnedWhat::Session { code: "K7QX".into(), kind });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Monitor {
    worker: Arc<Worker>,
    grace: Option<Duration>,
}

/// Stops and joins the thread when the last handle goes.
struct Worker {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    poller: Poller,
    #[cfg(target_os = "linux")]
    items: items::Items,
    hearts: Hearts,
    polled: Polled,
    clock: SystemClock,
    stop: AtomicBool,
}

impl Monitor {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system refuses the thread, or the file descriptors with which it waits.
    pub fn new() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            poller: Poller::new()?,
            #[cfg(target_os = "linux")]
            items: items::Items::new(),
            hearts: Hearts::new(),
            polled: Polled::new(),
            clock: SystemClock::new(),
            stop: AtomicBool::new(false),
        });
        let served = Arc::clone(&shared);
        let thread = thread::Builder::new().name("tenure-monitor".to_owned()).spawn(move || served.run())?;
        shared.poller.is_run_by(thread.thread());
        let worker = Worker { shared, thread: Mutex::new(Some(thread)) };
        Ok(Self { worker: Arc::new(worker), grace: None })
    }

    /// A handle whose owners are suspended for so long, instead of ended, when their connection is lost: their socket
    /// closed or reset, or a heartbeat missed. Draw [`token`](Owner::token) before you hand an owner over, to resume
    /// it.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::{os::unix::net::UnixStream, time::Duration};
    /// use tenure_core::{Owner, SessionMap};
    /// use tenure_std::Monitor;
    ///
    /// let map = SessionMap::<()>::new();
    /// let monitor = Monitor::new()?.with_grace(Duration::from_secs(30));
    /// let (socket, peer) = UnixStream::pair()?;
    /// let owner: Owner = map.owner();
    /// let token = owner.token()?; // goes to the peer
    /// map.create("K7QX", (), &owner)?;
    /// let attached = monitor.socket(owner, &socket)?;
    /// drop(peer); // the connection is lost, and may come back
    /// # while attached.name().suspended_until().is_none() { std::thread::yield_now() }
    /// assert!(map.contains("K7QX"));
    /// let owner = map.resume(&token)?;
    /// # assert!(owner.is_alive());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(target_os = "linux"))]
    /// # fn main() {}
    /// ```
    #[must_use]
    pub fn with_grace(&self, grace: Duration) -> Self {
        Self { grace: Some(grace), ..self.clone() }
    }

    /// Makes the owner live as long as its heart beats at least once in every interval of this length.
    ///
    /// It is dead between one interval and a quarter more after the last beat, and some 20 ms. 100,000 owners cost the
    /// monitor's thread four looks at each per interval. Where the thread itself was stopped for long, it looks once when it goes
    /// on, and ends nobody for that.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_std::Monitor::new()?;
    /// let heartbeat = monitor.heartbeat(map.owner(), Duration::from_secs(30));
    /// map.create("K7QX", (), heartbeat.name())?;
    /// heartbeat.beat(); // whenever something comes from the peer
    /// # assert!(map.contains("K7QX"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn heartbeat(&self, owner: Owner, every: Duration) -> Heartbeat {
        let shared = &self.worker.shared;
        let heartbeat = shared.hearts.add(owner, every, self.grace, shared.clock.now());
        shared.poller.wake();
        heartbeat
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("grace", &self.grace).finish_non_exhaustive()
    }
}

impl Shared {
    fn run(&self) {
        let mut events = Vec::new();
        // Relaxed: the wake-up is what makes it seen.
        while !self.stop.load(Ordering::Relaxed) {
            let heart = self.hearts.step(self.clock.now()).map(|next| {
                // Not for every heart that beats a little later than the one before.
                next.saturating_since(self.clock.now()).max(BEAT_STEP)
            });
            let sleep = [heart, self.polled.step()].into_iter().flatten().min();
            self.poller.wait(sleep, &mut events);
            #[cfg(target_os = "linux")]
            self.items.end(&self.poller, &mut events);
        }
        // Whoever has a handle on one of them gets nothing back now; all others are dropped with it.
        #[cfg(target_os = "linux")]
        self.items.drop_all();
        self.polled.drop_all();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Relaxed: as in `run`.
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.poller.wake();
        let thread = lock(&self.thread).take();
        // The last handle may go on the thread itself, in a destructor that it runs: it ends by itself.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}
