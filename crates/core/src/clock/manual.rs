//! The clock that a test moves by hand.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Clock, NANOS_PER_MILLI, Tick};

/// The last nanosecond that the clock shows. It fits a `u64` with 4 % to spare.
const MAX_NANOS: u64 = Tick::MAX.as_millis() * NANOS_PER_MILLI;

/// A clock that stands still until it is told to move. For tests: expiry without sleeping.
///
/// A clone is another handle to the same time: keep one, give the other to a table. The time of day moves in step; it
/// starts at the Unix epoch unless [`starting_at`](ManualClock::starting_at) says otherwise. At [`Tick::MAX`] the
/// clock stops.
///
/// The handles may be used from several threads. A time passes on nothing but itself: who reads it need not see what another
/// thread did before it moved the clock there; a join or a channel passes that on.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use tenure_core::{Clock, ManualClock, Tick};
///
/// let clock = ManualClock::new();
/// let same = clock.clone();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(same.now(), Tick::from_millis(60_000));
/// assert_eq!(same.wall(), UNIX_EPOCH + Duration::from_secs(60));
/// ```
#[derive(Clone)]
pub struct ManualClock {
    shared: Arc<Shared>,
}

struct Shared {
    /// Nanoseconds since the origin, at most [`MAX_NANOS`]: small steps add up, none is lost to rounding.
    nanos: AtomicU64,
    /// `nanos` when the clock was made; the wall showed `wall_start` then.
    start: u64,
    wall_start: SystemTime,
}

impl ManualClock {
    /// A clock at [`Tick::ZERO`], and at the Unix epoch by the wall.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(Tick::ZERO, UNIX_EPOCH)
    }

    /// A clock that stands at `tick` and shows `wall` as the time of day.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use tenure_core::{Clock, ManualClock, Tick};
    ///
    /// let noon = UNIX_EPOCH + Duration::from_secs(12 * 3600);
    /// let clock = ManualClock::starting_at(Tick::from_millis(500), noon);
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(clock.now(), Tick::from_millis(1_500));
    /// assert_eq!(clock.wall(), noon + Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn starting_at(tick: Tick, wall: SystemTime) -> Self {
        let start = tick.as_millis() * NANOS_PER_MILLI;
        Self { shared: Arc::new(Shared { nanos: AtomicU64::new(start), start, wall_start: wall }) }
    }

    /// Moves the time forward by `span` and returns the tick it then shows. Steps below a millisecond add up.
    ///
    /// Concurrent advances all count. The clock stops at [`Tick::MAX`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{ManualClock, Tick};
    ///
    /// let clock = ManualClock::new();
    /// assert_eq!(clock.advance(Duration::from_micros(600)), Tick::ZERO);
    /// assert_eq!(clock.advance(Duration::from_micros(600)), Tick::from_millis(1));
    /// assert_eq!(clock.advance(Duration::MAX), Tick::MAX);
    /// ```
    pub fn advance(&self, span: Duration) -> Tick {
        let step = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let moved = |nanos: u64| nanos.saturating_add(step).min(MAX_NANOS);
        // Relaxed, both: the time is one word, and passes on nothing but itself; so do the system's clocks.
        let update =
            self.shared.nanos.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |nanos| Some(moved(nanos)));
        let (Ok(before) | Err(before)) = update;
        tick_of(moved(before))
    }

    /// Moves the time forward to `tick`; where it is there already, nothing changes.
    ///
    /// # Errors
    ///
    /// [`TimeGoesBackwards`] where the clock is already past `tick`. It stays where it is. Under a race with other
    /// handles the later time stands, and whoever asked for an earlier one gets the error.
    ///
    /// ```
    /// use tenure_core::{Clock, ManualClock, Tick};
    ///
    /// let clock = ManualClock::new();
    /// clock.set(Tick::from_millis(10))?;
    /// let refused = clock.set(Tick::from_millis(9)).unwrap_err();
    /// assert_eq!((refused.now, refused.asked), (Tick::from_millis(10), Tick::from_millis(9)));
    /// assert_eq!(clock.now(), Tick::from_millis(10));
    /// # Ok::<(), tenure_core::TimeGoesBackwards>(())
    /// ```
    pub fn set(&self, tick: Tick) -> Result<(), TimeGoesBackwards> {
        // Relaxed: as in `advance`.
        let before =
            tick_of(self.shared.nanos.fetch_max(tick.as_millis() * NANOS_PER_MILLI, Ordering::Relaxed));
        if before > tick { Err(TimeGoesBackwards { now: before, asked: tick }) } else { Ok(()) }
    }

    fn nanos(&self) -> u64 {
        // Relaxed: as in `advance`. Who knows of a time reads no earlier one, for it is one word.
        self.shared.nanos.load(Ordering::Relaxed)
    }
}

fn tick_of(nanos: u64) -> Tick {
    Tick::from_millis(nanos / NANOS_PER_MILLI)
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("now", &self.now()).field("wall", &self.wall()).finish()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Tick {
        tick_of(self.nanos())
    }

    /// The time of day at the start plus what has passed since. Where the platform cannot say so late a time, it
    /// stays at the start.
    fn wall(&self) -> SystemTime {
        let passed = Duration::from_nanos(self.nanos().saturating_sub(self.shared.start));
        self.shared.wall_start.checked_add(passed).unwrap_or(self.shared.wall_start)
    }
}

/// A manual clock was asked to go backwards, see [`ManualClock::set`].
///
/// ```
/// use tenure_core::{Tick, TimeGoesBackwards};
///
/// let refused = TimeGoesBackwards { now: Tick::from_millis(10), asked: Tick::from_millis(9) };
/// assert_eq!(refused.to_string(), "a clock at 10 ms cannot be set back to 9 ms; ask for 10 ms or later");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeGoesBackwards {
    /// The time that the clock shows.
    pub now: Tick,
    /// The earlier time that it was asked to show.
    pub asked: Tick,
}

impl fmt::Display for TimeGoesBackwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, asked } = self;
        write!(f, "a clock at {now} cannot be set back to {asked}; ask for {now} or later")
    }
}

impl Error for TimeGoesBackwards {}
