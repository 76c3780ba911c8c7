//! Prints what the crates in these folders let others rely on, a line each, in order: `interface FOLDER…`. For `just release-check semver`.

use std::{env, path::Path, process::ExitCode};
use tenure_proof::interface::interface;

fn main() -> ExitCode {
    for folder in env::args().skip(1) {
        match interface(Path::new(&folder)) {
            Ok(lines) => lines.iter().for_each(|line| println!("{line}")),
            Err(error) => {
                eprintln!("{folder}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
