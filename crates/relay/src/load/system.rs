//! What the system says about processes and limits.

use rustix::{
    param::clock_ticks_per_second,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use std::time::Duration;

use crate::exit::Ending;

/// Raises the number of files that this process, and those that it starts, may open to what the system allows. Says how
/// many that are.
pub(super) fn raise_open_files() -> Result<usize, Ending> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).map_err(|why| {
            Ending::Local(format!("cannot raise the limit of open files to {maximum:?}: {why}"))
        })?;
    }
    Ok(maximum.map_or(usize::MAX, |files| files as usize))
}

/// Resident memory of a process, in bytes.
pub(super) fn resident(process: u32) -> Result<u64, Ending> {
    let path = format!("/proc/{process}/status");
    let cannot = |why: &dyn std::fmt::Display| Ending::Local(format!("memory is read from {path}: {why}"));
    let status = std::fs::read_to_string(&path).map_err(|why| cannot(&why))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| cannot(&"there is no line VmRSS"))
}

/// Processor time that a process has used so far.
pub(super) fn processor_time(process: u32) -> Result<Duration, Ending> {
    let path = format!("/proc/{process}/stat");
    let cannot =
        |why: &dyn std::fmt::Display| Ending::Local(format!("processor time is read from {path}: {why}"));
    let stat = std::fs::read_to_string(&path).map_err(|why| cannot(&why))?;
    // The name, the second field, may hold blanks; the times are the 14th and 15th.
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(2);
    let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    let [user, system] = ticks[..] else { return Err(cannot(&"it has other fields")) };
    Ok(Duration::from_secs_f64((user + system) / clock_ticks_per_second() as f64))
}

/// The processor's name and how many of it there are.
pub(super) fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = about
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("", |(_, name)| name.trim());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("{processors} x {name}, load before {load}")
}
