//! Tables of unusual shapes: bounds of one and without end, one partition and thousands.

use crate::patience::until;
use std::collections::BTreeSet;
use tenure_core::{
    BuildRouteTableError, CreateErrorKind, GetError, HandOverError, KeyRef, ManualClock, RouteTable,
    SessionKey, SessionMap, SettingError, Source,
};

type Text = &'static str;

fn room(name: &str) -> SessionKey {
    SessionKey::for_room("irc", "libera", name)
}

#[test]
fn a_table_of_one_record_holds_the_last_one_set() {
    let table =
        RouteTable::<Text>::builder().partitions(1).max_entries_per_partition(1).build().expect("valid");
    for n in 0..100 {
        table.set(room(&n.to_string()), "!room").expect("available");
        assert_eq!((table.len(), table.iter(&tenure_core::pin()).count()), (1, 1));
        assert!(table.get(room(&n.to_string())).is_ok(), "the last one, always");
    }
    assert_eq!((table.stats().set, table.stats().evicted), (100, 99));
    table.set(room("99"), "!other").expect("available");
    assert_eq!(table.stats().evicted, 99, "to set it again takes no place");
}

/// What is learned takes the only place, that of the record from which it was learned: the answer stays right, also
/// the next time.
#[test]
fn in_a_table_of_one_record_a_thread_takes_the_place_of_its_room() {
    let table =
        RouteTable::<Text>::builder().partitions(1).max_entries_per_partition(1).build().expect("valid");
    table.set(room("#rust"), "!rust").expect("available");
    let thread = KeyRef::new("irc", "libera", "#rust", Some("t1"));
    let learned = table.resolve(thread, &[]).expect("the room's");
    assert_eq!((learned.route, learned.source), ("!rust", Source::Room));
    assert_eq!(table.get(room("#rust")), Err(GetError::NotFound), "it was evicted for the thread's");
    assert_eq!(table.resolve(thread, &[]).expect("its own").source, Source::Exact);
    // A table that does not write back keeps the room.
    let table = RouteTable::<Text>::builder().partitions(1).max_entries_per_partition(1).write_back(false);
    let table = table.build().expect("valid");
    table.set(room("#rust"), "!rust").expect("available");
    for _ in 0..2 {
        assert_eq!(table.resolve(thread, &[]).expect("the room's").source, Source::Room);
    }
}

#[test]
fn a_map_for_one_session_takes_the_next_when_that_is_gone() {
    let clock = ManualClock::new();
    let map =
        SessionMap::<u32>::builder().capacity(1).per_owner(1).clock(clock.clone()).build().expect("valid");
    let (one, two) = (map.owner(), map.owner());
    map.create("A", 1, &one).expect("free");
    let refused = map.create("B", 2, &two).expect_err("full");
    assert_eq!(*refused.kind(), CreateErrorKind::MapFull { capacity: 1 });
    let refused = map.create("B", 2, &one).expect_err("full");
    assert_eq!(*refused.kind(), CreateErrorKind::OwnerFull { per_owner: 1 }, "the owner is asked first");
    map.hand_over("A", &two).expect("two has none");
    assert_eq!(map.hand_over("A", &two), Ok(()), "it is there already");
    map.delete("A");
    map.create("B", 2, &two).expect("the place is free");
    drop(two);
    map.create("C", 3, &one).expect("the dead owner's place is free at once");
    map.delete("C");
    map.create("D", 4, None).expect("free");
    clock.advance(std::time::Duration::from_secs(24 * 3_600));
    map.create("E", 5, &one).expect("what has expired is no obstacle");
    assert_eq!((map.occupied(), map.count_active()), (1, 1));
    map.set_capacity(2).expect("positive");
    map.create("F", 6, None).expect("free");
    assert_eq!(map.hand_over("F", &one), Err(HandOverError::OwnerFull { per_owner: 1 }));
}

