#![cfg(not(tenure_loom))]
//! Scenarios that need the inside: what a stopped thread leaves, places held by sets under way, and user code that
//! changes the table in the middle of an operation on it, which stands for another thread at exactly that point.

use super::{
    Destination, Reason, RouteTable, Source,
    call::Call,
    store::{Asked, Store, Written},
};
use crate::{
    clock::{ManualClock, Tick},
    error::{GetError, ResolveError, SettingError},
    event::{Event, EventQueue, Outcome, OwnedEvent, OwnedWhat, Received, RouteEvent, What},
    key::{KeyRef, SessionKey},
    raw::pin,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

type Text = &'static str;

fn room(name: &str) -> SessionKey {
    SessionKey::for_room("irc", "libera", name)
}

fn table_of(bound: usize, clock: &ManualClock) -> RouteTable<Text> {
    let table = RouteTable::builder().clock(clock.clone()).partitions(1).max_entries_per_partition(bound);
    table.ttl(Duration::from_millis(100)).build().expect("valid")
}

/// Runs with the content of the only partition.
fn inside<R: Destination, T>(table: &RouteTable<R>, run: impl FnOnce(&Store<R>, &Call<'_>) -> T) -> T {
    let (guard, partition) = (pin(), &table.inner.partitions[0]);
    run(partition.store(&guard), &partition.call(&table.inner.shared, &guard))
}

/// Ends a record and stops there: it stays in the table, as a thread leaves it that is stopped for ever.
fn doom<R: Destination>(table: &RouteTable<R>, key: &SessionKey) {
    inside(table, |store, call| {
        let entry = store.table.get(&Asked::Exact(key), call.guard).expect("it is there");
        assert!(entry.value().doom(entry.value().life()).is_ok());
    });
}

#[test]
fn what_a_stopped_thread_has_ended_is_gone_for_every_reader() {
    let table = table_of(4, &ManualClock::new());
    let (key, thread) = (room("#a"), KeyRef::new("irc", "libera", "#a", Some("t")));
    table.set(&key, "!a").unwrap();
    doom(&table, &key);
    assert_eq!(table.peek(&key), Err(GetError::NotFound));
    assert_eq!(table.get(&key), Err(GetError::NotFound));
    assert_eq!(table.touch(&key), Err(GetError::NotFound));
    assert_eq!(table.remove(&key), Ok(None));
    assert_eq!(table.resolve(thread, &[]), Err(ResolveError::NoRoute { stale: false }));
    assert_eq!(table.iter(&pin()).count(), 0);
    assert_eq!(table.stats().pruned + table.stats().evicted + table.stats().removed, 0);
}

#[test]
fn what_a_stopped_thread_has_ended_gives_its_place_to_a_set_of_its_key() {
    let table = table_of(2, &ManualClock::new());
    let key = room("#a");
    for again in ["!a", "!b"] {
        table.set(&key, "!a").unwrap();
        doom(&table, &key);
        table.set(&key, again).unwrap();
        assert_eq!(table.get(&key).unwrap().route, again);
        assert_eq!(table.len(), 1);
    }
    doom(&table, &key);
    assert_eq!(table.resolve(&key, &["!c"]).unwrap().reason, Some(Reason::Miss));
    assert_eq!((table.get(&key).unwrap().route, table.len()), ("!c", 1));
}

#[test]
fn what_a_stopped_thread_has_ended_is_taken_out_by_a_prune() {
    let table = table_of(4, &ManualClock::new());
    table.set(room("#a"), "!a").unwrap();
    doom(&table, &room("#a"));
    assert_eq!(table.len(), 1, "its place is taken until then");
    assert_eq!(table.prune(), 0, "it had not expired");
    assert_eq!(table.len(), 0);
}

#[test]
fn what_a_stopped_thread_has_ended_makes_room_in_its_turn() {
    let table = table_of(3, &ManualClock::new());
    for name in ["#a", "#b", "#c"] {
        table.set(room(name), "!x").unwrap();
    }
    doom(&table, &room("#a"));
    table.set(room("#d"), "!x").unwrap();
    assert_eq!((table.stats().evicted, table.len()), (0, 3));
    for name in ["#b", "#c", "#d"] {
        assert!(table.peek(room(name)).is_ok(), "{name}");
    }
}

#[test]
fn a_set_that_finds_every_place_taken_by_sets_under_way_is_evicted_at_once() {
    let table = table_of(1, &ManualClock::new());
    let place = inside(&table, |store, call| store.reserve(call).map(std::mem::forget));
    assert!(place.is_some(), "another thread's set has the only place");
    table.set(room("#a"), "!a").unwrap();
    assert_eq!(table.peek(room("#a")), Err(GetError::NotFound));
    assert_eq!((table.len(), table.stats().set, table.stats().evicted), (1, 1, 1));
}

#[test]
fn a_set_is_told_before_the_eviction_of_what_it_has_set() {
    let queue = EventQueue::new(8);
    let builder = RouteTable::builder().partitions(1).max_entries_per_partition(1);
    let table: RouteTable<Text> = builder.observer(queue.clone()).build().expect("valid");
    inside(&table, |store, call| store.reserve(call).map(std::mem::forget)).expect("the only place");
    table.set(room("#a"), "!a").expect("available");
    let told: Vec<_> = std::iter::from_fn(|| match queue.try_recv()? {
        Received::Event(OwnedEvent { what: OwnedWhat::Route { kind, .. }, .. }) => Some(kind),
        other => panic!("{other:?}"),
    })
    .collect();
    assert_eq!(told, [RouteEvent::Set, RouteEvent::Evicted]);
}

/// As a set leaves it that was stopped after it had taken a place by a bound that was lowered then.
#[test]
fn a_place_taken_by_an_older_bound_does_not_count() {
    let table = table_of(2, &ManualClock::new());
    table.set(room("#a"), "!a").expect("available");
    inside(&table, |store, call| store.reserve(call).map(std::mem::forget)).expect("two places");
    inside(&table, |_, call| call.shared.set_bound(1));
    assert_eq!((table.len(), table.stats().held, table.partition(0).expect("the first").len()), (1, 1, 1));
}

#[test]
fn a_place_comes_back_when_the_set_that_took_it_does_not_need_it() {
    let table = table_of(1, &ManualClock::new());
    inside(&table, |store, call| drop(store.reserve(call)));
    assert_eq!(table.len(), 0);
}

#[test]
fn a_write_back_gives_way_to_a_record_set_meanwhile_and_replaces_what_is_not_fresh() {
    let clock = ManualClock::new();
    let table = table_of(4, &clock);
    let key = room("#a");
    table.set(&key, "!set").unwrap();
    let yields =
        |route| inside(&table, |store, call| matches!(store.learn(&key, &route, call), Written::Yielded(..)));
    assert!(yields("!learned"));
    assert_eq!(table.get(&key).unwrap().route, "!set");
    clock.advance(Duration::from_millis(100));
    assert!(!yields("!learned"), "it has expired meanwhile");
    assert_eq!((table.get(&key).unwrap().route, table.stats().pruned, table.len()), ("!learned", 1, 1));
    doom(&table, &key);
    assert!(!yields("!again"));
    assert_eq!((table.get(&key).unwrap().route, table.stats().pruned, table.len()), ("!again", 1, 1));
}

/// More sets than the low bits of a stamp can tell apart.
#[test]
fn the_set_order_survives_the_wrap_of_the_bits_kept_with_the_deadline() {
    let table = table_of(3, &ManualClock::new());
    table.set(room("#oldest"), "!x").unwrap();
    table.set(room("#busy"), "!x").unwrap();
    for _ in 0..(1 << 19) + 5 {
        table.set(room("#busy"), "!x").unwrap();
    }
    table.set(room("#young"), "!x").unwrap();
    table.set(room("#new"), "!x").unwrap();
    assert_eq!(table.peek(room("#oldest")), Err(GetError::NotFound));
    for name in ["#busy", "#young", "#new"] {
        assert!(table.peek(room(name)).is_ok(), "{name}");
    }
}

#[test]
fn the_threads_of_one_room_are_spread_over_all_partitions_and_use_their_bounds() {
    let table: RouteTable<Text> =
        RouteTable::builder().partitions(7).max_entries_per_partition(50).build().unwrap();
    let key = |n: u32| SessionKey::new("irc", "libera", "#busy", Some(&n.to_string()));
    for n in 0..2_000 {
        assert!(table.partition_of(key(n)) < 7);
        table.set(key(n), "!x").unwrap();
    }
    assert_eq!(table.len(), 7 * 50, "the room has the bound of all partitions");
    let guard = pin();
    assert_eq!(table.iter_room(key(0), &guard).count(), 7 * 50);
    assert_eq!(table.iter_room(room("#other"), &guard).count(), 0);
}

#[test]
fn a_deadline_beyond_the_end_of_time_never_comes() {
    let clock = ManualClock::new();
    let table = table_of(2, &clock);
    table.set_with_ttl(room("#a"), "!a", Duration::MAX).unwrap();
    table.set(room("#b"), "!b").unwrap();
    clock.advance(Duration::MAX);
    assert_eq!(table.get(room("#a")).unwrap().expires_at, Tick::MAX);
    assert_eq!(table.prune(), 1);
    table.set_ttl(Duration::MAX).unwrap();
    table.set(room("#b"), "!b").unwrap();
    table.set(room("#c"), "!c").unwrap();
    assert_eq!(table.stats().evicted, 1);
    assert_eq!(
        table.peek(room("#a")),
        Err(GetError::NotFound),
        "the oldest has gone, though it never expires"
    );
}

#[test]
fn a_setting_of_zero_is_refused_by_name_and_changes_nothing() {
    let table = RouteTable::new();
    let zero = |setting| Err(SettingError::Zero { setting });
    assert_eq!(table.set_ttl(Duration::ZERO), zero("ttl"));
    assert_eq!(table.set_max_entries_per_partition(0), zero("max_entries_per_partition"));
    assert_eq!(table.set_prune_interval(Duration::ZERO), zero("prune_interval"));
    assert_eq!(table.ttl(), Duration::from_secs(30 * 60));
    assert_eq!(table.max_entries_per_partition(), 10_000);
    assert_eq!(table.prune_interval(), Duration::from_secs(30));
    assert!(table.partition_count() >= 2);
    assert!(table.partition(table.partition_count()).is_none());
    assert!(!table.fail_partition(table.partition_count()));
}

#[test]
fn events_tell_what_happened_in_order() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (log, clock) = (Arc::clone(&seen), ManualClock::new());
    let table: RouteTable<Text> = RouteTable::builder()
        .name("bridge")
        .clock(clock.clone())
        .partitions(1)
        .max_entries_per_partition(1)
        .ttl(Duration::from_millis(10))
        .observer(move |event: &Event<'_>| {
            assert_eq!(event.table, "bridge");
            let What::Route { key, partition: 0, kind } = event.what else { panic!("{event:?}") };
            log.lock().unwrap().push((event.at.as_millis(), key.room().to_owned(), kind));
        })
        .build()
        .unwrap();
    let expect = |what: &[(u64, &str, RouteEvent)]| {
        let seen: Vec<_> = seen.lock().unwrap().drain(..).collect();
        let seen: Vec<_> = seen.iter().map(|(at, room, kind)| (*at, room.as_str(), *kind)).collect();
        assert_eq!(seen, what);
    };
    let (hit, fallback, miss) = (
        RouteEvent::Resolved(Outcome::Hit),
        RouteEvent::Resolved(Outcome::Fallback),
        RouteEvent::Resolved(Outcome::Miss),
    );
    table.set(room("a"), "!a").unwrap();
    table.set(room("b"), "!b").unwrap();
    expect(&[(0, "a", RouteEvent::Set), (0, "a", RouteEvent::Evicted), (0, "b", RouteEvent::Set)]);
    assert!(table.resolve(room("b"), &[]).is_ok() && table.resolve(room("a"), &[]).is_err());
    assert!(table.peek_resolve(room("b"), &[]).is_ok() && table.peek(room("b")).is_ok());
    expect(&[(0, "b", hit), (0, "a", miss)]);
    clock.advance(Duration::from_millis(10));
    assert_eq!(table.resolve(room("b"), &["!c"]).unwrap().source, Source::Provided);
    let pruned = (10, "b", RouteEvent::Pruned);
    let set = (10, "b", RouteEvent::Set);
    expect(&[
        pruned,
        set,
        (10, "b", fallback),
        (10, "b", RouteEvent::Fallback),
        (10, "b", RouteEvent::Stale),
    ]);
    assert_eq!(table.remove(room("b")), Ok(Some("!c")));
    expect(&[(10, "b", RouteEvent::Removed)]);
}

