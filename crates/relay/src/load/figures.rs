//! The figures that were measured, as a table and as JSON.

use std::fmt;

use serde::Serialize;

use super::{LoadArgs, system};

/// Everything that one run has measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    version: &'static str,
    machine: String,
    /// Files that a process may open.
    open_files: usize,
    /// Relays that share the idle pairs.
    relays: usize,
    /// Heartbeat of those, in milliseconds.
    ping_every_ms: u128,
    pub(super) throughput: Throughput,
    pub(super) latency: Latency,
    pub(super) idle: Option<Idle>,
}

/// Megabytes a second, in each round.
#[derive(Debug, Default, Serialize)]
pub(super) struct Throughput {
    pub(super) pipe: Vec<f64>,
    pub(super) relay: Vec<f64>,
}

/// Microseconds that a message takes one way: median and 99th percentile.
#[derive(Debug, Default, Serialize)]
pub(super) struct Latency {
    pub(super) direct: [f64; 2],
    pub(super) pipe: [f64; 2],
    pub(super) relay: [f64; 2],
}

/// Many pairs that do nothing.
#[derive(Debug, Serialize)]
pub(super) struct Idle {
    pub(super) pairs: usize,
    /// As the relays count them.
    pub(super) sessions_seen: usize,
    pub(super) pairs_per_second: f64,
    /// Resident memory of the relays without a pair.
    pub(super) bytes_before: u64,
    pub(super) bytes_per_pair: f64,
    /// Processors that the relays have used while nothing happened.
    pub(super) processor_share: Option<f64>,
    pub(super) dropped_connections: usize,
    pub(super) seconds_to_kill: f64,
    pub(super) seconds_until_gone: f64,
}

impl Figures {
    pub(super) fn new(args: &LoadArgs, open_files: usize, relays: usize) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            machine: system::machine(),
            open_files,
            relays,
            ping_every_ms: args.ping_every.as_millis(),
            throughput: Throughput::default(),
            latency: Latency::default(),
            idle: None,
        }
    }

    /// One JSON object.
    pub(super) fn to_json(&self) -> String {
        // Its keys are text and its numbers finite, so it can be written.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// The middle one; of two the larger.
fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { throughput, latency, .. } = self;
        let (pipe, relay) = (median(&throughput.pipe), median(&throughput.relay));
        writeln!(out, "| {} | measured |\n| --- | --- |", self.machine)?;
        writeln!(out, "| bare TCP pipe | {pipe:.0} MB/s |")?;
        writeln!(out, "| relay | {relay:.0} MB/s, {:.2} of the bare pipe |", relay / pipe)?;
        for (name, of) in
            [("nothing", latency.direct), ("a bare pipe", latency.pipe), ("the relay", latency.relay)]
        {
            writeln!(out, "| one way with {name} between, p50 and p99 | {:.1} µs, {:.1} µs |", of[0], of[1])?;
        }
        let added = [0, 1].map(|which| latency.relay[which] - latency.direct[which]);
        writeln!(out, "| added by the relay, p50 and p99 | {:.1} µs, {:.1} µs |", added[0], added[1])?;
        let Some(idle) = &self.idle else { return Ok(()) };
        writeln!(out, "| idle pairs held, in {} relay(s) | {} |", self.relays, idle.sessions_seen)?;
        writeln!(out, "| pairs made | {:.0} a second |", idle.pairs_per_second)?;
        writeln!(
            out,
            "| resident memory of the relay for a pair (two connections) | {:.1} KiB |",
            idle.bytes_per_pair / 1024.0
        )?;
        if let Some(share) = idle.processor_share {
            let every = self.ping_every_ms;
            writeln!(
                out,
                "| processor time of the relays meanwhile, with a heartbeat of {every} ms | {:.1} % of a core |",
                100.0 * share
            )?;
        }
        writeln!(
            out,
            "| {} connections dropped at once (their processes were dead after {:.2} s): last session gone after | {:.2} s |",
            idle.dropped_connections, idle.seconds_to_kill, idle.seconds_until_gone
        )
    }
}
