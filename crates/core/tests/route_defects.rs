//! One test for each defect of the reference's route manager (specification, section 5). Each states the law as a
//! function, holds the table to it, and shows that a naive twin with the defect breaks it.

#[expect(dead_code, reason = "used by others")]
mod patience;

use patience::PATIENCE;
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};
use tenure_core::{
    Event, GetError, ManualClock, Reason, ResolveError, RouteEvent, RouteTable, SessionKey, SetErrorKind,
    Source, What,
};

type Text = &'static str;

fn room(name: &str) -> SessionKey {
    SessionKey::for_room("irc", "libera", name)
}

fn thread(name: &str, thread: &str) -> SessionKey {
    SessionKey::new("irc", "libera", name, Some(thread))
}

/// How many of 500 rooms are found from one of their threads.
fn rooms_found(mut set: impl FnMut(&SessionKey), mut found: impl FnMut(&SessionKey) -> bool) -> usize {
    let rooms = (0..500).map(|n| format!("room-{n}"));
    let found = |name: &String| {
        set(&room(name));
        found(&thread(name, "t"))
    };
    rooms.filter(found).count()
}

#[test]
fn defect_01_a_room_is_found_from_each_of_its_threads_whatever_the_partitions() {
    for partitions in [1, 2, 4, 16, 64] {
        let table = RouteTable::<Text>::builder().partitions(partitions).build().expect("valid");
        let set = |key: &SessionKey| table.set(key, "!room").expect("available");
        let found =
            |key: &SessionKey| table.resolve(key, &[]).is_ok_and(|found| found.source == Source::Room);
        assert_eq!(rooms_found(set, found), 500, "{partitions} partitions");
    }

    // The twin looks the room up in the thread's own partition.
    let partition_of = |key: &SessionKey| key.hashes().full % 4;
    let twin = Mutex::new(Vec::new());
    let set = |key: &SessionKey| twin.lock().unwrap().push((partition_of(key), key.clone()));
    let found = |key: &SessionKey| twin.lock().unwrap().contains(&(partition_of(key), key.room_scope()));
    let found = rooms_found(set, found);
    assert!(found < 250, "a quarter of the twin's rooms are found, {found} of 500");
}

/// What is kept after so many sets of one key, records and whatever else a set leaves behind.
fn kept_after(sets: usize, mut set: impl FnMut(usize), kept: impl Fn() -> usize) -> usize {
    (0..sets).for_each(&mut set);
    kept()
}

#[test]
fn defect_02_setting_one_key_again_and_again_leaves_one_record() {
    const SETS: usize = 1_000_000;
    const MOST: usize = 1_000;
    let key = room("#rust");
    for routes in [["!a", "!a"], ["!a", "!b"]] {
        let table =
            RouteTable::<Text>::builder().partitions(1).max_entries_per_partition(2).build().expect("valid");
        let set = |n: usize| table.set(&key, routes[n % 2]).expect("available");
        let kept = kept_after(SETS, set, || table.stats().held + table.stats().garbage);
        assert!(kept <= MOST, "{kept} records and remains of records are kept");
        assert_eq!(table.len(), 1);
        // The set that overflows pays for nothing of that, and evicts nothing but the oldest.
        table.set(room("#a"), "!a").expect("available");
        table.set(&key, routes[0]).expect("available");
        table.set(room("#b"), "!b").expect("available");
        assert!(table.peek(room("#a")).is_err());
        assert!(table.peek(&key).is_ok() && table.peek(room("#b")).is_ok());
        assert_eq!(table.stats().evicted, 1);
    }

    // The twin remembers each set in a queue.
    let twin = Mutex::new((HashMap::new(), VecDeque::new()));
    let set = |n: usize| {
        let mut twin = twin.lock().unwrap();
        twin.0.insert(&key, n);
        twin.1.push_back((&key, n));
    };
    let kept = || {
        let twin = twin.lock().unwrap();
        twin.0.len() + twin.1.len()
    };
    assert!(kept_after(10 * MOST, set, kept) > MOST, "the twin's queue grows");
}

/// Text forms that do not come back as the key they were made of, and texts shared by two keys.
fn text_faults(text: impl Fn(&SessionKey) -> String, parse: impl Fn(&str) -> Option<SessionKey>) -> usize {
    let parts = ["a", ":", "a:b", "\\", "a\\:b", "", "ü:☃"];
    let mut keys = Vec::new();
    for channel in parts {
        for name in parts {
            keys.push(SessionKey::for_room(channel, "b", name));
            keys.extend(parts.map(|thread| SessionKey::new(channel, "b", name, Some(thread))));
        }
    }
    let lost = keys.iter().filter(|key| parse(&text(key)).as_ref() != Some(key)).count();
    let mut texts: Vec<String> = keys.iter().map(&text).collect();
    texts.sort_unstable();
    texts.dedup();
    lost + (keys.len() - texts.len())
}

