//! The system's clock.

use super::{Clock, Tick};
use std::time::{Duration, SystemTime};

/// The time of day, which on Linux is coarse as well.
pub(super) fn wall() -> SystemTime {
    here::wall()
}

/// The system's monotonic clock, coarse and cheap. Its origin is the moment of its construction.
///
/// On Linux this is `CLOCK_MONOTONIC_COARSE`: the kernel writes it down at each timer interrupt, and reading it is
/// only memory loads. Elsewhere it is [`std::time::Instant`]. A tick lags behind by up to the
/// [`resolution`](SystemClock::resolution), on Linux 1 to 10 ms by the kernel's build; a record may live that much
/// longer or shorter than its time. On a loaded virtual machine, whose timer interrupts come late, it may be more: 12 ms
/// were seen where the resolution is 4 ms. Time in which the machine sleeps does not count on Linux.
///
/// Reading it took 2.4 ns on the machine it was written on (an AMD EPYC server with Linux), where `Instant::now`
/// took 21 ns.
///
/// ```
/// use tenure_core::{Clock, SystemClock, Tick};
///
/// let clock = SystemClock::new();
/// let first = clock.now();
/// assert!(first < Tick::MAX);
/// assert!(clock.now() >= first);
/// ```
#[derive(Clone, Debug)]
pub struct SystemClock {
    origin: here::Origin,
}

impl SystemClock {
    /// A clock whose origin is now. A clone keeps the origin, so its ticks compare with this one's.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: here::Origin::now() }
    }

    /// How far a tick lags behind the true time as long as timer interrupts come on time, and so the smallest step
    /// the clock makes: the system's answer, but never less than the millisecond of a tick.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::SystemClock;
    ///
    /// assert!(SystemClock::resolution() >= Duration::from_millis(1));
    /// ```
    #[must_use]
    pub fn resolution() -> Duration {
        here::resolution().max(Duration::from_millis(1))
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Tick {
        Tick::from_millis(self.origin.elapsed_millis())
    }

    /// On Linux this is coarse as well, for only people read it.
    fn wall(&self) -> SystemTime {
        wall()
    }
}

#[cfg(target_os = "linux")]
mod here {
    use crate::clock::NANOS_PER_MILLI;
    use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    /// Milliseconds of the kernel's coarse clock, rounded down, when the origin was taken.
    #[derive(Clone, Debug)]
    pub(super) struct Origin(u64);

    impl Origin {
        pub(super) fn now() -> Self {
            Self(millis(clock_gettime(ClockId::MonotonicCoarse)))
        }

        #[inline]
        pub(super) fn elapsed_millis(&self) -> u64 {
            // Both sides are rounded down from one monotonic source, so the difference is monotonic too.
            millis(clock_gettime(ClockId::MonotonicCoarse)).saturating_sub(self.0)
        }
    }

    pub(super) fn wall() -> SystemTime {
        let time = clock_gettime(ClockId::RealtimeCoarse);
        // A clock that is set to before 1970 is asked the long way.
        match (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec)) {
            (Ok(secs), Ok(nanos)) => UNIX_EPOCH + Duration::new(secs, nanos),
            _ => SystemTime::now(),
        }
    }

    pub(super) fn resolution() -> Duration {
        let step = clock_getres(ClockId::MonotonicCoarse);
        Duration::from_secs(step.tv_sec.unsigned_abs()) + Duration::from_nanos(step.tv_nsec.unsigned_abs())
    }

    /// The kernel's monotonic time starts near boot: it is never negative, and its sum is far from overflowing.
    #[inline]
    fn millis(time: Timespec) -> u64 {
        time.tv_sec.cast_unsigned() * 1_000 + time.tv_nsec.cast_unsigned() / NANOS_PER_MILLI
    }
}

#[cfg(not(target_os = "linux"))]
mod here {
    use std::time::{Duration, Instant, SystemTime};

    #[derive(Clone, Debug)]
    pub(super) struct Origin(Instant);

    impl Origin {
        pub(super) fn now() -> Self {
            Self(Instant::now())
        }

        #[inline]
        pub(super) fn elapsed_millis(&self) -> u64 {
            u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
        }
    }

    pub(super) fn wall() -> SystemTime {
        SystemTime::now()
    }

    /// `Instant` is finer than a tick wherever Rust runs.
    pub(super) fn resolution() -> Duration {
        Duration::ZERO
    }
}
