//! The gateway: messages come in from rooms of chat networks, and replies find their way back.
//!
//! A message sets the route of its conversation; a reply resolves it. Both are delivered to whoever is subscribed to
//! the external room. A subscriber's connection has an owner, and its subscription is a session of that owner.
//!
//! | file | holds |
//! | --- | --- |
//! | `post.rs` | `POST /v1/messages`, `POST /v1/replies` |
//! | `subscribe.rs` | `GET /v1/subscribe/{external_room}` |
//! | `rooms.rs` | who is subscribed to what |

use super::{
    relay::{Relay, Told},
    settings::GatewayArgs,
};
use axum::{
    Router,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use std::{error::Error, sync::Arc, time::Duration};
use tenure_core::{Drained, KeyRef, Pruner, RecentRemovals, Route, RouteTable, SessionMap, SystemClock};
use tenure_tokio::Watcher;

mod post;
mod rooms;
mod subscribe;

use rooms::Rooms;
pub(super) use rooms::Subscriber;

/// What the gateway keeps.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) routes: RouteTable<Route>,
    pub(super) subscribers: SessionMap<Subscriber>,
    rooms: Rooms,
    /// Why routes are gone.
    gone: RecentRemovals,
}

/// So many routes that are gone are remembered, the latest.
const REMEMBERED: usize = 10_000;

impl Gateway {
    pub(super) fn new(
        args: &GatewayArgs,
        clock: &SystemClock,
        pruner: &Pruner,
        told: &Told,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let gone = RecentRemovals::new(REMEMBERED);
        let routes = RouteTable::builder()
            .name("routes")
            .clock(clock.clone())
            .ttl(args.route_ttl)
            .partitions(args.partitions)
            .max_entries_per_partition(args.routes_per_partition)
            .observer(told.metrics.table("routes"))
            .observer(told.clone())
            .observer(gone.clone())
            .pruner(pruner)
            .build()?;
        let subscribers = SessionMap::builder()
            .name("subscribers")
            .clock(clock.clone())
            .capacity(args.subscribers)
            .observer(told.metrics.table("subscribers"))
            .observer(told.clone())
            .pruner(pruner)
            .build()?;
        Ok(Self { routes, subscribers, rooms: Rooms::new(args.backlog), gone })
    }

    /// Ends all subscriptions.
    pub(super) async fn drain(&self, limit: Duration) -> Drained {
        Watcher::new(&self.subscribers).drain(limit).await
    }
}

pub(super) fn router() -> Router<Arc<Relay>> {
    Router::new()
        .route("/v1/messages", post(post::message))
        .route("/v1/replies", post(post::reply))
        .route("/v1/subscribe/{external_room}", get(subscribe::subscribe))
}

/// The key of a conversation, as it is sent and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Conversation {
    pub(super) channel: String,
    pub(super) bridge: String,
    pub(super) room: String,
    #[serde(default)]
    pub(super) thread: Option<String>,
}

impl Conversation {
    pub(super) fn of(key: KeyRef<'_>) -> Self {
        Self {
            channel: key.channel().to_owned(),
            bridge: key.bridge().to_owned(),
            room: key.room().to_owned(),
            thread: key.thread().map(ToOwned::to_owned),
        }
    }

    fn key(&self) -> KeyRef<'_> {
        KeyRef::new(&self.channel, &self.bridge, &self.room, self.thread.as_deref())
    }
}
