//! What the command line asks for.

use std::{ffi::OsString, path::PathBuf, time::Duration};

/// What to run, and how long.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    /// Names of workloads, such as `w1` or `w3p`; all if there are none.
    pub(crate) only: Vec<String>,
    /// Record counts; the defaults if there are none.
    pub(crate) sizes: Vec<usize>,
    /// Seconds for each line of the table, instead of the defaults.
    pub(crate) seconds: Option<f64>,
    /// Where the figures and the chart go; nowhere if none.
    pub(crate) out: Option<PathBuf>,
}

pub(crate) const USAGE: &str = "\
usage: suite [--quick] [--size N]... [--seconds S] [--out DIR] [WORKLOAD]...

  WORKLOAD     w1, w1p, w1o, w2, w2w, w3, w3p, w4, w5; all without any
  --quick      shorter rounds and fewer lines
  --size N     records in a table, may be given several times (default: 10000 and 1000000)
  --seconds S  time for each line of the table
  --out DIR    write the figures and the chart there
";

impl Options {
    pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Option<Self>, lexopt::Error> {
        use lexopt::prelude::*;

        let mut options =
            Self { quick: false, only: Vec::new(), sizes: Vec::new(), seconds: None, out: None };
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Long("quick") => options.quick = true,
                Long("size") => options.sizes.push(parser.value()?.parse()?),
                Long("seconds") => options.seconds = Some(parser.value()?.parse()?),
                Long("out") => options.out = Some(parser.value()?.into()),
                // What cargo gives to every benchmark.
                Long("bench") => {}
                Short('h') | Long("help") => return Ok(None),
                Value(name) => options.only.push(name.string()?.to_lowercase()),
                _ => return Err(arg.unexpected()),
            }
        }
        if options.sizes.is_empty() {
            options.sizes = vec![10_000, 1_000_000];
        }
        Ok(Some(options))
    }

    pub(crate) fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only.eq_ignore_ascii_case(workload))
    }

    pub(crate) fn per_line(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 0.7 } else { 3.0 }))
    }
}
