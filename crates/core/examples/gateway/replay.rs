//! The gateway itself: what it does for each event, on one route table and one session map.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant, UNIX_EPOCH};

use tenure_core::{
    BuildRouteTableError, CreateErrorKind, KeyRef, ManualClock, Owner, OwnerRef, RecentRemovals,
    RemovalCause, Route, RouteTable, SessionMap, Source, Tick,
};

use crate::log::{Event, Kind, Log, Place};
use crate::options::Options;
use crate::tally::Tally;

/// The one kind of network.
const CHANNEL: &str = "irc";

/// Removals that `--why` remembers.
const REMEMBERED: usize = 100_000;

/// What every replayer works on.
pub(crate) struct Gateway {
    pub(crate) clock: ManualClock,
    pub(crate) routes: RouteTable,
    /// Why routes are gone, if anybody wants to know.
    removals: Option<RecentRemovals>,
    /// A session carries the route to the room in which its nick was first seen.
    pub(crate) sessions: SessionMap<Route>,
    /// For each place of the log, the route there: to `bridge/room`.
    fallbacks: Vec<Route>,
}

impl Gateway {
    /// Empty tables, and a clock that stands at the first event.
    pub(crate) fn new(log: &Log, options: &Options) -> Result<Self, BuildRouteTableError> {
        let start = UNIX_EPOCH.checked_add(Duration::from_secs(log.start)).unwrap_or(UNIX_EPOCH);
        let clock = ManualClock::starting_at(Tick::ZERO, start);
        let removals = options.why.then(|| RecentRemovals::new(REMEMBERED));
        let routes = RouteTable::builder()
            .name("gateway-routes")
            .clock(clock.clone())
            .ttl(options.ttl)
            .max_entries_per_partition(options.max_entries)
            .prune_interval(options.prune_interval)
            .partitions(options.partitions);
        let routes = match &removals {
            Some(removals) => routes.observer(removals.clone()).build()?,
            None => routes.build()?,
        };
        let sessions = SessionMap::builder()
            .name("gateway-sessions")
            .clock(clock.clone())
            .build()
            .expect("every other option is at its default, and no thread is started");
        let to = |place: &Place| {
            let external_room = format!("{}/{}", place.bridge, place.room);
            Route::new(&external_room).expect("it holds a slash at least")
        };
        Ok(Self { clock, routes, removals, sessions, fallbacks: log.places.iter().map(to).collect() })
    }

    /// Moves the clock to this event, which is not before the last.
    pub(crate) fn move_to(&self, event: &Event) {
        self.clock.set(event.at).expect("the events of a log are in time order");
    }

    /// The prune that is due before an event, and what a background thread would do besides.
    pub(crate) fn prune(&self) {
        self.routes.prune();
        self.routes.maintain();
        self.sessions.maintain();
    }

    /// Whether it is remembered why routes are gone.
    pub(crate) fn remembers(&self) -> bool {
        self.removals.is_some()
    }

    /// Fresh records, at the clock's time.
    pub(crate) fn live_routes(&self) -> usize {
        self.routes.iter(&tenure_core::pin()).count()
    }
}

/// Says before which events a prune is due: when the interval or more has passed since the last one, the first event
/// counting as one.
pub(crate) struct PruneTimes {
    interval: Duration,
    last: Option<Tick>,
}

impl PruneTimes {
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, last: None }
    }

    /// Whether one is due before an event at this time; asked once for each event, in order.
    pub(crate) fn due(&mut self, at: Tick) -> bool {
        let last = *self.last.get_or_insert(at);
        let due = at.saturating_since(last) >= self.interval;
        if due {
            self.last = Some(at);
        }
        due
    }
}

/// Which of several replayers one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) index: usize,
    pub(crate) of: usize,
}

impl Share {
    /// The only replayer.
    pub(crate) const ALL: Self = Self { index: 0, of: 1 };

    fn has(self, number: u32) -> bool {
        number as usize % self.of == self.index
    }
}

/// Acts for its share of the nicks and conversations.
pub(crate) struct Replayer<'a> {
    gateway: &'a Gateway,
    log: &'a Log,
    share: Share,
    /// The connections that are there, by the number of the nick.
    connections: HashMap<u32, Owner>,
    tally: Tally,
}

/// What a replayer leaves: what it has done, and the connections that are still there. Dropping them ends their
/// sessions.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) tally: Tally,
    pub(crate) connections: Vec<Owner>,
}