#[test]
fn an_observer_may_use_the_table_that_it_observes() {
    let handle: Arc<Mutex<Option<RouteTable<Text>>>> = Arc::default();
    let (of_observer, calls) = (Arc::clone(&handle), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&calls);
    let clock = ManualClock::new();
    let table = RouteTable::builder()
        .clock(clock.clone())
        .partitions(1)
        .max_entries_per_partition(40)
        .ttl(Duration::from_millis(10))
        .observer(move |event: &Event<'_>| {
            // Taken while it is used, so that what it does is not told to it again.
            let Some(table) = of_observer.lock().unwrap().take() else { return };
            counted.fetch_add(1, Ordering::Relaxed);
            let What::Route { key, .. } = event.what else { return };
            table.set_with_ttl(room("#by-observer"), "!o", Duration::from_millis(3)).unwrap();
            let _ = (table.get(key), table.resolve(key, &["!brought"]), table.remove(key), table.prune());
            assert!(table.iter(&pin()).count() <= 40);
            *of_observer.lock().unwrap() = Some(table);
        })
        .build()
        .unwrap();
    *handle.lock().unwrap() = Some(table.clone());
    for n in 0..400 {
        table.set_with_ttl(room(&n.to_string()), "!x", Duration::from_millis(2 + n % 20)).unwrap();
        *handle.lock().unwrap() = Some(table.clone());
        clock.advance(Duration::from_millis(n % 3));
        assert!(table.len() <= 40);
    }
    assert!(calls.load(Ordering::Relaxed) >= 400);
    assert_eq!(table.stats().observer_panics, 0);
    clock.advance(Duration::from_millis(50));
    table.prune();
    handle.lock().unwrap().take();
    table.prune();
    assert!(table.len() <= 1);
}

