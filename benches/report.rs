//! What came out: medians, and the table.

use crate::{crew::Sample, suite::Cell};
use serde::Serialize;

/// Above this many nanoseconds for the way of a cache line, two cores are far from each other.
const FAR: f64 = 80.0;

/// One entrant's figures in one line.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) who: String,
    /// Nanoseconds for each operation of a thread: the median of the rounds, the quickest, and the quartiles.
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) quartiles: [f64; 2],
    pub(crate) rounds: usize,
}

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) workload: &'static str,
    pub(crate) what: &'static str,
    pub(crate) records: usize,
    pub(crate) dist: String,
    pub(crate) threads: usize,
    /// `near` or `far`, where two cores took part.
    pub(crate) cores: Option<&'static str>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) limit: Option<f64>,
}

pub(crate) struct Report {
    lines: Vec<Line>,
}

fn is_far(sample: &Sample) -> bool {
    sample.line.is_some_and(|line| line > FAR)
}

/// The value at a share of the way through, of sorted ones.
#[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a place in a short list")]
fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

impl Entry {
    fn new(who: String, samples: &[Sample], far: bool) -> Option<Self> {
        let mut nanos: Vec<f64> =
            samples.iter().filter(|sample| is_far(sample) == far).map(|sample| sample.nanos).collect();
        nanos.sort_by(f64::total_cmp);
        let rounds = nanos.len();
        (rounds > 0).then(|| Self {
            who,
            median: at(&nanos, 0.5),
            least: nanos[0],
            quartiles: [at(&nanos, 0.25), at(&nanos, 0.75)],
            rounds,
        })
    }
}

impl Line {
    pub(crate) fn new(cell: Cell, records: usize, all: impl Iterator<Item = (String, Vec<Sample>)>) -> Self {
        let all: Vec<_> = all.collect();
        let (mut near, mut far) = (0, 0);
        for sample in all.iter().flat_map(|(_, samples)| samples) {
            *if is_far(sample) { &mut far } else { &mut near } += 1;
        }
        // Near and far rounds are never compared: the kind that there were more of counts.
        let mostly_far = far > near;
        let entries =
            all.into_iter().filter_map(|(who, samples)| Entry::new(who, &samples, mostly_far)).collect();
        Self {
            workload: cell.workload,
            what: cell.what,
            records,
            dist: cell.dist.to_string(),
            threads: cell.threads,
            cores: (cell.threads > 1).then_some(if mostly_far { "far" } else { "near" }),
            entries,
            limit: cell.limit,
        }
    }

    pub(crate) fn ours(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.who == "Tenure")
    }

    pub(crate) fn best_peer(&self) -> Option<&Entry> {
        let peers = self.entries.iter().filter(|entry| is_peer(&entry.who));
        peers.min_by(|a, b| a.median.total_cmp(&b.median))
    }

    pub(crate) fn ratio(&self) -> Option<f64> {
        Some(self.ours()?.median / self.best_peer()?.median)
    }

    fn verdict(&self) -> &'static str {
        match (self.ratio(), self.limit) {
            (Some(ratio), Some(limit)) if ratio <= limit => "met",
            (Some(_), Some(_)) => "MISSED",
            _ => "",
        }
    }

    fn print(&self) {
        let cores = self.cores.map_or(String::new(), |cores| format!(", cores {cores}"));
        println!(
            "\n{} {}: {} records, {}, {} thread{}{cores}",
            self.workload,
            self.what,
            self.records,
            self.dist,
            self.threads,
            if self.threads == 1 { "" } else { "s" }
        );
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_by(|a, b| a.median.total_cmp(&b.median));
        for entry in entries {
            println!(
                "    {:28} {:8.1} ns   [{:.1} .. {:.1}], least {:.1}, {} rounds",
                entry.who, entry.median, entry.quartiles[0], entry.quartiles[1], entry.least, entry.rounds
            );
        }
    }
}

fn is_peer(who: &str) -> bool {
    !who.starts_with("Tenure") && !who.starts_with("one thread's map")
}

impl Report {
    pub(crate) fn new(_quick: bool) -> Self {
        Self { lines: Vec::new() }
    }

    pub(crate) fn add(&mut self, line: Line) {
        line.print();
        self.lines.push(line);
    }

    pub(crate) fn finish(&self) {
        println!(
            "\nworkload                                      records dist    thr   Tenure     best peer                        ratio  target"
        );
        for line in &self.lines {
            let (Some(ours), Some(best), Some(ratio)) = (line.ours(), line.best_peer(), line.ratio()) else {
                continue;
            };
            let limit = line.limit.map_or(String::new(), |limit| format!("{limit:.2}"));
            println!(
                "{:4} {:37} {:10} {:8} {} {:8.1} ns {:8.1} ns {:22} {ratio:5.2}  {limit:5} {}",
                line.workload,
                line.what,
                line.records,
                line.dist,
                line.threads,
                ours.median,
                best.median,
                best.who,
                line.verdict()
            );
        }
    }
}
