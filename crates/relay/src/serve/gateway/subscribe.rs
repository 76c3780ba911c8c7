//! Subscribers: a WebSocket, or server-sent events. Their connection owns the subscription.

use super::{
    post::name,
    rooms::{Delivery, Subscriber, Subscription},
};
use crate::serve::{
    app::{Held, admit},
    client::{Address, Client},
    error::ApiError,
    limits::Pace,
    relay::Relay,
};
use axum::{
    Extension,
    body::Bytes,
    extract::{
        Path, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{self, KeepAlive},
    },
};
use futures_util::stream;
use serde_json::json;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tenure_core::{Code, DeathReason, Owner};
use tenure_tokio::{Heartbeat, Watcher};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// A subscriber who says anything says little.
const MAX_FRAME: usize = 1024;
/// A stream of events on which nothing happens is kept open by a comment.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Subscribes to an external room.
pub(super) async fn subscribe(
    State(relay): State<Arc<Relay>>,
    Extension(client): Extension<Client>,
    Extension(held): Extension<Held>,
    Path(external_room): Path<String>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    name("external_room", &external_room)?;
    let address = client.counted(&headers, relay.args.trust_proxy);
    let asks_for_upgrade = headers.contains_key("upgrade");
    let upgrade = if asks_for_upgrade { Some(admit(&relay, &headers, upgrade)?) } else { None };
    let subscribed = Subscribed::new(&relay, external_room.into(), address)?;
    Ok(match upgrade {
        Some(upgrade) => {
            upgrade.max_message_size(MAX_FRAME).max_frame_size(MAX_FRAME).on_upgrade(move |socket| {
                let tasks = relay.tasks.clone();
                tasks.track_future(async move {
                    let _held = held;
                    serve(&relay, &client, socket, subscribed).await;
                })
            })
        }
        None => events(relay, subscribed, held).into_response(),
    })
}

/// A subscription and its owner, until somebody takes that. Dropped with it, it ends as closed by the peer.
struct Subscribed {
    subscription: Subscription,
    owner: Option<Owner>,
    code: Code,
}

impl Subscribed {
    fn new(relay: &Relay, external_room: Arc<str>, address: Address) -> Result<Self, ApiError> {
        let owner = relay.gateway.subscribers.owner();
        let subscription = relay.gateway.rooms.subscribe(&external_room);
        let subscriber = Subscriber { external_room, address };
        let code = relay.gateway.subscribers.create_with_new_code(subscriber, &owner).map_err(|error| {
            if relay.gateway.subscribers.is_draining() {
                return ApiError::shutting_down();
            }
            let message = format!("there is no room for another subscriber: {}", error.kind());
            ApiError::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "limit_reached", message)
        })?;
        Ok(Self { subscription, owner: Some(owner), code })
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        if let Some(owner) = self.owner.take() {
            owner.release(DeathReason::PeerClosed);
        }
    }
}

/// What a subscriber is sent next.
fn shown(relay: &Relay, next: Result<Arc<Delivery>, u64>) -> String {
    match next {
        Ok(delivery) => serde_json::to_string(&*delivery).unwrap_or_default(),
        Err(lost) => {
            relay.metrics.lagged(lost);
            json!({ "lagged": lost }).to_string()
        }
    }
}

/// Server-sent events, until the client goes or the relay stops.
fn events(relay: Arc<Relay>, subscribed: Subscribed, held: Held) -> impl IntoResponse {
    let gone = Watcher::new(&relay.gateway.subscribers).watch(&subscribed.code).ok();
    let stream =
        stream::unfold((relay, subscribed, gone, held), |(relay, mut subscribed, gone, held)| async {
            // Its end by the relay is the only event that it has; without a watch it has ended already.
            let mut gone = gone?;
            tokio::select! {
                biased;
                _ = gone.recv() => None,
                next = subscribed.subscription.next() => {
                    let event = sse::Event::default().data(shown(&relay, next));
                    Some((Ok::<_, Infallible>(event), (relay, subscribed, Some(gone), held)))
                }
            }
        });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// A WebSocket, until it ends or the relay stops.
async fn serve(relay: &Relay, client: &Client, mut socket: WebSocket, mut subscribed: Subscribed) {
    let Some(owner) = subscribed.owner.take() else { return };
    let heartbeat = relay.heartbeat(owner, false);
    client.beats(&heartbeat);
    let reason = pass_on(relay, client, &heartbeat, &mut socket, &mut subscribed).await;
    if reason == DeathReason::Shutdown {
        let close = CloseFrame { code: 1001, reason: "the relay is shutting down".into() };
        // An error: it has gone already, or does not listen.
        let _ = timeout(relay.args.pairing.dead_after, socket.send(Message::Close(Some(close)))).await;
    }
    heartbeat.release(reason);
}

/// Passes on until the subscription ends, and says why.
async fn pass_on(
    relay: &Relay,
    client: &Client,
    heartbeat: &Heartbeat,
    socket: &mut WebSocket,
    subscribed: &mut Subscribed,
) -> DeathReason {
    let pairing = &relay.args.pairing;
    let ended = || heartbeat.name().reason().unwrap_or(DeathReason::Shutdown);
    let Ok(mut gone) = Watcher::new(&relay.gateway.subscribers).watch(&subscribed.code) else {
        return ended();
    };
    let mut pace = Pace::new(relay.args.limits.control_rate);
    let mut ping = interval(pairing.ping_every);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            biased;
            _ = gone.recv() => return ended(),
            heard = socket.recv() => match heard {
                // It has nothing to say that would be listened to.
                Some(Ok(Message::Close(_))) | None => return DeathReason::PeerClosed,
                Some(Ok(_)) if pace.count(tokio::time::Instant::now()).is_ok() => continue,
                Some(Ok(_) | Err(_)) => return DeathReason::PeerReset,
            },
            next = subscribed.subscription.next() => Message::text(shown(relay, next)),
            _ = ping.tick() => Message::Ping(Bytes::new()),
        };
        let sent = timeout(pairing.stall_after, socket.send(message));
        match client.unheard(relay.look_every(), sent).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return DeathReason::PeerReset,
            Err(_) => return DeathReason::HeartbeatMissed,
        }
    }
}
