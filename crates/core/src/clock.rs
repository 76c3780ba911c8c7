//! Time: one small trait, the system's clock, one that a thread moves, and one that a test moves by hand.
//!
//! Nothing else in the crate asks the system for the time. The tables count in [`Tick`]s, monotonic
//! milliseconds since their clock was made; the time of day appears only where a person reads it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

mod manual;
mod system;
#[cfg(test)]
mod tests;
mod ticking;

pub use manual::{ManualClock, TimeGoesBackwards};
pub use system::SystemClock;
pub use ticking::TickingClock;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// A moment: whole milliseconds since the origin of the clock that gave it.
///
/// Ticks of two different clocks have nothing to say to each other.
///
/// The range is 44 bits, because a record keeps its deadline in 44 bits of its state word:
/// 2^44 - 1 ms, about 557 years. Every constructor and every sum stops at [`Tick::MAX`], which as a deadline
/// means *never*.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::Tick;
///
/// let set_at = Tick::from_millis(1_000);
/// let deadline = set_at.saturating_add(Duration::from_secs(30));
/// assert_eq!(deadline.as_millis(), 31_000);
/// assert!(set_at < deadline);
/// assert_eq!(deadline.saturating_since(set_at), Duration::from_secs(30));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Tick(u64);

/// Reads a number of milliseconds; more than [`Tick::MAX`] becomes that.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Tick {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::from_millis)
    }
}

impl Tick {
    /// The origin of the clock.
    pub const ZERO: Self = Self(0);

    /// The last tick, about 557 years after the origin. As a deadline it means *never*.
    pub const MAX: Self = Self((1 << 44) - 1);

    /// The last time that a table takes for now, so that a deadline of [`Tick::MAX`] never comes.
    pub(crate) const LAST_NOW: Self = Self(Self::MAX.0 - 1);

    /// The tick `millis` milliseconds after the origin, at most [`Tick::MAX`].
    ///
    /// ```
    /// use tenure_core::Tick;
    ///
    /// assert_eq!(Tick::from_millis(7).as_millis(), 7);
    /// assert_eq!(Tick::from_millis(u64::MAX), Tick::MAX);
    /// ```
    #[inline]
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis < Self::MAX.0 { Self(millis) } else { Self::MAX }
    }

    /// Milliseconds since the origin; never more than 2^44 - 1.
    #[inline]
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The tick `span` later, at most [`Tick::MAX`].
    ///
    /// A part of a millisecond counts as a whole one: a deadline never comes before the span is over, and a span
    /// above zero always moves the tick (unless it is at its end).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::Tick;
    ///
    /// assert_eq!(Tick::ZERO.saturating_add(Duration::from_micros(1)), Tick::from_millis(1));
    /// assert_eq!(Tick::ZERO.saturating_add(Duration::MAX), Tick::MAX);
    /// ```
    #[inline]
    #[must_use]
    pub const fn saturating_add(self, span: Duration) -> Self {
        let whole = span.as_secs().saturating_mul(1_000);
        let rest = (span.subsec_nanos() as u64).div_ceil(NANOS_PER_MILLI);
        Self::from_millis(self.0.saturating_add(whole).saturating_add(rest))
    }

    /// The time from `earlier` to this tick; zero where `earlier` is the later one.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::Tick;
    ///
    /// let (a, b) = (Tick::from_millis(40), Tick::from_millis(50));
    /// assert_eq!(b.saturating_since(a), Duration::from_millis(10));
    /// assert_eq!(a.saturating_since(b), Duration::ZERO);
    /// ```
    #[inline]
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A span of whole milliseconds, as the tables reckon with it. Made of a [`Duration`], a part of a millisecond counts as
/// a whole one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Millis(pub(crate) u64);

impl From<Duration> for Millis {
    fn from(span: Duration) -> Self {
        Self(Tick::ZERO.saturating_add(span).as_millis())
    }
}

impl From<Millis> for Duration {
    fn from(span: Millis) -> Self {
        Self::from_millis(span.0)
    }
}

impl Tick {
    /// The tick this span later, at most [`Tick::MAX`].
    #[inline]
    pub(crate) fn after(self, span: Millis) -> Self {
        Self::from_millis(self.0.saturating_add(span.0))
    }

    /// The span from `earlier` to this tick; zero where `earlier` is the later one.
    pub(crate) fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

/// Shows the milliseconds with their unit, `1500 ms`, and [`Tick::MAX`] as `never`.
impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::MAX { f.pad("never") } else { f.pad(&format!("{} ms", self.0)) }
    }
}

/// Where a table gets its time.
///
/// A clock of your own must keep two promises, on which the tables build:
///
/// * **Monotonic.** [`now`](Clock::now) never goes backwards, not even between threads: when one call
///   has returned, every later call, on any thread, returns the same tick or a later one.
/// * **Cheap.** Every lookup calls it once. A few nanoseconds are fine, a system call is not, and it may not block.
///
/// It should not panic: the panic would surface in whatever table operation asked for the time.
///
/// Give a table an `Arc` of a clock to keep a hand on it; `Arc<C>` is a clock whenever `C` is one.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tenure_core::{Clock, ManualClock, Tick};
///
/// let clock = ManualClock::new();
/// let shared: Arc<dyn Clock> = Arc::new(clock.clone());
/// clock.advance(Duration::from_millis(20));
/// assert_eq!(shared.now(), Tick::from_millis(20));
/// assert_eq!(shared.wall(), clock.wall());
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time since this clock's origin, for comparing and for deadlines. Never goes backwards.
    fn now(&self) -> Tick;

    /// The time of day, only for people to read. It may jump, both ways, with the system's clock.
    fn wall(&self) -> SystemTime;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    #[inline]
    fn now(&self) -> Tick {
        (**self).now()
    }

    fn wall(&self) -> SystemTime {
        (**self).wall()
    }
}

/// A table's clock. Those of this module that are meant for use are asked without a detour. It never comes to
/// [`Tick::MAX`], so that a deadline there never comes either.
#[derive(Clone, Debug)]
pub(crate) enum TableClock {
    System(SystemClock),
    Ticking(TickingClock),
    Other(Arc<dyn Clock>),
}

impl TableClock {
    pub(crate) fn new(clock: impl Clock) -> Self {
        let any: &dyn Any = &clock;
        if let Some(clock) = any.downcast_ref::<SystemClock>() {
            Self::System(clock.clone())
        } else if let Some(clock) = any.downcast_ref::<TickingClock>() {
            Self::Ticking(clock.clone())
        } else {
            Self::Other(Arc::new(clock))
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> Tick {
        let now = match self {
            Self::System(clock) => clock.now(),
            Self::Ticking(clock) => clock.now(),
            Self::Other(clock) => clock.now(),
        };
        now.min(Tick::LAST_NOW)
    }

    pub(crate) fn wall(&self) -> SystemTime {
        match self {
            Self::System(clock) => clock.wall(),
            Self::Ticking(clock) => clock.wall(),
            Self::Other(clock) => clock.wall(),
        }
    }
}
