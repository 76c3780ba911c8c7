//! `just weaken`: weakens every ordering by one step, runs the loom models, and says which notices.
//!
//! See `docs/orderings.md`, which this program keeps up to date with `--docs`.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tenure_proof::weaken::{
    Cache, Document, Mutant, Operation, Outcome, Scratch, Trial, mutants, operations,
};

const HELP: &str = "weaken [OPTIONS] [PART...]: weaken each ordering in turn and run the loom models

  PART          only operations whose file, function or receiver contains one of these
  --docs        write what was found into docs/orderings.md
  --list        only list the operations, relaxed ones too; with --docs, only add and remove rows
  --jobs N      models at a time (default: the number of cores)
  --patience S  seconds that one model may take (default 60)
  --bound N     the most preemptions, tried from 2 up (default 3)
  --models PART run only models whose name contains this (may be given again); nothing is kept of such a run";

struct Options {
    parts: Vec<String>,
    docs: bool,
    list: bool,
    jobs: usize,
    patience: Duration,
    bound: u32,
    models: Vec<String>,
}

fn options() -> Result<Option<Options>, String> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let patience = Duration::from_secs(60);
    let mut options =
        Options { parts: Vec::new(), docs: false, list: false, jobs, patience, bound: 3, models: Vec::new() };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--models" {
            options.models.push(arguments.next().ok_or("--models wants a part of a name")?);
            continue;
        }
        let mut number = || {
            let text = arguments.next().unwrap_or_default();
            text.parse::<u32>().map_err(|_| format!("{argument} wants a number, not {text:?}"))
        };
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--docs" => options.docs = true,
            "--list" => options.list = true,
            "--jobs" => options.jobs = number()?.max(1) as usize,
            "--patience" => options.patience = Duration::from_secs(number()?.into()),
            "--bound" => options.bound = number()?.max(2),
            _ if argument.starts_with('-') => {
                return Err(format!("no option is called {argument}; try --help"));
            }
            _ => options.parts.push(argument),
        }
    }
    Ok(Some(options))
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("weaken: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let all = operations(&root)?;
    if options.list {
        for operation in all.iter().filter(|operation| concerns(options, operation)) {
            println!("{:<90} {}", operation.key(), operation.orderings());
        }
        return if options.docs { refresh(&root, &all, &[], options) } else { Ok(ExitCode::SUCCESS) };
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("weaken");
    fs::create_dir_all(&folder)?;
    let scratch = Scratch::make(&root, &folder, &all)?;
    let bounds: Vec<u32> = (2..=options.bound).collect();
    let trial =
        Trial { scratch: &scratch, bounds: &bounds, patience: options.patience, only: &options.models };
    let mut cache =
        if options.models.is_empty() { Cache::open(&folder, scratch.hash)? } else { Cache::none(&folder)? };
    if cache.models.is_empty() {
        eprintln!("running every model as it is");
        cache.keep_models(trial.models(options.jobs)?)?;
    }
    let mut chosen = mutants(&all);
    chosen.retain(|mutant| concerns(options, &all[mutant.operation]));
    let outcomes = tried(&trial, &cache, &all, chosen, options.jobs)?;

    refresh(&root, &all, &outcomes, options)
}

/// Brings the document up to date, and says what was found and what is left to explain.
fn refresh(root: &Path, all: &[Operation], tried: &[Tried], options: &Options) -> io::Result<ExitCode> {
    let path = root.join("docs/orderings.md");
    let document = Document::parse(&fs::read_to_string(&path).unwrap_or_default());
    let document = document.refreshed(all, &Document::outcomes(all, tried));
    report(all, tried, &document);
    if options.docs {
        fs::write(&path, document.print())?;
    }
    let open = document.open_ends();
    let concerned: Vec<&String> = open.iter().filter(|line| named(options, line)).collect();
    for line in &concerned {
        println!("{line}");
    }
    Ok(if concerned.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn named(options: &Options, text: &str) -> bool {
    options.parts.is_empty() || options.parts.iter().any(|part| text.contains(part.as_str()))
}

fn concerns(options: &Options, operation: &Operation) -> bool {
    named(options, &operation.key())
}

/// A mutant, what came of it, and how long that took.
type Tried = (Mutant, Outcome, Duration);

/// Tries every mutant that was not tried before, and says so as it goes.
fn tried(
    trial: &Trial<'_>,
    cache: &Cache,
    all: &[Operation],
    chosen: Vec<Mutant>,
    jobs: usize,
) -> io::Result<Vec<Tried>> {
    let (count, done) = (chosen.len(), AtomicUsize::new(0));
    let answers = trial.each(jobs, &chosen, |mutant| -> io::Result<(Outcome, Duration)> {
        let known = cache.outcome(mutant);
        let (outcome, took) = if let Some(known) = known {
            known
        } else {
            let start = Instant::now();
            let outcome = trial.weaken(mutant, &cache.models)?;
            cache.keep(mutant, &outcome, start.elapsed())?;
            (outcome, start.elapsed())
        };
        let number = done.fetch_add(1, Ordering::Relaxed) + 1;
        let operation = &all[mutant.operation];
        eprintln!("[{number}/{count}] {} {mutant}: {}", operation.key(), in_short(&outcome));
        Ok((outcome, took))
    });
    chosen
        .into_iter()
        .zip(answers)
        .map(|(mutant, answer)| answer.map(|(outcome, took)| (mutant, outcome, took)))
        .collect()
}

fn in_short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Noticed(test, why) => format!("{test} ({why})"),
        Outcome::Survived => "SURVIVED".to_owned(),
        Outcome::NotExecuted => "SURVIVED (no model executes it)".to_owned(),
        Outcome::TimedOut(tests) => format!("SURVIVED (no end: {})", tests.join(", ")),
    }
}

fn report(all: &[Operation], outcomes: &[Tried], document: &Document) {
    println!("{:<84} {:<16} {:<60} {:>8}", "site", "weakened", "noticed by", "seconds");
    for (mutant, outcome, took) in outcomes {
        let operation = &all[mutant.operation];
        let (site, weakened) = (operation.key(), mutant.to_string());
        let by = match outcome {
            Outcome::Noticed(test, _) => test.clone(),
            _ if document.is_argued(operation, mutant) => format!("argued; {}", in_short(outcome)),
            _ => in_short(outcome),
        };
        println!("{site:<84} {weakened:<16} {by:<60} {:>8.2}", took.as_secs_f64());
    }
    let noticed = outcomes.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Noticed(..))).count();
    let relaxed = all.iter().flat_map(|operation| &operation.arguments);
    let relaxed = relaxed
        .filter(|argument| argument.strength() == Some(tenure_proof::weaken::Strength::Relaxed))
        .count();
    println!(
        "{} operations, {} weakened orderings, {noticed} noticed, {} not; {relaxed} orderings are relaxed already",
        all.len(),
        outcomes.len(),
        outcomes.len() - noticed
    );
}
