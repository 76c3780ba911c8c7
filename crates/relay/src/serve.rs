//! The relay: `tenure-relay serve`.

use std::process::ExitCode;

mod pages;

/// Options of `tenure-relay serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {}

/// Serves until it is told to stop.
pub async fn run(_args: ServeArgs) -> ExitCode {
    let _ = pages::router::<()>();
    ExitCode::SUCCESS
}
