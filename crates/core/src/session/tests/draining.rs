//! What a drain ends, whom it waits for, and who is woken by it.

use super::{super::*, map, woken::poll};
use crate::event::{EndCause, OwnedWhat, Received};
use std::{
    future::poll_fn,
    sync::{Mutex, atomic::Ordering::Relaxed},
    task::{Context, Poll, Wake, Waker},
};

type Act = Box<dyn FnOnce(&str) + Send>;

/// A map whose observer does this at the first end that it is told of.
fn at_the_first_end() -> (SessionMap<()>, Arc<Mutex<Option<Act>>>) {
    let act = Arc::<Mutex<Option<Act>>>::default();
    let at_end = Arc::clone(&act);
    let observer = move |event: &Event<'_>| {
        let What::Session { code, kind: SessionEvent::Ended(_) } = &event.what else { return };
        let act = at_end.lock().unwrap().take();
        if let Some(act) = act {
            act(code);
        }
    };
    (SessionMap::builder().observer(observer).build().unwrap(), act)
}

#[test]
fn what_is_handed_over_while_a_drain_is_under_way_ends_as_well() {
    let (map, act) = at_the_first_end();
    let (a, b, free) = (map.owner(), map.owner(), map.owner());
    map.create("A", (), &a).unwrap();
    map.create("B", (), &b).unwrap();
    let (other, to) = (map.clone(), free.name().clone());
    // To one who has had none, and so is not met by the look at all sessions.
    *act.lock().unwrap() = Some(Box::new(move |code| {
        other.hand_over(if code == "A" { "B" } else { "A" }, &to).unwrap();
    }));
    drop(map.drain());
    assert_eq!((map.count_active(), map.occupied(), free.is_alive()), (0, 0, false));
}

#[test]
fn a_drain_counts_each_session_once() {
    let (map, _) = map::<()>();
    let owner = map.owner();
    (0..1_000).for_each(|number| map.create(number.to_string(), (), &owner).unwrap());
    (0..10).for_each(|number| map.create(format!("free {number}"), (), None).unwrap());
    let drained = map.drain().so_far();
    assert_eq!((drained.sessions, drained.owners), (1_010, 1));
}

#[test]
fn a_drain_does_not_wait_for_who_has_been_told() {
    let (map, _) = map::<()>();
    map.create("A", (), None).unwrap();
    let woken = Arc::default();
    let (mut gone, mut until) = (map.gone("A"), map.until("A", |_| true));
    assert!(poll(&mut until, &woken).is_ready());
    assert!(poll(&mut gone, &woken).is_pending());
    let mut drain = map.drain();
    assert_eq!(drain.so_far().unseen, 1);
    assert!(poll(&mut drain, &woken).is_pending());
    let before = woken.0.load(Relaxed);
    assert!(matches!(poll(&mut gone, &woken), Poll::Ready(Ok(EndCause::Drained))));
    assert_eq!((drain.so_far().unseen, woken.0.load(Relaxed) > before), (0, true));
    // Asked again, and dropped, they count no more.
    assert!(poll(&mut gone, &woken).is_ready());
    drop((gone, until));
    assert_eq!(drain.so_far().unseen, 0);
}

#[test]
fn a_drain_that_is_polled_often_or_dropped_keeps_no_wakers() {
    let (map, _) = map::<()>();
    map.create("A", (), None).unwrap();
    let _unread = map.events(8);
    let woken = Arc::default();
    let mut drain = map.drain();
    for _ in 0..100 {
        assert!(poll(&mut drain, &woken).is_pending());
        assert!(Arc::strong_count(&woken) <= 2);
    }
    drop(drain);
    assert_eq!(Arc::strong_count(&woken), 1);
}

#[test]
fn who_reads_from_a_drained_map_is_woken_when_the_last_place_is_given_back() {
    let (map, _) = map::<()>();
    // As a creation has that is about to find its code taken.
    let place = map.inner.reserve_place().unwrap();
    let mut events = map.events(8);
    drop(map.drain());
    let woken = Arc::default();
    assert!(poll(&mut poll_fn(|context| events.poll_recv(context)), &woken).is_pending());
    drop(place);
    assert_eq!(woken.0.load(Relaxed), 1);
    assert_eq!(poll(&mut poll_fn(|context| events.poll_recv(context)), &woken), Poll::Ready(None));
}

