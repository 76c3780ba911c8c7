//! The clock that a thread of its own moves: a look-up reads one number.

use super::{Clock, Tick, system::wall};
use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

/// A clock that reads one number, which a small thread of its own moves on: the cheapest there is.
///
/// Its origin is the moment when it was started. Where the default, [`SystemClock`](super::SystemClock), costs a look-up
/// 5 ns of 22 on Linux and some 20 ns elsewhere, this costs half a nanosecond everywhere. It is the same time in the
/// end, the system's monotonic clock; on Linux it is also finer with the usual interval of a millisecond, where the
/// default steps by 1 to 10 ms.
///
/// What it costs instead: a thread, which wakes once per interval, idle or not. On a busy virtual machine that took 17 µs
/// each time, 1.5 % of a core with an interval of 1 ms and 0.3 % with 10 ms; a device that sleeps between messages
/// may not want it. One clock serves any number of tables: give each a clone.
///
/// # Resolution
/// A tick lags behind the true time by up to the interval and the time that the thread waits for a core. Where the
/// machine is overloaded and starves the thread, the clock stands still for as long, for every table that has it (9 ms
/// were seen with eight busy threads on two cores): what expires meanwhile is seen that much longer, and what is set
/// meanwhile, with a deadline that is reckoned from the time shown, lives that much shorter. When the thread comes to
/// it, the clock shows the true time at once. It never goes backwards. Time in which the machine sleeps does not count
/// on Linux.
///
/// A clone is another handle to the same time. When the last is dropped (a table that has one keeps it), the thread is
/// stopped and joined, which takes some microseconds.
///
/// ```
/// use tenure_core::{Clock, RouteTable, SessionMap, Tick, TickingClock};
///
/// let clock = TickingClock::start()?;
/// let routes = RouteTable::<String>::builder().clock(clock.clone()).build()?;
/// let sessions: SessionMap = SessionMap::builder().clock(clock.clone()).build()?;
///
/// let before = clock.now();
/// while clock.now() == before {
///     std::thread::yield_now();
/// }
/// assert!(clock.now() > before);
/// # drop((routes, sessions));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TickingClock {
    face: Arc<Face>,
    // Dropped with the last clone; the thread itself has only the face.
    hand: Arc<Hand>,
}

/// What is read. On cache lines of its own: it is written in each interval, and read all the time.
#[repr(align(128))]
struct Face {
    /// Milliseconds since the start.
    now: AtomicU64,
    stopped: AtomicBool,
}

/// The thread, which is stopped and joined when this goes.
struct Hand {
    face: Arc<Face>,
    thread: Mutex<Option<JoinHandle<()>>>,
    interval: Duration,
}

impl TickingClock {
    /// A clock that is moved every millisecond.
    ///
    /// # Errors
    /// What the operating system says when it refuses a thread.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::TickingClock;
    ///
    /// assert_eq!(TickingClock::start()?.interval(), Duration::from_millis(1));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start() -> io::Result<Self> {
        Self::start_every(Duration::from_millis(1))
    }

    /// A clock that is moved once in each `interval`, which is at least a millisecond, for that is what it counts in.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a shorter interval; else what the operating system says when it refuses a
    /// thread.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::TickingClock;
    ///
    /// let clock = TickingClock::start_every(Duration::from_millis(10))?;
    /// assert_eq!(clock.interval(), Duration::from_millis(10));
    ///
    /// let refused = TickingClock::start_every(Duration::from_micros(20)).unwrap_err();
    /// assert_eq!(refused.to_string(), "a clock ticks every millisecond or less often; 20µs is asked for");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start_every(interval: Duration) -> io::Result<Self> {
        if interval < Duration::from_millis(1) {
            let why = format!("a clock ticks every millisecond or less often; {interval:?} is asked for");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let face = Arc::new(Face::new());
        let moved = Arc::clone(&face);
        let origin = Instant::now();
        let run = move || {
            moved.run(|| {
                thread::park_timeout(interval);
                origin.elapsed()
            });
        };
        let thread = thread::Builder::new().name("tenure-clock".to_owned()).spawn(run)?;
        let hand = Hand { face: Arc::clone(&face), thread: Mutex::new(Some(thread)), interval };
        Ok(Self { face, hand: Arc::new(hand) })
    }

    /// How often it is moved, as it was asked for.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.hand.interval
    }
}

impl Clock for TickingClock {
    #[inline]
    fn now(&self) -> Tick {
        self.face.now()
    }

    fn wall(&self) -> SystemTime {
        wall()
    }
}

impl fmt::Debug for TickingClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { face, hand } = self;
        f.debug_struct("TickingClock").field("now", &face.now()).field("interval", &hand.interval).finish()
    }
}

impl Face {
    fn new() -> Self {
        Self { now: AtomicU64::new(0), stopped: AtomicBool::new(false) }
    }

    #[inline]
    fn now(&self) -> Tick {
        // Relaxed: the time is one word, and passes on nothing but itself. Who knows of a time reads no earlier one.
        Tick::from_millis(self.now.load(Ordering::Relaxed))
    }

    /// Shows the time that has passed since the start; an earlier one than it shows changes nothing.
    fn show(&self, passed: Duration) {
        let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        // Relaxed: as in `now`.
        self.now.fetch_max(millis, Ordering::Relaxed);
    }

    /// Moves on until it is stopped. `wait` waits for the next moment and says what time has passed.
    fn run(&self, mut wait: impl FnMut() -> Duration) {
        // Relaxed: who stops it unparks the thread afterwards, so that `wait` does not last.
        while !self.stopped.load(Ordering::Relaxed) {
            self.show(wait());
        }
    }

    fn stop(&self) {
        // Relaxed: as in `run`.
        self.stopped.store(true, Ordering::Relaxed);
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.face.stop();
        // Poisoned by nobody; and it guards a plain handle.
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            thread.thread().unpark();
            // Nothing in it can panic.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
