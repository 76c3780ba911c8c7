//! `tenure-relay load`: measures a relay of its own with many clients at once.
//!
//! | file | holds |
//! | --- | --- |
//! | `child.rs` | the processes that it starts: relays, and holders of connections |
//! | `hold.rs` | what a holder does: so many pairs, held until it is killed |
//! | `idle.rs` | pairing rate, memory per session, and all connections dropped at once |
//! | `pipe.rs` | the bare TCP pipe that the relay is compared with |
//! | `peers.rs` | two ends with something between them: a relay, a bare pipe, nothing |
//! | `figures.rs` | the measured figures, as a table and as JSON |
//! | `system.rs` | what the system says about processes and limits |
#![expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "figures for people")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use crate::exit::Ending;

mod child;
mod figures;
mod hold;
mod idle;
mod peers;
mod pipe;
mod system;

use figures::Figures;

/// Open files that a process needs for other things than connections.
const SPARE_FILES: usize = 200;

/// Options of `tenure-relay load`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Starts its own relays, in processes of their own, and ends them. If a process may not open \
    enough files for all connections, there are several relays, each with an equal part of the pairs."
)]
pub struct LoadArgs {
    /// Idle pairs that are held, and then dropped at once
    #[arg(long, default_value_t = 10_000)]
    pub pairs: usize,
    /// Mebibytes that go through the relay, and through a bare pipe, in each round
    #[arg(long, default_value_t = 256)]
    pub mebibytes: usize,
    /// Messages there and back whose time is taken, in each round
    #[arg(long, default_value_t = 5000)]
    pub messages: usize,
    /// Rounds of each comparison, in turn
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Heartbeat of the relay with the idle pairs: at its usual 250 ms, 10,000 pairs are 80,000 pings a second
    #[arg(long, default_value = "30s", value_parser = humantime::parse_duration)]
    pub ping_every: Duration,
    /// How long the idle pairs are held, while the relays' processor time is taken
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration)]
    pub idle: Duration,
    /// Write the figures to this file too, as JSON; - is standard output, instead of the table
    #[arg(long, value_name = "PATH")]
    pub json: Option<PathBuf>,
    /// Be a holder of this many pairs at the relay with this address, until killed
    #[arg(long, hide = true, value_name = "URL", conflicts_with = "pipe")]
    pub hold: Option<String>,
    /// Be a bare pipe
    #[arg(long, hide = true)]
    pub pipe: bool,
}

/// Runs the command to its end.
pub async fn run(args: LoadArgs) -> ExitCode {
    let done = if let Some(server) = &args.hold {
        hold::run(server, args.pairs).await
    } else if args.pipe {
        pipe::run().await
    } else {
        measure(&args).await
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("tenure-relay: {why}");
            ExitCode::from(why.code())
        }
    }
}

async fn measure(args: &LoadArgs) -> Result<(), Ending> {
    let files = system::raise_open_files()?;
    let relays = relays_for(args.pairs, files);
    let mut figures = Figures::new(args, files, relays);
    peers::compare(args, &mut figures).await?;
    idle::hold_and_drop(args, relays, &mut figures).await?;
    if let Some(path) = &args.json {
        let json = figures.to_json();
        if path.as_os_str() == "-" {
            println!("{json}");
            return Ok(());
        }
        let failed = |why| Ending::Local(format!("cannot write {}: {why}", path.display()));
        std::fs::write(path, json + "\n").map_err(failed)?;
    }
    print!("{figures}");
    Ok(())
}

/// How many relays it takes if each may have so many files open.
fn relays_for(pairs: usize, files: usize) -> usize {
    (2 * pairs).div_ceil(files.saturating_sub(SPARE_FILES).max(2)).max(1)
}

/// The part of `pairs` that each of so many relays has; all pairs are someone's.
fn parts(pairs: usize, relays: usize) -> Vec<usize> {
    (0..relays).map(|relay| pairs * (relay + 1) / relays - pairs * relay / relays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_has_a_relay_that_may_open_enough_files() {
        assert_eq!(relays_for(10_000, 20_000), 2);
        assert_eq!(relays_for(10_000, 65_536), 1);
        for (pairs, files) in [(1, 300), (10_000, 20_000), (9_999, 1_024), (70_000, 65_536)] {
            let parts = parts(pairs, relays_for(pairs, files));
            assert_eq!(parts.iter().sum::<usize>(), pairs);
            assert!(
                parts.iter().all(|part| 2 * part + SPARE_FILES <= files + 2),
                "{pairs} {files} {parts:?}"
            );
        }
    }
}
