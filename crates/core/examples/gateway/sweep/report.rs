//! What the sweep has come to, for people and as JSON.

use std::fmt;

use serde::Serialize;

use super::{Arm, Cell, Rival, Sweep};

/// The JSON report: its fields, in their order.
#[derive(Debug, Serialize)]
pub(crate) struct SweepReport<'a> {
    messages: u64,
    thread_messages: u64,
    /// By time to live, then by capacity.
    cells: &'a [Cell],
    best: Option<&'a Cell>,
    good_enough: Option<&'a Cell>,
    /// Exact hits with other choices of what goes, simulated; of the settings with which anything had to go.
    rivals: &'a [Rival],
}

impl<'a> SweepReport<'a> {
    pub(crate) fn new(sweep: &'a Sweep) -> Self {
        Self {
            messages: sweep.messages,
            thread_messages: sweep.thread_messages,
            cells: &sweep.cells,
            best: sweep.best(),
            good_enough: sweep.good_enough(),
            rivals: &sweep.rivals,
        }
    }

    fn write_cells(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:>9}{:>9}{:>9}{:>9}{:>10}{:>9}{:>12}{:>9}{:>9}{:>7}",
            "ttl", "records", "exact", "room", "provided", "stale", "in threads", "evicted", "pruned", "peak"
        )?;
        for cell in self.cells {
            writeln!(
                f,
                "{:>9}{:>9}{:>9}{:>9}{:>10}{:>9}{:>12}{:>9}{:>9}{:>7}",
                span(cell.ttl_seconds),
                cell.capacity,
                percent(cell.resolved.exact, self.messages),
                percent(cell.resolved.room, self.messages),
                percent(cell.resolved.provided, self.messages),
                percent(cell.resolved.stale, self.messages),
                percent(cell.exact_in_threads, self.thread_messages),
                cell.evicted,
                cell.pruned,
                cell.peak_records,
            )?;
        }
        Ok(())
    }

    /// A line for each setting, a column for each policy.
    fn write_rivals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nexact hits in % with other choices of what goes, simulated, where anything had to go:\n"
        )?;
        write!(f, "{:>9}{:>9}", "ttl", "records")?;
        for arm in Arm::ALL {
            write!(f, "{:>13}", arm.name())?;
        }
        for setting in self.rivals.chunks(Arm::ALL.len()) {
            let [first, ..] = setting else { continue };
            write!(f, "\n{:>9}{:>9}", span(first.ttl_seconds), first.capacity)?;
            for rival in setting {
                write!(f, "{:>13}", percent(rival.exact, self.messages))?;
            }
        }
        writeln!(f)
    }
}

impl fmt::Display for SweepReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} messages, {} of them in threads; \"in threads\" is the share of these that found their own record,\n\
             every other share is of all messages",
            self.messages, self.thread_messages
        )?;
        self.write_cells(f)?;
        self.write_rivals(f)?;
        let (Some(best), Some(enough)) = (self.best, self.good_enough) else { return Ok(()) };
        let setting = |cell: &Cell| {
            format!(
                "{} records for {}: {} % exact",
                cell.capacity,
                span(cell.ttl_seconds),
                percent(cell.resolved.exact, self.messages)
            )
        };
        writeln!(f, "\nbest                            {}", setting(best))?;
        writeln!(f, "smallest that keeps 99 % of it  {}", setting(enough))
    }
}

/// A whole number of the largest unit of time that fits.
pub(super) fn span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let unit = units.into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit));
    unit.map_or_else(String::new, |(unit, name)| format!("{} {name}", seconds / unit))
}

/// With two digits after the point, and without the sign.
pub(super) fn percent(part: u64, whole: u64) -> String {
    match (u128::from(part) * 10_000).checked_div(u128::from(whole)) {
        Some(parts) => format!("{}.{:02}", parts / 100, parts % 100),
        None => "-".to_owned(),
    }
}
