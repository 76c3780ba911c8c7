//! Payloads are dropped exactly once, and soon.
//!
//! Counted payloads go through every operation, one by one and in a race; run under AddressSanitizer as well, which
//! sees what a count does not.

mod patience;

use patience::until;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use tenure_core::{Destination, KeyRef, ManualClock, RouteTable, SessionMap};

#[derive(Default)]
struct Tally {
    made: AtomicUsize,
    dropped: AtomicUsize,
    twice: AtomicBool,
}

impl Tally {
    fn alive(&self) -> usize {
        let (dropped, made) = (self.dropped.load(Ordering::SeqCst), self.made.load(Ordering::SeqCst));
        made.checked_sub(dropped).expect("more were dropped than made")
    }

    fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }
}

/// A payload that says when it is made, copied and dropped, and owns memory.
struct Counted {
    number: u64,
    text: Box<str>,
    tally: Arc<Tally>,
    dropped: bool,
}

impl Counted {
    fn new(number: u64, tally: &Arc<Tally>) -> Self {
        tally.made.fetch_add(1, Ordering::SeqCst);
        let text = format!("payload {number}").into();
        Self { number, text, tally: Arc::clone(tally), dropped: false }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        assert_eq!(*self.text, *format!("payload {}", self.number), "what is read is whole");
        Self::new(self.number, &self.tally)
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Destination for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally.twice.fetch_or(self.dropped, Ordering::SeqCst);
        self.dropped = true;
        self.tally.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

fn key(thread: &str) -> KeyRef<'_> {
    KeyRef::new("irc", "net", "room", Some(thread))
}

const TTL: Duration = Duration::from_millis(100);

/// Does the background thread's step by hand until so many are dropped: guards of other tests may be in the way.
fn drive(tally: &Tally, dropped: usize, maintain: impl Fn()) {
    until("what has gone is dropped", || {
        maintain();
        tally.dropped() >= dropped
    });
    maintain();
    assert_eq!(tally.dropped(), dropped, "one more was dropped than has gone");
}

#[test]
fn a_route_that_is_gone_is_dropped_by_the_next_step_of_maintenance() {
    let (tally, clock) = (Arc::<Tally>::default(), ManualClock::new());
    let builder = RouteTable::builder().partitions(1).max_entries_per_partition(2).ttl(TTL);
    let table = builder.clock(clock.clone()).build().unwrap();
    let set = |thread: &str, number| table.set(key(thread), Counted::new(number, &tally)).unwrap();
    let maintain = || _ = table.maintain();
    set("a", 1);
    set("a", 2);
    drive(&tally, 1, maintain); // replaced
    set("a", 2);
    drive(&tally, 2, maintain); // set again: the new one is not stored
    set("b", 3);
    set("c", 4);
    drive(&tally, 3, maintain); // evicted
    drop(table.remove(key("b")).unwrap());
    drive(&tally, 5, maintain); // removed, and the copy that came back
    clock.advance(TTL);
    assert_eq!(table.prune(), 1);
    drive(&tally, 6, maintain); // pruned
    set("a", 5);
    clock.advance(TTL);
    assert!(table.get(key("a")).is_err());
    drive(&tally, 7, maintain); // met by a reader
    set("a", 6);
    set("b", 7);
    table.fail_partition(0);
    drive(&tally, 9, maintain); // gone with its partition
    set("a", 8);
    drop(table);
    assert_eq!((tally.dropped(), tally.alive()), (10, 0)); // gone with its table
}

#[test]
fn a_session_that_is_gone_is_dropped_by_the_next_step_of_maintenance() {
    let (tally, clock) = (Arc::<Tally>::default(), ManualClock::new());
    let map = SessionMap::builder().ownerless_ttl(TTL).clock(clock.clone()).build().unwrap();
    let (owner, other) = (map.owner(), map.owner());
    let maintain = || while map.maintain() {};
    map.create("a", Counted::new(1, &tally), &owner).unwrap();
    map.update("a", |edit| edit.payload_mut().number += 0).unwrap();
    drive(&tally, 1, maintain);
    drop(map.claim("a").unwrap());
    drive(&tally, 3, maintain); // the version before, and the answer
    map.hand_over("a", &other).unwrap();
    drive(&tally, 4, maintain);
    assert!(map.delete("a"));
    drive(&tally, 5, maintain);
    for number in 0..200 {
        map.create(format!("{number}"), Counted::new(number, &tally), &owner).unwrap();
    }
    drop(owner);
    drive(&tally, 205, maintain); // an owner of more than one step
    map.create("free", Counted::new(1, &tally), None).unwrap();
    clock.advance(TTL);
    map.prune();
    drive(&tally, 206, maintain);
    map.create("free", Counted::new(1, &tally), None).unwrap();
    drop((map, other));
    assert_eq!((tally.dropped(), tally.alive()), (207, 0));
}

/// Numbers that look random.
fn next(state: &mut u64, end: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % end
}

fn finish(tally: &Tally) {
    until("every payload is dropped", || {
        SessionMap::<()>::new().prune();
        tally.alive() == 0
    });
    assert_eq!(tally.alive(), 0);
    assert!(!tally.twice.load(Ordering::SeqCst), "dropped twice");
}

fn read_all(table: &RouteTable<Counted>) {
    let guard = tenure_core::pin();
    assert!(table.iter(&guard).all(|record| record.to_record().route.number < 6_000));
}

#[test]
fn routes_in_a_race_are_dropped_once_each() {
    let (tally, clock) = (Arc::<Tally>::default(), ManualClock::new());
    let builder = RouteTable::builder().partitions(2).max_entries_per_partition(6).ttl(TTL);
    let table = builder.clock(clock.clone()).build().unwrap();
    thread::scope(|scope| {
        for worker in 0..4_u64 {
            let (tally, table, clock) = (&tally, &table, &clock);
            scope.spawn(move || {
                let mut state = worker;
                for round in 0..6_000_u64 {
                    let name = next(&mut state, 20).to_string();
                    let key = key(&name);
                    match next(&mut state, 12) {
                        0..=2 => _ = table.set(key, Counted::new(next(&mut state, 3), tally)),
                        3 => _ = table.set_with_ttl(key, Counted::new(round, tally), TTL / 2),
                        4 => _ = table.get(key),
                        5 => _ = table.resolve(key, &[Counted::new(round, tally)]),
                        6 => _ = table.touch(key),
                        7 => _ = table.remove(key),
                        8 => _ = table.prune(),
                        9 => read_all(table),
                        10 => _ = table.maintain(),
                        _ if next(&mut state, 50) == 0 => _ = table.fail_partition(0),
                        _ => _ = clock.advance(Duration::from_millis(1)),
                    }
                }
            });
        }
    });
    drop(table);
    finish(&tally);
}

#[test]
fn sessions_in_a_race_are_dropped_once_each() {
    let (tally, clock) = (Arc::<Tally>::default(), ManualClock::new());
    let builder = SessionMap::builder().capacity(60).ownerless_ttl(TTL);
    let map = builder.clock(clock.clone()).build().unwrap();
    thread::scope(|scope| {
        for worker in 0..4_u64 {
            let (tally, map, clock) = (&tally, &map, &clock);
            scope.spawn(move || {
                let mut state = worker;
                let mut owner = map.owner();
                for round in 0..6_000_u64 {
                    let code = next(&mut state, 30).to_string();
                    match next(&mut state, 12) {
                        0 | 1 => _ = map.create(code, Counted::new(round, tally), &owner),
                        2 => _ = map.create(code, Counted::new(round, tally), None),
                        3 => _ = map.create_with_new_code(Counted::new(round, tally), &owner),
                        4 => _ = map.get(&code),
                        5 => _ = map.update(&code, |edit| *edit.payload_mut() = Counted::new(round, tally)),
                        6 => _ = map.claim(&code),
                        7 => _ = map.delete(&code),
                        8 => _ = map.hand_over(&code, &owner),
                        9 => _ = map.list_active(),
                        10 if round % 8 == 0 => owner = map.owner(),
                        10 => _ = map.maintain(),
                        _ => _ = clock.advance(Duration::from_millis(1)),
                    }
                }
            });
        }
    });
    drop(map);
    finish(&tally);
}
