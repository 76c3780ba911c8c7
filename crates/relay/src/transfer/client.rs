//! A client from its options to its exit code: what `send` and `receive` do in the same way.

use std::{process::ExitCode, time::Duration};

use super::{Link, Notice, Progress, Session};
use crate::exit::Ending;

/// The relay that is asked unless another is named.
const HERE: &str = "http://127.0.0.1:4180";

/// Options of both sides of a transfer.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientArgs {
    /// The relay's address
    #[arg(long, value_name = "URL", default_value = HERE, env = "TENURE_RELAY")]
    pub server: String,
    /// Give up on a relay from which nothing has come for so many seconds (it says something several times a second)
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub silence: Duration,
    /// Show the code and errors only
    #[arg(long, short)]
    pub quiet: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) if (0.1..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("it should be a number of seconds from 0.1 to 86400".to_owned()),
    }
}

/// Connects, does `work`, leaves, and says on standard error how it ended: what `work` says, or why it did not end well.
/// Ctrl-C and SIGTERM end it in good order. `other` is what the other side does: `receive` or `send --code`.
pub async fn run_client(
    args: &ClientArgs,
    other: &str,
    work: impl AsyncFnOnce(&mut Session, &Progress) -> Result<String, Ending>,
) -> ExitCode {
    let progress = Progress::new(args.quiet);
    match connected(args, other, &progress, work).await {
        Ok(said) => {
            progress.tell(&said);
            ExitCode::SUCCESS
        }
        Err(ending) => {
            progress.say(&format!("tenure-relay: {ending}"));
            ExitCode::from(ending.code())
        }
    }
}

async fn connected(
    args: &ClientArgs,
    other: &str,
    progress: &Progress,
    work: impl AsyncFnOnce(&mut Session, &Progress) -> Result<String, Ending>,
) -> Result<String, Ending> {
    let link = tokio::select! {
        link = Link::connect(&args.server, args.silence) => link?,
        signal = signal() => return Err(signal),
    };
    let server = if args.server == HERE { String::new() } else { format!(" --server {}", args.server) };
    let hint = format!("the other side: tenure-relay {other} {{code}}{server}");
    let shown = progress.clone();
    let mut session = Session::new(link, move |notice| match notice {
        Notice::Code(code) => {
            let code = code.to_string();
            shown.say(&format!("code: {code}"));
            shown.tell(&hint.replace("{code}", &code));
        }
        Notice::Paired => shown.tell("paired"),
        Notice::Away(why) => shown.tell(&format!("the other side is away, and may come back: {why}")),
        Notice::Back => shown.tell("the other side is back"),
    });
    let ending = tokio::select! {
        // In this order, so that a transfer that is done is not called interrupted.
        biased;
        ending = work(&mut session, progress) => ending,
        signal = signal() => Err(signal),
    };
    progress.end();
    session.leave().await;
    ending
}

/// Waits for Ctrl-C or SIGTERM.
async fn signal() -> Ending {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => _ = signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => Ending::Interrupted,
        () = terminated => Ending::Terminated,
    }
}
