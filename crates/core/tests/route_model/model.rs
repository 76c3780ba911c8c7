//! The naive table: a map, a counter for the set order, and the rules of the specification word for word.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};
use tenure_core::{
    GetError, PartitionUnavailable, Reason, Record, ResolveError, RouteStats, RouteTable, SessionKey,
    SetErrorKind, Source, Tick,
};

pub(crate) type Text = &'static str;

/// A record as the model keeps it. Times are milliseconds.
#[derive(Clone, Debug)]
struct Kept {
    route: Text,
    set_at: u64,
    deadline: u64,
    /// The place in the set order.
    order: u64,
}

/// What a look-up that removes what has expired has met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    Fresh(Text),
    Expired,
    Missing,
    Unavailable(PartitionUnavailable),
}

/// What a resolution answers: route, source, stale, reason.
pub(crate) type Resolved = (Text, Source, bool, Option<Reason>);

pub(crate) struct Model {
    pub(crate) keys: Vec<SessionKey>,
    /// The key of the same room without thread, and the partition, of each key.
    rooms: Vec<usize>,
    partitions: Vec<usize>,
    records: HashMap<usize, Kept>,
    sets: u64,
    pub(crate) now: u64,
    pub(crate) ttl: u64,
    pub(crate) bound: usize,
    pub(crate) write_back: bool,
    failed: BTreeSet<usize>,
    pub(crate) stats: RouteStats,
}

impl Model {
    pub(crate) fn new(table: &RouteTable<Text>, keys: Vec<SessionKey>, write_back: bool) -> Self {
        let room = |key: &SessionKey| {
            let room = keys.iter().position(|room| *room == key.room_scope());
            room.expect("each key's room is a key as well")
        };
        Self {
            rooms: keys.iter().map(room).collect(),
            partitions: keys.iter().map(|key| table.partition_of(key)).collect(),
            keys,
            records: HashMap::new(),
            sets: 0,
            now: 0,
            ttl: millis(table.ttl()),
            bound: table.max_entries_per_partition(),
            write_back,
            failed: BTreeSet::new(),
            stats: RouteStats::default(),
        }
    }

    fn available(&self, key: usize) -> Result<(), PartitionUnavailable> {
        let partition = self.partitions[key];
        if self.failed.contains(&partition) { Err(PartitionUnavailable { partition }) } else { Ok(()) }
    }

    fn is_fresh(&self, key: usize) -> bool {
        self.records.get(&key).is_some_and(|kept| self.now < kept.deadline)
    }

    /// Looks a record up; removes it if it has expired, unless the call only peeks.
    fn meet(&mut self, key: usize, peek: bool) -> Met {
        if let Err(unavailable) = self.available(key) {
            return Met::Unavailable(unavailable);
        }
        match self.records.get(&key) {
            None => Met::Missing,
            Some(kept) if self.now < kept.deadline => Met::Fresh(kept.route),
            Some(_) => {
                if !peek {
                    self.records.remove(&key);
                    self.stats.pruned += 1;
                }
                Met::Expired
            }
        }
    }

    fn in_partition(&self, partition: usize) -> impl Iterator<Item = usize> {
        self.records.keys().copied().filter(move |&key| self.partitions[key] == partition)
    }

    /// Removes at least so many records of a partition: expired ones first, then those that were set longest ago.
    ///
    /// Which expired ones go, and whether more of them than necessary, is the table's choice: it is asked.
    fn make_room(&mut self, table: &RouteTable<Text>, partition: usize, places: usize) {
        let expired: Vec<usize> = self.in_partition(partition).filter(|&key| !self.is_fresh(key)).collect();
        let mut removed = 0;
        for &key in &expired {
            if table.peek(&self.keys[key]) == Err(GetError::NotFound) {
                self.records.remove(&key);
                removed += 1;
            }
        }
        let due = places.min(expired.len());
        assert!(
            removed >= due,
            "{removed} expired records made room, of {}; {due} should have",
            expired.len()
        );
        self.stats.pruned += removed as u64;
        for _ in removed..places {
            let oldest = self.in_partition(partition).min_by_key(|key| self.records[key].order);
            self.records.remove(&oldest.expect("more records than the bound"));
            self.stats.evicted += 1;
        }
    }

