//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
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
  --why                     say why routes were not there, in the report for people: costs some of the speed
  --json                    report as one JSON object
  --seed N                  seed of the generated log: the same seed makes the same log               [1]
  --events N                events of the generated log                                               [250000]
  --sweep                   replay the log once for each of many settings and compare them, see below
  --ttls LIST               times to live of the sweep, in seconds        [60,300,900,1800,3600,7200,21600,86400,604800]
  --capacities LIST         most records of the sweep, in all partitions together    [5,10,20,50,100,200,500,10000]
  --svg FILE                draw the sweep as a picture
  --help                    this text

With one replayer the events happen exactly in order. With more, each has its own nicks, for whose connections and
sessions it acts, and its own conversations, whose messages it routes (those outside of any conversation go with their
nick). They share the tables and one clock. The log is cut into pieces of less than 30 seconds of its time, or less
than --ttl or --prune-interval if that is shorter. All replay one piece at once, at the time of its first event, and
start on the next together. So what happens to one nick, or in one conversation, stays in order; what happens in a room
does so only from piece to piece, and the counts of resolutions differ a little from those in order.

The sweep says for each time to live and each capacity where the routes came from, what was met expired, evicted and
pruned, and how many exact hits other ways to choose what goes would have had; and which setting is the smallest that
keeps 99 % of the exact hits of the best.
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
    pub(crate) why: bool,
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
            why: false,
            json: false,
            seed: 1,
            events: 250_000,
        }
    }
}

/// The settings of a sweep: each time to live with each capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// In seconds.
    pub(crate) ttls: Vec<u64>,
    /// Records in all partitions together.
    pub(crate) capacities: Vec<usize>,
    /// Where the picture goes, if there is to be one.
    pub(crate) svg: Option<PathBuf>,
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            ttls: vec![60, 300, 900, 1_800, 3_600, 7_200, 21_600, 86_400, 604_800],
            capacities: vec![5, 10, 20, 50, 100, 200, 500, 10_000],
            svg: None,
        }
    }
}

impl Grid {
    /// Time to live and capacity of each setting.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (u64, usize)> {
        self.ttls.iter().flat_map(|ttl| self.capacities.iter().map(|capacity| (*ttl, *capacity)))
    }
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    Replay(Options),
    Sweep(Options, Grid),
}

/// Which options were given that go only with some others.
#[derive(Default)]
struct Given {
    generated_only: Option<&'static str>,
    one_setting_only: Option<&'static str>,
    sweep_only: Option<&'static str>,
    sweep: bool,
}

impl Given {
    fn check(&self, options: &Options) -> Result<(), String> {
        match *self {
            Self { generated_only: Some(option), .. } if options.trace.is_some() => {
                Err(format!("{option} is about the generated log, and --trace names another one"))
            }
            Self { one_setting_only: Some(option), sweep: true, .. } => {
                Err(format!("{option} is one setting, and --sweep tries many"))
            }
            Self { sweep_only: Some(option), sweep: false, .. } => {
                Err(format!("{option} is about the sweep; add --sweep"))
            }
            _ => Ok(()),
        }
    }
}

/// Reads the command line, without the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Task, String> {
    let mut parser = Parser::from_args(arguments);
    let (mut options, mut grid, mut given) = (Options::default(), Grid::default(), Given::default());
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Task::Help),
            Arg::Long("sweep") => given.sweep = true,
            Arg::Long("ttls") => {
                grid.ttls = list(&mut parser, "--ttls")?;
                given.sweep_only = Some("--ttls");
            }
            Arg::Long("capacities") => {
                grid.capacities = list(&mut parser, "--capacities")?;
                given.sweep_only = Some("--capacities");
            }
            Arg::Long("svg") => {
                grid.svg = Some(path(&mut parser, "--svg")?);
                given.sweep_only = Some("--svg");
            }
            Arg::Long("why") => {
                options.why = true;
                given.one_setting_only = Some("--why");
            }
            Arg::Long("json") => options.json = true,
            Arg::Long("trace") => options.trace = Some(path(&mut parser, "--trace")?),
            Arg::Long("ttl") => {
                options.ttl = Duration::from_secs(positive(&mut parser, "--ttl")?);
                given.one_setting_only = Some("--ttl");
            }
            Arg::Long("prune-interval") => {
                options.prune_interval = Duration::from_secs(positive(&mut parser, "--prune-interval")?);
            }
            Arg::Long("max-entries") => {
                options.max_entries = size(&mut parser, "--max-entries", usize::MAX)?;
                given.one_setting_only = Some("--max-entries");
            }
            Arg::Long("partitions") => options.partitions = size(&mut parser, "--partitions", usize::MAX)?,
            Arg::Long("threads") => {
                options.threads = size(&mut parser, "--threads", MOST_THREADS)?;
                given.one_setting_only = Some("--threads");
            }
            Arg::Long("seed") => {
                options.seed = whole(&mut parser, "--seed", 0)?;
                given.generated_only = Some("--seed");
            }
            Arg::Long("events") => {
                options.events = size(&mut parser, "--events", usize::MAX)?;
                given.generated_only = Some("--events");
            }
            other => return Err(format!("{}; --help lists the options", other.unexpected())),
        }
    }
    given.check(&options)?;
    Ok(if given.sweep { Task::Sweep(options, grid) } else { Task::Replay(options) })
}

/// Positive numbers with commas between them.
fn list<T: FromStr + Default + Ord>(parser: &mut Parser, option: &str) -> Result<Vec<T>, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    let refused =
        format!("{option} {}: must be positive whole numbers, with a comma between two", value.display());
    let value = value.string().map_err(|_| refused.clone())?;
    let number = |text: &str| text.parse().ok().filter(|number| *number > T::default());
    value.split(',').map(number).collect::<Option<_>>().ok_or(refused)
}

fn path(parser: &mut Parser, option: &str) -> Result<PathBuf, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    if value.is_empty() { Err(format!("{option} \"\": must name a file")) } else { Ok(value.into()) }
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
