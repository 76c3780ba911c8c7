//! From the end of an owner to the moment at which a reader no longer sees its session, per kind of owner; one owner with
//! 100,000 sessions, and 100,000 owners with one each; memory per owner and the processor's time while nothing happens.
//!
//! `cargo bench -p tenure-benches --bench owner`, or `-- quick` for a tenth of it, `-- many` for the many alone, `-- idle`
//! for what owners cost while nothing happens, and `-- guards tasks threads kernel`, or some of these, for one kind (the
//! kernel tells of processes and sockets). Each end is timed once, so the figures are percentiles of single ends,
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

/// Each can be asked for alone.
const KINDS: [&str; 4] = ["guards", "tasks", "threads", "kernel"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |word: &str| arguments.iter().any(|argument| argument == word);
    #[cfg(target_os = "linux")]
    if is_asked(crowd::PEERS) {
        return crowd::be_peers(&arguments);
    }
    let some_only = KINDS.iter().any(|kind| is_asked(kind));
    let is_wanted = |kind: &str| !some_only || is_asked(kind);
    if is_asked("many") {
        return many::all();
    }
    // Cargo runs a benchmark with `--test` to see that it still works.
    let test = is_asked("--test");
    let quick = is_asked("quick");
    let monitor = Monitor::new().expect("a thread");
    #[cfg(target_os = "linux")]
    if !test && !some_only {
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
    if is_wanted("guards") {
        ended.guards(10 * ends);
    }
    if is_wanted("tasks") {
        ended.tasks(ends, &runtime);
    }
    if is_wanted("threads") {
        ended.threads(ends, &monitor);
    }
    if is_wanted("kernel") {
        ended.processes_and_sockets(ends, &monitor);
    }
    if !test && !some_only {
        many::all();
    }
    ended.print();
}
