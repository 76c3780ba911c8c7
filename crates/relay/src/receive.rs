//! `tenure-relay receive`.

use std::process::ExitCode;

/// Options of `tenure-relay receive`.
#[derive(Clone, Debug, clap::Args)]
pub struct ReceiveArgs {}

/// Runs the command to its end.
pub async fn run(_args: ReceiveArgs) -> ExitCode {
    ExitCode::FAILURE
}
