//! Ending: on a signal, everything that is under way is handed over first.

use super::relay::Relay;
use std::{io, sync::Arc, time::Duration};
use tenure_tokio::Watcher;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, timeout_at},
};

/// Waits for SIGTERM or SIGINT, and says which it was.
pub(super) async fn signaled() -> io::Result<&'static str> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}

/// Takes nothing new, delivers what was read, tells everybody, and waits for them; for so long at most.
pub(super) async fn drain(relay: &Arc<Relay>, limit: Duration) {
    let until = Instant::now() + limit;
    relay.stopping.cancel();
    let (creators, claimers) = (Watcher::new(&relay.creators), Watcher::new(&relay.claimers));
    let (creators, claimers, subscribers) =
        tokio::join!(creators.drain(limit), claimers.drain(limit), relay.gateway.drain(limit));
    relay.tasks.close();
    let all_gone = timeout_at(until, relay.tasks.wait()).await.is_ok();
    tracing::info!(
        sessions = creators.sessions,
        pairs = claimers.sessions,
        subscribers = subscribers.sessions,
        "drained"
    );
    if !all_gone {
        tracing::warn!(?limit, "some did not take what was theirs in time");
    }
}
