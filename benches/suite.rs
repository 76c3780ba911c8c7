//! Which tables run which workloads, in which order.

use crate::{
    counting,
    crew::{self, Budget},
    keys::{ByParts, Four, Joined},
    lines::{self, Cell, Figure, ratio},
    load::{Dist, Load},
    long,
    machine::Machine,
    options::{Options, USAGE},
    peers::{ByHand, Dash, Floor, Moka, Papaya, Quick, Routes, SccIndex, SccMap, Sharded, Tenure, Ticked},
    report::{OURS, Report, Target},
    session_peers::{Indexed, Sessions, stores},
    ticker,
    w6_sessions::SessionWorld,
    w7_owners::Deaths,
    w8_prune, w9_memory, w10_grow,
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
    let mut report = Report::new(Machine::here(options.command.clone()), options.quick);
    // First, on a heap that nobody has used yet.
    for &records in &options.sizes {
        memory(records, &options, &mut report);
    }
    for &records in &options.sizes {
        routes(records, false, &options, &mut report);
        routes(records, true, &options, &mut report);
        sessions(records, &options, &mut report);
    }
    report.add_scaling();
    let most = options.sizes.iter().copied().max().unwrap_or(0);
    deaths(most, &options, &mut report);
    prune(most, &options, &mut report);
    grow(most, &options, &mut report);
    report.finish(since.elapsed());
    if let Some(folder) = &options.out
        && let Err(error) = report.write(folder)
    {
        eprintln!("{}: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs the cells on the entrants.
fn run_cells(cells: &[Cell], entrants: &[Entrant], load: &Load, options: &Options, report: &mut Report) {
    let budget = Budget { time: options.per_line(), least: 5, most: 400 };
    for (place, cell) in cells.iter().enumerate() {
        eprintln!("line {} of {} of these tables", place + 1, cells.len());
        let samples = crew::rounds(entrants, load, cell.task, cell.threads, budget);
        let labels = entrants.iter().map(|entrant| entrant.stand().label().to_owned());
        report.add(cell.line(load.records, labels.zip(samples).collect()));
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
    let entrants = if bounded { bounded_tables(&load) } else { tables(&load, options.quick && large) };
    let note = if bounded { "bounded, " } else { "" };
    eprintln!("{records} records, {note}{} tables built in {:.1?}", entrants.len(), since.elapsed());
    if !bounded {
        entrants.iter().for_each(|entrant| entrant.stand().check(&load));
    }
    run_cells(&cells, &entrants, &load, options, report);
    for entrant in &entrants {
        let (len, label) = (entrant.stand().len(), entrant.stand().label());
        assert!(
            len <= records + records / 8 + load.slice * options.most_threads(),
            "{label} has grown to {len}"
        );
    }
}

/// The fair ones at any size: the best kind of key for each peer.
fn bounded_tables(load: &Load) -> Vec<Entrant> {
    vec![
        shared::<Tenure>(load, true),
        shared::<ByHand<Joined, Dash<Joined>>>(load, true),
        shared::<ByHand<Joined, Papaya<Joined>>>(load, true),
        shared::<ByHand<Joined, SccMap<Joined>>>(load, true),
        shared::<ByHand<Joined, SccIndex<Joined>>>(load, true),
        shared::<ByHand<Joined, Moka<Joined>>>(load, true),
        shared::<ByHand<Joined, Quick<Joined>>>(load, true),
        shared::<ByHand<Joined, Sharded<Joined>>>(load, true),
        shared::<ByHand<ByParts, Sharded<ByParts>>>(load, true),
    ]
}

fn tables(load: &Load, few: bool) -> Vec<Entrant> {
    let mut all = vec![
        shared::<Tenure>(load, false),
        shared::<ByHand<Joined, Dash<Joined>>>(load, false),
        shared::<ByHand<Joined, Papaya<Joined>>>(load, false),
        shared::<ByHand<Joined, SccMap<Joined>>>(load, false),
        shared::<ByHand<Joined, SccIndex<Joined>>>(load, false),
        shared::<ByHand<Joined, Moka<Joined>>>(load, false),
        shared::<ByHand<Joined, Quick<Joined>>>(load, false),
        shared::<ByHand<Joined, Sharded<Joined>>>(load, false),
        shared::<ByHand<ByParts, Sharded<ByParts>>>(load, false),
        single::<ByHand<Joined, Floor<Joined>>>(load),
    ];
    if !few {
        all.extend([
            shared::<Ticked>(load, false),
            shared::<ByHand<ByParts, Papaya<ByParts>>>(load, false),
            shared::<ByHand<ByParts, SccIndex<ByParts>>>(load, false),
            shared::<ByHand<Four, Dash<Four>>>(load, false),
            shared::<ByHand<Four, Papaya<Four>>>(load, false),
            single::<ByHand<ByParts, Floor<ByParts>>>(load),
        ]);
    }
    all
}

fn shared<R: Routes + Send + Sync>(load: &Load, bounded: bool) -> Entrant {
    Entrant::Shared(Box::new(World::<R>::new(load, bounded)))
}

fn single<R: Routes>(load: &Load) -> Entrant {
    Entrant::Single(Box::new(World::<R>::new(load, false)))
}

/// W6.
fn sessions(records: usize, options: &Options, report: &mut Report) {
    fn one<S: Sessions>(load: &Load) -> Entrant {
        Entrant::Shared(Box::new(SessionWorld::<S>::new(load)))
    }
    let mut cells = lines::session_cells(&options.threads);
    cells.retain(|cell| options.wants(cell.workload));
    if cells.is_empty() {
        return;
    }
    let load = Load::new(records, options.most_threads());
    let entrants = [
        one::<stores::Tenure>(&load),
        one::<Indexed<stores::Dash>>(&load),
        one::<Indexed<stores::Papaya>>(&load),
        one::<Indexed<stores::SccMap>>(&load),
        one::<Indexed<stores::SccIndex>>(&load),
        one::<Indexed<stores::Moka>>(&load),
        one::<Indexed<stores::Quick>>(&load),
        one::<Indexed<stores::Sharded>>(&load),
    ];
    entrants.iter().for_each(|entrant| entrant.stand().check(&load));
    run_cells(&cells, &entrants, &load, options, report);
    entrants.iter().for_each(|entrant| entrant.stand().check(&load));
}

/// W7.
fn deaths(most: usize, options: &Options, report: &mut Report) {
    fn pair<S: Sessions>(others: usize, count: usize, many: bool) -> long::Entrant {
        let mut deaths = Deaths::<S>::new(others);
        let round = move || if many { deaths.many_owners(count) } else { deaths.one_owner(count) };
        long::Entrant::new(S::PEER, round)
    }
    fn all(others: usize, count: usize, many: bool) -> Vec<long::Entrant> {
        vec![
            pair::<stores::Tenure>(others, count, many),
            pair::<Indexed<stores::Dash>>(others, count, many),
            pair::<Indexed<stores::Papaya>>(others, count, many),
            pair::<Indexed<stores::SccMap>>(others, count, many),
            pair::<Indexed<stores::SccIndex>>(others, count, many),
            pair::<Indexed<stores::Moka>>(others, count, many),
            pair::<Indexed<stores::Quick>>(others, count, many),
            pair::<Indexed<stores::Sharded>>(others, count, many),
        ]
    }
    if !options.wants("W7") {
        return;
    }
    let (others, count) = (if options.quick { most / 10 } else { most }, 100_000);
    let at_once = Target { most: Some(1_000.0), ..Target::default() };
    for (many, what) in
        [(false, "an owner with 100,000 sessions dies"), (true, "100,000 owners of one session die")]
    {
        let figures = vec![
            Figure::new("W7", format!("{what}: until unseen, each owner"), at_once),
            Figure::new("W7", format!("{what}: until freed, each session"), ratio(0.5)),
        ];
        let rounds = long::rounds(what, all(others, count, many), options.long_rounds());
        lines::lines(figures, others + count, &rounds).into_iter().for_each(|line| report.add(line));
    }
}

/// W8. Tenure has the ticked clock here, which can be moved.
fn prune(most: usize, options: &Options, report: &mut Report) {
    fn one<R: Routes + Send + Sync>(label: &str, records: usize) -> long::Entrant {
        long::Entrant::new(label, move || w8_prune::prune::<R>(records))
    }
    if !options.wants("W8") {
        return;
    }
    let records = if options.quick { most / 5 } else { most };
    let mut entrants = vec![
        one::<Ticked>(OURS, records),
        one::<ByHand<Joined, Dash<Joined>>>("dashmap", records),
        one::<ByHand<Joined, Papaya<Joined>>>("papaya", records),
        one::<ByHand<Joined, SccMap<Joined>>>("scc map", records),
        one::<ByHand<Joined, SccIndex<Joined>>>("scc index", records),
        one::<ByHand<Joined, Quick<Joined>>>("quick_cache", records),
        one::<ByHand<Joined, Sharded<Joined>>>("sharded lock", records),
    ];
    if !options.quick {
        // Its time cannot be skipped, so each of its rounds takes twelve seconds.
        entrants.push(one::<ByHand<Joined, Moka<Joined>>>("moka", records));
    }
    let alone = Target { most: Some(1.5), ..Target::default() };
    let figures = vec![
        Figure::new("W8", "prune, a tenth expired", ratio(1.0)).threads(2),
        Figure::new("W8", "reader meanwhile, p99.99", Target::default()).threads(2),
        Figure::new("W8", "reader meanwhile, longest", Target::default()).threads(2),
        Figure::new("W8", "reader meanwhile by alone, p99.99", alone).threads(2).unit(""),
        Figure::new("W8", "reader meanwhile by alone, longest", alone).threads(2).unit(""),
    ];
    let rounds = long::rounds("prune", entrants, options.long_rounds());
    lines::lines(figures, records, &rounds).into_iter().for_each(|line| report.add(line));
}

/// W9: one round, because it always gives the same.
fn memory(records: usize, options: &Options, report: &mut Report) {
    fn one<R: Routes>(records: usize) -> long::Entrant {
        long::Entrant::new(crate::peers::label::<R>(), move || w9_memory::routes::<R>(records))
    }
    fn session<S: Sessions>(records: usize) -> long::Entrant {
        long::Entrant::new(S::PEER, move || w9_memory::sessions::<S>(records))
    }
    if !options.wants("W9") {
        return;
    }
    let tables = vec![
        one::<Tenure>(records),
        one::<ByHand<Joined, Dash<Joined>>>(records),
        one::<ByHand<Four, Dash<Four>>>(records),
        one::<ByHand<Joined, Papaya<Joined>>>(records),
        one::<ByHand<Joined, SccMap<Joined>>>(records),
        one::<ByHand<Joined, SccIndex<Joined>>>(records),
        one::<ByHand<Joined, Moka<Joined>>>(records),
        one::<ByHand<Joined, Quick<Joined>>>(records),
        one::<ByHand<ByParts, Sharded<ByParts>>>(records),
        one::<ByHand<Joined, Floor<Joined>>>(records),
    ];
    let figures = vec![
        Figure::new("W9", "memory of a route", Target { most: Some(260.0), ..ratio(0.6) }).unit("bytes"),
        Figure::new("W9", "allocations of a route", Target { most: Some(3.0), ..Target::default() })
            .unit("blocks"),
    ];
    let all = long::rounds("memory of routes", tables, 1);
    lines::lines(figures, records, &all).into_iter().for_each(|line| report.add(line));

    let tables = vec![
        session::<stores::Tenure>(records),
        session::<Indexed<stores::Dash>>(records),
        session::<Indexed<stores::Papaya>>(records),
        session::<Indexed<stores::SccMap>>(records),
        session::<Indexed<stores::SccIndex>>(records),
        session::<Indexed<stores::Moka>>(records),
        session::<Indexed<stores::Quick>>(records),
        session::<Indexed<stores::Sharded>>(records),
    ];
    let figures = vec![
        Figure::new("W9", "memory of a session", ratio(0.8)).unit("bytes"),
        Figure::new("W9", "allocations of a session", Target::default()).unit("blocks"),
    ];
    let all = long::rounds("memory of sessions", tables, 1);
    lines::lines(figures, records, &all).into_iter().for_each(|line| report.add(line));
    counting::stop();
}

/// W10.
fn grow(most: usize, options: &Options, report: &mut Report) {
    fn one<R: Routes>(records: usize) -> long::Entrant {
        long::Entrant::new(crate::peers::label::<R>(), move || w10_grow::grow::<R>(records))
    }
    if !options.wants("W10") {
        return;
    }
    let entrants = vec![
        one::<Tenure>(most),
        one::<ByHand<Joined, Dash<Joined>>>(most),
        one::<ByHand<Joined, Papaya<Joined>>>(most),
        one::<ByHand<Joined, SccMap<Joined>>>(most),
        one::<ByHand<Joined, SccIndex<Joined>>>(most),
        one::<ByHand<Joined, Moka<Joined>>>(most),
        one::<ByHand<Joined, Quick<Joined>>>(most),
        one::<ByHand<Joined, Sharded<Joined>>>(most),
        one::<ByHand<Joined, Floor<Joined>>>(most),
    ];
    let figures = vec![
        Figure::new("W10", "insert, mean", ratio(0.9)),
        Figure::new("W10", "insert, p99.9", Target::default()),
        Figure::new("W10", "insert, p99.99", Target::default()),
        Figure::new("W10", "insert, longest", Target { most: Some(50_000.0), ..ratio(0.5) }),
    ];
    let rounds = long::rounds("insertions", entrants, options.long_rounds());
    lines::lines(figures, most, &rounds).into_iter().for_each(|line| report.add(line));
}
