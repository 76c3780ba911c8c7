//! `tenure-relay`: pair two devices by a code and pipe anything between them.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tenure_relay::{
    load::{self, LoadArgs},
    receive::{self, ReceiveArgs},
    send::{self, SendArgs},
    serve::{self, ServeArgs},
};

/// Pair two devices by a code and pipe anything between them.
///
/// Without a subcommand it serves, with every option at its default.
#[derive(Debug, Parser)]
#[command(name = "tenure-relay", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: pair devices, pass messages on, show what happens
    Serve(Box<ServeArgs>),
    /// Send a file, a text or what comes in on stdin
    Send(SendArgs),
    /// Receive what the other side sends
    Receive(ReceiveArgs),
    /// Measure a relay with many clients at once
    Load(LoadArgs),
}

fn main() -> ExitCode {
    let Arguments { command, serve } = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("tenure-relay: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        match command {
            None => serve::run(serve).await,
            Some(Command::Serve(serve)) => serve::run(*serve).await,
            Some(Command::Send(send)) => send::run(send).await,
            Some(Command::Receive(receive)) => receive::run(receive).await,
            Some(Command::Load(load)) => load::run(load).await,
        }
    });
    // A read of standard input that nobody waits for any more, or a write to a pipe that nobody reads, cannot be called
    // off: the process does not wait for it.
    runtime.shutdown_background();
    code
}
