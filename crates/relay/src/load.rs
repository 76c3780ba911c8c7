//! `tenure-relay load`.

use std::process::ExitCode;

/// Options of `tenure-relay load`.
#[derive(Clone, Debug, clap::Args)]
pub struct LoadArgs {}

/// Runs the command to its end.
pub async fn run(_args: LoadArgs) -> ExitCode {
    ExitCode::FAILURE
}
