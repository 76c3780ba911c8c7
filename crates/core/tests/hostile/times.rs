//! Times to live at their ends, and clocks at theirs.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tenure_core::{
    Clock, GetError, KeyRef, ManualClock, RouteTable, RouteTableBuilder, SessionMap, SetErrorKind,
    SettingError, Source, Tick,
};

const NANO: Duration = Duration::from_nanos(1);
const MILLI: Duration = Duration::from_millis(1);
/// The longest span that still ends: at the last tick that a table takes for now.
const LONGEST: Duration = Duration::from_millis(Tick::MAX.as_millis() - 1);

fn room() -> KeyRef<'static> {
    KeyRef::for_room("irc", "libera", "#rust")
}

fn routes(clock: &ManualClock) -> RouteTableBuilder<&'static str> {
    RouteTable::builder().partitions(1).clock(clock.clone())
}

#[test]
fn a_time_to_live_of_zero_is_refused_where_it_would_store_nothing() {
    let table = routes(&ManualClock::new()).build().expect("valid");
    let refused = table.set_with_ttl(room(), "!room", Duration::ZERO).expect_err("it would be gone at once");
    assert_eq!((refused.route, refused.kind), ("!room", SetErrorKind::ZeroTtl));
    assert!(table.is_empty());
    let zero = |setting| Err(SettingError::Zero { setting });
    assert_eq!(table.set_ttl(Duration::ZERO), zero("ttl"));
    assert_eq!(table.set_prune_interval(Duration::ZERO), zero("prune_interval"));
    assert!(routes(&ManualClock::new()).ttl(Duration::ZERO).build().is_err());
    let map = SessionMap::<()>::new();
    assert_eq!(map.set_ownerless_ttl(Duration::ZERO), zero("ownerless_ttl"));
    assert_eq!(map.set_sweep_interval(Duration::ZERO), zero("sweep_interval"));
}

/// To touch with zero is to let it expire now: it is met once as *expired*, like any other.
#[test]
fn a_touch_with_zero_ends_a_record_at_once() {
    let table = routes(&ManualClock::new()).build().expect("valid");
    table.set(room(), "!room").expect("available");
    assert_eq!(table.touch_with_ttl(room(), Duration::ZERO), Ok(()));
    assert_eq!(table.get(room()), Err(GetError::Expired));
    assert_eq!(table.touch_with_ttl(room(), Duration::MAX), Err(GetError::NotFound), "it does not come back");
}

/// A part of a millisecond counts as a whole one, so the shortest life is one tick.
#[test]
fn a_millisecond_and_a_nanosecond_last_until_the_next_tick() {
    for ttl in [NANO, MILLI] {
        let clock = ManualClock::new();
        let table = routes(&clock).ttl(ttl).build().expect("valid");
        let map = SessionMap::<()>::builder().ownerless_ttl(ttl).clock(clock.clone()).build().expect("valid");
        table.set(room(), "!room").expect("available");
        map.create("C", (), None).expect("free");
        clock.advance(Duration::from_micros(999));
        assert!(table.get(room()).is_ok() && map.contains("C"), "{ttl:?}");
        clock.advance(Duration::from_micros(1));
        assert_eq!(table.get(room()), Err(GetError::Expired), "{ttl:?}");
        assert!(!map.contains("C"), "{ttl:?}");
    }
}

#[test]
fn the_longest_time_to_live_ends_and_a_longer_one_never_does() {
    let clock = ManualClock::new();
    let table = routes(&clock).build().expect("valid");
    let keys =
        ["ends", "never", "never_either"].map(|room| tenure_core::SessionKey::for_room("a", "b", room));
    for (key, ttl) in keys.iter().zip([LONGEST, LONGEST + NANO, Duration::MAX]) {
        table.set_with_ttl(key, "!room", ttl).expect("available");
    }
    let deadlines = keys.clone().map(|key| table.get(&key).expect("fresh").expires_at);
    assert_eq!(deadlines, [Tick::from_millis(Tick::MAX.as_millis() - 1), Tick::MAX, Tick::MAX]);
    assert_eq!(deadlines[1].to_string(), "never");
    clock.advance(LONGEST.saturating_sub(MILLI));
    assert!(table.get(&keys[0]).is_ok());
    clock.advance(Duration::MAX);
    assert_eq!((clock.now(), table.now()), (Tick::MAX, Tick::from_millis(Tick::MAX.as_millis() - 1)));
    assert_eq!(table.get(&keys[0]), Err(GetError::Expired));
    assert!(table.get(&keys[1]).is_ok() && table.get(&keys[2]).is_ok(), "for ever");
    assert_eq!((table.prune(), table.len()), (0, 2));
}

