//! On what the figures were taken: processor, cores, system, compiler, versions.

use serde::Serialize;
use std::{fs, process::Command, thread};

/// The machine, the versions and the command.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) system: String,
    pub(crate) compiler: String,
    pub(crate) versions: Vec<String>,
    pub(crate) command: String,
}

/// What takes part, as the workspace's lock file has it.
const CRATES: [&str; 8] =
    ["tenure-core", "dashmap", "papaya", "scc", "moka", "quick_cache", "parking_lot", "hashbrown"];

const LOCK: &str = include_str!("../Cargo.lock");

impl Machine {
    pub(crate) fn here(command: String) -> Self {
        Self {
            processor: processor(),
            cores: thread::available_parallelism().map_or(0, std::num::NonZero::get),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            compiler: compiler(),
            versions: CRATES
                .into_iter()
                .filter_map(|name| Some(format!("{name} {}", version(name)?)))
                .collect(),
            command,
        }
    }
}

fn processor() -> String {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = all.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

fn compiler() -> String {
    let answer = Command::new("rustc").arg("--version").output();
    answer.map_or_else(|_| "unknown".to_owned(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// The newest version of a crate in the lock file: an older one beside it is somebody else's dependency.
fn version(name: &str) -> Option<&'static str> {
    let head = format!("name = \"{name}\"\nversion = \"");
    LOCK.match_indices(&head)
        .filter_map(|(at, _)| LOCK[at + head.len()..].split('"').next())
        .max_by_key(|version| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>())
}