type Trick = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// A route whose `clone` or `eq` plays a trick once: what another thread might do at exactly that point, or a panic.
struct Tricky {
    name: Text,
    on_clone: Trick,
    on_eq: Trick,
}

impl Tricky {
    fn named(name: Text) -> Self {
        Self { name, on_clone: Trick::default(), on_eq: Trick::default() }
    }
}

fn play(trick: &Trick) {
    let trick = trick.lock().unwrap().take();
    if let Some(trick) = trick {
        trick();
    }
}

impl Clone for Tricky {
    fn clone(&self) -> Self {
        play(&self.on_clone);
        Self::named(self.name)
    }
}

impl PartialEq for Tricky {
    fn eq(&self, other: &Self) -> bool {
        play(&self.on_eq);
        play(&other.on_eq);
        self.name == other.name
    }
}

impl Destination for Tricky {}

fn tricky_table(bound: usize, clock: &ManualClock) -> RouteTable<Tricky> {
    let table = RouteTable::builder().clock(clock.clone()).partitions(1).max_entries_per_partition(bound);
    table.ttl(Duration::from_millis(100)).build().unwrap()
}

fn name_of(table: &RouteTable<Tricky>, key: &SessionKey) -> Option<Text> {
    table.peek_view(key, &pin()).ok().map(|record| record.route().name)
}

