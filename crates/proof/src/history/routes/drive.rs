//! What compares the route table with its model: a room of a real table, and random calls on it.

use super::{Answer, Call, KEYS, Operation, Resolved, Routes};
use crate::history::{
    Record, Recorder,
    threads::{Interrupted, interrupt},
    together,
};
use std::{sync::Arc, time::Duration};
use tenure_core::{
    AsKey, Clock, Destination, GetError, ManualClock, Resolution, ResolveError, RouteTable, SessionKey,
    SetError, SetErrorKind,
};

/// The default time to live of the tables under examination, in milliseconds.
const TTL: u64 = 3;

/// A route that is a number on the heap, so that one that is read after it was freed does not go unnoticed.
#[derive(Debug)]
pub struct Parcel(Box<u64>);

impl Clone for Parcel {
    fn clone(&self) -> Self {
        interrupt();
        Self(self.0.clone())
    }
}

impl PartialEq for Parcel {
    fn eq(&self, other: &Self) -> bool {
        interrupt();
        self.0 == other.0
    }
}

impl Destination for Parcel {}

/// One room of a table, as one thread of a run sees it.
pub trait Routing: Clone + Send + 'static {
    /// Does it, and says what it came to.
    fn perform(&self, call: Call) -> (Operation, Answer);
}

/// A room of a real table.
#[derive(Clone, Debug)]
pub struct Table {
    routes: RouteTable<Parcel>,
    clock: ManualClock,
    keys: Arc<[SessionKey; KEYS]>,
    bound: Option<usize>,
}

impl Table {
    /// A room of a new table with so many partitions. Nothing is ever evicted from it.
    ///
    /// # Panics
    /// There are no partitions.
    pub fn new(partitions: usize) -> Self {
        Self::of(partitions, None)
    }

    /// The one room of a new table that holds so many records at the most.
    ///
    /// # Panics
    /// That is none.
    pub fn bounded(bound: usize) -> Self {
        Self::of(1, Some(bound))
    }

    fn of(partitions: usize, bound: Option<usize>) -> Self {
        let clock = ManualClock::new();
        let table = RouteTable::builder().clock(Interrupted(clock.clone())).partitions(partitions);
        let table = match bound {
            Some(bound) => table.max_entries_per_partition(bound),
            None => table,
        };
        let routes = table.ttl(Duration::from_millis(TTL)).build().expect("the settings are valid");
        Self { routes, clock, keys: keys(0), bound }
    }

    /// Another room of the same table, with a clock that goes on.
    ///
    /// # Panics
    /// The table has a bound: what other rooms have left there takes places that the model knows nothing of.
    #[must_use]
    pub fn room(&self, room: u64) -> Self {
        assert!(self.bound.is_none(), "a table with a bound has one room");
        // Partitions that an earlier history has left out of service.
        self.routes.maintain();
        Self { keys: keys(room), ..self.clone() }
    }

    /// The model of this room, from this moment on.
    pub fn model(&self) -> Routes {
        let partitions = std::array::from_fn(|key| self.routes.partition_of(self.key(key)));
        Routes { ttl: TTL, now: self.now(), partitions, bound: self.bound }
    }

    /// The table.
    pub fn table(&self) -> &RouteTable<Parcel> {
        &self.routes
    }

    fn now(&self) -> u64 {
        self.clock.now().as_millis()
    }

    fn answer(&self, call: Call) -> Answer {
        let table = &self.routes;
        match call {
            Call::Advance(span) => {
                self.clock.advance(Duration::from_millis(span));
                Answer::Done
            }
            Call::Set { key, route, ttl } => {
                let ttl = Duration::from_millis(ttl);
                match table.set_with_ttl(self.key(key), parcel(route), ttl) {
                    Ok(()) => Answer::Done,
                    Err(SetError { kind: SetErrorKind::Unavailable(_), .. }) => Answer::Unavailable,
                    Err(other) => unreachable!("a valid route and time: {other}"),
                }
            }
            Call::Get(key) => found(table.get(self.key(key))),
            Call::Peek(key) => found(table.peek(self.key(key))),
            Call::Resolve { key, provided } => {
                resolved(table.resolve(self.key(key), &provided.map(parcel).into_iter().collect::<Vec<_>>()))
            }
            Call::PeekResolve { key, provided } => resolved(
                table.peek_resolve(self.key(key), &provided.map(parcel).into_iter().collect::<Vec<_>>()),
            ),
            Call::Touch { key, ttl } => {
                match table.touch_with_ttl(self.key(key), Duration::from_millis(ttl)) {
                    Ok(()) => Answer::Done,
                    Err(error) => missing(error),
                }
            }
            Call::Prune => {
                table.prune();
                Answer::Done
            }
            Call::Maintain => {
                table.maintain();
                Answer::Done
            }
            Call::Remove(key) => {
                let given_back = table.remove(self.key(key));
                given_back.map_or(Answer::Unavailable, |back| Answer::Removed(back.map(|route| *route.0)))
            }
            Call::Fail(key) => Answer::Failed(table.fail_partition(table.partition_of(self.key(key)))),
        }
    }

