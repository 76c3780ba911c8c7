//! Which workloads are run, in which order, on which tables.

use crate::{
    crew,
    lines::{self, Cell},
    load::{Dist, Load},
    machine::Machine,
    options::{Options, USAGE},
    pace::Budget,
    peers::{self, ByDefault, EachTable, Routes, Tenure},
    report::Report,
    session_peers::{self, EachStore, Sessions},
    ticker,
    w6_sessions::SessionWorld,
    w7_owners, w8_prune, w9_memory, w10_grow,
    world::{Entrant, World},
};
use std::{ffi::OsString, process::ExitCode, time::Instant};

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
    let since = Instant::now();
    ticker::start();
    let mut report = Report::new(Machine::here(options.command.clone()), options.kind());
    all(&options, &mut report);
    report.finish(since.elapsed());
    if let Some(folder) = &options.out
        && let Err(error) = report.write(folder)
    {
        eprintln!("{}: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn all(options: &Options, report: &mut Report) {
    let most = options.sizes.iter().copied().max().unwrap_or(0);
    // First, on a heap that nobody has used yet.
    if options.wants("W9") {
        w9_memory::run(if options.quick { most / 5 } else { most }, report);
    }
    for &records in &options.sizes {
        routes(records, false, options, report);
        routes(records, true, options, report);
        sessions(records, options, report);
    }
    report.add_scaling();
    if options.wants("W7") {
        w7_owners::run(most, options, report);
    }
    if options.wants("W8") {
        w8_prune::run(most, options, report);
    }
    if options.wants("W10") {
        w10_grow::run(most, options, report);
    }
}

/// Runs the cells on the entrants.
fn run_cells(cells: &[Cell], entrants: &[Entrant], load: &Load, options: &Options, report: &mut Report) {
    let budget = Budget { time: options.per_line(), least: 5, most: 400 };
    for (place, cell) in cells.iter().enumerate() {
        eprintln!("line {} of {} of these tables", place + 1, cells.len());
        let samples = crew::rounds(entrants, load, cell.task, cell.threads, budget);
        let labels = entrants.iter().map(|entrant| entrant.stand().label().to_owned());
        let all: Vec<_> = labels.zip(samples).collect();
        report.add(cell.line(load.records, &all));
    }
}

/// Builds the tables that take part.
struct Build<'a> {
    load: &'a Load,
    bounded: bool,
    entrants: Vec<Entrant>,
}

impl EachTable for Build<'_> {
    fn shared<R: Routes + Send + Sync>(&mut self) {
        self.entrants.push(Entrant::Shared(Box::new(World::<R>::new(self.load, self.bounded))));
    }

    /// The floor has no bound.
    fn single<R: Routes>(&mut self) {
        if !self.bounded {
            self.entrants.push(Entrant::Single(Box::new(World::<R>::new(self.load, false))));
        }
    }
}

impl EachStore for Build<'_> {
    fn store<S: Sessions>(&mut self) {
        self.entrants.push(Entrant::Shared(Box::new(SessionWorld::<S>::new(self.load))));
    }
}

/// W1 to W5: all lines that one set of tables can serve.
fn routes(records: usize, bounded: bool, options: &Options, report: &mut Report) {
    let large = records > 100_000;
    let mut cells = lines::cells(bounded, large, &options.threads);
    cells.retain(|cell| options.wants(cell.workload));
    cells.retain(|cell| !(options.quick && large && cell.dist == Some(Dist::Zipf)));
    if cells.is_empty() {
        return;
    }
    let since = Instant::now();
    let load = Load::new(records, options.most_threads());
    let mut build = Build { load: &load, bounded, entrants: Vec::new() };
    build.shared::<Tenure>();
    build.shared::<ByDefault>();
    peers::best(&mut build);
    if !(bounded || options.quick && large) {
        peers::others(&mut build);
    }
    let entrants = build.entrants;
    let note = if bounded { "bounded, " } else { "" };
    eprintln!("{records} records, {note}{} tables built in {:.1?}", entrants.len(), since.elapsed());
    if !bounded {
        check(&entrants, &load);
    }
    run_cells(&cells, &entrants, &load, options, report);
    for entrant in &entrants {
        let (len, label) = (entrant.stand().len(), entrant.stand().label());
        let most = records + records / 8 + load.slice * options.most_threads();
        assert!(len <= most, "{label} has grown to {len} records");
    }
}

fn check(entrants: &[Entrant], load: &Load) {
    for entrant in entrants {
        entrant.stand().check(load);
    }
}

/// W6.
fn sessions(records: usize, options: &Options, report: &mut Report) {
    let mut cells = lines::session_cells(&options.threads);
    cells.retain(|cell| options.wants(cell.workload));
    if cells.is_empty() {
        return;
    }
    let load = Load::new(records, options.most_threads());
    let mut build = Build { load: &load, bounded: false, entrants: Vec::new() };
    session_peers::all(&mut build);
    let entrants = build.entrants;
    check(&entrants, &load);
    run_cells(&cells, &entrants, &load, options, report);
    check(&entrants, &load);
}
