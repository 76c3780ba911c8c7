//! Events as lines of `tracing`.

use crate::event::{Event, Observer, Outcome, RouteEvent, SessionEvent, What};
use ahash::RandomState;
use std::fmt;
use tracing::{debug, trace};

/// An [`Observer`] that tells `tracing` what happens in a table. With the feature `tracing`.
///
/// | target | level | message |
/// | --- | --- | --- |
/// | `tenure::route` | `TRACE` | `set`, `resolved` (field `outcome`: `hit`, `fallback` or `miss`) |
/// | `tenure::route` | `DEBUG` | `fallback`, `stale`, `evicted`, `pruned`, `removed` |
/// | `tenure::session` | `DEBUG` | `created`, `updated`, `claimed`, `handed over`, `suspended` (field `until`), `resumed`, `ended` (field `cause`) |
///
/// Each has the fields `table` and `at` (milliseconds of the table's clock); a route's also `key`, in its text form, and
/// `partition`; a session's also `session`. Routes and payloads are never written. Whoever has a session's code can claim it, so
/// `session` is not the code but a number that stands for it as long as this observer lives;
/// [`with_codes`](Self::with_codes) writes the codes.
///
/// An event whose level nobody has enabled costs the observer's call and a branch or two.
///
/// ```
/// use tenure_core::{Pairing, SessionMap, TracingObserver};
///
/// let map: SessionMap<Pairing> =
///     SessionMap::builder().name("pairing").observer(TracingObserver::new()).build()?;
/// let owner = map.owner();
/// map.create("K7QX", Pairing::sending(), &owner)?; // DEBUG tenure::session: created table="pairing" at=0 session=…
/// assert!(map.contains("K7QX"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TracingObserver {
    codes: bool,
    hasher: RandomState,
}

impl TracingObserver {
    /// One that writes no codes.
    #[must_use]
    pub fn new() -> Self {
        Self { codes: false, hasher: RandomState::new() }
    }

    /// Writes the sessions' codes as they are: for a log that only those can read who may claim a session.
    ///
    /// ```
    /// use tenure_core::TracingObserver;
    ///
    /// assert!(format!("{:?}", TracingObserver::new().with_codes()).contains("codes: true"));
    /// ```
    #[must_use]
    pub fn with_codes(mut self) -> Self {
        self.codes = true;
        self
    }
}

impl Default for TracingObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TracingObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingObserver").field("codes", &self.codes).finish_non_exhaustive()
    }
}

/// A session as it is written: its code, or a number for it.
struct Name<'a>(&'a TracingObserver, &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(observer, code) = self;
        if observer.codes { f.write_str(code) } else { write!(f, "{:016x}", observer.hasher.hash_one(code)) }
    }
}

impl Observer for TracingObserver {
    fn observe(&self, event: &Event<'_>) {
        let (table, at) = (event.table, event.at.as_millis());
        match &event.what {
            What::Route { key, partition, kind } => route(table, at, key, *partition, *kind),
            What::Session { code, kind } => session(table, at, &Name(self, code), kind),
        }
    }
}

fn route(table: &str, at: u64, key: &dyn fmt::Display, partition: usize, kind: RouteEvent) {
    macro_rules! say {
        ($level:ident, $($message:tt)+) => {
            $level!(target: "tenure::route", table, at, %key, partition, $($message)+)
        };
    }
    match kind {
        RouteEvent::Set => say!(trace, "set"),
        RouteEvent::Resolved(Outcome::Hit) => say!(trace, outcome = "hit", "resolved"),
        RouteEvent::Resolved(Outcome::Fallback) => say!(trace, outcome = "fallback", "resolved"),
        RouteEvent::Resolved(Outcome::Miss) => say!(trace, outcome = "miss", "resolved"),
        RouteEvent::Fallback => say!(debug, "fallback"),
        RouteEvent::Stale => say!(debug, "stale"),
        RouteEvent::Evicted => say!(debug, "evicted"),
        RouteEvent::Pruned => say!(debug, "pruned"),
        RouteEvent::Removed => say!(debug, "removed"),
    }
}

fn session(table: &str, at: u64, session: &Name<'_>, kind: &SessionEvent) {
    macro_rules! say {
        ($($message:tt)+) => {
            debug!(target: "tenure::session", table, at, %session, $($message)+)
        };
    }
    match kind {
        SessionEvent::Created => say!("created"),
        SessionEvent::Updated => say!("updated"),
        SessionEvent::Claimed => say!("claimed"),
        SessionEvent::HandedOver => say!("handed over"),
        SessionEvent::Suspended { until } => say!(until = until.as_millis(), "suspended"),
        SessionEvent::Resumed => say!("resumed"),
        SessionEvent::Ended(cause) => say!(%cause, "ended"),
    }
}
