//! What the relay's connections share.

use super::{
    admin::Feed,
    gateway::Gateway,
    limits::{Places, Rate},
    metrics::Metrics,
    pair::Side,
    settings::ServeArgs,
};
use std::{error::Error, net::SocketAddr, sync::Arc, time::Instant};
use tenure_core::{Clock, Event, Observer, Pruner, SessionMap, SystemClock, Tick};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

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
    pub(super) gateway: Gateway,
    pub(super) connections: Arc<Places>,
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
        let side = |name: &'static str| {
            SessionMap::builder()
                .name(name)
                .clock(clock.clone())
                .capacity(args.limits.sessions)
                .per_owner(1)
                .observer(told.clone())
                .pruner(&pruner)
                .build()
        };
        // Through a proxy all of them come from one address.
        let connections_per_address =
            if args.trust_proxy { args.limits.connections } else { args.limits.connections_per_address };
        Ok(Arc::new(Self {
            address,
            creators: side("creators")?,
            claimers: side("claimers")?,
            gateway: Gateway::new(&args.gateway, &clock, &pruner, &told)?,
            connections: Places::new(args.limits.connections, connections_per_address),
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
    metrics: Arc<Metrics>,
    feed: Arc<Feed>,
}

impl Observer for Told {
    fn observe(&self, event: &Event<'_>) {
        self.metrics.observe(event);
        self.feed.observe(event);
    }
}
