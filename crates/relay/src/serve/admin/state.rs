//! What there is now, as JSON.

use crate::{
    serve::{gateway::Conversation, pair::Side, relay::Relay},
    wire::{PairCode, ReasonCode, Role},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::atomic::Ordering};
use tenure_core::{Session, Status, pin};

/// So many sessions, routes and subscribers are shown.
const SHOWN: usize = 200;

/// What there is now. Times are in milliseconds, from now: forward or back.
#[derive(Debug, Serialize)]
pub(super) struct Snapshot {
    /// Counts the milliseconds since the relay was started.
    uptime_ms: u64,
    version: &'static str,
    status: &'static str,
    limits: Limits,
    counts: BTreeMap<&'static str, usize>,
    /// Counters, for charts: they only grow.
    totals: Totals,
    /// The first of them, in no order.
    sessions: Vec<SessionShown>,
    /// The first of them, in no order.
    routes: Vec<RouteShown>,
    /// The first of them, in no order.
    subscribers: Vec<SubscriberShown>,
}

#[derive(Debug, Serialize)]
struct Limits {
    sessions: usize,
    connections: usize,
    routes: usize,
    subscribers: usize,
    max_frame: usize,
    grace_ms: u64,
    code_ttl_ms: u64,
    route_ttl_ms: u64,
}

