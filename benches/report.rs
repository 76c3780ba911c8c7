//! What came out: medians, the table at the end, and the files.

use crate::{chart, machine::Machine};
use serde::Serialize;
use std::{fmt::Write as _, fs, io, path::Path, time::Duration};

/// One entrant's figures in one line: the median of the rounds, the least, and the quartiles.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) who: String,
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) quartiles: [f64; 2],
    pub(crate) rounds: usize,
}

/// What Tenure must reach in a line.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Target {
    /// At most this share of the best peer's figure.
    pub(crate) ratio: Option<f64>,
    /// At most this figure.
    pub(crate) most: Option<f64>,
    /// Not more than one thread's map without synchronization.
    pub(crate) floor: bool,
}

/// One line of the table; less is better.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) workload: &'static str,
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) records: usize,
    /// `uniform` or `zipf`, where keys are drawn.
    pub(crate) dist: Option<String>,
    pub(crate) threads: usize,
    /// `near` or `far`, where two cores took part.
    pub(crate) cores: Option<&'static str>,
    pub(crate) target: Target,
    pub(crate) entries: Vec<Entry>,
    /// Rounds that were thrown away because the system had taken a core away.
    pub(crate) disturbed: usize,
}

/// What Tenure is called.
pub(crate) const OURS: &str = "Tenure";
/// The same with the clock that it has by default; no peer either.
pub(crate) const OURS_BY_DEFAULT: &str = "Tenure, default clock";
/// What the floor's names begin with.
const FLOOR: &str = "one thread's map";

/// The value at a share of the way through, of sorted ones.
#[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a place in a short list")]
fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

impl Entry {
    /// None without a figure.
    pub(crate) fn new(who: String, mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let least = *figures.first()?;
        let quartiles = [at(&figures, 0.25), at(&figures, 0.75)];
        Some(Self { who, median: at(&figures, 0.5), least, quartiles, rounds: figures.len() })
    }

    fn is_peer(&self) -> bool {
        !self.who.starts_with(OURS) && !self.who.starts_with(FLOOR)
    }
}

impl Line {
    pub(crate) fn ours(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.who == OURS)
    }

    fn by_default(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.who == OURS_BY_DEFAULT)
    }

    fn best(&self, of: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        self.entries.iter().filter(|entry| of(entry)).min_by(|a, b| a.median.total_cmp(&b.median))
    }

    pub(crate) fn best_peer(&self) -> Option<&Entry> {
        self.best(Entry::is_peer)
    }

    fn floor(&self) -> Option<&Entry> {
        self.best(|entry| entry.who.starts_with(FLOOR))
    }

    /// Tenure's figure as a share of the best peer's.
    pub(crate) fn ratio(&self) -> Option<f64> {
        Some(self.ours()?.median / self.best_peer()?.median)
    }

    fn floor_ratio(&self) -> Option<f64> {
        Some(self.ours()?.median / self.floor()?.median)
    }

    /// Whether all targets are met; none where there is no target.
    pub(crate) fn met(&self) -> Option<bool> {
        let ours = self.ours()?.median;
        let checks = [
            self.target.ratio.and_then(|limit| Some(self.ratio()? <= limit)),
            self.target.most.map(|most| ours <= most),
            self.floor_ratio().filter(|_| self.target.floor).map(|ratio| ratio <= 1.0),
        ];
        checks.into_iter().flatten().reduce(|a, b| a && b)
    }

    fn target_text(&self) -> String {
        let mut all = Vec::new();
        all.extend(self.target.ratio.map(|limit| format!("{limit:.2}")));
        all.extend(self.target.most.map(|most| format!("≤ {}", figure(most, self.unit))));
        if self.target.floor && self.floor().is_some() {
            all.push("floor".to_owned());
        }
        all.join(", ")
    }

    fn heading(&self) -> String {
        let mut heading = format!("{} {}: {} records", self.workload, self.what, self.records);
        if let Some(dist) = &self.dist {
            _ = write!(heading, ", {dist}");
        }
        _ = write!(heading, ", {} thread{}", self.threads, if self.threads == 1 { "" } else { "s" });
        if let Some(cores) = self.cores {
            _ = write!(heading, ", cores {cores}");
        }
        heading
    }

    fn print(&self) {
        println!("\n{} ({} disturbed rounds left out)", self.heading(), self.disturbed);
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_by(|a, b| a.median.total_cmp(&b.median));
        for entry in entries {
            let [low, high] = entry.quartiles.map(|value| figure(value, self.unit));
            let (median, least) = (figure(entry.median, self.unit), figure(entry.least, self.unit));
            println!(
                "    {:28} {median:>12}   [{low} .. {high}], least {least}, {} rounds",
                entry.who, entry.rounds
            );
        }
    }

    fn row(&self) -> Option<String> {
        let ours = self.ours()?;
        let best = self.best_peer();
        let verdict = match self.met() {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "",
        };
        let ratio = |ratio: Option<f64>| ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        Some(format!(
            "| {} | {} | {} | {} | {}{} | {} | {} | {} | {} | {} | {} | {verdict} |",
            self.workload,
            self.what,
            self.records,
            self.dist.as_deref().unwrap_or(""),
            self.threads,
            self.cores.map_or(String::new(), |cores| format!(" {cores}")),
            figure(ours.median, self.unit),
            best.map_or(String::new(), |best| format!("{} {}", figure(best.median, self.unit), best.who)),
            ratio(self.ratio()),
            self.by_default().map_or(String::new(), |entry| figure(entry.median, self.unit)),
            ratio(self.floor_ratio()),
            self.target_text(),
        ))
    }
}

