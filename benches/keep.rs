//! How many exact hits a log leaves with each way to choose what goes: set order, others that are simulated, and moka and
//! `quick_cache` themselves, all with room for equally many records.
//!
//! `cargo bench -p tenure-benches --bench keep -- --trace FILE`; without a file it generates a log. This is no measurement of
//! time: the log moves it.

#![allow(dead_code, unused_imports, reason = "most of the gateway example is not needed here")]

use std::{path::Path, time::Duration};

#[path = "../crates/core/examples/gateway/generate.rs"]
mod generate;
#[path = "../crates/core/examples/gateway/log.rs"]
mod log;
#[path = "../crates/core/examples/gateway/options.rs"]
mod options;
#[path = "../crates/core/examples/gateway/replay.rs"]
mod replay;
#[path = "../crates/core/examples/gateway/run.rs"]
mod run;
#[path = "../crates/core/examples/gateway/sweep/mod.rs"]
mod sweep;
#[path = "../crates/core/examples/gateway/tally.rs"]
mod tally;
#[path = "../crates/core/examples/gateway/trace.rs"]
mod trace;

use sweep::{Arm, Requests, hits, policy::Policy};

const CAPACITIES: [usize; 9] = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];
const MINUTES: [u64; 3] = [15, 30, 10_080];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let log = match &*arguments {
        [] => generate::generate(1, 250_000),
        [option, path] if option == "--trace" => trace::read(Path::new(path))?,
        other => return Err(format!("{other:?}: may be --trace FILE or nothing").into()),
    };
    let requests = Requests::of(&log);
    println!("{} messages, {} keys; exact hits in %", requests.all.len(), requests.keys);
    print!("{:>10}{:>9}", "minutes", "records");
    let names = Arm::ALL.map(Arm::name).into_iter().chain(["moka", "quick_cache"]);
    names.for_each(|name| print!("{name:>13}"));
    println!();
    for minutes in MINUTES {
        for capacity in CAPACITIES {
            let ttl = Duration::from_secs(minutes * 60);
            print!("{minutes:>10}{capacity:>9}");
            let simulated = Arm::ALL.into_iter().map(|arm| arm.policy(&requests, capacity));
            let real: [Box<dyn Policy>; 2] = [Box::new(Moka::new(capacity)), Box::new(Quick::new(capacity))];
            for mut policy in simulated.chain(real) {
                let share = hits(&requests, ttl, policy.as_mut()) * 10_000 / requests.all.len().max(1) as u64;
                print!("{:>10}.{:02}", share / 100, share % 100);
            }
            println!();
        }
    }
    Ok(())
}

/// moka, made to decide at once: it would do so some writes later.
struct Moka(moka::sync::Cache<u32, ()>);

impl Moka {
    fn new(capacity: usize) -> Self {
        Self(moka::sync::Cache::new(capacity as u64))
    }
}

impl Policy for Moka {
    fn used(&mut self, key: u32) -> bool {
        self.0.get(&key).is_some()
    }

    fn set(&mut self, key: u32) {
        self.0.insert(key, ());
        self.0.run_pending_tasks();
    }

    fn expired(&mut self, key: u32) {
        self.0.invalidate(&key);
        self.0.run_pending_tasks();
    }
}

/// `quick_cache`, in one piece: its synchronized form shards the capacity.
struct Quick(quick_cache::unsync::Cache<u32, ()>);

impl Quick {
    fn new(capacity: usize) -> Self {
        Self(quick_cache::unsync::Cache::new(capacity))
    }
}

impl Policy for Quick {
    fn used(&mut self, key: u32) -> bool {
        self.0.get(&key).is_some()
    }

    fn set(&mut self, key: u32) {
        self.0.insert(key, ());
    }

    fn expired(&mut self, key: u32) {
        self.0.remove(&key);
    }
}
