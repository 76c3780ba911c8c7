//! The runtime's clock, for tables.

use std::time::{Duration, SystemTime};
use tenure_core::{Clock, Tick};
use tokio::{runtime::Handle, time::Instant};

/// A clock that goes by a runtime's time, so that `tokio::time::pause` and `advance` move a table's time as well.
///
/// For tests, and for programs that pause their time: it enters the runtime at each reading, from whatever thread, and
/// costs tens of nanoseconds, where [`SystemClock`](tenure_core::SystemClock) costs two. It goes on when the runtime is
/// gone.
///
/// A table's background thread goes by this clock as well, and sleeps in real time, up to a minute: so under a paused clock
/// every answer is right at once, and so are limits, but what nobody looks up is freed, and told to those who wait or
/// read, up to a minute of real time late. Call `maintain` until it returns false where a test is to see that at once.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::SessionMap;
/// use tenure_tokio::TokioClock;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::builder().clock(TokioClock::new()).build()?;
/// map.create("K7QX", (), None)?;
/// tokio::time::advance(Duration::from_secs(24 * 60 * 60)).await;
/// assert!(map.get("K7QX").is_none()); // at once, in the time of the test
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokioClock {
    runtime: Handle,
    origin: Instant,
    wall: SystemTime,
}

impl TokioClock {
    /// The clock of the current runtime; its origin is now.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn new() -> Self {
        Self { runtime: Handle::current(), origin: Instant::now(), wall: SystemTime::now() }
    }

    fn elapsed(&self) -> Duration {
        let _inside = self.runtime.enter();
        self.origin.elapsed()
    }
}

/// As [`TokioClock::new`].
impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Tick {
        // A part of a millisecond is not over yet.
        Tick::from_millis(u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The time of day at its origin, moved on as the runtime's clock was.
    fn wall(&self) -> SystemTime {
        self.wall + self.elapsed()
    }
}
