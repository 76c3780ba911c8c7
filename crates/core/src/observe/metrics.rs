//! Events as counters of `metrics`.

use crate::{
    event::{DeathReason, EndCause, Event, Observer, Outcome, RouteEvent, SessionEvent, What},
    route::RouteStats,
};
use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};
use std::fmt;

const SETS: &str = "tenure_route_sets_total";
const RESOLUTIONS: &str = "tenure_route_resolutions_total";
const STALE: &str = "tenure_route_stale_total";
const REMOVALS: &str = "tenure_route_removals_total";
const RECORDS: &str = "tenure_route_records";
const GARBAGE: &str = "tenure_route_garbage";
const CREATED: &str = "tenure_session_created_total";
const UPDATES: &str = "tenure_session_updates_total";
const CLAIMS: &str = "tenure_session_claims_total";
const HAND_OVERS: &str = "tenure_session_hand_overs_total";
const SUSPENSIONS: &str = "tenure_session_suspensions_total";
const RESUMPTIONS: &str = "tenure_session_resumptions_total";
const ENDED: &str = "tenure_session_ended_total";
const ACTIVE: &str = "tenure_session_active";

/// Every cause of a session's end, as a label.
const CAUSES: [&str; 16] = [
    "deleted",
    "expired",
    "drained",
    "owner_dropped",
    "owner_released",
    "owner_finished",
    "owner_panicked",
    "owner_cancelled",
    "owner_killed",
    "owner_exited",
    "owner_peer_closed",
    "owner_peer_reset",
    "owner_heartbeat_missed",
    "owner_not_resumed",
    "owner_shutdown",
    "owner_other",
];

/// An [`Observer`] that counts what happens in a table, for `metrics`. With the feature `metrics`.
///
/// The names are as Prometheus wants them. Each metric has the label `table`; none has a key, a code or any other label without
/// a bound.
///
/// | metric | kind | further label | counts |
/// | --- | --- | --- | --- |
/// | `tenure_route_sets_total` | counter | | records set, by sets and by what resolutions write back |
/// | `tenure_route_resolutions_total` | counter | `outcome`: `hit`, `fallback`, `miss` | resolutions |
/// | `tenure_route_stale_total` | counter | | resolutions that met an expired record |
/// | `tenure_route_removals_total` | counter | `cause`: `evicted`, `pruned`, `removed` | records that have gone |
/// | `tenure_route_records` | gauge | | records held; see [`record_routes`](Self::record_routes) |
/// | `tenure_route_garbage` | gauge | | removed and not dropped yet; see there |
/// | `tenure_session_created_total` | counter | | sessions created |
/// | `tenure_session_updates_total` | counter | | updates done |
/// | `tenure_session_claims_total` | counter | | claims won |
/// | `tenure_session_hand_overs_total` | counter | | sessions handed over |
/// | `tenure_session_suspensions_total` | counter | | sessions whose owner was suspended |
/// | `tenure_session_resumptions_total` | counter | | sessions whose owner was resumed |
/// | `tenure_session_ended_total` | counter | `cause`: `deleted`, `expired`, `drained`, `owner_dropped` … `owner_other` | sessions that have ended |
/// | `tenure_session_active` | gauge | | see [`record_sessions`](Self::record_sessions) |
///
/// The counters are registered, with what they count, when the observer is made: install the recorder before. An event costs
/// what one increment costs there. A counter appears at 0, so that a rate can be told from its first event on.
///
/// ```
/// use tenure_core::{MetricsObserver, Route, RouteTable, SessionKey};
///
/// let metrics = MetricsObserver::new("routes");
/// let table = RouteTable::builder().name("routes").observer(metrics.clone()).build()?;
/// table.set(SessionKey::for_room("irc", "libera", "#rust"), Route::new("!rust:example.org")?)?;
/// metrics.record_routes(&table.stats()); // now and then
/// # assert_eq!(table.stats().held, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MetricsObserver {
    sets: Counter,
    hits: Counter,
    fallbacks: Counter,
    misses: Counter,
    stale: Counter,
    evicted: Counter,
    pruned: Counter,
    removed: Counter,
    records: Gauge,
    garbage: Gauge,
    created: Counter,
    updates: Counter,
    claims: Counter,
    hand_overs: Counter,
    suspensions: Counter,
    resumptions: Counter,
    /// In the order of [`CAUSES`].
    ended: [Counter; CAUSES.len()],
    active: Gauge,
}

