//! What sees sockets, processes and heartbeats end.

use std::{
    fmt, io,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tenure_core::{DeathReason, Owner, Tick};
use tenure_std::{Heartbeat, Hearts};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

mod child;
#[cfg(unix)]
mod kernel;

pub use child::ChildProcess;

/// Heartbeats are looked at no more often than this.
const BEAT_STEP: Duration = Duration::from_millis(10);

/// Sees sockets, processes and heartbeats end, and tells their owners. The same as `tenure_std::Monitor`, under the
/// same names.
///
/// A clone is another handle to the same monitor. What the kernel tells of is seen by that crate's one thread: it goes on
/// while the runtime's threads are busy or the runtime is gone, and wakes no task. Heartbeats are looked at by one
/// task, by the runtime's clock: under `tokio::time::pause` they are missed when the paused clock says so. If the
/// runtime goes, their owners die with the reason [`Cancelled`](DeathReason::Cancelled).
///
/// ```
/// use std::time::Duration;
/// use tenure_core::SessionMap;
/// use tenure_tokio::Monitor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let monitor = Monitor::new()?;
/// let heartbeat = monitor.heartbeat(map.owner(), Duration::from_secs(30));
/// map.create("K7QX", (), heartbeat.name())?;
/// drop(heartbeat);
/// assert!(!map.contains("K7QX"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Monitor {
    #[cfg_attr(not(unix), allow(dead_code, reason = "it sees sockets and processes there"))]
    kernel: tenure_std::Monitor,
    beats: Arc<Beats>,
    grace: Option<Duration>,
}

struct Beats {
    hearts: Hearts,
    origin: Instant,
    changed: Arc<Notify>,
    /// The runtime is gone.
    over: AtomicBool,
}

impl Monitor {
    /// Starts the thread and the task.
    ///
    /// # Errors
    /// The operating system refuses the thread, or the file descriptors with which it waits.
    ///
    /// # Panics
    /// Outside of a runtime with time enabled.
    pub fn new() -> io::Result<Self> {
        let kernel = tenure_std::Monitor::new()?;
        let changed = Arc::new(Notify::new());
        let (hearts, origin, over) = (Hearts::new(), Instant::now(), AtomicBool::new(false));
        let beats = Arc::new(Beats { hearts, origin, changed: Arc::clone(&changed), over });
        let driver = Driver(Arc::downgrade(&beats));
        tokio::spawn(driver.run(origin, changed));
        Ok(Self { kernel, beats, grace: None })
    }

    /// A handle whose owners are suspended for so long, instead of ended, when their connection is lost: their socket
    /// closed or reset, or a heartbeat missed. Draw [`token`](Owner::token) before you hand an owner over, to resume
    /// it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::SessionMap;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_tokio::Monitor::new()?.with_grace(Duration::from_secs(30));
    /// let owner = map.owner();
    /// let token = owner.token()?; // goes to the peer
    /// map.create("K7QX", (), &owner)?;
    /// let _heartbeat = monitor.heartbeat(owner, Duration::from_secs(5));
    /// tokio::time::sleep(Duration::from_secs(8)).await; // the peer is silent, and may come back
    /// assert!(map.contains("K7QX"));
    /// assert!(map.resume(&token).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_grace(&self, grace: Duration) -> Self {
        Self { kernel: self.kernel.with_grace(grace), grace: Some(grace), ..self.clone() }
    }

    /// Makes the owner live as long as its heart beats at least once in every interval of this length. It is dead between
    /// one interval and a quarter more after the last beat, and some 20 ms. Where the runtime itself was stopped for long,
    /// it looks once when it goes on, and ends nobody for that.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{DeathReason, SessionMap};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_tokio::Monitor::new()?;
    /// let heartbeat = monitor.heartbeat(map.owner(), Duration::from_secs(30));
    /// map.create("K7QX", (), heartbeat.name())?;
    /// heartbeat.beat(); // whenever something comes from the peer
    /// tokio::time::sleep(Duration::from_secs(30)).await;
    /// assert!(map.contains("K7QX"));
    /// tokio::time::sleep(Duration::from_secs(8)).await;
    /// assert_eq!(heartbeat.name().reason(), Some(DeathReason::HeartbeatMissed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn heartbeat(&self, owner: Owner, every: Duration) -> Heartbeat {
        let heartbeat = self.beats.hearts.add(owner, every, self.grace, self.beats.now());
        self.beats.changed.notify_one();
        // Acquire: pairs with the Release in `Driver::drop`. The lock on the hearts orders the two: either that one
        // finds this heart, or this sees that it is over.
        if self.beats.over.load(Ordering::Acquire) {
            self.beats.hearts.end_all(&DeathReason::Cancelled);
        }
        heartbeat
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("grace", &self.grace).finish_non_exhaustive()
    }
}

impl Beats {
    fn now(&self) -> Tick {
        let elapsed = self.origin.elapsed().as_millis();
        Tick::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }
}

impl Drop for Beats {
    fn drop(&mut self) {
        // The task has nothing to look at any more, and ends.
        self.changed.notify_one();
    }
}

/// The task that looks at the hearts.
struct Driver(Weak<Beats>);

impl Driver {
    async fn run(self, origin: Instant, changed: Arc<Notify>) {
        while let Some(beats) = self.0.upgrade() {
            let next = beats.hearts.step(beats.now());
            drop(beats);
            match next {
                None => changed.notified().await,
                Some(next) => {
                    let at = origin + Duration::from_millis(next.as_millis());
                    // Not for every heart that beats a little later than the one before.
                    let at = at.max(Instant::now() + BEAT_STEP);
                    // An error: it is time to look.
                    let _ = timeout_at(at, changed.notified()).await;
                }
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(beats) = self.0.upgrade() {
            // Release: as in `heartbeat`.
            beats.over.store(true, Ordering::Release);
            beats.hearts.end_all(&DeathReason::Cancelled);
        }
    }
}
