//! What the relay's connections share.

use super::{
    admin::Feed,
    gateway::Gateway,
    limits::{Places, Rate},
    metrics::Metrics,
    pair::{Side, Tickets},
    settings::ServeArgs,
};
use crate::wire::Role;
use std::{
    error::Error,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tenure_core::{
    Clock, Event, Observer, Owner, Pruner, RecentRemovals, Removal, SessionMap, SystemClock, Tick,
};
use tenure_tokio::{Heartbeat, Monitor};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// So many ends of each kind are remembered, the latest: for who asks why.
const REMEMBERED: usize = 10_000;

/// What the relay's connections share.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) args: ServeArgs,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// The sides that have created a code, by code.
    pub(super) creators: SessionMap<Side>,
    /// The sides that have claimed one, by the same code.
    pub(super) claimers: SessionMap<Side>,
    /// Why sides are gone, by role.
    gone: [RecentRemovals; 2],
    pub(super) tickets: Tickets,
    /// Sees connections that give no sign of life.
    monitor: Monitor,
    pub(super) gateway: Gateway,
    pub(super) connections: Arc<Places>,
    /// Requests, and what has become of them, by the address that a trusted proxy names.
    pub(super) proxied: Arc<Places>,
    pub(super) sessions: Arc<Places>,
    pub(super) claims: Rate,
    pub(super) requests: Rate,
    pub(super) metrics: Arc<Metrics>,
    pub(super) feed: Arc<Feed>,
    /// Connections, and whatever else has to be over before the relay is.
    pub(super) tasks: TaskTracker,
    pub(super) stopping: CancellationToken,
    pub(super) started: Instant,
    clock: SystemClock,
}

impl Relay {
    /// Makes the tables.
    pub(super) fn new(
        args: ServeArgs,
        address: SocketAddr,
    ) -> Result<Arc<Self>, Box<dyn Error + Send + Sync>> {
        let (clock, pruner) = (SystemClock::new(), Pruner::spawn("tenure-relay")?);
        let metrics = Arc::new(Metrics::new());
        let feed = Arc::new(Feed::new());
        let told = Told { metrics: Arc::clone(&metrics), feed: Arc::clone(&feed) };
        let gone = [RecentRemovals::new(REMEMBERED), RecentRemovals::new(REMEMBERED)];
        let side = |name: &'static str, role: Role| {
            SessionMap::builder()
                .name(name)
                .clock(clock.clone())
                .capacity(args.limits.sessions)
                .per_owner(1)
                .observer(metrics.table(name))
                .observer(told.clone())
                .observer(gone[role as usize].clone())
                .pruner(&pruner)
                .build()
        };
        let (creators, claimers) = (side("creators", Role::Creator)?, side("claimers", Role::Claimer)?);
        let (connections, of_each) = (args.limits.connections, args.limits.connections_per_address);
        // Through a proxy all of them come from one address.
        let per_address = if args.trust_proxy { connections } else { of_each };
        Ok(Arc::new(Self {
            address,
            creators,
            claimers,
            gone,
            tickets: Tickets::new()?,
            monitor: Monitor::new()?,
            gateway: Gateway::new(&args.gateway, &clock, &pruner, &told)?,
            connections: Places::new(connections, per_address),
            proxied: Places::new(connections, of_each),
            sessions: Places::new(args.limits.sessions, args.limits.sessions_per_address),
            claims: Rate::of_claims(&args.limits),
            requests: Rate::of_requests(&args.limits),
            metrics,
            feed,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            started: Instant::now(),
            clock,
            args,
        }))
    }

    /// The tables' time.
    pub(super) fn now(&self) -> Tick {
        self.clock.now()
    }

    /// Makes the owner live as long as its connection gives signs of life; one that may come back is suspended when there
    /// are none. A heart has stopped an interval to a quarter more after its last beat, which is four fifths of
    /// `--dead-after` to all of it.
    pub(super) fn heartbeat(&self, owner: Owner, resumable: bool) -> Heartbeat {
        let interval = 4 * self.look_every();
        if resumable {
            self.monitor.with_grace(self.args.pairing.grace).heartbeat(owner, interval)
        } else {
            self.monitor.heartbeat(owner, interval)
        }
    }

    /// How often a heart is looked at.
    pub(super) fn look_every(&self) -> Duration {
        self.args.pairing.dead_after / 5
    }

    /// Why there is no side of this role under this code, if it is remembered.
    pub(super) fn why_gone(&self, role: Role, code: &str) -> Option<Removal> {
        self.gone[role as usize].why_gone_session(code)
    }

    /// What people open in their browsers.
    pub(super) fn base_url(&self) -> String {
        match &self.args.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.address),
        }
    }
}

/// Who is told what happens in the tables.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) metrics: Arc<Metrics>,
    feed: Arc<Feed>,
}

impl Observer for Told {
    fn observe(&self, event: &Event<'_>) {
        self.metrics.observe(event);
        self.feed.observe(event);
    }
}
