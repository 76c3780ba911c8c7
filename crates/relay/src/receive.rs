//! `tenure-relay receive`: what the other side sends comes in.

use std::{path::PathBuf, process::ExitCode};

use crate::{
    exit::TABLE,
    transfer::{Arrived, ClientArgs, Start, Target, receive_one, run_client},
};

/// Options of `tenure-relay receive`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = TABLE)]
pub struct ReceiveArgs {
    /// The code that `tenure-relay send` or the page shows; without it, this side shows one
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Where a file goes: a folder, a file, or - for standard output; the current folder if nothing is said
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Replace a file that exists
    #[arg(long)]
    pub force: bool,
    /// Options of both sides
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Runs the command to its end.
pub async fn run(args: ReceiveArgs) -> ExitCode {
    let ReceiveArgs { code, output, force, client } = args;
    let start = code.map_or(Start::Create, Start::Claim);
    let target = Target::from_option(output.as_deref());
    run_client(&client, "send --code", async |session, progress| {
        session.pair(start).await?;
        let Arrived { bytes, sum, path } = receive_one(session, &target, force, progress).await?;
        let place = path.map(|path| format!(" as {}", path.display())).unwrap_or_default();
        let sum = sum.map(|sum| format!(": sha256 {sum}, as it was sent")).unwrap_or_default();
        Ok(format!("received {bytes} bytes{place}{sum}"))
    })
    .await
}
