use super::*;
use crate::{key::SessionKey, sync::model};

fn session(code: &str, kind: SessionEvent) -> Event<'_> {
    Event { table: "t", at: Tick::from_millis(7), what: What::Session { code, kind } }
}

#[cfg(not(tenure_loom))]
fn bad(_: &Event<'_>) {
    panic!("a bad observer");
}

#[cfg(not(tenure_loom))]
#[test]
fn every_observer_is_told_in_order_and_a_panicking_one_stays_attached() {
    let queue = EventQueue::new(10);
    let observers = Observers::new(vec![Arc::new(bad) as Arc<dyn Observer>, Arc::new(queue.clone())]);
    assert!(!observers.is_empty());
    observers.emit(&session("a", SessionEvent::Created));
    observers.emit(&session("b", SessionEvent::Claimed));
    assert_eq!(observers.panics(), 2);
    assert_eq!(queue.len(), 2);
}

#[test]
fn what_an_observer_throws_may_panic_again_when_dropped() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    fn worse(_: &Event<'_>) {
        std::panic::panic_any(Bomb);
    }
    let observers = Observers::new(vec![Arc::new(worse) as Arc<dyn Observer>]);
    observers.emit(&session("a", SessionEvent::Created));
    assert_eq!(observers.panics(), 1);
}

#[cfg(not(tenure_loom))]
#[test]
fn a_full_queue_counts_what_it_loses_and_says_so_once() {
    let queue = EventQueue::new(2);
    for code in ["a", "b", "c", "d"] {
        queue.observe(&session(code, SessionEvent::Updated));
    }
    assert_eq!(queue.try_recv(), Some(Received::Lagged(2)));
    let mut sequences = Vec::new();
    while let Some(received) = queue.try_recv() {
        let Received::Event(event) = received else { panic!("a loss was announced twice") };
        sequences.push(event.sequence);
    }
    assert_eq!(sequences, [0, 1]);
    queue.observe(&session("e", SessionEvent::Updated));
    let Some(Received::Event(event)) = queue.try_recv() else { panic!() };
    assert_eq!(event.sequence, 4, "the gap shows what was lost");
    assert_eq!(queue.lost(), 2);
}

#[cfg(not(tenure_loom))]
#[test]
fn a_queue_without_room_has_room_for_one() {
    assert_eq!(EventQueue::new(0).capacity(), 1);
}

#[test]
fn events_of_several_tables_keep_their_names() {
    let queue = EventQueue::new(4);
    for table in ["one", "two", "one"] {
        queue.observe(&Event { table, ..session("a", SessionEvent::Created) });
    }
    let names: Vec<_> = std::iter::from_fn(|| queue.try_recv())
        .map(|received| match received {
            Received::Event(event) => event.table,
            Received::Lagged(_) => panic!(),
        })
        .collect();
    assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["one", "two", "one"]);
    assert!(Arc::ptr_eq(&names[0], &names[2]));
}

#[test]
fn a_route_event_keeps_its_key() {
    let key = SessionKey::new("irc", "libera", "#rust", None);
    let what =
        What::Route { key: KeyRef::from(&key), partition: 3, kind: RouteEvent::Resolved(Outcome::Hit) };
    let owned = Event { table: "t", at: Tick::ZERO, what }.to_owned();
    let kind = RouteEvent::Resolved(Outcome::Hit);
    assert_eq!(owned.what, OwnedWhat::Route { key, partition: 3, kind });
}

#[test]
fn every_cause_reads_well() {
    let cases = [
        (EndCause::Deleted, "deleted"),
        (EndCause::Expired, "expired"),
        (EndCause::OwnerDied(DeathReason::Dropped), "its owner died: dropped"),
        (EndCause::OwnerDied(DeathReason::Exited { status: 2 }), "its owner died: exited with status 2"),
        (
            EndCause::OwnerDied(DeathReason::Other("evicted by hand".into())),
            "its owner died: evicted by hand",
        ),
    ];
    for (cause, text) in cases {
        assert_eq!(cause.to_string(), text);
    }
}

#[test]
fn loom_who_reports_and_who_reads_lose_nothing_and_keep_to_the_bound() {
    model(|| {
        let queue = EventQueue::new(2);
        queue.observe(&session("a", SessionEvent::Created));
        let other = queue.clone();
        let reporter = crate::sync::thread::spawn(move || {
            other.observe(&session("b", SessionEvent::Created));
            other.observe(&session("c", SessionEvent::Created));
        });
        let mut read = Vec::new();
        let mut read_one = || match queue.try_recv() {
            Some(Received::Event(event)) => read.push(event.sequence),
            Some(Received::Lagged(lost)) => assert_eq!(lost, 1),
            None => {}
        };
        read_one();
        reporter.join().unwrap();
        (0..4).for_each(|_| read_one());
        let all = if queue.lost() == 0 { vec![0, 1, 2] } else { vec![0, 1] };
        assert_eq!(read, all, "{} lost", queue.lost());
        assert!(queue.is_empty());
    });
}

#[test]
fn loom_two_who_read_share_what_is_there() {
    model(|| {
        let queue = EventQueue::new(4);
        for code in ["a", "b", "c"] {
            queue.observe(&session(code, SessionEvent::Created));
        }
        let other = queue.clone();
        let read = |queue: &EventQueue| match queue.try_recv() {
            Some(Received::Event(event)) => Some(event.sequence),
            _ => None,
        };
        let reader = crate::sync::thread::spawn(move || read(&other));
        let here = read(&queue);
        let mut all: Vec<_> = here.into_iter().chain(reader.join().unwrap()).collect();
        all.extend(std::iter::from_fn(|| read(&queue)));
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2]);
    });
}