/// A figure with its unit, in about three digits.
pub(crate) fn figure(value: f64, unit: &str) -> String {
    match unit {
        "ns" if value >= 1e6 => format!("{:.2} ms", value / 1e6),
        "ns" if value >= 1e4 => format!("{:.1} µs", value / 1e3),
        "ns" => format!("{value:.1} ns"),
        "" => format!("{value:.2}"),
        _ => format!("{value:.1} {unit}"),
    }
}

const HEAD: &str = "\
| | workload | records | keys | threads | Tenure | best peer | ratio | default clock | to floor | target | |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

/// All lines of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// `full`, `quick`, or `part` where less was asked for than all.
    pub(crate) kind: &'static str,
    pub(crate) seconds: u64,
    pub(crate) lines: Vec<Line>,
}

impl Report {
    pub(crate) fn new(machine: Machine, kind: &'static str) -> Self {
        Self { machine, kind, seconds: 0, lines: Vec::new() }
    }

    pub(crate) fn add(&mut self, line: Line) {
        line.print();
        self.lines.push(line);
    }

    pub(crate) fn add_all(&mut self, lines: Vec<Line>) {
        for line in lines {
            self.add(line);
        }
    }

    /// Two threads should do nearly twice what one does: the two lines of the hot key, compared.
    pub(crate) fn add_scaling(&mut self) {
        let hot =
            |threads: usize| self.lines.iter().find(|line| line.workload == "W5" && line.threads == threads);
        let (Some(one), Some(two)) = (hot(1), hot(2)) else { return };
        let both = |entry: &Entry| {
            let alone = one.entries.iter().find(|alone| alone.who == entry.who)?;
            Entry::new(entry.who.clone(), vec![entry.median / alone.median])
        };
        let line = Line {
            what: "time of two threads by that of one".to_owned(),
            unit: "",
            target: Target { most: Some(2.0 / 1.9), ..Target::default() },
            entries: two.entries.iter().filter_map(both).collect(),
            ..two.clone()
        };
        self.add(line);
    }

    fn table(&self) -> String {
        let rows: Vec<String> = self.lines.iter().filter_map(Line::row).collect();
        format!("{HEAD}\n{}", rows.join("\n"))
    }

    /// Prints the table.
    pub(crate) fn finish(&mut self, took: Duration) {
        self.seconds = took.as_secs();
        let (met, missed) = self.lines.iter().fold((0, 0), |(met, missed), line| match line.met() {
            Some(true) => (met + 1, missed),
            Some(false) => (met, missed + 1),
            None => (met, missed),
        });
        println!("\n{}\n\n{met} targets met, {missed} missed, in {} s", self.table(), self.seconds);
    }

    /// Writes the figures and the chart into a folder, and the table into the page that shows them.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let name = self.kind;
        fs::create_dir_all(folder)?;
        let figures = serde_json::to_string_pretty(self)?;
        fs::write(folder.join(format!("{name}.json")), figures + "\n")?;
        fs::write(folder.join(format!("{name}.svg")), chart::ratios(&self.lines))?;
        if let Some(curves) = chart::curves(&self.lines) {
            fs::write(folder.join("scaling.svg"), curves)?;
        }
        if name == "full" {
            self.rewrite(&folder.with_extension("md"), name)?;
        }
        Ok(())
    }

    /// Puts the table between the two marks of the page.
    fn rewrite(&self, page: &Path, name: &str) -> io::Result<()> {
        const BEGIN: &str = "<!-- figures: begin; written by the suite -->\n";
        const END: &str = "<!-- figures: end -->";
        let text = fs::read_to_string(page)?;
        let marks = (text.find(BEGIN), text.find(END));
        let (Some(begin), Some(end)) = marks else {
            return Err(io::Error::other(format!(
                "{} lacks the two marks around the figures",
                page.display()
            )));
        };
        let Machine { processor, cores, system, compiler, versions, command } = &self.machine;
        let figures = format!(
            "{BEGIN}\n{processor}, {cores} cores, {system}; {compiler}; {}.\n`{command}`, {} s. [All figures]\
             (benchmarks/{name}.json).\n\n![Tenure's time as a share of the best peer's](benchmarks/{name}.svg)\n\n{}\n\n",
            versions.join(", "),
            self.seconds,
            self.table(),
        );
        fs::write(page, format!("{}{figures}{}", &text[..begin], &text[end..]))
    }
}

#[cfg(test)]
mod tests;