#[test]
fn a_write_back_never_overwrites_a_set_that_came_in_its_middle() {
    for stored in [false, true] {
        let clock = ManualClock::new();
        let table = tricky_table(4, &clock);
        let key = room("#a");
        if stored {
            // An expired record, so that the resolution has something to remove.
            table.set(&key, Tricky::named("!expired")).unwrap();
            clock.advance(Duration::from_millis(100));
        }
        let (other, at) = (table.clone(), key.clone());
        let brought = Tricky::named("!brought");
        *brought.on_clone.lock().unwrap() =
            Some(Box::new(move || other.set(at, Tricky::named("!set")).unwrap()));
        let found = table.resolve(&key, &[brought]).unwrap();
        assert_eq!((found.route.name, found.source, found.reason), ("!set", Source::Exact, None));
        assert_eq!((name_of(&table, &key), table.len()), (Some("!set"), 1));
    }
}

#[test]
fn a_set_takes_effect_whatever_happens_to_the_record_it_compares_with() {
    type Happens = fn(&RouteTable<Tricky>, &ManualClock);
    let happens: [Happens; 7] = [
        |table, _| drop(table.remove(room("#a")).unwrap()),
        |table, _| table.set(room("#a"), Tricky::named("!other")).unwrap(),
        |table, _| table.set(room("#b"), Tricky::named("!evicts")).unwrap(),
        |table, _| doom(table, &room("#a")),
        |table, clock| {
            clock.advance(Duration::from_millis(100));
            assert_eq!(table.prune(), 1);
        },
        |table, _| table.touch_with_ttl(room("#a"), Duration::ZERO).unwrap(),
        |table, clock| {
            clock.advance(Duration::from_millis(100));
            assert!(table.get(room("#a")).is_err());
            table.set(room("#a"), Tricky::named("!again")).unwrap();
        },
    ];
    for (case, happens) in happens.into_iter().enumerate() {
        for name in ["!a", "!different"] {
            let clock = ManualClock::new();
            let table = tricky_table(1, &clock);
            table.set(room("#a"), Tricky::named("!a")).unwrap();
            let (other, at) = (table.clone(), clock.clone());
            let set = Tricky::named(name);
            *set.on_eq.lock().unwrap() = Some(Box::new(move || happens(&other, &at)));
            table.set(room("#a"), set).unwrap();
            assert_eq!(table.len(), 1, "case {case}");
            let now = name_of(&table, &room("#a"));
            // Where the trick itself has set the key, either set may be the last: they ran at the same time. Where
            // it has let time pass, the set that began before may have expired.
            let allowed = match case {
                1 => now == Some(name) || now == Some("!other"),
                4 => now == Some(name) || now.is_none(),
                6 => now == Some(name) || now == Some("!again") || now.is_none(),
                _ => now == Some(name),
            };
            assert!(allowed, "case {case}: {name} was set and {now:?} is there");
        }
    }
}