/// Deletes a session when it is woken. It lets go of the map, which may hold it still when both are no longer needed.
struct Deletes(Mutex<Option<SessionMap<()>>>);

impl Wake for Deletes {
    fn wake(self: Arc<Self>) {
        let map = self.0.lock().unwrap().take();
        map.map(|map| map.delete("A"));
    }
}

/// Drains the map when it is woken, and reads on until there is nothing more for now, or for ever.
struct Drains(Mutex<Option<(SessionMap<()>, Events<()>)>>, Mutex<Option<Outcome>>);

/// Where a reader has come to.
type Outcome = (Events<()>, Poll<Option<Received>>);

impl Drains {
    fn new(map: &SessionMap<()>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some((map.clone(), map.events(8)))), Mutex::default()))
    }

    fn read(&self) -> Outcome {
        self.1.lock().unwrap().take().expect("it was woken")
    }
}

impl Wake for Drains {
    fn wake(self: Arc<Self>) {
        let taken = self.0.lock().unwrap().take();
        let Some((map, mut events)) = taken else { return };
        drop(map.drain());
        let mut next = || events.poll_recv(&mut Context::from_waker(Waker::noop()));
        let last = loop {
            let polled = next();
            if !matches!(polled, Poll::Ready(Some(_))) {
                break polled;
            }
        };
        *self.1.lock().unwrap() = Some((events, last));
    }
}

#[test]
fn who_reads_from_a_drained_map_reads_every_end_before_it_is_over() {
    let (map, _) = map::<()>();
    map.create("A", (), None).unwrap();
    let drains = Drains::new(&map);
    let mut gone = map.gone("A");
    let waker = Waker::from(Arc::clone(&drains));
    assert!(std::pin::Pin::new(&mut gone).poll(&mut Context::from_waker(&waker)).is_pending());
    // Between the removal and the telling of it the waiter is woken.
    map.delete("A");
    let (mut events, last) = drains.read();
    assert_eq!(last, Poll::Pending, "there is more to come");
    let woken = Arc::default();
    let mut next = || poll(&mut poll_fn(|context| events.poll_recv(context)), &woken);
    assert!(matches!(next(), Poll::Ready(Some(Received::Event(_)))));
    assert_eq!(next(), Poll::Ready(None));
}

#[test]
fn who_has_read_from_a_drained_map_to_the_end_is_not_waited_for() {
    let (map, _) = map::<()>();
    map.create("A", (), None).unwrap();
    let drains = Drains::new(&map);
    let mut until = map.until("A", |_| false);
    let waker = Waker::from(Arc::clone(&drains));
    assert!(std::pin::Pin::new(&mut until).poll(&mut Context::from_waker(&waker)).is_pending());
    // Between the update and the telling of it the waiter is woken.
    map.update("A", |_| ()).unwrap();
    drop(until);
    let (_events, last) = drains.read();
    assert_eq!(last, Poll::Ready(None), "the end is read");
    assert_eq!(map.drain().so_far().unseen, 0);
}

#[test]
fn nobody_waits_for_a_reader_of_one_session_to_read_what_is_told_after_its_end() {
    let (map, _) = map::<()>();
    map.create("A", (), None).unwrap();
    let mut events = map.watch("A").unwrap();
    let mut until = map.until("A", |_| false);
    let waker = Waker::from(Arc::new(Deletes(Mutex::new(Some(map.clone())))));
    assert!(std::pin::Pin::new(&mut until).poll(&mut Context::from_waker(&waker)).is_pending());
    // Between the update and the telling of it the waiter is woken.
    map.update("A", |_| ()).unwrap();
    drop(until);
    let Some(Received::Event(last)) = events.try_recv() else { panic!() };
    let ended = SessionEvent::Ended(EndCause::Deleted);
    assert_eq!(last.what, OwnedWhat::Session { code: "A".into(), kind: ended });
    assert!(events.is_over());
    assert_eq!((events.try_recv(), map.drain().so_far().unseen), (None, 0));
}
