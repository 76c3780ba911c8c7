//! From the end of an owner to the moment at which a reader no longer sees its session, per kind of owner; one owner with
//! 100,000 sessions, and 100,000 owners with one each; memory per owner and the processor's time while nothing happens.
//!
//! `cargo bench -p tenure-benches --bench owner`, or `-- quick` for a tenth of it, `-- many` for the many alone, `-- idle`
//! for what owners cost while nothing happens. Each end is timed once, so the figures are percentiles of single ends,
//! which is what a histogram is for; a sampling harness would average them away. The reader yields between two looks,
//! and runs on a thread of its own beside the one that ends.

#[cfg(target_os = "linux")]
mod crowd;
mod ends;
#[cfg(target_os = "linux")]
mod idle;
mod many;

use std::time::Duration;
use tenure_std::Monitor;
use tokio::runtime::Runtime;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |word: &str| arguments.iter().any(|argument| argument == word);
    #[cfg(target_os = "linux")]
    if is_asked(crowd::PEERS) {
        return crowd::be_peers(&arguments);
    }
    if is_asked("many") {
        return many::all();
    }
    // Cargo runs a benchmark with `--test` to see that it still works.
    let test = is_asked("--test");
    let quick = is_asked("quick");
    let monitor = Monitor::new().expect("a thread");
    #[cfg(target_os = "linux")]
    if !test {
        // First, while no freed memory is there to be used again.
        idle::all(Duration::from_secs(if quick { 2 } else { 35 }), &monitor);
    }
    if is_asked("idle") {
        return;
    }
    let ends = match (test, quick) {
        (true, _) => 20,
        (_, true) => 200,
        _ => 2_000,
    };
    let runtime = Runtime::new().expect("a runtime");
    let mut ended = ends::Ended::new();
    ended.guards(10 * ends);
    ended.tasks(ends, &runtime);
    ended.threads(ends, &monitor);
    ended.processes_and_sockets(ends, &monitor);
    if !test {
        many::all();
    }
    ended.print();
}