    fn store(&mut self, table: &RouteTable<Text>, key: usize, route: Text, ttl: u64) {
        let partition = self.partitions[key];
        if !self.records.contains_key(&key) && self.in_partition(partition).count() >= self.bound {
            self.make_room(table, partition, 1);
        }
        self.sets += 1;
        self.stats.set += 1;
        let kept = Kept { route, set_at: self.now, deadline: self.now + ttl, order: self.sets };
        self.records.insert(key, kept);
    }

    pub(crate) fn set(
        &mut self,
        table: &RouteTable<Text>,
        key: usize,
        route: Text,
        ttl: Option<u64>,
    ) -> Result<(), SetErrorKind> {
        if ttl == Some(0) {
            return Err(SetErrorKind::ZeroTtl);
        }
        if route.is_empty() {
            return Err(SetErrorKind::InvalidRoute);
        }
        self.available(key).map_err(SetErrorKind::Unavailable)?;
        self.store(table, key, route, ttl.unwrap_or(self.ttl));
        Ok(())
    }

    pub(crate) fn get(&mut self, key: usize, peek: bool) -> Result<Record<Text>, GetError> {
        match self.meet(key, peek) {
            Met::Fresh(_) => Ok(self.record(key)),
            Met::Expired => Err(GetError::Expired),
            Met::Missing => Err(GetError::NotFound),
            Met::Unavailable(unavailable) => Err(GetError::Unavailable(unavailable)),
        }
    }

    /// `Record` cannot be built outside of its crate: a table of one record makes it.
    fn record(&self, key: usize) -> Record<Text> {
        let Kept { route, set_at, deadline, .. } = self.records[&key];
        let clock = tenure_core::ManualClock::starting_at(Tick::from_millis(set_at), std::time::UNIX_EPOCH);
        let table = RouteTable::<Text>::builder().partitions(1).clock(clock).build().expect("valid settings");
        table.set_with_ttl(&self.keys[key], route, Duration::from_millis(deadline - set_at)).expect("valid");
        table.peek(&self.keys[key]).expect("fresh")
    }

    pub(crate) fn touch(&mut self, key: usize, ttl: Option<u64>) -> Result<(), GetError> {
        let deadline = self.now + ttl.unwrap_or(self.ttl);
        match self.meet(key, false) {
            Met::Fresh(_) => {}
            Met::Expired => return Err(GetError::Expired),
            Met::Missing => return Err(GetError::NotFound),
            Met::Unavailable(unavailable) => return Err(GetError::Unavailable(unavailable)),
        }
        self.stats.touched += 1;
        self.records.get_mut(&key).expect("it is fresh").deadline = deadline;
        Ok(())
    }

    pub(crate) fn remove(&mut self, key: usize) -> Result<Option<Text>, PartitionUnavailable> {
        match self.meet(key, false) {
            Met::Fresh(route) => {
                self.records.remove(&key);
                self.stats.removed += 1;
                Ok(Some(route))
            }
            Met::Expired | Met::Missing => Ok(None),
            Met::Unavailable(unavailable) => Err(unavailable),
        }
    }

