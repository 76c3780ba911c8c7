//! `tenure-relay send`.

use std::process::ExitCode;

/// Options of `tenure-relay send`.
#[derive(Clone, Debug, clap::Args)]
pub struct SendArgs {}

/// Runs the command to its end.
pub async fn run(_args: SendArgs) -> ExitCode {
    ExitCode::FAILURE
}
