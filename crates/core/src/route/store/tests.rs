use super::{Asked, unstored::Unstored};
use crate::{Clock, Event, GetError, KeyRef, ManualClock, RouteEvent, RouteTable, SessionKey, Tick, What};
use std::{
    cell::Cell,
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

type Trick = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Tells the time to one caller, and then lets happen what others do before that caller goes on.
struct Slow {
    clock: ManualClock,
    meanwhile: Trick,
}

impl fmt::Debug for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clock.fmt(f)
    }
}

impl Clock for Slow {
    fn now(&self) -> Tick {
        let now = self.clock.now();
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(happens) = meanwhile {
            happens();
        }
        now
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall()
    }
}

#[test]
fn a_slow_touch_does_not_bring_back_what_was_set_and_has_expired_meanwhile() {
    let millis = Duration::from_millis;
    let (clock, meanwhile) = (ManualClock::new(), Trick::default());
    let slow = Slow { clock: clock.clone(), meanwhile: Arc::clone(&meanwhile) };
    let table: RouteTable<&'static str> = RouteTable::builder().clock(slow).build().unwrap();
    let key = SessionKey::for_room("irc", "libera", "#rust");
    table.set(&key, "!early").unwrap();
    let (others, at) = (table.clone(), key.clone());
    *meanwhile.lock().unwrap() = Some(Box::new(move || {
        clock.advance(millis(2));
        others.set(&at, "!late").unwrap();
        others.touch_with_ttl(&at, Duration::ZERO).unwrap();
    }));
    assert_eq!(table.touch_with_ttl(&key, millis(3)), Err(GetError::Expired));
    assert_eq!(table.peek(&key), Err(GetError::NotFound), "who meets it removes it");
}

/// What a table stores of a key has no hashes. Many keys, of which half have the highest bit set, which the table does
/// not keep.
#[test]
fn a_stored_key_comes_back_with_its_hashes() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = {
        let told = Arc::clone(&told);
        move |event: &Event<'_>| {
            if let What::Route { key, kind: RouteEvent::Removed, .. } = event.what {
                told.lock().unwrap().push((key.to_session_key(), key.hashes()));
            }
        }
    };
    let table = RouteTable::builder().observer(hears).build().expect("valid");
    let long = "x".repeat(60);
    for number in 0..64 {
        let text = number.to_string();
        for thread in [None, Some("t"), Some(&*long)] {
            let key = SessionKey::new("irc", "libera", &text, thread);
            table.set(&key, "!rust").expect("in service");
            let guard = crate::pin();
            let view = table.peek_view(&key, &guard).expect("set");
            assert_eq!((view.key(), view.key().hashes()), (KeyRef::from(&key), key.hashes()));
            table.remove(&key).expect("in service");
            assert_eq!(told.lock().unwrap().pop(), Some((key.clone(), key.hashes())));
        }
    }
}

/// Nobody but the thread that was stopped would ever draw another stamp.
#[test]
fn a_record_whose_setter_was_stopped_2_to_the_19_sets_ago_can_be_evicted() {
    let table: RouteTable<&'static str> =
        RouteTable::builder().partitions(1).max_entries_per_partition(1).build().unwrap();
    let key = SessionKey::for_room("irc", "libera", "#rust");
    table.set(&key, "!rust").unwrap();
    let (guard, shared) = (crate::pin(), &table.inner.shared);
    let partition = &table.inner.partitions[0];
    let (store, call) = (partition.store(&guard), partition.call(shared, &guard));
    let (entry, _) = store.meet(&Asked::Exact(&key), &guard).expect("set");
    let (record, slow) = (entry.value(), Cell::new(true));
    let draw = || {
        let stamp = store.order.draw();
        if slow.take() {
            // Another set is faster.
            assert!(record.renew(call.now, shared.ttl(), || store.order.draw(), || call.now));
        }
        stamp
    };
    let stopped = Cell::new(true);
    let set = record.renew(call.now, shared.ttl(), draw, || {
        // So this one has written its stamp beside the other one's word, and here it is stopped.
        if stopped.take() {
            for _ in 1..1 << 19 {
                store.order.draw();
            }
            let stamp = record.stamp(record.life(), || store.order.newest());
            assert_eq!(stamp, 3, "that of the faster set: the next that fits the word is not drawn yet");
            assert!(store.make_room(&call));
        }
        call.now
    });
    assert!(!set, "evicted meanwhile");
}

/// Two sets are under way, and have their places: the bound that is lowered then finds nobody to evict.
#[test]
fn who_had_a_place_by_the_old_bound_evicts_what_is_over_the_new_one() {
    let builder = RouteTable::builder().partitions(1).max_entries_per_partition(2);
    let table: RouteTable<&'static str> = builder.build().unwrap();
    let (guard, shared) = (crate::pin(), &table.inner.shared);
    let partition = &table.inner.partitions[0];
    let (store, call) = (partition.store(&guard), partition.call(shared, &guard));
    let places = [(); 2].map(|()| store.take_place(shared).expect("two places"));
    table.set_max_entries_per_partition(1).unwrap();
    for (room, place) in ["#a", "#b"].into_iter().zip(places) {
        let key = SessionKey::for_room("irc", "libera", room);
        let stamp = store.order.draw();
        let fresh = Unstored::Route("!").into_fresh(&store.table, &key, call.now, shared.ttl(), stamp);
        assert!(store.table.insert(fresh, || 2, &guard).is_ok());
        place.keep();
    }
    assert_eq!((table.iter(&guard).count(), table.len()), (2, 1), "until they return");
    store.shrink(&call); // as each of them does before it returns
    assert_eq!((table.iter(&guard).count(), table.len()), (1, 1));
}
