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
use tenure_core::{Event, MetricsObserver, RouteStats, SessionEvent, What};

use super::pair::reason_of;

/// Upper bounds of what is measured, in seconds: a relayed frame takes microseconds, a slow one seconds.
const SECONDS: [f64; 14] = [1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 10.0];

/// What the relay counts and measures. Every handle is made once; counting is an addition.
pub(super) struct Metrics {
    handle: PrometheusHandle,
    /// What the library counts of each table.
    tables: HashMap<&'static str, MetricsObserver>,
    claims: HashMap<&'static str, Counter>,
    refusals: HashMap<&'static str, Counter>,
    /// Ends in the words of the protocol, some of which the library does not know.
    ends: [Counter; ReasonCode::ALL.len()],
    /// The same, to be read.
    deaths: [AtomicU64; ReasonCode::ALL.len()],
    frames: [Counter; 2],
    bytes: [Counter; 2],
    /// Both ways, to be read.
    all_bytes: AtomicU64,
    frame_seconds: Histogram,
    claim_seconds: Histogram,
    resolve_seconds: Histogram,
    resolutions: HashMap<&'static str, Counter>,
    messages: HashMap<&'static str, Counter>,
    delivered: Counter,
    lagged: Counter,
    connections: Gauge,
}

const CLAIMS: [&str; 3] = ["claimed", "no_such_code", "too_many_attempts"];
const TABLES: [&str; 4] = ["creators", "claimers", "subscribers", "routes"];

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
                tables: TABLES.into_iter().map(|table| (table, MetricsObserver::new(table))).collect(),
                claims: CLAIMS
                    .into_iter()
                    .map(|outcome| (outcome, counter!("tenure_relay_claims_total", "outcome" => outcome)))
                    .collect(),
                refusals: refusal_codes
                    .chain(["connections", "requests"])
                    .map(|code| (code, counter!("tenure_relay_refusals_total", "code" => code)))
                    .collect(),
                ends: ReasonCode::ALL
                    .map(|reason| counter!("tenure_relay_ends_total", "reason" => reason.as_str())),
                deaths: Default::default(),
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
                messages: ["message", "reply"]
                    .into_iter()
                    .map(|kind| (kind, counter!("tenure_relay_messages_total", "kind" => kind)))
                    .collect(),
                delivered: counter!("tenure_relay_delivered_total"),
                lagged: counter!("tenure_relay_lagged_total"),
                connections: gauge!("tenure_relay_connections"),
            }
        })
    }

    /// The library's counters of a table, for its builder.
    pub(super) fn table(&self, name: &str) -> MetricsObserver {
        // They are made with all tables, so that they count where these do.
        self.tables.get(name).cloned().unwrap_or_else(|| MetricsObserver::new(name))
    }

    /// What happens in a table, as far as the library does not count it.
    pub(super) fn observe(&self, event: &Event<'_>) {
        if let What::Session { kind: SessionEvent::Ended(cause), .. } = &event.what {
            let reason = reason_of(cause);
            // Relaxed: a count, ordered with nothing.
            self.deaths[reason as usize].fetch_add(1, Ordering::Relaxed);
            self.ends[reason as usize].increment(1);
        }
    }

    /// How many owners have died, and why.
    pub(super) fn deaths(&self) -> impl Iterator<Item = (ReasonCode, u64)> {
        // Relaxed: as in `observe`.
        ReasonCode::ALL.into_iter().zip(&self.deaths).map(|(why, count)| (why, count.load(Ordering::Relaxed)))
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

    /// Writes how many sessions there are in a table.
    pub(super) fn sessions(&self, table: &str, now: usize) {
        self.table(table).record_sessions(now);
    }

    /// Writes how many routes there are.
    pub(super) fn routes(&self, now: &RouteStats) {
        self.table("routes").record_routes(now);
    }

    /// Everything as text, with so many connections.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(super) fn render(&self, connections: usize) -> String {
        self.connections.set(connections as f64);
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
    describe_counter!("tenure_relay_claims_total", "Claims, by what came of them");
    describe_counter!("tenure_relay_refusals_total", "Refusals, by their code");
    describe_counter!(
        "tenure_relay_ends_total",
        "Sides and subscriptions that have ended, by why, in the words of the protocol"
    );
    describe_counter!("tenure_relay_relayed_frames_total", "Frames handed to the other side");
    describe_counter!("tenure_relay_relayed_bytes_total", "Bytes handed to the other side");
    describe_histogram!("tenure_relay_frame_seconds", "From a frame read to the same frame written");
    describe_histogram!("tenure_relay_claim_seconds", "From a claim to its answer");
    describe_histogram!("tenure_relay_resolve_seconds", "Resolving a route");
    describe_counter!("tenure_relay_resolutions_total", "Resolutions, by where the route came from");
    describe_counter!("tenure_relay_messages_total", "Messages and replies");
    describe_counter!("tenure_relay_delivered_total", "Deliveries to subscribers");
    describe_counter!("tenure_relay_lagged_total", "Messages that slow subscribers have lost");
    describe_gauge!("tenure_relay_connections", "Connections now");
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