impl<'a> Replayer<'a> {
    pub(crate) fn new(gateway: &'a Gateway, log: &'a Log, share: Share) -> Self {
        Self { gateway, log, share, connections: HashMap::new(), tally: Tally::new() }
    }

    /// Does its share of these events, in order, at the time at which the clock stands.
    pub(crate) fn replay(&mut self, events: Range<usize>) {
        for event in &self.log.events[events] {
            if self.share.has(event.nick) {
                self.act_for_nick(event);
            }
            if event.kind == Kind::Message && self.share.has(event.thread.unwrap_or(event.nick)) {
                self.route(event);
            }
        }
    }

    pub(crate) fn finish(self) -> Done {
        Done { tally: self.tally, connections: self.connections.into_values().collect() }
    }

    fn act_for_nick(&mut self, event: &Event) {
        match event.kind {
            Kind::Message => {
                self.tally.messages += 1;
                if !self.gateway.sessions.contains(self.code(event)) {
                    self.create(event);
                }
            }
            Kind::Join => {
                self.tally.joins += 1;
                self.create(event);
            }
            Kind::Quit => {
                self.tally.quits += 1;
                self.quit(event);
            }
            Kind::Rename => self.tally.renames += 1,
        }
    }

    fn code(&self, event: &Event) -> &'a str {
        &self.log.codes[event.nick as usize]
    }

    fn fallback(&self, event: &Event) -> &'a Route {
        &self.gateway.fallbacks[event.place as usize]
    }

    /// The session of this event's nick, which ends with the nick's connection.
    fn create(&mut self, event: &Event) {
        let (gateway, code, seen_in) = (self.gateway, self.code(event), self.fallback(event).clone());
        let owner: &OwnerRef = self.connections.entry(event.nick).or_insert_with(|| gateway.sessions.owner());
        match gateway.sessions.create(code, seen_in, owner) {
            Ok(()) => self.tally.created += 1,
            Err(error) => match error.kind() {
                CreateErrorKind::AlreadyExists { .. } => self.tally.already_exists += 1,
                other => unreachable!("no owner here is dead, and the map has no bounds: {other}"),
            },
        }
    }

    /// The connection is gone, and with it its session, if it had one.
    fn quit(&mut self, event: &Event) {
        let Some(connection) = self.connections.remove(&event.nick) else { return };
        let code = self.code(event);
        let had_session = self.gateway.sessions.contains(code);
        drop(connection);
        let has_session = self.gateway.sessions.contains(code);
        self.tally.ended_by_owner += u64::from(had_session && !has_session);
    }

    /// Where this message goes; and that its room is where its room's messages go.
    fn route(&mut self, event: &Event) {
        let place = &self.log.places[event.place as usize];
        let thread = event.thread.map(|thread| &*self.log.threads[thread as usize]);
        let key = KeyRef::new(CHANNEL, &place.bridge, &place.room, thread);
        let fallback = self.fallback(event);
        let routes = &self.gateway.routes;

        // Before: what the resolution learns it writes down, and then nothing is gone any more.
        let gone = self.gateway.removals.as_ref().and_then(|removals| removals.why_gone_route(key));
        let before = Instant::now();
        let resolved = routes.resolve(key, std::slice::from_ref(fallback));
        let taken = before.elapsed();
        self.tally.resolve.record(taken);
        match resolved {
            Ok(resolution) => {
                match resolution.source {
                    Source::Exact => {
                        self.tally.resolved.exact += 1;
                        self.tally.exact_in_threads += u64::from(thread.is_some());
                    }
                    Source::Room => self.tally.resolved.room += 1,
                    Source::Provided => self.tally.resolved.provided += 1,
                }
                self.tally.resolved.stale += u64::from(resolution.stale);
                if let Some(removal) = gone {
                    match removal.cause {
                        RemovalCause::Evicted => self.tally.had_been_evicted += 1,
                        _ => self.tally.had_expired += 1,
                    }
                }
            }
            Err(_) => self.tally.resolved.no_route += 1,
        }

        let (room, route) = (key.to_room(), fallback.clone());
        let before = Instant::now();
        let set = routes.set(room, route);
        let taken = before.elapsed();
        self.tally.set.record(taken);
        set.expect("the route is valid, and nothing takes a partition out of service");
        self.tally.peak_records = self.tally.peak_records.max(routes.len());
    }
}