#[test]
fn every_setting_takes_the_longest_duration() {
    let clock = ManualClock::new();
    let table = routes(&clock).ttl(Duration::MAX).prune_interval(Duration::MAX).background().build();
    let table = table.expect("valid");
    assert_eq!(table.ttl(), Duration::from_millis(Tick::MAX.as_millis()), "as long as a tick can say");
    let map = SessionMap::<()>::builder().ownerless_ttl(Duration::MAX).sweep_interval(Duration::MAX);
    let map = map.clock(clock.clone()).background().build().expect("valid");
    table.set(room(), "!room").expect("available");
    map.create("C", (), None).expect("free");
    clock.advance(Duration::MAX);
    table.touch_with_ttl(room(), Duration::MAX).expect("fresh");
    assert_eq!(map.prune(), 0);
    assert!(table.get(room()).is_ok() && map.contains("C"));
    // The limit of a wait that is over at once; and an owner's, of which there is none.
    assert!(map.wait_until("C", |_| true, Duration::MAX).is_ok());
    assert!(map.wait_gone("D", Duration::MAX).is_err());
}

/// All deadlines are *never* there: nothing expires any more, and the bound alone keeps a table small.
#[test]
fn at_the_end_of_time_what_is_set_stays() {
    let clock = ManualClock::starting_at(Tick::MAX, UNIX_EPOCH);
    let table = routes(&clock).max_entries_per_partition(3).ttl(MILLI).build().expect("valid");
    let map = SessionMap::<()>::builder().ownerless_ttl(MILLI).clock(clock.clone()).build().expect("valid");
    let rooms: Vec<_> = (0..5).map(|n| tenure_core::SessionKey::for_room("a", "b", &n.to_string())).collect();
    for room in &rooms {
        table.set(room, "!room").expect("available");
    }
    clock.advance(Duration::MAX);
    let left: Vec<bool> = rooms.iter().map(|room| table.peek(room).is_ok()).collect();
    assert_eq!(left, [false, false, true, true, true], "what was set longest ago went for the bound");
    let thread = KeyRef::new("a", "b", "4", Some("t"));
    assert_eq!(table.resolve(thread, &[]).expect("its room's").source, Source::Room);
    assert_eq!(table.get(thread).expect("learned").expires_at, Tick::MAX);
    assert_eq!(table.touch_with_ttl(&rooms[4], MILLI), Ok(()));
    assert_eq!(table.prune(), 0);

    let owner = map.owner();
    map.create("owned", (), &owner).expect("free");
    map.create("nobody's", (), None).expect("free");
    assert_eq!((map.prune(), map.count_active()), (0, 2));
    let claimed = map.claim("owned").expect("pending");
    assert_eq!(claimed.connected.expect("stamped").tick, Tick::from_millis(Tick::MAX.as_millis() - 1));
    drop(owner);
    assert_eq!(map.count_active(), 1, "an owner's death needs no time");
}

/// A clock that breaks its promise, and jumps from one end to the other with each look.
#[derive(Debug)]
struct Jumping(std::sync::atomic::AtomicBool);

impl Clock for Jumping {
    fn now(&self) -> Tick {
        let late = self.0.fetch_xor(true, std::sync::atomic::Ordering::Relaxed);
        if late { Tick::MAX } else { Tick::ZERO }
    }

    fn wall(&self) -> SystemTime {
        if self.0.load(std::sync::atomic::Ordering::Relaxed) { UNIX_EPOCH } else { SystemTime::now() }
    }
}

/// What such a table answers is nobody's promise; that it ends, keeps its bounds and goes on is.
#[test]
fn a_clock_that_goes_backwards_breaks_no_bound() {
    let clock = Arc::new(Jumping(std::sync::atomic::AtomicBool::new(false)));
    let table = RouteTable::<&'static str>::builder().partitions(2).max_entries_per_partition(8);
    let table = table.ttl(MILLI).clock(Arc::clone(&clock)).build().expect("valid");
    let map =
        SessionMap::<u64>::builder().capacity(16).ownerless_ttl(MILLI).clock(clock).build().expect("valid");
    for n in 0..2_000_u64 {
        let room = (n % 37).to_string();
        let key = KeyRef::for_room("a", "b", &room);
        let _ = (table.set(key, "!room"), table.touch(key), table.get(key), table.resolve(key, &["!other"]));
        let _ = (
            map.create(&*room, n, None),
            map.claim(&room),
            map.update(&room, |edit| *edit.payload_mut() += 1),
        );
        if n % 64 == 0 {
            table.prune();
            map.prune();
        }
        assert!(table.len() <= 16 && map.occupied() <= 16);
    }
    let stats = map.stats();
    let ended = stats.deleted + stats.owner_died + stats.expired;
    assert_eq!(stats.created - ended, map.occupied() as u64);
}

#[test]
fn the_time_of_day_stops_where_the_platform_cannot_say_it() {
    let latest = UNIX_EPOCH + Duration::from_secs(i64::MAX as u64 / 2);
    let clock = ManualClock::starting_at(Tick::ZERO, latest);
    clock.advance(Duration::MAX);
    let map = SessionMap::<()>::builder().clock(clock.clone()).build().expect("valid");
    map.create("C", (), None).expect("free");
    assert!(map.get("C").expect("there").created.wall >= latest);
    assert_eq!(
        clock.wall().duration_since(latest).expect("not before"),
        Duration::from_millis(Tick::MAX.as_millis())
    );
}
