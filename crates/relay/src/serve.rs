//! The relay: `tenure-relay serve`.
//!
//! | file | holds |
//! | --- | --- |
//! | `settings.rs` | flags and variables of the environment |
//! | `relay.rs` | what all connections share: the tables, the limits, the counters |
//! | `accept.rs`, `client.rs` | connections; who is at their other end |
//! | `app.rs` | what answers where |
//! | `pair.rs`, `pair/` | pairing |
//! | `gateway.rs`, `gateway/` | messages, replies, subscribers |
//! | `admin.rs`, `admin/` | what is for the administrator |
//! | `pages.rs` | the pages, embedded |
//! | `limits.rs`, `origin.rs`, `error.rs` | how much, from where, and how a refusal looks |
//! | `metrics.rs`, `log.rs`, `stop.rs` | counting, logging, ending |

use std::{error::Error, fmt::Write as _, io::Write as _, process::ExitCode, sync::Arc, time::Duration};

mod accept;
mod admin;
mod app;
mod client;
mod error;
mod gateway;
mod limits;
mod log;
mod metrics;
mod origin;
mod pages;
mod pair;
mod relay;
mod settings;
mod stop;

pub use settings::{GatewayArgs, LimitArgs, LogFormat, PairingArgs, ServeArgs};

use relay::Relay;

/// How often is forgotten what has not happened for a while.
const UPKEEP_EVERY: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT, then hands over what is under way. A failure is that it cannot begin: that it cannot
/// listen where it should, or that a setting makes no sense.
pub async fn run(args: ServeArgs) -> ExitCode {
    match serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tenure-relay: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: ServeArgs) -> Result<(), Box<dyn Error + Send + Sync>> {
    args.check()?;
    log::start(&args).map_err(|error| format!("--log {:?}: {error}", args.log))?;
    let (listen, drain) = (args.listen, args.drain);
    let listener = accept::listen(listen, args.limits.socket_buffer)
        .map_err(|error| format!("cannot listen at {listen}: {error}; --listen takes another address"))?;
    let relay = Relay::new(args, listener.local_addr()?)?;
    greet(&relay);
    let upkeep = tokio::spawn(upkeep(Arc::clone(&relay)));
    let accepting = tokio::spawn(accept::accept(Arc::clone(&relay), listener, app::app(&relay)));
    let signal = stop::signaled().await?;
    tracing::info!(signal, "shutting down");
    tokio::select! {
        () = stop::drain(&relay, drain) => {}
        // Somebody is impatient.
        _ = stop::signaled() => {}
    }
    accepting.abort();
    upkeep.abort();
    Ok(())
}

async fn upkeep(relay: Arc<Relay>) {
    let mut every = tokio::time::interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        relay.metrics.upkeep();
        relay.claims.forget();
        relay.requests.forget();
    }
}

/// Says where it is, and what to do next. The first line is for programs.
fn greet(relay: &Relay) {
    let (url, here) = (relay.base_url(), format!("http://{}", relay.address));
    let server = if here == "http://127.0.0.1:4180" { String::new() } else { format!(" --server {here}") };
    let mut text = format!("listening on {here}\n\n");
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "Pair two devices:  open {url} in two browsers\n\
         Send a file:       tenure-relay send FILE{server}\n\
         … and receive it:  tenure-relay receive CODE{server}\n\
         Watch it happen:   {here}/admin\n\
         Pass messages on:\n  \
           curl -N {here}/v1/subscribe/room-1 &\n  \
           curl {here}/v1/messages -H 'content-type: application/json' \\\n    \
             -d '{{\"channel\":\"chat\",\"bridge\":\"bot\",\"room\":\"lobby\",\"external_room\":\"room-1\",\"text\":\"hello\"}}'\n  \
           curl {here}/v1/replies -H 'content-type: application/json' \\\n    \
             -d '{{\"channel\":\"chat\",\"bridge\":\"bot\",\"room\":\"lobby\",\"text\":\"hello back\"}}'\n\
         Ctrl-C ends it.\n"
    );
    // An error: nobody reads it.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    tracing::info!(address = %relay.address, "listening");
}
