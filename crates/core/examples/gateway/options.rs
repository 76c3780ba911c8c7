//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

pub(crate) const HELP: &str = "\
Replays a chat log through a route table and a session map, and reports what happened and how fast.

    gateway [OPTIONS]

Without --trace it replays a generated log. Each event happens at its own time, on a clock that the log moves; nothing
waits for it.

  --trace FILE              replay this log: CSV with the columns time,bridge,room,nick,event,thread, gzipped or not
  --ttl SECONDS             how long a route lives                                                    [1800]
  --max-entries N           most routes in one partition                                              [10000]
  --prune-interval SECONDS  time of the log between two prunes                                        [30]
  --partitions N            partitions of the route table                                             [1]
  --threads N               replayers at once, see below                                              [1]
  --json                    report as one JSON object
  --seed N                  seed of the generated log: the same seed makes the same log               [1]
  --events N                events of the generated log                                               [250000]
  --help                    this text

With one replayer the events happen exactly in order. With more, each has its own nicks, for whose connections and
sessions it acts, and its own conversations, whose messages it routes (those outside of any conversation go with their
nick). They share the tables and one clock. The log is cut into pieces of less than 30 seconds of its time, or less
than --ttl or --prune-interval if that is shorter. All replay one piece at once, at the time of its first event, and
start on the next together. So what happens to one nick, or in one conversation, stays in order; what happens in a room
does so only from piece to piece, and the counts of resolutions differ a little from those in order.
";

/// The most replayers: each is a thread.
const MOST_THREADS: usize = 256;

/// What the command line asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The log, or none for a generated one.
    pub(crate) trace: Option<PathBuf>,
    pub(crate) ttl: Duration,
    pub(crate) max_entries: usize,
    pub(crate) prune_interval: Duration,
    pub(crate) partitions: usize,
    pub(crate) threads: usize,
    pub(crate) json: bool,
    pub(crate) seed: u64,
    pub(crate) events: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            trace: None,
            ttl: Duration::from_secs(1_800),
            max_entries: 10_000,
            prune_interval: Duration::from_secs(30),
            partitions: 1,
            threads: 1,
            json: false,
            seed: 1,
            events: 250_000,
        }
    }
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    Replay(Options),
}

/// Reads the command line, without the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Task, String> {
    let mut parser = Parser::from_args(arguments);
    let mut options = Options::default();
    let mut generated_only = None;
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Task::Help),
            Arg::Long("json") => options.json = true,
            Arg::Long("trace") => options.trace = Some(path(&mut parser)?),
            Arg::Long("ttl") => options.ttl = Duration::from_secs(positive(&mut parser, "--ttl")?),
            Arg::Long("prune-interval") => {
                options.prune_interval = Duration::from_secs(positive(&mut parser, "--prune-interval")?);
            }
            Arg::Long("max-entries") => options.max_entries = size(&mut parser, "--max-entries", usize::MAX)?,
            Arg::Long("partitions") => options.partitions = size(&mut parser, "--partitions", usize::MAX)?,
            Arg::Long("threads") => options.threads = size(&mut parser, "--threads", MOST_THREADS)?,
            Arg::Long("seed") => {
                options.seed = whole(&mut parser, "--seed", 0)?;
                generated_only = Some("--seed");
            }
            Arg::Long("events") => {
                options.events = size(&mut parser, "--events", usize::MAX)?;
                generated_only = Some("--events");
            }
            other => return Err(format!("{}; --help lists the options", other.unexpected())),
        }
    }
    match generated_only {
        Some(option) if options.trace.is_some() => {
            Err(format!("{option} is about the generated log, and --trace names another one"))
        }
        _ => Ok(Task::Replay(options)),
    }
}

fn path(parser: &mut Parser) -> Result<PathBuf, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    if value.is_empty() { Err("--trace \"\": must name a file".to_owned()) } else { Ok(value.into()) }
}

/// The value of an option that is a whole number, `least` or more.
fn whole(parser: &mut Parser, option: &str, least: u64) -> Result<u64, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    let refused =
        format!("{option} {}: must be a whole number from {least} to {}", value.display(), u64::MAX);
    let value = value.string().map_err(|_| refused.clone())?;
    value.parse().ok().filter(|number| *number >= least).ok_or(refused)
}

fn positive(parser: &mut Parser, option: &str) -> Result<u64, String> {
    whole(parser, option, 1)
}

fn size(parser: &mut Parser, option: &str, most: usize) -> Result<usize, String> {
    let number = positive(parser, option)?;
    usize::try_from(number)
        .ok()
        .filter(|size| *size <= most)
        .ok_or_else(|| format!("{option} {number}: may be {most} at most"))
}
