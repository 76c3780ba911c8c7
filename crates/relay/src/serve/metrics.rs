//! What the relay counts and measures, for Prometheus.

use crate::wire::{ErrorCode, ReasonCode};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{
    collections::HashMap,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tenure_core::{EndCause, Event, RouteEvent, SessionEvent, What};

use super::pair::reason_of;

/// Upper bounds of what is measured, in seconds: a relayed frame takes microseconds, a slow one seconds.
const SECONDS: [f64; 14] = [1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 10.0];

/// What the relay counts and measures. Every handle is made once; counting is an addition.
pub(super) struct Metrics {
    handle: PrometheusHandle,
    created: Counter,
    claims: HashMap<&'static str, Counter>,
    refusals: HashMap<&'static str, Counter>,
    ends: HashMap<(&'static str, ReasonCode), Counter>,
    /// The same, over all tables, to be read.
    deaths: [AtomicU64; ReasonCode::ALL.len()],
    suspensions: Counter,
    resumptions: Counter,
    frames: [Counter; 2],
    bytes: [Counter; 2],
    /// Both ways, to be read.
    all_bytes: AtomicU64,
    frame_seconds: Histogram,
    claim_seconds: Histogram,
    resolve_seconds: Histogram,
    resolutions: HashMap<&'static str, Counter>,
    stale: Counter,
    route_ends: HashMap<&'static str, Counter>,
    routes_set: Counter,
    messages: HashMap<&'static str, Counter>,
    delivered: Counter,
    lagged: Counter,
    gauges: HashMap<&'static str, Gauge>,
}

const CLAIMS: [&str; 3] = ["claimed", "no_such_code", "too_many_attempts"];
const TABLES: [&str; 3] = ["creators", "claimers", "subscribers"];
const GAUGES: [&str; 5] = ["sessions", "pairs", "connections", "subscribers", "routes"];

impl Metrics {
    pub(super) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // An error: no bounds were given; they are.
        let builder = builder.set_buckets(&SECONDS).unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        with_local_recorder(&recorder, || {
            describe();
            let refusal_codes = ErrorCode::ALL.iter().map(|code| code.as_str());
            Self {
                handle,
                created: counter!("tenure_relay_sessions_created_total"),
                claims: CLAIMS
                    .into_iter()
                    .map(|outcome| (outcome, counter!("tenure_relay_claims_total", "outcome" => outcome)))
                    .collect(),
                refusals: refusal_codes
                    .chain(["connections", "requests"])
                    .map(|code| (code, counter!("tenure_relay_refusals_total", "code" => code)))
                    .collect(),
                ends: TABLES
                    .into_iter()
                    .flat_map(|table| ReasonCode::ALL.map(|reason| (table, reason)))
                    .map(|(table, reason)| {
                        let (owner, by) = (table.trim_end_matches('s'), reason.as_str());
                        let name = "tenure_relay_owner_deaths_total";
                        ((table, reason), counter!(name, "owner" => owner, "reason" => by))
                    })
                    .collect(),
                deaths: Default::default(),
                suspensions: counter!("tenure_relay_suspensions_total"),
                resumptions: counter!("tenure_relay_resumptions_total"),
                frames: ["creator", "claimer"]
                    .map(|from| counter!("tenure_relay_relayed_frames_total", "from" => from)),
                bytes: ["creator", "claimer"]
                    .map(|from| counter!("tenure_relay_relayed_bytes_total", "from" => from)),
                all_bytes: AtomicU64::new(0),
                frame_seconds: histogram!("tenure_relay_frame_seconds"),
                claim_seconds: histogram!("tenure_relay_claim_seconds"),
                resolve_seconds: histogram!("tenure_relay_resolve_seconds"),
                resolutions: ["exact", "room", "fallback", "none"]
                    .into_iter()
                    .map(|source| (source, counter!("tenure_relay_resolutions_total", "source" => source)))
                    .collect(),
                stale: counter!("tenure_relay_stale_total"),
                route_ends: ["evicted", "expired", "removed"]
                    .into_iter()
                    .map(|cause| (cause, counter!("tenure_relay_routes_ended_total", "cause" => cause)))
                    .collect(),
                routes_set: counter!("tenure_relay_routes_set_total"),
                messages: ["message", "reply"]
                    .into_iter()
                    .map(|kind| (kind, counter!("tenure_relay_messages_total", "kind" => kind)))
                    .collect(),
                delivered: counter!("tenure_relay_delivered_total"),
                lagged: counter!("tenure_relay_lagged_total"),
                gauges: GAUGES
                    .into_iter()
                    .map(|what| (what, gauge!(format!("tenure_relay_{what}"))))
                    .collect(),
            }
        })
    }

    /// What happens in a table.
    pub(super) fn observe(&self, event: &Event<'_>) {
        match &event.what {
            What::Session { kind: SessionEvent::Created, .. } if event.table == "creators" => {
                self.created.increment(1);
            }
            What::Session { kind: SessionEvent::Ended(cause), .. } => self.ended(event.table, cause),
            What::Route { kind, .. } => self.routed(*kind),
            What::Session { .. } | _ => {}
        }
    }

    fn ended(&self, table: &str, cause: &EndCause) {
        let reason = reason_of(cause);
        // Relaxed: a count, ordered with nothing.
        self.deaths[reason as usize].fetch_add(1, Ordering::Relaxed);
        let table = TABLES.into_iter().find(|known| *known == table);
        if let Some(counter) = table.and_then(|table| self.ends.get(&(table, reason))) {
            counter.increment(1);
        }
    }

    /// How many owners have died, and why.
    pub(super) fn deaths(&self) -> impl Iterator<Item = (ReasonCode, u64)> {
        // Relaxed: as in `ended`.
        ReasonCode::ALL.into_iter().zip(&self.deaths).map(|(why, count)| (why, count.load(Ordering::Relaxed)))
    }

    fn routed(&self, kind: RouteEvent) {
        match kind {
            RouteEvent::Set => self.routes_set.increment(1),
            RouteEvent::Stale => self.stale.increment(1),
            RouteEvent::Evicted => add(&self.route_ends, "evicted"),
            RouteEvent::Pruned => add(&self.route_ends, "expired"),
            RouteEvent::Removed => add(&self.route_ends, "removed"),
            // Resolutions are counted where they are asked for: there it is known which fallback it was.
            _ => {}
        }
    }

    pub(super) fn resolved(&self, source: &'static str, took: Duration) {
        add(&self.resolutions, source);
        self.resolve_seconds.record(took);
    }

    pub(super) fn claimed(&self, outcome: &'static str, took: Duration) {
        add(&self.claims, outcome);
        self.claim_seconds.record(took);
    }

    pub(super) fn refused(&self, code: &'static str) {
        add(&self.refusals, code);
    }

    pub(super) fn suspended(&self) {
        self.suspensions.increment(1);
    }

    pub(super) fn resumed(&self) {
        self.resumptions.increment(1);
    }

    /// A frame was handed to the other side's socket.
    pub(super) fn relayed(&self, from_claimer: bool, bytes: usize, took: Duration) {
        let from = usize::from(from_claimer);
        self.frames[from].increment(1);
        self.bytes[from].increment(bytes as u64);
        // Relaxed: a count, ordered with nothing.
        self.all_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.frame_seconds.record(took);
    }

    /// How many bytes were handed over, both ways.
    pub(super) fn bytes_relayed(&self) -> u64 {
        // Relaxed: as in `relayed`.
        self.all_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn passed_on(&self, kind: &'static str, to: usize) {
        add(&self.messages, kind);
        self.delivered.increment(to as u64);
    }

    pub(super) fn lagged(&self, lost: u64) {
        self.lagged.increment(lost);
    }

    /// Everything as text, with these sizes.
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
    pub(super) fn render(&self, sizes: &[(&'static str, usize)]) -> String {
        for (what, size) in sizes {
            if let Some(gauge) = self.gauges.get(what) {
                gauge.set(*size as f64);
            }
        }
        self.handle.render()
    }

    /// Gives up what measured values were kept in and are not needed any more.
    pub(super) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn add(counters: &HashMap<&'static str, Counter>, which: &'static str) {
    if let Some(counter) = counters.get(which) {
        counter.increment(1);
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("tenure_relay_sessions_created_total", "Codes given out");
    describe_counter!("tenure_relay_claims_total", "Claims, by what came of them");
    describe_counter!("tenure_relay_refusals_total", "Refusals, by their code");
    describe_counter!("tenure_relay_owner_deaths_total", "Owners that died, by what they stood for and why");
    describe_counter!("tenure_relay_suspensions_total", "Connections that were lost and may come back");
    describe_counter!("tenure_relay_resumptions_total", "Connections that came back");
    describe_counter!("tenure_relay_relayed_frames_total", "Frames handed to the other side");
    describe_counter!("tenure_relay_relayed_bytes_total", "Bytes handed to the other side");
    describe_histogram!("tenure_relay_frame_seconds", "From a frame read to the same frame written");
    describe_histogram!("tenure_relay_claim_seconds", "From a claim to its answer");
    describe_histogram!("tenure_relay_resolve_seconds", "Resolving a route");
    describe_counter!("tenure_relay_resolutions_total", "Resolutions, by where the route came from");
    describe_counter!("tenure_relay_stale_total", "Resolutions that met an expired route");
    describe_counter!("tenure_relay_routes_ended_total", "Routes removed, by why");
    describe_counter!("tenure_relay_routes_set_total", "Routes set");
    describe_counter!("tenure_relay_messages_total", "Messages and replies");
    describe_counter!("tenure_relay_delivered_total", "Deliveries to subscribers");
    describe_counter!("tenure_relay_lagged_total", "Messages that slow subscribers have lost");
    describe_gauge!("tenure_relay_sessions", "Sessions now");
    describe_gauge!("tenure_relay_pairs", "Sessions with two sides now");
    describe_gauge!("tenure_relay_connections", "Connections now");
    describe_gauge!("tenure_relay_subscribers", "Subscribers now");
    describe_gauge!("tenure_relay_routes", "Routes now");
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
