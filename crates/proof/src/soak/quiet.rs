//! What must hold while everybody stands still: nothing is left over, and the counters add up.

use super::{
    shared::{CLAIMED, COUNTED, claimed_code, counted_code},
    tally::{Answer, Kind, PAYLOADS, ROUTES},
    world::{Load, World, wild_number},
};
use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};
use tenure_core::{Owner, RouteTable, Status, pin};

/// How long the background thread has to finish what it was about.
const SETTLING: Duration = Duration::from_secs(30);

/// Waits until two numbers are equal, cleaning up by hand meanwhile: the background thread may be in the middle of a
/// step.
fn come_to<const N: usize>(world: &World, what: &str, numbers: impl Fn() -> [i64; N]) {
    let since = Instant::now();
    loop {
        world.wild.prune();
        world.kept.prune();
        world.map.prune();
        let waits = world.wild.maintain() | world.kept.maintain() | world.map.maintain();
        let now = numbers();
        if !waits && now.windows(2).all(|pair| pair[0] == pair[1]) {
            return;
        }
        if since.elapsed() > SETTLING {
            world.laws.break_with(format!("{what}: {now:?} should be equal; more to clean up: {waits}"));
            return;
        }
        thread::yield_now();
    }
}

fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Checks all that can be checked of standing tables.
pub(crate) fn check(world: &World) {
    check_bounds(world);
    check_sizes(world);
    check_route_counters(world);
    check_session_counters(world);
    let panics = world.pruner.panics();
    world.laws.hold(panics == 0, || format!("the background thread has met {panics} panics"));
}

fn walked(table: &RouteTable<super::world::Tag>) -> i64 {
    signed(table.iter(&pin()).count())
}

fn check_sizes(world: &World) {
    come_to(world, "wild: records held, shown by a walk", || [signed(world.wild.len()), walked(&world.wild)]);
    come_to(world, "kept: records held, shown by a walk", || [signed(world.kept.len()), walked(&world.kept)]);
    come_to(world, "routes that exist, records of both tables", || {
        let records = world.wild.len() + world.kept.len();
        [ROUTES.load(Ordering::Relaxed), signed(records)]
    });
    come_to(world, "sessions: places taken, counted, listed, payloads that exist", || {
        let (taken, counted) = (world.map.occupied(), world.map.count_active());
        [signed(taken), signed(counted), signed(world.map.iter().count()), PAYLOADS.load(Ordering::Relaxed)]
    });
}

/// No more records than the bound: as the threads have left them, before anything is cleaned up.
fn check_bounds(world: &World) {
    let bound = world.wild.max_entries_per_partition();
    let mut shown = vec![0; world.wild.partition_count()];
    for record in world.wild.iter(&pin()) {
        shown[world.wild.partition_of(record.key())] += 1;
        let known = wild_number(record.key()).is_some();
        world.laws.hold(known, || format!("wild: a walk showed the key {}", record.key()));
    }
    let most = shown.iter().max().copied().unwrap_or(0);
    world.laws.hold(most <= bound, || format!("wild: {shown:?} records in the partitions, of {bound} each"));
}

fn check_route_counters(world: &World) {
    let (tally, stats, told) = (world.tally(), world.wild.stats(), &world.wild_told);
    let answered = [
        ("exact", tally.get(Answer::Exact), stats.exact),
        ("room", tally.get(Answer::Room), stats.room),
        ("provided", tally.get(Answer::Provided), stats.provided),
        ("no route", tally.get(Answer::NoRoute), stats.no_route),
        ("unavailable", tally.get(Answer::Unavailable), stats.unavailable),
        ("touched", tally.get(Answer::Touched), stats.touched),
        ("removed", tally.get(Answer::Removed), stats.removed),
    ];
    let observed = [
        ("set", told.get(Kind::Set), stats.set),
        ("hit", told.get(Kind::Hit), stats.exact),
        ("fallback", told.get(Kind::Fallback), stats.room + stats.provided),
        ("stale", told.get(Kind::Stale), stats.stale),
        ("evicted", told.get(Kind::Evicted), stats.evicted),
        ("pruned", told.get(Kind::Pruned), stats.pruned),
        ("removed", told.get(Kind::Removed), stats.removed),
        ("panics", 0, stats.drop_panics + stats.observer_panics),
    ];
    compare(world, "wild: answered", &answered);
    compare(world, "wild: observed", &observed);
    let kept = world.kept.stats();
    let answered = [
        ("set", tally.get(Answer::KeptSet), kept.set),
        ("touched", tally.get(Answer::KeptTouched), kept.touched),
        ("removed", tally.get(Answer::KeptRemoved), kept.removed),
        ("evicted", 0, kept.evicted),
    ];
    compare(world, "kept: answered", &answered);
}