#[test]
fn defect_08_every_key_survives_its_text_form_and_none_shares_it() {
    assert_eq!(text_faults(ToString::to_string, |text| text.parse().ok()), 0);
    assert_eq!(room("chat").to_string(), "irc:libera:chat");
    assert_eq!(thread("chat", "t:9").to_string(), r"irc:libera:chat:t\:9");

    // The twin joins with `:` and splits at `:`.
    let join = |key: &SessionKey| {
        let parts = [Some(key.channel()), Some(key.bridge()), Some(key.room()), key.thread()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(":")
    };
    let split = |text: &str| match text.split(':').collect::<Vec<_>>()[..] {
        [channel, bridge, room] => Some(SessionKey::for_room(channel, bridge, room)),
        [channel, bridge, room, thread] => Some(SessionKey::new(channel, bridge, room, Some(thread))),
        _ => None,
    };
    assert!(text_faults(join, split) > 100);
}

/// Stops whoever reports an event of this kind: says that it is there and waits to be let go.
fn stopping(at: RouteEvent) -> (impl Fn(&Event<'_>) + Send + Sync, Receiver<()>, SyncSender<()>) {
    let ((arrived, arrivals), (release, released)) = (sync_channel(1), sync_channel(1));
    let released = Mutex::new(Some(released));
    let observer = move |event: &Event<'_>| {
        if matches!(&event.what, What::Route { kind, .. } if *kind == at) {
            // The first one only: later events of this kind are those of the test itself.
            let first = released.lock().unwrap().take();
            if let Some(released) = first {
                arrived.send(()).expect("the test waits");
                released.recv_timeout(PATIENCE).expect("the test lets it go");
            }
        }
    };
    (observer, arrivals, release)
}

/// With a thread stopped in the middle of `stopped`, a reader on the same partition: what it reads, if it need not
/// wait.
fn read_meanwhile<T: Send>(
    stopped: impl FnOnce() + Send,
    (arrivals, release): (Receiver<()>, SyncSender<()>),
    read: impl FnOnce() -> T,
) -> T {
    std::thread::scope(|scope| {
        let stopped = scope.spawn(stopped);
        arrivals.recv_timeout(PATIENCE).expect("it stops");
        let answer = read();
        release.send(()).expect("it waits");
        stopped.join().expect("it goes on");
        answer
    })
}

#[test]
fn defect_10_a_prune_and_a_set_that_are_stopped_keep_nobody_waiting() {
    for at in [RouteEvent::Pruned, RouteEvent::Evicted, RouteEvent::Set, RouteEvent::Removed] {
        let (observer, arrivals, release) = stopping(at);
        let clock = ManualClock::new();
        let table: RouteTable<Text> = RouteTable::builder()
            .clock(clock.clone())
            .partitions(1)
            .max_entries_per_partition(4)
            .observer(observer)
            .build()
            .expect("valid");
        let set_all = || {
            table.set_with_ttl(room("#old"), "!old", Duration::from_secs(1)).expect("available");
            for name in ["#a", "#b", "#c"] {
                table.set(room(name), "!x").expect("available");
            }
            clock.advance(Duration::from_secs(1));
        };
        let stopped = || match at {
            RouteEvent::Set => table.set(room("#old"), "!old").expect("available"),
            RouteEvent::Evicted => {
                set_all();
                table.set(room("#d"), "!x").expect("the expired one goes");
                table.set(room("#e"), "!x").expect("a fresh one goes");
            }
            RouteEvent::Removed => {
                set_all();
                table.remove(room("#c")).expect("available");
            }
            _ => {
                set_all();
                table.prune();
            }
        };
        // Everything there is to do, on the partition in which that thread stands still.
        read_meanwhile(stopped, (arrivals, release), || {
            table.set(room("#b"), "!new").expect("a set waits for nobody");
            assert_eq!(table.get(room("#b")).expect("stored").route, "!new");
            assert_eq!(table.resolve(thread("#b", "t"), &[]).expect("found").route, "!new");
            for n in 0..100 {
                table.set(room(&n.to_string()), "!n").expect("a set that evicts waits for nobody");
            }
            table.touch(room("99")).expect("stored");
            assert_eq!(table.remove(room("99")), Ok(Some("!n")));
            table.prune();
            let guard = tenure_core::pin();
            assert!(table.iter(&guard).count() <= 4);
        });
        assert!(table.len() <= 4);
    }

    // The twin's prune holds the partition while it works.
    let ((arrived, arrivals), (release, released)) = (sync_channel(1), sync_channel(1));
    let twin = Mutex::new(HashMap::from([(room("#a"), "!a")]));
    let held = &twin;
    let prune = move || {
        let _partition = held.lock().unwrap();
        arrived.send(()).expect("the test waits");
        released.recv_timeout(PATIENCE).expect("the test lets it go");
    };
    assert!(read_meanwhile(prune, (arrivals, release), || twin.try_lock().is_err()), "its reader would wait");
}

/// Sets three records, of which the second expires, and one more into the full partition: are all fresh ones left?
fn fresh_ones_stay(
    mut set: impl FnMut(Text, u64),
    mut advance: impl FnMut(u64),
    fresh: impl Fn(Text) -> bool,
) -> bool {
    set("#long", 100);
    set("#short", 1);
    set("#other", 100);
    advance(1);
    set("#new", 100);
    ["#long", "#other", "#new"].into_iter().all(fresh)
}

#[test]
fn defect_11_an_expired_record_makes_room_before_a_fresh_one() {
    let clock = ManualClock::new();
    let table: RouteTable<Text> = RouteTable::builder()
        .clock(clock.clone())
        .partitions(1)
        .max_entries_per_partition(3)
        .build()
        .expect("valid");
    let set =
        |name: Text, ttl| table.set_with_ttl(room(name), "!x", Duration::from_secs(ttl)).expect("available");
    let advance = |secs| {
        clock.advance(Duration::from_secs(secs));
    };
    assert!(fresh_ones_stay(set, advance, |name| table.peek(room(name)).is_ok()));
    assert_eq!((table.stats().pruned, table.stats().evicted), (1, 0));

    // The twin evicts in the order of the sets, whatever has expired.
    let twin = Mutex::new((VecDeque::new(), 0));
    let set = |name: Text, ttl: u64| {
        let mut twin = twin.lock().unwrap();
        if twin.0.len() == 3 {
            twin.0.pop_front();
        }
        let deadline = twin.1 + ttl;
        twin.0.push_back((name, deadline));
    };
    let advance = |secs| twin.lock().unwrap().1 += secs;
    let fresh = |name: Text| {
        let twin = twin.lock().unwrap();
        twin.0.iter().any(|&(kept, deadline)| kept == name && twin.1 < deadline)
    };
    assert!(!fresh_ones_stay(set, advance, fresh));
}

#[test]
fn defect_11_whatever_made_the_deadlines_come_out_of_order() {
    type Table = RouteTable<Text>;
    let secs = Duration::from_secs;
    let make_out_of_order: [fn(&Table); 4] = [
        |table| table.touch_with_ttl(room("#b"), Duration::from_secs(1)).expect("fresh"),
        |table| {
            table.set_ttl(Duration::from_secs(1)).expect("positive");
            table.set(room("#b"), "!b").expect("available");
        },
        |table| table.set_with_ttl(room("#b"), "!b", Duration::from_secs(1)).expect("available"),
        |table| table.touch(room("#a")).expect("fresh"),
    ];
    for (n, make_out_of_order) in make_out_of_order.into_iter().enumerate() {
        let clock = ManualClock::new();
        let table: Table = RouteTable::builder()
            .clock(clock.clone())
            .partitions(1)
            .max_entries_per_partition(3)
            .ttl(secs(10))
            .build()
            .expect("valid");
        table.set(room("#a"), "!a").expect("available");
        table.set(room("#b"), "!b").expect("available");
        // In the last case #a is touched at 5 s, so that it outlives #b, which was set later.
        clock.advance(secs(if n == 3 { 5 } else { 0 }));
        make_out_of_order(&table);
        clock.advance(secs(if n == 3 { 4 } else { 0 }));
        table.set_with_ttl(room("#c"), "!c", secs(50)).expect("available");
        clock.advance(secs(1));
        assert_eq!(table.peek(room("#b")), Err(GetError::Expired), "case {n}");
        table.set_with_ttl(room("#d"), "!d", secs(50)).expect("available");
        for name in ["#a", "#c", "#d"] {
            assert!(table.peek(room(name)).is_ok(), "case {n}: {name} is fresh and stays");
        }
    }
}

/// Fails partition 0 so many times; does a key of another partition find its route each time, and a key of the failed
/// one the fallback that its caller has brought?
fn trouble_stays_where_it_is(
    times: usize,
    mut fail: impl FnMut(),
    mut resolve: impl FnMut(bool) -> Option<Text>,
) -> bool {
    (0..times).all(|_| {
        fail();
        resolve(true) == Some("!brought") && resolve(false) == Some("!own")
    })
}

#[test]
fn defect_12_a_partition_fails_alone_and_however_often() {
    let table: RouteTable<Text> = RouteTable::builder().partitions(2).build().expect("valid");
    let of = |partition| {
        let mut keys = (0..).map(|n: u32| room(&n.to_string()));
        keys.find(|key| table.partition_of(key) == partition).expect("keys are spread")
    };
    let (failing, sound) = (of(0), of(1));
    table.set(&sound, "!own").expect("available");
    let fail = || {
        table.maintain();
        table.set(&failing, "!lost").expect("it was replaced with an empty one");
        assert!(table.fail_partition(0));
        assert!(!table.fail_partition(0), "it is out of service already");
    };
    let resolve = |of_failing| {
        let key = if of_failing { &failing } else { &sound };
        let found = table.resolve(key, &["", "!brought"]).ok()?;
        assert_eq!(found.reason, of_failing.then_some(Reason::Unavailable));
        Some(found.route)
    };
    assert!(trouble_stays_where_it_is(1_000, fail, resolve));

    // The twin's supervisor gives up after three restarts, and its caller gets no answer for the fallback brought.
    let mut restarts = 0;
    let down = std::cell::Cell::new(false);
    let fail = || {
        restarts += 1;
        down.set(restarts > 3);
    };
    let resolve = |of_failing: bool| (!of_failing && !down.get()).then_some("!own");
    assert!(!trouble_stays_where_it_is(1, fail, resolve));
    let mut restarts = 0;
    let fail = || {
        restarts += 1;
        down.set(restarts > 3);
    };
    let resolve = |of_failing: bool| (!down.get()).then_some(if of_failing { "!brought" } else { "!own" });
    assert!(!trouble_stays_where_it_is(4, fail, resolve));
}

#[test]
fn defect_12_an_unavailable_partition_says_so_and_only_that() {
    let table: RouteTable<Text> = RouteTable::builder().partitions(8).build().expect("valid");
    let threads = || (0..100).map(|n| thread("#rust", &n.to_string()));
    let home = table.partition_of(room("#rust"));
    table.set(room("#rust"), "!room").expect("available");

    // The thread's partition fails: the room's record elsewhere answers.
    let away = threads().find(|key| table.partition_of(key) != home).expect("threads are spread");
    let failed = table.partition_of(&away);
    assert!(table.fail_partition(failed));
    let found = table.resolve(&away, &["!brought"]).expect("the room is fresh");
    assert_eq!((found.route, found.source, found.stale), ("!room", Source::Room, false));
    assert_eq!(found.reason, Some(Reason::Unavailable));
    for key in threads() {
        let in_failed = table.partition_of(&key) == failed;
        assert_eq!(matches!(table.peek(&key), Err(GetError::Unavailable(_))), in_failed);
        assert_eq!(table.touch(&key).is_err_and(|e| matches!(e, GetError::Unavailable(_))), in_failed);
        assert_eq!(table.remove(&key).is_err(), in_failed);
        let set = table.set_with_ttl(&key, "!x", Duration::from_secs(1)).map_err(|refused| {
            assert_eq!(refused.route, "!x");
            assert!(matches!(refused.kind, SetErrorKind::Unavailable(which) if which.partition == failed));
        });
        assert_eq!(set.is_err(), in_failed);
        assert_eq!(table.remove(&key).is_err(), in_failed);
    }

    // The room's partition fails as well: the fallback answers, or the error names a partition.
    assert!(table.fail_partition(home));
    let found = table.resolve(&away, &["!brought"]).expect("brought");
    assert_eq!((found.source, found.reason), (Source::Provided, Some(Reason::Unavailable)));
    assert!(matches!(table.resolve(&away, &[]), Err(ResolveError::Unavailable(_))));

    table.maintain();
    assert!((0..8).all(|index| table.partition(index).expect("one of 8").is_available()));
    assert_eq!(table.resolve(&away, &[]), Err(ResolveError::NoRoute { stale: false }));
}
