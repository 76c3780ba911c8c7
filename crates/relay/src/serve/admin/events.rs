//! What there is now every second, and what happens, as server-sent events.

use super::state;
use crate::serve::{app::Held, gateway::Conversation, pair::reason_of, relay::Relay};
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Sse, sse},
};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tenure_core::{Event, Outcome, RouteEvent, SessionEvent, What};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Interval, MissedTickBehavior, interval},
};

/// How often what there is now is sent.
const EVERY: Duration = Duration::from_secs(1);
/// So many events wait for a page that is slow.
const BACKLOG: usize = 512;

/// Something that happened, as it is shown. A session's code is not: it may be good still.
#[derive(Clone, Debug, Serialize)]
struct Happened {
    /// When, in milliseconds after the relay was started.
    at_ms: u64,
    /// `creators`, `claimers`, `subscribers` or `routes`.
    table: String,
    /// `created`, `updated`, `claimed`, `handed_over`, `suspended`, `resumed`, `ended`; `set`, `hit`, `fallback`, `miss`, `stale`, `evicted`,
    /// `expired`, `removed`.
    kind: &'static str,
    /// Why it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The conversation, of a route.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Conversation>,
}

/// Passes what happens in the tables on to the pages that show it. While there are none, it costs a look.
#[derive(Debug)]
pub(in crate::serve) struct Feed {
    readers: broadcast::Sender<Arc<Happened>>,
}

impl Feed {
    pub(in crate::serve) fn new() -> Self {
        Self { readers: broadcast::channel(BACKLOG).0 }
    }

    /// What happens in a table.
    pub(in crate::serve) fn observe(&self, event: &Event<'_>) {
        if self.readers.receiver_count() == 0 {
            return;
        }
        let (kind, reason, key) = match &event.what {
            What::Session { kind, .. } => {
                let (kind, reason) = of_session(kind);
                (kind, reason, None)
            }
            // The resolution tells it too.
            What::Route { kind: RouteEvent::Fallback, .. } => return,
            What::Route { key, kind, .. } => (of_route(*kind), None, Some(Conversation::of(*key))),
            _ => return,
        };
        let happened =
            Happened { at_ms: event.at.as_millis(), table: event.table.to_owned(), kind, reason, key };
        // An error: the last reader has gone meanwhile.
        let _ = self.readers.send(Arc::new(happened));
    }
}

fn of_session(kind: &SessionEvent) -> (&'static str, Option<&'static str>) {
    match kind {
        SessionEvent::Created => ("created", None),
        SessionEvent::Claimed => ("claimed", None),
        SessionEvent::HandedOver => ("handed_over", None),
        SessionEvent::Suspended { .. } => ("suspended", None),
        SessionEvent::Resumed => ("resumed", None),
        SessionEvent::Ended(cause) => ("ended", Some(reason_of(cause).as_str())),
        _ => ("updated", None),
    }
}

fn of_route(kind: RouteEvent) -> &'static str {
    match kind {
        RouteEvent::Set => "set",
        RouteEvent::Resolved(Outcome::Hit) => "hit",
        RouteEvent::Resolved(Outcome::Fallback) => "fallback",
        RouteEvent::Resolved(Outcome::Miss) => "miss",
        RouteEvent::Stale => "stale",
        RouteEvent::Evicted => "evicted",
        RouteEvent::Pruned => "expired",
        RouteEvent::Removed => "removed",
        _ => "other",
    }
}

/// The stream: `event: state` every second, `event: happened` whenever something does, `event: lagged` with how many of
/// these were lost. It ends when the relay stops.
pub(super) async fn stream(
    State(relay): State<Arc<Relay>>,
    Extension(held): Extension<Held>,
) -> impl IntoResponse {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let readers = relay.feed.readers.subscribe();
    Sse::new(stream::unfold(Reader { relay, readers, every, _held: held }, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    }))
}

struct Reader {
    relay: Arc<Relay>,
    readers: broadcast::Receiver<Arc<Happened>>,
    every: Interval,
    _held: Held,
}

impl Reader {
    async fn next(&mut self) -> Option<sse::Event> {
        let (name, text) = tokio::select! {
            biased;
            () = self.relay.stopping.cancelled() => return None,
            _ = self.every.tick() => ("state", serde_json::to_string(&state::now(&self.relay))),
            happened = self.readers.recv() => match happened {
                Ok(happened) => ("happened", serde_json::to_string(&*happened)),
                Err(RecvError::Lagged(lost)) => ("lagged", Ok(json!({ "lagged": lost }).to_string())),
                Err(RecvError::Closed) => return None,
            },
        };
        Some(sse::Event::default().event(name).data(text.unwrap_or_default()))
    }
}