/// There is no bound above which a bound is refused.
#[test]
fn bounds_without_end_are_fine() {
    let table = RouteTable::<Text>::builder().partitions(1).max_entries_per_partition(usize::MAX);
    let table = table.build().expect("valid");
    let map = SessionMap::<()>::builder().capacity(usize::MAX).per_owner(usize::MAX).build().expect("valid");
    for n in 0..1_000 {
        table.set(room(&n.to_string()), "!room").expect("available");
        map.create(n.to_string(), (), None).expect("free");
    }
    assert_eq!((table.len(), map.occupied()), (1_000, 1_000));
    table.set_max_entries_per_partition(1).expect("positive");
    assert_eq!(table.len(), 1, "what is over a lower bound goes before the call returns");
    assert!(table.get(room("999")).is_ok());
    map.set_capacity(1).expect("positive");
    assert_eq!(map.count_active(), 1_000, "of sessions, none goes; none comes before enough are gone");
    assert!(map.create("new", (), None).is_err());
}

#[test]
fn four_thousand_partitions_are_one_table() {
    const PARTITIONS: usize = 4_096;
    const KEYS: usize = 4 * PARTITIONS;
    let clock = ManualClock::new();
    let table = RouteTable::<Text>::builder().partitions(PARTITIONS).max_entries_per_partition(64);
    let table = table.clock(clock.clone()).build().expect("valid");
    let mut used = BTreeSet::new();
    for n in 0..KEYS {
        let key = room(&n.to_string());
        table.set(&key, "!room").expect("available");
        let partition = table.partition_of(&key);
        assert!(partition < PARTITIONS);
        used.insert(partition);
    }
    // A share of e^-4 is expected to be empty: 75 of them.
    assert!(used.len() > PARTITIONS - 200, "{} of them are used", used.len());
    assert_eq!((table.len(), table.stats().evicted), (KEYS, 0));
    assert_eq!(table.iter(&tenure_core::pin()).count(), KEYS);
    assert_eq!((table.partition_count(), table.partition(PARTITIONS).is_none()), (PARTITIONS, true));

    // The threads of one room go to thousands of partitions, and find it.
    let rooms = room("0");
    let threads: BTreeSet<_> = (0..100)
        .map(|n| {
            let thread = n.to_string();
            let found = table.resolve(KeyRef::new("irc", "libera", "0", Some(&thread)), &[]);
            found.expect("its room's").partition
        })
        .collect();
    assert!(threads.len() > 80, "{} partitions for 100 threads", threads.len());
    assert_eq!(table.iter_room(&rooms, &tenure_core::pin()).count(), 101);

    let held = table.partition(17).expect("one of them").len();
    assert!(table.fail_partition(17) && !table.fail_partition(PARTITIONS));
    // Not at once where another test's thread holds a guard: of its own process, see `tests/replaced.rs`.
    until("the content that was replaced is dropped", || !table.maintain());
    assert_eq!(table.len(), KEYS + 100 - held, "the others have noticed nothing");
    clock.advance(std::time::Duration::from_secs(1_800));
    assert_eq!((table.prune(), table.len()), (KEYS + 100 - held, 0));
}

#[test]
fn as_many_partitions_as_there_may_be_and_one_more() {
    let most =
        RouteTable::<Text>::builder().partitions(65_536).max_entries_per_partition(1).build().expect("valid");
    most.set(room("#rust"), "!rust").expect("available");
    assert_eq!((most.partition_count(), most.len(), most.prune()), (65_536, 1, 0));
    let refused = RouteTable::<Text>::builder().partitions(65_537).build().expect_err("one too many");
    assert_eq!(refused.to_string(), "partitions is 65537; it may be 65536 at most");
    let BuildRouteTableError::Setting(SettingError::TooMany { value, .. }) = refused else {
        panic!("a setting: {refused}")
    };
    assert_eq!(value, 65_537);
}

#[test]
fn one_partition_is_enough_and_is_partition_zero() {
    let table = RouteTable::<Text>::builder().partitions(1).build().expect("valid");
    for n in 0..1_000 {
        let thread = n.to_string();
        assert_eq!(table.partition_of(KeyRef::new("a", "b", "c", Some(&thread))), 0);
    }
    table.set(room("#rust"), "!rust").expect("available");
    assert!(table.fail_partition(0) && !table.fail_partition(0), "once");
    assert!(table.set(room("#rust"), "!rust").is_err() && table.prune() == 0);
    let fallback = table.resolve(room("#rust"), &["!other"]).expect("the caller's own is at hand");
    assert_eq!(
        (fallback.source, fallback.reason),
        (Source::Provided, Some(tenure_core::Reason::Unavailable))
    );
    table.maintain();
    assert_eq!(table.get(room("#rust")), Err(GetError::NotFound), "empty, and in service");
}
