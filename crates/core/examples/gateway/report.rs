//! What the replay has come to, for people and as JSON.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::replay::Gateway;
use crate::tally::{Latency, Resolved, Tally};

/// The JSON report: its fields, in their order.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) events: u64,
    pub(crate) messages: u64,
    pub(crate) joins: u64,
    pub(crate) quits: u64,
    pub(crate) renames: u64,
    pub(crate) resolve: Resolved,
    pub(crate) routes: Routes,
    pub(crate) sessions: Sessions,
    /// The replay alone, by the clock on the wall.
    pub(crate) seconds: f64,
    pub(crate) resolve_ns: Percentiles,
    pub(crate) set_ns: Percentiles,
    /// Of the whole process, the log included; null where the system does not say (it does on Linux).
    pub(crate) peak_rss_bytes: Option<u64>,
    #[serde(skip)]
    pub(crate) for_people: ForPeople,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Routes {
    /// Fresh records at the last event's time.
    pub(crate) live: u64,
    /// Fresh records removed for the bound.
    pub(crate) evicted: u64,
    /// Records removed because they had expired, whoever met them.
    pub(crate) pruned: u64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sessions {
    pub(crate) created: u64,
    pub(crate) already_exists: u64,
    pub(crate) ended_by_owner: u64,
    pub(crate) live: u64,
}

/// Nanoseconds; 0 where nothing was measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Percentiles {
    p50: u64,
    p99: u64,
    p999: u64,
}

/// What only people are told.
#[derive(Debug)]
pub(crate) struct ForPeople {
    taken: Duration,
    peak_records: usize,
    final_records: usize,
    /// Of the fallbacks, those whose record had expired and had been evicted; none if nobody asked.
    gone: Option<(u64, u64)>,
    /// Reading the system's clock twice, which every measured latency includes.
    timer_ns: u64,
}

impl Percentiles {
    fn of(latency: &Latency) -> Self {
        Self { p50: latency.at(0.5), p99: latency.at(0.99), p999: latency.at(0.999) }
    }
}

impl Report {
    /// Of a replay that is done, while its connections are still there.
    pub(crate) fn new(gateway: &Gateway, tally: &Tally, taken: Duration) -> Self {
        let stats = gateway.routes.stats();
        Self {
            events: tally.events(),
            messages: tally.messages,
            joins: tally.joins,
            quits: tally.quits,
            renames: tally.renames,
            resolve: tally.resolved,
            routes: Routes {
                live: gateway.live_routes() as u64,
                evicted: stats.evicted,
                pruned: stats.pruned,
            },
            sessions: Sessions {
                created: tally.created,
                already_exists: tally.already_exists,
                ended_by_owner: tally.ended_by_owner,
                live: gateway.sessions.count_active() as u64,
            },
            seconds: taken.as_secs_f64(),
            resolve_ns: Percentiles::of(&tally.resolve),
            set_ns: Percentiles::of(&tally.set),
            peak_rss_bytes: peak_rss_bytes(),
            for_people: ForPeople {
                taken,
                peak_records: tally.peak_records,
                final_records: gateway.routes.len(),
                gone: gateway.remembers().then_some((tally.had_expired, tally.had_been_evicted)),
                timer_ns: timer_ns(),
            },
        }
    }

    /// How many in a second.
    fn rate(&self, count: u64) -> u64 {
        let nanos = self.for_people.taken.as_nanos().max(1);
        u64::try_from(u128::from(count) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
    }
}

/// The most memory that the process had at any time.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    kibibytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1_024)
}

/// The median of reading the clock twice in a row.
fn timer_ns() -> u64 {
    let mut taken = [0; 1_001].map(|_: u8| Instant::now().elapsed().as_nanos() as u64);
    taken.sort_unstable();
    taken[taken.len() / 2]
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_counts(f)?;
        self.write_latencies(f)?;
        let memory = self.peak_rss_bytes.map_or_else(
            || "the system does not say".to_owned(),
            |bytes| format!("{} MiB at peak, the log included", tenths(bytes.saturating_mul(10) >> 20)),
        );
        row(f, "memory", &memory)
    }
}

impl Report {
    fn write_counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resolve, routes, sessions, for_people, .. } = self;
        let n = grouped;
        let part = |count: u64| format!("{} ({})", n(count), percent(count, self.messages));
        let (events, messages) = (n(self.events), n(self.messages));
        let (joins, quits, renames) = (n(self.joins), n(self.quits), n(self.renames));
        row(f, "replayed", &format!("{events} events in {:.3} s", self.seconds))?;
        row(f, "", &format!("{messages} messages, {joins} joins, {quits} quits, {renames} renames"))?;
        let (events, messages) = (n(self.rate(self.events)), n(self.rate(self.messages)));
        row(f, "speed", &format!("{events} events/s, {messages} messages/s"))?;
        let (exact, room, provided) = (part(resolve.exact), part(resolve.room), part(resolve.provided));
        row(f, "resolve", &format!("exact {exact}, room {room}, provided {provided}"))?;
        let (no_route, stale) = (n(resolve.no_route), n(resolve.stale));
        row(f, "", &format!("no route {no_route}; met something expired {stale}"))?;
        if let Some((expired, evicted)) = for_people.gone {
            let never = n((resolve.room + resolve.provided).saturating_sub(expired + evicted));
            let (expired, evicted) = (n(expired), n(evicted));
            row(f, "", &format!("not there: never set {never}, expired {expired}, evicted {evicted}"))?;
        }
        let (peak, last) = (n(for_people.peak_records as u64), n(for_people.final_records as u64));
        row(
            f,
            "routes",
            &format!("records {peak} at peak, {last} at the end, {} of them live", n(routes.live)),
        )?;
        row(f, "", &format!("evicted {}, pruned {}", n(routes.evicted), n(routes.pruned)))?;
        let (created, already) = (n(sessions.created), n(sessions.already_exists));
        row(f, "sessions", &format!("created {created}; a join found its session there {already}"))?;
        let (ended, live) = (n(sessions.ended_by_owner), n(sessions.live));
        row(f, "", &format!("ended by their owner {ended}, live {live}"))
    }

    fn write_latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timer = self.for_people.timer_ns;
        let titles = format!("{:>10}{:>13}{:>13}", "p50", "p99", "p99.9");
        row(f, "latency", &format!("{titles}   (each includes reading the clock, {timer} ns)"))?;
        for (name, Percentiles { p50, p99, p999 }) in [("  resolve", self.resolve_ns), ("  set", self.set_ns)]
        {
            let [p50, p99, p999] = [p50, p99, p999].map(grouped);
            row(f, name, &format!("{p50:>7} ns{p99:>10} ns{p999:>10} ns"))?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, rest: &str) -> fmt::Result {
    writeln!(f, "{name:<10}{rest}")
}

/// With a comma before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn percent(part: u64, whole: u64) -> String {
    match u128::from(part).saturating_mul(1_000).checked_div(u128::from(whole)) {
        Some(permille) => format!("{} %", tenths(permille as u64)),
        None => "-".to_owned(),
    }
}

/// A number of tenths, with its point.
fn tenths(tenths: u64) -> String {
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}
