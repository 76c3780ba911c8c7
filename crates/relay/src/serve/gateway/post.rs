//! What is posted: messages, which set routes, and replies, which follow them.

use super::Conversation;
use crate::serve::{
    error::{ApiError, Body},
    relay::Relay,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Instant};
use tenure_core::{Reason, ResolveError, Route, SetErrorKind, Source};

/// A name may have so many bytes.
const MAX_NAME: usize = 512;
/// So many fallbacks may be named.
const MAX_FALLBACKS: usize = 16;

/// An inbound message.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    #[serde(flatten)]
    key: Conversation,
    external_room: String,
    text: String,
}

/// What became of a message.
#[derive(Debug, Serialize)]
pub(super) struct Delivered {
    delivered: usize,
    set: bool,
}

/// Sets the route, and delivers.
pub(super) async fn message(
    State(relay): State<Arc<Relay>>,
    Body(message): Body<Message>,
) -> Result<Json<Delivered>, ApiError> {
    check(&message.key)?;
    let Message { key, external_room, text } = message;
    let route = route(&key, &external_room)?;
    relay.gateway.routes.set(key.key(), route).map_err(|error| match error.kind {
        SetErrorKind::Unavailable(_) => unavailable(),
        kind => ApiError::bad_request(format!("the route cannot be set: {kind}")),
    })?;
    let delivered = relay.gateway.rooms.deliver(&external_room, "message", text, key);
    relay.metrics.passed_on("message", delivered);
    Ok(Json(Delivered { delivered, set: true }))
}

/// An outbound reply.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    #[serde(flatten)]
    key: Conversation,
    text: String,
    #[serde(default)]
    fallback: Fallback,
}

/// Where a reply goes if there is no route: one external room, or several in order.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "it should be an external room, or a list of them")]
enum Fallback {
    One(String),
    Several(Vec<String>),
}

impl Default for Fallback {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

/// What became of a reply.
#[derive(Debug, Serialize)]
pub(super) struct Replied {
    external_room: String,
    source: &'static str,
    stale: bool,
    reason: Option<&'static str>,
    delivered: usize,
}

/// Resolves the route, and delivers.
pub(super) async fn reply(
    State(relay): State<Arc<Relay>>,
    Body(reply): Body<Reply>,
) -> Result<Json<Replied>, ApiError> {
    check(&reply.key)?;
    let Reply { key, text, fallback } = reply;
    let fallbacks = match fallback {
        Fallback::One(room) => vec![room],
        Fallback::Several(rooms) => rooms,
    };
    if fallbacks.len() > MAX_FALLBACKS {
        return Err(ApiError::bad_request(format!(
            "{} fallbacks; {MAX_FALLBACKS} are allowed",
            fallbacks.len()
        )));
    }
    let fallbacks: Vec<_> = fallbacks.iter().map(|room| route(&key, room)).collect::<Result<_, _>>()?;
    let begun = Instant::now();
    let resolved = relay.gateway.routes.resolve(key.key(), &fallbacks);
    let found = match resolved {
        Ok(found) => found,
        Err(ResolveError::NoRoute { stale }) => {
            relay.metrics.resolved("none", begun.elapsed());
            return Err(no_route(&relay, &key, stale));
        }
        Err(_) => return Err(unavailable()),
    };
    let source = match found.source {
        Source::Exact => "exact",
        Source::Room => "room",
        Source::Provided => "fallback",
    };
    relay.metrics.resolved(source, begun.elapsed());
    let external_room = found.route.external_room().to_owned();
    let delivered = relay.gateway.rooms.deliver(&external_room, "reply", text, key);
    relay.metrics.passed_on("reply", delivered);
    let reason = found.reason.map(|reason| match reason {
        Reason::Stale => "stale",
        Reason::ThreadMiss => "thread_miss",
        Reason::Unavailable => "unavailable",
        _ => "miss",
    });
    Ok(Json(Replied { external_room, source, stale: found.stale, reason, delivered }))
}

/// Says why the last one is gone, where that is remembered: there is nothing secret in it.
fn no_route(relay: &Relay, key: &Conversation, stale: bool) -> ApiError {
    let Conversation { channel, bridge, room, thread } = key;
    let gone = match relay.gateway.gone.why_gone_route(key.key()) {
        Some(removal) => format!(
            "; the one that there was is gone, {} {} s ago",
            removal.cause,
            removal.age(relay.now()).as_secs()
        ),
        None if stale => "; the one that there was has expired".to_owned(),
        None => String::new(),
    };
    let thread = thread.as_ref().map(|thread| format!(", thread {thread:?}")).unwrap_or_default();
    let message = format!(
        "no route for channel {channel:?}, bridge {bridge:?}, room {room:?}{thread}{gone}; \
         post a message of it first, or name a fallback"
    );
    ApiError::new(StatusCode::NOT_FOUND, "no_route", message)
}

fn unavailable() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "these routes are being restored; try again",
    )
}

/// A route to this external room, for this conversation.
fn route(key: &Conversation, external_room: &str) -> Result<Route, ApiError> {
    name("external_room", external_room)?;
    let route = Route::builder(external_room).channel(&key.channel).bridge(&key.bridge).room(&key.room);
    let route = match &key.thread {
        Some(thread) => route.thread(thread),
        None => route,
    };
    route.build().map_err(|error| ApiError::bad_request(error.to_string()))
}

fn check(key: &Conversation) -> Result<(), ApiError> {
    name("channel", &key.channel)?;
    name("bridge", &key.bridge)?;
    name("room", &key.room)?;
    key.thread.as_deref().map_or(Ok(()), |thread| name("thread", thread))
}

pub(super) fn name(what: &str, value: &str) -> Result<(), ApiError> {
    match value.len() {
        0 => Err(ApiError::bad_request(format!("{what} is empty; it should name one"))),
        1..=MAX_NAME => Ok(()),
        length => Err(ApiError::bad_request(format!("{what} has {length} bytes; {MAX_NAME} are allowed"))),
    }
}
