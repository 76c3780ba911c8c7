//! The long run of the history check: real threads, both tables, millions of operations.
//!
//! ```text
//! history [--operations N] [--threads N] [--seed N]
//! ```
//!
//! The seed decides what the threads do; when each does it is the machine's affair, so a run with the same seed is
//! likely to find the same mistake, not certain to.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    error::Error,
    process::ExitCode,
    time::{Duration, Instant},
};
use tenure_proof::history::{Checked, Violation, check, routes, sessions};

/// Operations of one thread in one history.
const CALLS: usize = 2_000;
/// The same where the table is full: there, what nobody has looked at yet has many explanations.
const CALLS_WHEN_FULL: usize = 12;
/// So many histories of a full table in the place of one other.
const FULL: u64 = 50;
/// So many histories one table serves before there is a new one.
const PER_TABLE: u64 = 200;

struct Options {
    operations: u64,
    threads: usize,
    seed: u64,
}

fn options() -> Result<Options, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options { operations: 10_000_000, threads: 3, seed: fastrand::u64(..1_000_000) };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("operations") => options.operations = parser.value()?.parse()?,
            Long("threads") => options.threads = parser.value()?.parse::<usize>()?.max(1),
            Long("seed") => options.seed = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

/// What has been checked of one table.
#[derive(Default)]
struct Part {
    histories: u64,
    checked: Checked,
    running: Duration,
    checking: Duration,
}

impl Part {
    /// Runs one history and checks it.
    fn add<H>(
        &mut self,
        run: impl FnOnce() -> H,
        check: impl FnOnce(&H) -> Result<Checked, Violation>,
    ) -> Result<(), Violation> {
        let began = Instant::now();
        let history = run();
        let ran = Instant::now();
        self.checked.add(check(&history)?);
        self.histories += 1;
        self.running += ran - began;
        self.checking += ran.elapsed();
        Ok(())
    }

    fn print(&self, name: &str) {
        let Checked { operations, overlapping, most_ways, met } = self.checked;
        println!(
            "{name:<9} {operations:>10} operations, {overlapping:>10} of them overlapping, in {} histories; \
             ran {:.1} s, checked {:.1} s, at most {most_ways} explanations at once, {met} met",
            self.histories,
            self.running.as_secs_f64(),
            self.checking.as_secs_f64(),
        );
    }
}

/// Short histories, each of a table of its own that holds one or two of its room's three keys.
fn full(seed: u64, threads: usize, part: &mut Part) -> Result<(), Violation> {
    for number in 0..FULL {
        let seed = seed.wrapping_add(number << 32);
        let table = routes::Table::bounded(1 + number as usize % 2);
        let advance = if number % 3 == 0 { 20 } else { 200 };
        let mix = routes::Mix { advance, reading: number % 4 < 2, failing: false };
        let (model, plan) = (table.model(), routes::plan(seed, threads, CALLS_WHEN_FULL, mix));
        part.add(|| routes::run(&table, plan), |history| check(&model, history))?;
    }
    Ok(())
}

fn run(options: &Options, progress: &ProgressBar) -> Result<[Part; 3], (u64, Violation)> {
    let (mut of_routes, mut of_full, mut of_sessions) = (Part::default(), Part::default(), Part::default());
    let (mut table, mut map) = (routes::Table::new(2), sessions::Map::default());
    for number in 0.. {
        let done = [&of_routes, &of_full, &of_sessions].map(|part| part.checked.operations).iter().sum();
        progress.set_position(done);
        if done >= options.operations {
            break;
        }
        let seed = options.seed.wrapping_add(number);
        if number % PER_TABLE == 0 {
            (table, map) =
                (routes::Table::new(1 + (number / PER_TABLE) as usize % 4), sessions::Map::default());
        }
        let outcome = if number % 4 == 2 && number % 16 < 8 {
            full(seed, options.threads, &mut of_full)
        } else if number % 2 == 0 {
            let mix = routes::Mix {
                advance: if number % 8 == 2 { 100 } else { 1_000 },
                reading: number % 4 == 0,
                failing: number % 8 == 2,
            };
            let room = table.room(number);
            let (model, plan) = (room.model(), routes::plan(seed, options.threads, CALLS, mix));
            of_routes.add(|| routes::run(&room, plan), |history| check(&model, history))
        } else {
            let deaths = [0, 20, 60][number as usize % 3];
            let suspending = number % 8 < 4;
            // Those that are not resumed in time are dead as well.
            let owners = deaths + if suspending { 4 } else { 2 };
            let mix = sessions::Mix { advance: 1_000, handing: number % 4 == 1, suspending, deaths, owners };
            let pairs = map.others(number, mix.owners);
            let (model, plan) = (pairs.model(), sessions::plan(seed, options.threads, CALLS, mix));
            of_sessions.add(|| sessions::run(&pairs, plan), |history| check(&model, history))
        };
        outcome.map_err(|violation| (seed, violation))?;
    }
    Ok([of_routes, of_full, of_sessions])
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = options()?;
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} checked, {eta} left")?;
    let progress = ProgressBar::new(options.operations).with_style(style);
    let began = Instant::now();
    let outcome = run(&options, &progress);
    progress.finish_and_clear();
    Ok(match outcome {
        Ok(parts) => {
            for (part, name) in parts.iter().zip(["routes", "full", "sessions"]) {
                part.print(name);
            }
            let operations: u64 = parts.iter().map(|part| part.checked.operations).sum();
            println!(
                "{operations} operations checked in {:.1} s with {} threads; no violation; --seed {}",
                began.elapsed().as_secs_f64(),
                options.threads,
                options.seed
            );
            ExitCode::SUCCESS
        }
        Err((seed, violation)) => {
            println!("{violation}\nfound by: history --threads {} --seed {seed}", options.threads);
            ExitCode::FAILURE
        }
    })
}
