//! Which tables run which workloads, in which order.

use crate::{
    crew::{self, Budget},
    keys::{ByParts, Four, Joined},
    load::{Dist, Load},
    options::{Options, USAGE},
    peers::{ByHand, Dash, Floor, Moka, Papaya, Quick, Routes, SccIndex, SccMap, Sharded, Tenure, Ticked},
    report::{Line, Report},
    tasks::Task,
    ticker,
    world::{Entrant, World},
};
use std::{ffi::OsString, process::ExitCode, time::Instant};

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) workload: &'static str,
    pub(crate) what: &'static str,
    pub(crate) task: Task,
    pub(crate) dist: Dist,
    pub(crate) threads: usize,
    /// The most that Tenure may take, as a share of the best peer's time.
    pub(crate) limit: Option<f64>,
}

/// Runs what the arguments ask for and prints the table.
///
/// # Panics
/// A table that gives a wrong answer ends the run.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let options = match Options::parse(args) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    ticker::start();
    let mut report = Report::new(options.quick);
    for records in options.sizes.clone() {
        stage(records, false, &options, &mut report);
        stage(records, true, &options, &mut report);
    }
    report.finish();
    ExitCode::SUCCESS
}

/// All lines that one set of tables can serve.
fn stage(records: usize, bounded: bool, options: &Options, report: &mut Report) {
    let cells: Vec<Cell> = cells(bounded, records, options.quick)
        .into_iter()
        .filter(|cell| options.wants(cell.workload))
        .collect();
    if cells.is_empty() {
        return;
    }
    let since = Instant::now();
    let load = Load::new(records, 2);
    let entrants = entrants(&load, bounded);
    let note = if bounded { "bounded, " } else { "" };
    eprintln!("{records} records, {note}{} tables built in {:.1?}", entrants.len(), since.elapsed());
    for entrant in &entrants {
        if !bounded {
            entrant.stand().check(&load);
        }
    }
    let budget = Budget { time: options.per_line(), least: 5, most: 300 };
    for cell in cells {
        let samples = crew::rounds(&entrants, &load, cell.task, cell.threads, budget);
        let labels = entrants.iter().map(|entrant| entrant.stand().label().to_owned());
        report.add(Line::new(cell, records, labels.zip(samples)));
    }
    for entrant in &entrants {
        assert!(entrant.stand().len() <= records + records / 8, "{} has grown", entrant.stand().label());
    }
}

fn cells(bounded: bool, records: usize, quick: bool) -> Vec<Cell> {
    use Dist::{Uniform, Zipf};

    let large = records > 100_000;
    let mut cells = Vec::new();
    for threads in [1, 2] {
        let two = threads == 2;
        for dist in [Uniform, Zipf] {
            let add = |workload, what, task, limit: Option<f64>| Cell {
                workload,
                what,
                task,
                dist,
                threads,
                limit,
            };
            if bounded {
                cells.push(add("W4", "90 % resolve, at capacity", Task::Mixed(dist), two.then_some(0.75)));
                continue;
            }
            cells.extend([
                add("W1", "resolve, prebuilt key", Task::Resolve(dist), Some(0.75)),
                add("W1p", "resolve, from parts", Task::ResolveParts(dist), Some(0.75)),
                add("W1o", "resolve, owned answer", Task::ResolveOwned(dist), Some(0.75)),
                add("W3", "set, same route", Task::Renew(dist), Some(if two { 0.6 } else { 0.7 })),
                add(
                    "W3p",
                    "set, same route, from parts",
                    Task::RenewParts(dist),
                    Some(if two { 0.6 } else { 0.7 }),
                ),
                add("W3", "set, another route", Task::Change(dist), Some(if two { 0.6 } else { 1.0 })),
            ]);
            if dist == Uniform {
                cells.extend([
                    add("W2", "resolve, room fallback", Task::Fallback, Some(0.6)),
                    add("W2w", "resolve, room fallback, written back", Task::Learn, Some(0.6)),
                ]);
                if !large {
                    cells.push(add("W5", "resolve, one hot key", Task::Hot, two.then_some(1.0)));
                }
            }
        }
    }
    cells.retain(|cell| !(quick && large && cell.dist == Zipf));
    // A route that was changed is no longer the same one: that comes last.
    cells.sort_by_key(|cell| matches!(cell.task, Task::Change(_)));
    cells
}

fn entrants(load: &Load, bounded: bool) -> Vec<Entrant> {
    let mut all = vec![
        shared::<Tenure>(load, bounded),
        shared::<ByHand<Joined, Dash<Joined>>>(load, bounded),
        shared::<ByHand<Joined, Papaya<Joined>>>(load, bounded),
        shared::<ByHand<Joined, SccMap<Joined>>>(load, bounded),
        shared::<ByHand<Joined, SccIndex<Joined>>>(load, bounded),
        shared::<ByHand<Joined, Moka<Joined>>>(load, bounded),
        shared::<ByHand<Joined, Quick<Joined>>>(load, bounded),
        shared::<ByHand<Joined, Sharded<Joined>>>(load, bounded),
        shared::<ByHand<ByParts, Sharded<ByParts>>>(load, bounded),
    ];
    if !bounded {
        all.extend([
            shared::<Ticked>(load, bounded),
            shared::<ByHand<ByParts, Papaya<ByParts>>>(load, bounded),
            shared::<ByHand<ByParts, SccIndex<ByParts>>>(load, bounded),
            shared::<ByHand<Four, Dash<Four>>>(load, bounded),
            shared::<ByHand<Four, Papaya<Four>>>(load, bounded),
            single::<ByHand<Joined, Floor<Joined>>>(load, bounded),
            single::<ByHand<ByParts, Floor<ByParts>>>(load, bounded),
        ]);
    }
    all
}

fn shared<R: Routes + Send + Sync>(load: &Load, bounded: bool) -> Entrant {
    Entrant::Shared(Box::new(World::<R>::new(load, bounded)))
}

fn single<R: Routes>(load: &Load, bounded: bool) -> Entrant {
    Entrant::Single(Box::new(World::<R>::new(load, bounded)))
}