    fn key(&self, key: usize) -> impl AsKey + '_ {
        &self.keys[key]
    }
}

impl Routing for Table {
    fn perform(&self, call: Call) -> (Operation, Answer) {
        (Operation { since: self.now(), call }, self.answer(call))
    }
}

/// Random calls on one room, the same for the same seed.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// One call in so many lets time pass, or prunes or maintains the table.
    pub advance: u32,
    /// Whether most calls are look-ups, as in life, or changes.
    pub reading: bool,
    /// Whether partitions fail, which are replaced by `maintain`. Then no time passes: who has a partition in its hands
    /// that has failed since acts as if before that, and must not know of a later time.
    pub failing: bool,
}

/// The calls of each of so many threads. A route that is stored is often like no other, so that an answer tells which
/// set it comes from, and otherwise one of two, so that sets meet the route that is there.
pub fn plan(seed: u64, threads: usize, calls: usize, mix: Mix) -> Vec<Vec<Call>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let thread = |thread: usize| (0..calls).map(|n| call(&mut random, thread * calls + n, mix)).collect();
    (0..threads).map(thread).collect()
}

fn call(random: &mut fastrand::Rng, number: usize, mix: Mix) -> Call {
    if random.u32(..mix.advance) == 0 {
        return match random.u32(..6) {
            0 => Call::Prune,
            1..=2 if mix.failing => Call::Maintain,
            _ if mix.failing => Call::Fail(random.usize(..KEYS)),
            1 => Call::Maintain,
            _ => Call::Advance(random.u64(1..=2)),
        };
    }
    let key = random.usize(..KEYS);
    let route = if random.bool() { 10 + number as u64 } else { random.u64(1..=2) };
    let provided = random.bool().then_some(route);
    let ttl = random.u64(1..=TTL + 2);
    let looks = if mix.reading { 6 } else { 2 };
    match random.u32(..6 + 2 * looks) {
        0..=2 => Call::Set { key, route, ttl },
        3 => Call::Remove(key),
        4 => Call::Touch { key, ttl: ttl - 1 },
        5 => Call::PeekResolve { key, provided },
        look if look < 6 + looks => Call::Resolve { key, provided },
        look if look.is_multiple_of(2) => Call::Get(key),
        _ => Call::Peek(key),
    }
}

/// Lets each thread make its calls, all at once, and answers the history.
pub fn run(room: &impl Routing, plan: Vec<Vec<Call>>) -> Vec<Record<Operation, Answer>> {
    let recorder = Arc::new(Recorder::default());
    let work = plan.into_iter().enumerate().map(|(thread, calls)| {
        let (recorder, room) = (Arc::clone(&recorder), room.clone());
        move || -> Vec<_> {
            calls.into_iter().map(|call| recorder.record(thread, || room.perform(call))).collect()
        }
    });
    together(work.collect()).into_iter().flatten().collect()
}

fn keys(room: u64) -> Arc<[SessionKey; KEYS]> {
    let thread = |n: usize| if n == 0 { None } else { Some(format!("t{n}")) };
    Arc::new(std::array::from_fn(|n| SessionKey::new("proof", "b", &room.to_string(), thread(n).as_deref())))
}

fn parcel(route: u64) -> Parcel {
    Parcel(Box::new(route))
}

fn found(record: Result<tenure_core::Record<Parcel>, GetError>) -> Answer {
    match record {
        Ok(record) => Answer::Fresh {
            route: *record.route.0,
            updated_at: record.updated_at.as_millis(),
            expires_at: record.expires_at.as_millis(),
        },
        Err(error) => missing(error),
    }
}

fn missing(error: GetError) -> Answer {
    match error {
        GetError::NotFound => Answer::NotFound,
        GetError::Expired => Answer::Expired,
        GetError::Unavailable(_) => Answer::Unavailable,
        other => unreachable!("no other way to fail: {other}"),
    }
}

fn resolved(resolution: Result<Resolution<Parcel>, ResolveError>) -> Answer {
    match resolution {
        Ok(found) => Answer::Resolved(Resolved {
            route: *found.route.0,
            source: found.source,
            stale: found.stale,
            reason: found.reason,
        }),
        Err(ResolveError::NoRoute { stale }) => Answer::NoRoute { stale },
        Err(ResolveError::Unavailable(_)) => Answer::Unavailable,
        Err(other) => unreachable!("no other way to fail: {other}"),
    }
}