fn check_session_counters(world: &World) {
    let (tally, stats, told) = (world.tally(), world.map.stats(), &world.map_told);
    let answered = [
        ("created", tally.get(Answer::Created), stats.created),
        ("updated", tally.get(Answer::Updated), stats.updated),
        ("claimed", tally.get(Answer::Claimed), stats.claimed),
        ("deleted", tally.get(Answer::Deleted), stats.deleted),
        ("missed by the monitors", 0, stats.missed),
    ];
    let ended = stats.deleted + stats.owner_died + stats.expired;
    let observed = [
        ("created", told.get(Kind::Created), stats.created),
        ("updated", told.get(Kind::Updated), stats.updated),
        ("claimed", told.get(Kind::Claimed), stats.claimed),
        ("handed over", told.get(Kind::HandedOver), stats.handed_over),
        ("ended", told.get(Kind::Ended), ended),
        ("panics", 0, stats.observer_panics + stats.drop_panics),
        ("there", stats.created - ended, world.map.occupied() as u64),
    ];
    compare(world, "map: answered", &answered);
    compare(world, "map: observed", &observed);
    // Those of shared codes are not counted by who asks: it may have been there already.
    let (moved, known) = (stats.handed_over, tally.get(Answer::HandedOver));
    world.laws.hold(moved >= known, || format!("map: {moved} hand-overs counted, {known} done"));
}

fn compare(world: &World, which: &str, pairs: &[(&str, u64, u64)]) {
    for (what, ours, tables) in pairs {
        world.laws.hold(ours == tables, || format!("{which}, {what}: {ours}; the table counts {tables}"));
    }
}

/// The sessions of one round whose updates and claims are counted, and their owner.
pub(crate) struct Round {
    owner: Owner,
}

impl Round {
    /// Makes them. Call it while everybody stands.
    pub(crate) fn begin(world: &World) -> Self {
        // Room for them, whatever the governor has made of it.
        let made = world.map.set_capacity(super::world::MAP_CAPACITY).is_ok()
            && world.map.set_per_owner(COUNTED + CLAIMED).is_ok();
        world.laws.hold(made, || "a setting was refused".to_owned());
        let owner = world.map.owner();
        let codes = (0..COUNTED).map(counted_code).chain((0..CLAIMED).map(claimed_code));
        let mut tally = super::tally::Tally::default();
        for (number, code) in codes.enumerate() {
            let created = world.map.create(code, Load::new(world.serial(), number as u32), &owner);
            world.laws.hold(created.is_ok(), || format!("a session of the round: {created:?}"));
            tally.count(Answer::Created);
        }
        world.hand_in(&mut tally);
        Self { owner }
    }

    /// Every update counts, and no session was claimed twice; then they go. Call it while everybody stands.
    pub(crate) fn end(self, world: &World, updates: &[u64], claims: &[u8]) {
        for (at, ours) in updates.iter().enumerate() {
            let version = world.map.get(&counted_code(at)).map(|session| session.payload.version);
            world.laws.hold(version == Some(*ours), || {
                format!("map: {ours} updates of {} succeeded; it says {version:?}", counted_code(at))
            });
        }
        for (at, winners) in claims.iter().enumerate() {
            let status = world.map.get(&claimed_code(at)).map(|session| session.status);
            let right = status == Some(if *winners == 1 { Status::Connected } else { Status::Pending });
            world.laws.hold(*winners <= 1 && right, || {
                format!("map: {winners} claims of {} succeeded; it is {status:?}", claimed_code(at))
            });
        }
        drop(self.owner);
    }
}
