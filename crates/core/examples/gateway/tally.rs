//! What is counted and measured during a replay.

use std::time::Duration;

use hdrhistogram::Histogram;

/// No operation is expected to take longer; one that does counts as a minute.
const LONGEST_NANOS: u64 = 60_000_000_000;
const DIGITS: u8 = 3;

/// How long one kind of operation took, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Latency(Histogram<u64>);

impl Latency {
    fn new() -> Self {
        Self(Histogram::new_with_max(LONGEST_NANOS, DIGITS).expect("these bounds are valid"))
    }

    pub(crate) fn record(&mut self, taken: Duration) {
        self.0.saturating_record(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX));
    }

    fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// What this part of all operations did not exceed; 0 where nothing was measured.
    pub(crate) fn at(&self, quantile: f64) -> u64 {
        self.0.value_at_quantile(quantile)
    }
}

/// Resolutions by where the route came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Resolved {
    pub(crate) exact: u64,
    pub(crate) room: u64,
    pub(crate) provided: u64,
    pub(crate) no_route: u64,
    /// Those of them that met an expired record on the way.
    pub(crate) stale: u64,
}

impl Resolved {
    fn add(&mut self, other: Self) {
        self.exact += other.exact;
        self.room += other.room;
        self.provided += other.provided;
        self.no_route += other.no_route;
        self.stale += other.stale;
    }
}

/// What one replayer has done, or all of them together.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) messages: u64,
    pub(crate) joins: u64,
    pub(crate) quits: u64,
    pub(crate) renames: u64,
    pub(crate) resolved: Resolved,
    /// Exact answers to messages in a conversation.
    pub(crate) exact_in_threads: u64,
    pub(crate) created: u64,
    pub(crate) already_exists: u64,
    pub(crate) ended_by_owner: u64,
    /// Fallbacks of keys whose record had been there, by why it was gone, as far as that was remembered.
    pub(crate) had_expired: u64,
    pub(crate) had_been_evicted: u64,
    /// The most records that the route table held after a message.
    pub(crate) peak_records: usize,
    pub(crate) resolve: Latency,
    pub(crate) set: Latency,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            messages: 0,
            joins: 0,
            quits: 0,
            renames: 0,
            resolved: Resolved::default(),
            exact_in_threads: 0,
            created: 0,
            already_exists: 0,
            ended_by_owner: 0,
            had_expired: 0,
            had_been_evicted: 0,
            peak_records: 0,
            resolve: Latency::new(),
            set: Latency::new(),
        }
    }

    pub(crate) fn events(&self) -> u64 {
        self.messages + self.joins + self.quits + self.renames
    }

    /// Adds what another replayer has done.
    pub(crate) fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.joins += other.joins;
        self.quits += other.quits;
        self.renames += other.renames;
        self.resolved.add(other.resolved);
        self.exact_in_threads += other.exact_in_threads;
        self.created += other.created;
        self.already_exists += other.already_exists;
        self.ended_by_owner += other.ended_by_owner;
        self.had_expired += other.had_expired;
        self.had_been_evicted += other.had_been_evicted;
        self.peak_records = self.peak_records.max(other.peak_records);
        self.resolve.add(&other.resolve);
        self.set.add(&other.set);
    }
}