impl MetricsObserver {
    /// One whose metrics have this label `table`, whatever the name of the table that it is given to. Two of one label
    /// count into the same counters.
    #[must_use]
    pub fn new(table: &str) -> Self {
        describe();
        let plain = |name: &'static str| counter!(name, "table" => table.to_owned());
        let outcome =
            |which: &'static str| counter!(RESOLUTIONS, "table" => table.to_owned(), "outcome" => which);
        let removal = |cause: &'static str| counter!(REMOVALS, "table" => table.to_owned(), "cause" => cause);
        Self {
            sets: plain(SETS),
            hits: outcome("hit"),
            fallbacks: outcome("fallback"),
            misses: outcome("miss"),
            stale: plain(STALE),
            evicted: removal("evicted"),
            pruned: removal("pruned"),
            removed: removal("removed"),
            records: gauge!(RECORDS, "table" => table.to_owned()),
            garbage: gauge!(GARBAGE, "table" => table.to_owned()),
            created: plain(CREATED),
            updates: plain(UPDATES),
            claims: plain(CLAIMS),
            hand_overs: plain(HAND_OVERS),
            suspensions: plain(SUSPENSIONS),
            resumptions: plain(RESUMPTIONS),
            ended: CAUSES.map(|cause| counter!(ENDED, "table" => table.to_owned(), "cause" => cause)),
            active: gauge!(ACTIVE, "table" => table.to_owned()),
        }
    }

    /// Writes the gauges of a route table: how many records it holds, and how many removed ones are not dropped yet. What is
    /// held is no event, so somebody must call this now and then, with [`RouteTable::stats`](crate::RouteTable::stats).
    pub fn record_routes(&self, stats: &RouteStats) {
        self.records.set(float(stats.held));
        self.garbage.set(float(stats.garbage));
    }

    /// Writes the gauge of a session map: how many sessions there are, as its user has counted them
    /// ([`SessionMap::count_active`](crate::SessionMap::count_active) walks over all of them).
    ///
    /// ```
    /// use tenure_core::{MetricsObserver, Pairing, SessionMap};
    ///
    /// let metrics = MetricsObserver::new("sessions");
    /// let map = SessionMap::<Pairing>::builder().observer(metrics.clone()).build()?;
    /// metrics.record_sessions(map.count_active()); // now and then
    /// # assert_eq!(map.count_active(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record_sessions(&self, active: usize) {
        self.active.set(float(active));
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsObserver").finish_non_exhaustive()
    }
}

impl Observer for MetricsObserver {
    fn observe(&self, event: &Event<'_>) {
        let counter = match &event.what {
            What::Route { kind, .. } => match kind {
                RouteEvent::Set => &self.sets,
                RouteEvent::Resolved(Outcome::Hit) => &self.hits,
                RouteEvent::Resolved(Outcome::Fallback) => &self.fallbacks,
                RouteEvent::Resolved(Outcome::Miss) => &self.misses,
                RouteEvent::Stale => &self.stale,
                RouteEvent::Evicted => &self.evicted,
                RouteEvent::Pruned => &self.pruned,
                RouteEvent::Removed => &self.removed,
                // It is counted as a resolution.
                RouteEvent::Fallback => return,
            },
            What::Session { kind, .. } => match kind {
                SessionEvent::Created => &self.created,
                SessionEvent::Updated => &self.updates,
                SessionEvent::Claimed => &self.claims,
                SessionEvent::HandedOver => &self.hand_overs,
                SessionEvent::Suspended { .. } => &self.suspensions,
                SessionEvent::Resumed => &self.resumptions,
                SessionEvent::Ended(cause) => &self.ended[place(cause)],
            },
        };
        counter.increment(1);
    }
}

/// Where a cause stands among [`CAUSES`].
fn place(cause: &EndCause) -> usize {
    let reason = match cause {
        EndCause::Deleted => return 0,
        EndCause::Expired => return 1,
        EndCause::Drained => return 2,
        EndCause::OwnerDied(reason) => reason,
    };
    match reason {
        DeathReason::Dropped => 3,
        DeathReason::Released => 4,
        DeathReason::Finished => 5,
        DeathReason::Panicked(_) => 6,
        DeathReason::Cancelled => 7,
        DeathReason::Killed { .. } => 8,
        DeathReason::Exited { .. } => 9,
        DeathReason::PeerClosed => 10,
        DeathReason::PeerReset => 11,
        DeathReason::HeartbeatMissed => 12,
        DeathReason::NotResumed => 13,
        DeathReason::Shutdown => 14,
        DeathReason::Other(_) => 15,
    }
}

fn describe() {
    describe_counter!(SETS, "Records set, by sets and by what resolutions write back.");
    describe_counter!(RESOLUTIONS, "Resolutions, by how they ended.");
    describe_counter!(STALE, "Resolutions that met an expired record.");
    describe_counter!(REMOVALS, "Records that have gone, by why.");
    describe_gauge!(RECORDS, "Records held.");
    describe_gauge!(GARBAGE, "Removed or replaced records that are not dropped yet.");
    describe_counter!(CREATED, "Sessions created.");
    describe_counter!(UPDATES, "Updates of sessions.");
    describe_counter!(CLAIMS, "Claims won.");
    describe_counter!(HAND_OVERS, "Sessions handed over to another owner.");
    describe_counter!(SUSPENSIONS, "Sessions whose owner was suspended.");
    describe_counter!(RESUMPTIONS, "Sessions whose owner was resumed.");
    describe_counter!(ENDED, "Sessions that have ended, by why.");
    describe_gauge!(ACTIVE, "Sessions there are.");
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and these are exact up to 2^53")]
fn float(number: usize) -> f64 {
    number as f64
}