fn panics(run: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

fn bomb() -> Trick {
    Arc::new(Mutex::new(Some(Box::new(|| panic!("a route's own")))))
}

#[test]
fn a_panic_in_a_route_reaches_the_caller_and_leaves_the_table_correct() {
    let clock = ManualClock::new();
    let table = tricky_table(2, &clock);
    let key = room("#a");
    table.set(&key, Tricky::named("!a")).unwrap();
    assert!(panics(|| drop(table.set(&key, Tricky { on_eq: bomb(), ..Tricky::named("!b") }))));
    assert_eq!(
        (name_of(&table, &key), table.len()),
        (Some("!a"), 1),
        "comparing has panicked: nothing is set"
    );

    let brought = [Tricky { on_clone: bomb(), ..Tricky::named("!brought") }];
    assert!(panics(|| drop(table.resolve(room("#b"), &brought))));
    assert_eq!(
        (name_of(&table, &room("#b")), table.len()),
        (None, 1),
        "cloning has panicked: nothing is learned"
    );

    table.set(&key, Tricky { on_clone: bomb(), ..Tricky::named("!c") }).unwrap();
    assert!(panics(|| drop(table.get(&key))));
    assert_eq!((name_of(&table, &key), table.len()), (Some("!c"), 1), "cloning an answer has panicked");
    for n in 0..10 {
        table.set(room(&n.to_string()), Tricky::named("!x")).unwrap();
        assert!(table.len() <= 2);
    }
    assert_eq!(table.iter(&pin()).count(), 2);
}

#[test]
fn a_remove_whose_route_panics_when_cloned_has_removed_it_or_not() {
    let table = tricky_table(2, &ManualClock::new());
    let key = room("#a");
    table.set(&key, Tricky { on_clone: bomb(), ..Tricky::named("!a") }).unwrap();
    assert!(panics(|| drop(table.remove(&key))));
    let there = usize::from(name_of(&table, &key).is_some());
    assert_eq!(table.len(), there, "a record that nobody finds takes no place");
    assert_eq!(table.stats().removed, 1 - there as u64, "what was removed is counted");
}

/// What was set before the default changed expires in set order by the old one; a touch disturbs that order.
#[test]
fn a_touch_after_a_change_of_the_default_does_not_hide_what_expires_by_the_old_one() {
    let millis = Duration::from_millis;
    let clock = ManualClock::new();
    let table = RouteTable::builder().clock(clock.clone()).partitions(1).max_entries_per_partition(3);
    let table: RouteTable<Text> = table.ttl(millis(7)).build().unwrap();
    for name in ["#touched", "#b", "#c"] {
        table.set(room(name), "!x").unwrap();
    }
    clock.advance(millis(1));
    table.set_ttl(millis(8)).unwrap();
    table.touch(room("#touched")).unwrap();
    clock.advance(millis(6));
    assert_eq!(table.peek(room("#b")), Err(GetError::Expired));
    table.set(room("#d"), "!x").unwrap();
    assert!(table.peek(room("#touched")).is_ok(), "it is fresh, and others had expired");
    assert_eq!(table.stats().evicted, 0);
}

#[test]
fn a_partition_out_of_service_has_nothing_to_evict() {
    let table = table_of(4, &ManualClock::new());
    for name in ["#a", "#b", "#c"] {
        table.set(room(name), "!x").unwrap();
    }
    table.fail_partition(0);
    table.set_max_entries_per_partition(1).unwrap();
    assert_eq!(table.stats().evicted, 0);
    table.maintain();
    assert_eq!(table.len(), 0);
}

#[test]
fn a_walk_goes_on_when_a_partition_is_replaced_under_it() {
    let table = table_of(2_000, &ManualClock::new());
    let names: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    // Wherever the walk stands when its table goes.
    for taken in (1..1_500).step_by(63) {
        for name in &names {
            table.set(room(name), "!room").expect("available");
        }
        let guard = pin();
        let mut walk = table.iter(&guard);
        assert_eq!(walk.by_ref().take(taken).count(), taken);
        assert!(table.fail_partition(0));
        table.maintain();
        table.set(room("new"), "!room").expect("available again");
        // What the walk has at hand, and of the new content at most what is there.
        assert!(walk.count() <= 64 + 1);
    }
}