    pub(crate) fn resolve(
        &mut self,
        table: &RouteTable<Text>,
        key: usize,
        fallbacks: &[Text],
        peek: bool,
    ) -> Result<Resolved, ResolveError> {
        let before = self.stats;
        let answer = self.look_for_route(key, fallbacks, peek);
        if peek {
            self.stats = before;
            return answer;
        }
        match answer {
            Ok((route, source, stale, reason)) => {
                match source {
                    Source::Exact => self.stats.exact += 1,
                    Source::Room => self.stats.room += 1,
                    Source::Provided => self.stats.provided += 1,
                }
                self.stats.stale += u64::from(stale);
                self.stats.unavailable += u64::from(reason == Some(Reason::Unavailable));
                // What was learned while something was out of service is not kept.
                let learned = source != Source::Exact && reason != Some(Reason::Unavailable);
                if learned && self.write_back {
                    self.store(table, key, route, self.ttl);
                }
            }
            Err(ResolveError::NoRoute { stale }) => {
                self.stats.no_route += 1;
                self.stats.stale += u64::from(stale);
            }
            Err(ResolveError::Unavailable(_)) => self.stats.unavailable += 1,
            Err(other) => panic!("the model has answered {other:?}"),
        }
        answer
    }

    fn look_for_route(
        &mut self,
        key: usize,
        fallbacks: &[Text],
        peek: bool,
    ) -> Result<Resolved, ResolveError> {
        let exact = self.meet(key, peek);
        if let Met::Fresh(route) = exact {
            return Ok((route, Source::Exact, false, None));
        }
        let room_key = self.rooms[key];
        let room = if room_key == key { Met::Missing } else { self.meet(room_key, peek) };
        let stale = exact == Met::Expired || room == Met::Expired;
        let unavailable = match (exact, room) {
            (Met::Unavailable(which), _) | (_, Met::Unavailable(which)) => Some(which),
            _ => None,
        };
        let (route, source, plain) = if let Met::Fresh(route) = room {
            (route, Source::Room, Reason::ThreadMiss)
        } else if let Some(route) = fallbacks.iter().find(|route| !route.is_empty()) {
            (*route, Source::Provided, Reason::Miss)
        } else {
            if let (Some(_), true, false) = (unavailable, stale, peek) {
                self.stats.stale += 1;
            }
            return Err(unavailable.map_or(ResolveError::NoRoute { stale }, ResolveError::Unavailable));
        };
        let reason = match unavailable {
            Some(_) => Reason::Unavailable,
            None if stale => Reason::Stale,
            None => plain,
        };
        Ok((route, source, stale, Some(reason)))
    }

    pub(crate) fn prune(&mut self) -> usize {
        let gone = |key: &usize| !self.is_fresh(*key) && self.available(*key).is_ok();
        let gone: Vec<usize> = self.records.keys().copied().filter(gone).collect();
        for key in &gone {
            self.records.remove(key);
        }
        self.stats.pruned += gone.len() as u64;
        gone.len()
    }

    pub(crate) fn set_bound(&mut self, table: &RouteTable<Text>, bound: usize) {
        self.bound = bound;
        for partition in 0..table.partition_count() {
            let held = self.in_partition(partition).count();
            if held > bound {
                self.make_room(table, partition, held - bound);
            }
        }
    }

    /// What a partition that has failed holds is gone for good.
    pub(crate) fn fail(&mut self, partition: usize) -> bool {
        let partitions = &self.partitions;
        self.records.retain(|&key, _| partitions[key] != partition);
        self.failed.insert(partition)
    }

    pub(crate) fn maintain(&mut self) {
        self.failed.clear();
    }

    /// How many records each partition holds; none for one that is out of service.
    pub(crate) fn held(&self, partition: usize) -> Option<usize> {
        (!self.failed.contains(&partition)).then(|| self.in_partition(partition).count())
    }

    /// Key, route, time of the last set and deadline of all fresh records, in the order of the keys.
    pub(crate) fn fresh(&self) -> Vec<(usize, Text, u64, u64)> {
        let fresh = self.records.iter().filter(|(key, _)| self.is_fresh(**key));
        let mut fresh: Vec<_> = fresh.map(|(&key, k)| (key, k.route, k.set_at, k.deadline)).collect();
        fresh.sort_unstable();
        fresh
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).expect("a short span")
}