#[derive(Debug, Serialize)]
struct Totals {
    sessions_created: u64,
    sessions_claimed: u64,
    bytes_relayed: u64,
    /// Resolutions from the key's own route.
    hits: u64,
    /// Resolutions from the room's route.
    room_fallbacks: u64,
    /// Resolutions from a fallback that the caller named.
    provided_fallbacks: u64,
    no_route: u64,
    stale: u64,
    routes_set: u64,
    evictions: u64,
    expired: u64,
    /// Owners that died, by why.
    deaths: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
struct SessionShown {
    /// The number of its owner: a name for it.
    id: u64,
    /// None while it can be claimed: until then it is a secret.
    code: Option<String>,
    status: &'static str,
    age_ms: u64,
    /// When the code is no good any more; none once it was claimed.
    expires_in_ms: Option<u64>,
    creator: SideShown,
    claimer: Option<SideShown>,
    /// Bytes that the creator has sent, and the claimer.
    bytes: [u64; 2],
}

#[derive(Debug, Serialize)]
struct SideShown {
    /// The number of its owner.
    owner: u64,
    address: String,
    /// How long it may still be away; none if it is there.
    away_ms: Option<u64>,
    /// Why it is away.
    reason: Option<ReasonCode>,
}

#[derive(Debug, Serialize)]
struct RouteShown {
    key: Conversation,
    external_room: String,
    set_ms_ago: u64,
    expires_in_ms: u64,
    partition: usize,
}

#[derive(Debug, Serialize)]
struct SubscriberShown {
    owner: u64,
    external_room: String,
    address: String,
    age_ms: u64,
}

/// What there is now. Looks at as much as it shows, and counts the rest.
pub(super) fn now(relay: &Relay) -> Snapshot {
    let (args, uptime) = (&relay.args, relay.started.elapsed());
    Snapshot {
        uptime_ms: uptime.as_millis() as u64,
        version: env!("CARGO_PKG_VERSION"),
        status: if relay.stopping.is_cancelled() { "shutting down" } else { "ok" },
        limits: Limits {
            sessions: args.limits.sessions,
            connections: args.limits.connections,
            routes: args.gateway.routes_per_partition.saturating_mul(args.gateway.partitions),
            subscribers: args.gateway.subscribers,
            max_frame: args.limits.max_frame,
            grace_ms: args.pairing.grace.as_millis() as u64,
            code_ttl_ms: args.pairing.code_ttl.as_millis() as u64,
            route_ttl_ms: args.gateway.route_ttl.as_millis() as u64,
        },
        counts: sizes(relay).into_iter().collect(),
        totals: totals(relay),
        sessions: relay.creators.iter().take(SHOWN).map(|session| session_shown(relay, &session)).collect(),
        routes: routes(relay),
        subscribers: subscribers(relay),
    }
}

/// How many there are of what.
pub(super) fn sizes(relay: &Relay) -> [(&'static str, usize); 5] {
    [
        ("sessions", relay.creators.occupied()),
        ("pairs", relay.claimers.occupied()),
        ("connections", relay.connections.taken()),
        ("subscribers", relay.gateway.subscribers.occupied()),
        ("routes", relay.gateway.routes.len()),
    ]
}

fn totals(relay: &Relay) -> Totals {
    let (routes, sessions) = (relay.gateway.routes.stats(), relay.creators.stats());
    Totals {
        sessions_created: sessions.created,
        sessions_claimed: sessions.claimed,
        bytes_relayed: relay.metrics.bytes_relayed(),
        hits: routes.exact,
        room_fallbacks: routes.room,
        provided_fallbacks: routes.provided,
        no_route: routes.no_route,
        stale: routes.stale,
        routes_set: routes.set,
        evictions: routes.evicted,
        expired: routes.pruned,
        deaths: relay.metrics.deaths().map(|(reason, count)| (reason.as_str(), count)).collect(),
    }
}

fn session_shown(relay: &Relay, session: &Session<Side>) -> SessionShown {
    let age = relay.now().saturating_since(session.created.tick);
    let claimed = session.status != Status::Pending;
    let claimer = relay.claimers.get(&session.code);
    let bytes = [Role::Creator, Role::Claimer].map(|role| {
        // Relaxed: a count, ordered with nothing.
        session.payload.pair.bytes[role as usize].load(Ordering::Relaxed)
    });
    let code = claimed.then(|| session.code.parse::<PairCode>().map(|code| code.to_string()).ok());
    SessionShown {
        id: session.owner.map_or(0, tenure_core::Incarnation::get),
        code: code.flatten(),
        status: if claimed { "paired" } else { "waiting" },
        age_ms: age.as_millis() as u64,
        expires_in_ms: (!claimed).then(|| relay.args.pairing.code_ttl.saturating_sub(age).as_millis() as u64),
        creator: side_shown(relay, session),
        claimer: claimer.map(|claimer| side_shown(relay, &claimer)),
        bytes,
    }
}

fn side_shown(relay: &Relay, side: &Session<Side>) -> SideShown {
    SideShown {
        owner: side.owner.map_or(0, tenure_core::Incarnation::get),
        address: side.payload.address.to_string(),
        away_ms: side.suspended_until.map(|until| until.saturating_since(relay.now()).as_millis() as u64),
        // The monitor suspends without a word.
        reason: side
            .suspended_until
            .map(|_| side.payload.lost.as_ref().map_or(ReasonCode::Heartbeat, |lost| lost.code)),
    }
}

fn routes(relay: &Relay) -> Vec<RouteShown> {
    let (guard, now) = (pin(), relay.now());
    let shown = relay.gateway.routes.iter(&guard).take(SHOWN);
    shown
        .map(|record| {
            let (key, route) = (record.key(), record.route());
            RouteShown {
                key: Conversation::of(key),
                external_room: route.external_room().to_owned(),
                set_ms_ago: now.saturating_since(record.updated_at()).as_millis() as u64,
                expires_in_ms: record.expires_at().saturating_since(now).as_millis() as u64,
                partition: relay.gateway.routes.partition_of(key),
            }
        })
        .collect()
}

fn subscribers(relay: &Relay) -> Vec<SubscriberShown> {
    let shown = relay.gateway.subscribers.iter().take(SHOWN);
    shown
        .map(|subscriber| SubscriberShown {
            owner: subscriber.owner.map_or(0, tenure_core::Incarnation::get),
            external_room: subscriber.payload.external_room.to_string(),
            address: subscriber.payload.address.to_string(),
            age_ms: relay.now().saturating_since(subscriber.created.tick).as_millis() as u64,
        })
        .collect()
}
