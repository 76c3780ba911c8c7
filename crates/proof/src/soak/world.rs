//! What the threads share: the tables, the clock, the laws.

use super::{
    deaths::Deaths,
    gate::Gate,
    laws::Laws,
    tally::{Alive, PAYLOADS, ROUTES, Tally, Told},
};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tenure_core::{Clock, Destination, KeyRef, ManualClock, Pruner, RouteTable, SessionMap, Tick};

/// Rooms of the wild table.
const ROOMS: u32 = 40;
/// Keys of one room: itself and its threads.
const PER_ROOM: u32 = 8;
/// Keys of the wild table.
pub(crate) const WILD_KEYS: u32 = ROOMS * PER_ROOM;
/// Keys of the kept table that each worker has for itself.
pub(crate) const KEPT_KEYS: u32 = 400;
/// The most that the bounds of the tables are ever set to.
pub(crate) const WILD_BOUND: usize = 60;
pub(crate) const MAP_CAPACITY: usize = 6_000;
/// Between these the governor sets how long a session without owner stays.
pub(crate) const OWNERLESS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));

/// A route that says what it is about.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    /// The number of the key that it was set under.
    pub(crate) about: u32,
    /// Grows with each set of that key; 0 in what a caller provides as a fallback.
    pub(crate) version: u64,
    _alive: Alive,
}

/// The version of a route that says nothing.
const NOWHERE: u64 = u64::MAX;

impl Tag {
    pub(crate) fn new(about: u32, version: u64) -> Self {
        Self { about, version, _alive: Alive::one_of(&ROUTES) }
    }

    pub(crate) fn nowhere() -> Self {
        Self::new(0, NOWHERE)
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        (self.about, self.version) == (other.about, other.version)
    }
}

impl Destination for Tag {
    fn is_valid(&self) -> bool {
        self.version != NOWHERE
    }
}

/// What a session carries.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Unique among all sessions.
    pub(crate) serial: u64,
    /// The number of its code among those of its kind.
    pub(crate) code: u32,
    /// Grows by one with each update.
    pub(crate) version: u64,
    _alive: Alive,
}

impl Load {
    pub(crate) fn new(serial: u64, code: u32) -> Self {
        Self { serial, code, version: 0, _alive: Alive::one_of(&PAYLOADS) }
    }
}

/// All that the threads share.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) pruner: Pruner,
    /// Small bounds, short lives, partitions that fail; every thread on every key.
    pub(crate) wild: RouteTable<Tag>,
    pub(crate) wild_told: Told,
    /// Nothing is evicted and nothing fails here: what becomes of each key is known exactly.
    pub(crate) kept: RouteTable<Tag>,
    pub(crate) map: SessionMap<Load>,
    pub(crate) map_told: Told,
    pub(crate) deaths: Deaths,
    pub(crate) laws: Laws,
    pub(crate) gate: Gate,
    pub(crate) workers: u32,
    pub(crate) operations: AtomicU64,
    pub(crate) serials: AtomicU64,
    /// Partitions that were taken out of service.
    pub(crate) failures: AtomicU64,
    tally: Mutex<Tally>,
}

impl World {
    pub(crate) fn new(workers: u32, members: usize) -> Self {
        let clock = ManualClock::new();
        let pruner = Pruner::spawn("soak").expect("a thread can be started");
        let (wild_told, map_told) = (Told::default(), Told::default());
        let wild = RouteTable::builder()
            .name("wild")
            .partitions(4)
            .max_entries_per_partition(WILD_BOUND)
            .ttl(Duration::from_millis(500))
            .clock(clock.clone())
            .observer(wild_told.clone())
            .pruner(&pruner)
            .build();
        let kept = RouteTable::builder()
            .name("kept")
            .partitions(4)
            .max_entries_per_partition(Self::most_kept(workers))
            .clock(clock.clone())
            .pruner(&pruner)
            .build();
        let map = SessionMap::builder()
            .name("map")
            .capacity(MAP_CAPACITY)
            .ownerless_ttl(OWNERLESS.1)
            .sweep_interval(super::governor::SWEEPS)
            .clock(clock.clone())
            .observer(map_told.clone())
            .pruner(&pruner)
            .build();
        Self {
            clock,
            pruner,
            wild: wild.expect("valid settings"),
            wild_told,
            kept: kept.expect("valid settings"),
            map: map.expect("valid settings"),
            map_told,
            deaths: Deaths::new(),
            laws: Laws::default(),
            gate: Gate::new(members),
            workers,
            operations: AtomicU64::new(0),
            serials: AtomicU64::new(1),
            failures: AtomicU64::new(0),
            tally: Mutex::new(Tally::default()),
        }
    }

    /// All records that the kept table can ever hold.
    pub(crate) fn most_kept(workers: u32) -> usize {
        (workers * KEPT_KEYS) as usize
    }

    pub(crate) fn now(&self) -> Tick {
        self.clock.now()
    }

    pub(crate) fn serial(&self) -> u64 {
        // Relaxed: unique numbers.
        self.serials.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds what a thread has counted.
    pub(crate) fn hand_in(&self, tally: &mut Tally) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).take(tally);
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The room-scope key of a wild key.
pub(crate) fn room_of(key: u32) -> u32 {
    key - key % PER_ROOM
}

/// Has `ask` ask with the wild key of this number.
pub(crate) fn with_wild_key<T>(key: u32, ask: impl FnOnce(KeyRef<'_>) -> T) -> T {
    let (room, thread) = (format!("room-{}", key / PER_ROOM), (key % PER_ROOM).to_string());
    ask(KeyRef::new("soak", "wild", &room, (room_of(key) != key).then_some(&*thread)))
}

/// Has `ask` ask with the kept key of this number.
pub(crate) fn with_kept_key<T>(key: u32, ask: impl FnOnce(KeyRef<'_>) -> T) -> T {
    ask(KeyRef::for_room("soak", "kept", &key.to_string()))
}

/// The number of a wild key, from the key.
pub(crate) fn wild_number(key: KeyRef<'_>) -> Option<u32> {
    let room: u32 = key.room().strip_prefix("room-")?.parse().ok()?;
    let thread = key.thread().map_or(Some(0), |thread| thread.parse().ok())?;
    Some(room * PER_ROOM + thread)
}
