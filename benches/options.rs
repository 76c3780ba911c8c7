//! What the command line asks for.

use std::{ffi::OsString, path::PathBuf, time::Duration};

/// What to run, and how long.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    /// Names of workloads, such as `w1` or `w3p`; all if there are none.
    pub(crate) only: Vec<String>,
    /// Record counts; the defaults if there are none.
    pub(crate) sizes: Vec<usize>,
    /// Seconds for each line of the table, instead of the defaults.
    pub(crate) seconds: Option<f64>,
    /// How many threads take part; one and two if there are none.
    pub(crate) threads: Vec<usize>,
    /// The arguments, as they were given.
    pub(crate) command: String,
    /// Where the figures and the chart go; nowhere if none.
    pub(crate) out: Option<PathBuf>,
}

/// The defaults.
const SIZES: [usize; 2] = [10_000, 1_000_000];
const THREADS: [usize; 2] = [1, 2];

pub(crate) const USAGE: &str = "\
usage: suite [--quick] [--size N]... [--threads N]... [--seconds S] [--out DIR] [WORKLOAD]...

  WORKLOAD     w1, w1p, w1o, w2, w2w, w3, w3p, w3o, w4, w5, w6, w6g, w7, w8, w9, w10; all without any
  --quick      shorter rounds and fewer lines
  --size N     records in a table, may be given several times (default: 10000 and 1000000)
  --threads N  threads in a round, may be given several times (default: 1 and 2)
  --seconds S  time for each line of the table
  --out DIR    write the figures and the chart there
";

impl Options {
    pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Option<Self>, lexopt::Error> {
        use lexopt::prelude::*;

        let args: Vec<OsString> = args.filter(|arg| arg != "--bench").collect();
        let mut options = Self { command: command(&args), ..Self::default() };
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Long("quick") => options.quick = true,
                Long("size") => options.sizes.push(parser.value()?.parse()?),
                Long("threads") => options.threads.push(parser.value()?.parse()?),
                Long("seconds") => options.seconds = Some(parser.value()?.parse()?),
                Long("out") => options.out = Some(parser.value()?.into()),
                Short('h') | Long("help") => return Ok(None),
                Value(name) => options.only.push(name.string()?.to_lowercase()),
                _ => return Err(arg.unexpected()),
            }
        }
        if options.sizes.is_empty() {
            options.sizes = SIZES.to_vec();
        }
        if options.threads.is_empty() {
            options.threads = THREADS.to_vec();
        }
        options.threads.retain(|threads| *threads > 0);
        Ok(Some(options))
    }

    pub(crate) fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only.eq_ignore_ascii_case(workload))
    }

    /// Whether it is a full run, a quick one, or a part.
    pub(crate) fn kind(&self) -> &'static str {
        let whole = self.only.is_empty() && self.sizes == SIZES && self.threads == THREADS;
        match (whole, self.quick) {
            (false, _) => "part",
            (true, true) => "quick",
            (true, false) => "full",
        }
    }

    pub(crate) fn most_threads(&self) -> usize {
        self.threads.iter().copied().max().unwrap_or(1)
    }

    /// Rounds of the workloads whose round is one long act.
    pub(crate) fn long_rounds(&self) -> usize {
        if self.quick { 1 } else { 5 }
    }

    pub(crate) fn per_line(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 0.6 } else { 3.0 }))
    }
}

/// What gave these arguments, without the folder: that is another one on every machine.
fn command(args: &[OsString]) -> String {
    let mut command = "just bench".to_owned();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--out" {
            args.next();
        } else {
            command.push(' ');
            command.push_str(&arg.to_string_lossy());
        }
    }
    command
}
