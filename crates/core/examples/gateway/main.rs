//! A gateway at work: replays a chat log through a route table and a session map, and reports what happened and how
//! fast.
//!
//! `cargo run --release -p tenure-core --example gateway`, and with `-- --help` for the options. With `-- --sweep` it
//! finds out which settings a log needs.
//!
//! Each event happens at its own time, on a clock that the log moves, and before it the tables are pruned if that is
//! due:
//!
//! - `message`: the nick gets a session if it has none (its code is `bridge/nick`, its owner that nick's connection to
//!   that bridge). The message's key (`irc`, bridge, room, thread or none) is resolved, with the route to
//!   `bridge/room` as the fallback, and that route is set for the room.
//! - `join`: the nick gets a session, or it is counted that it has one.
//! - `quit`: the nick's connection is dropped, and its session is gone with it.
//! - `rename`: is only counted.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

mod generate;
mod log;
mod options;
mod replay;
mod report;
mod run;
mod sweep;
mod tally;
mod trace;

use log::Log;
use options::{Grid, Options, Task};
use replay::Gateway;
use report::Report;
use sweep::SweepReport;

/// Why there is no report, and how the process ends.
struct Failure {
    why: String,
    code: u8,
}

fn main() -> ExitCode {
    match try_main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { why, code }) => {
            eprintln!("gateway: {why}");
            ExitCode::from(code)
        }
    }
}

fn try_main() -> Result<(), Failure> {
    let misused = |why| Failure { why, code: 2 };
    let options = match options::parse(std::env::args_os().skip(1)).map_err(misused)? {
        Task::Help => return print(options::HELP),
        Task::Replay(options) => options,
        Task::Sweep(options, grid) => return try_sweep(&options, &grid),
    };
    let log = log(&options)?;
    let gateway = Gateway::new(&log, &options).map_err(|error| misused(error.to_string()))?;

    let bar = progress_bar(log.events.len(), "events");
    let start = Instant::now();
    let done = run::run(&gateway, &log, &options, &mut |events| bar.set_position(events as u64));
    let taken = start.elapsed();
    bar.finish_and_clear();

    let report = Report::new(&gateway, &done.tally, taken);
    if options.json { print_json(&report) } else { print(&format!("{}\n{report}", title(&options))) }
}

fn try_sweep(options: &Options, grid: &Grid) -> Result<(), Failure> {
    let failed = |why: String| Failure { why, code: 1 };
    let log = log(options)?;
    let bar = progress_bar(grid.settings().count(), "settings");
    let swept = sweep::sweep(&log, options, grid, &mut |done| bar.set_position(done as u64))
        .map_err(|why| Failure { why, code: 2 })?;
    bar.finish_and_clear();
    if let Some(path) = &grid.svg {
        let svg = sweep::heat_map(&swept).map_err(|error| failed(error.to_string()))?;
        fs::write(path, svg)
            .map_err(|error| failed(format!("{} cannot be written: {error}", path.display())))?;
    }
    let report = SweepReport::new(&swept);
    if options.json { print_json(&report) } else { print(&format!("{}\n{report}", log_title(options))) }
}

fn log(options: &Options) -> Result<Log, Failure> {
    match &options.trace {
        Some(path) => trace::read(path).map_err(|error| Failure { why: error.to_string(), code: 1 }),
        None => Ok(generate::generate(options.seed, options.events)),
    }
}

fn log_title(options: &Options) -> String {
    match &options.trace {
        Some(path) => format!("the log {}", path.display()),
        None => format!("a generated log (seed {})", options.seed),
    }
}

/// What was replayed, and on what.
fn title(options: &Options) -> String {
    let log = log_title(options);
    let Options { ttl, max_entries, prune_interval, partitions, threads, .. } = options;
    format!(
        "{log}\npartitions {partitions}, records in each {max_entries}, time to live {} s, prune every {} s, replayers {threads}\n",
        ttl.as_secs(),
        prune_interval.as_secs()
    )
}

/// A bar on standard error if somebody sees it there.
fn progress_bar(of: usize, what: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(of as u64), ProgressDrawTarget::stderr());
    let template = format!("replaying {{wide_bar}} {{human_pos}} of {{human_len}} {what}");
    let style = ProgressStyle::with_template(&template);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn print_json(report: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(report).map_err(|error| Failure { why: error.to_string(), code: 1 })?;
    print(&format!("{json}\n"))
}

/// Whoever stops reading has seen enough.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure { why: format!("the report cannot be written: {error}"), code: 1 })
        }
        _ => Ok(()),
    }
}
