//! Who is told that an owner was suspended or resumed: waiters, readers of one session and of all, observers.

use super::{
    super::*,
    map,
    woken::{Woken, poll},
};
use crate::{
    clock::{Clock, Tick},
    event::{DeathReason, EndCause, EventQueue, OwnedWhat, Received},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Barrier, Mutex,
        atomic::{AtomicUsize as Count, Ordering::Relaxed},
    },
    task::Poll,
    thread,
    time::Duration,
};

const GRACE: Duration = Duration::from_secs(30);

/// What is there to read: the codes and what happened to them.
fn read(next: impl FnMut() -> Option<Received>) -> Vec<(String, SessionEvent)> {
    let told = |next| match next {
        Received::Event(event) => match event.what {
            OwnedWhat::Session { code, kind } => (code.to_string(), kind),
            OwnedWhat::Route { .. } => unreachable!("sessions only"),
        },
        Received::Lagged(lost) => panic!("{lost} lost"),
    };
    std::iter::from_fn(next).map(told).collect()
}

#[test]
fn a_waiter_is_woken_by_the_suspension_of_its_owner_and_by_the_resumption() {
    let (map, clock) = map::<()>();
    let (owner, other) = (map.owner(), map.owner());
    map.create("A", (), &owner).unwrap();
    map.create("B", (), &other).unwrap();
    let (woken, not_concerned) = (Arc::<Woken>::default(), Arc::<Woken>::default());
    let mut suspended = map.until("A", |view| view.suspended_until().is_some());
    let mut of_another = map.until("B", |view| view.suspended_until().is_some());
    assert!(poll(&mut suspended, &woken).is_pending());
    assert!(poll(&mut of_another, &not_concerned).is_pending());
    let token = owner.suspend(GRACE).unwrap();
    assert_eq!(woken.0.load(Relaxed), 1);
    let Poll::Ready(Ok(session)) = poll(&mut suspended, &woken) else { panic!() };
    assert_eq!(session.suspended_until, Some(clock.now().saturating_add(GRACE)));

    let woken = Arc::<Woken>::default();
    let mut resumed = map.until("A", |view| view.suspended_until().is_none());
    assert!(poll(&mut resumed, &woken).is_pending());
    let owner = map.resume(&token).unwrap();
    assert_eq!(woken.0.load(Relaxed), 1);
    let Poll::Ready(Ok(session)) = poll(&mut resumed, &woken) else { panic!() };
    assert_eq!(session.suspended_until, None);
    assert_eq!(not_concerned.0.load(Relaxed), 0, "another owner is none of its business");
    drop((owner, other));
}

#[test]
fn readers_and_observers_are_told_of_each_session_once() {
    let clock = crate::clock::ManualClock::new();
    let queue = EventQueue::new(10_000);
    let map = SessionMap::builder().clock(clock.clone()).observer(queue.clone()).build().unwrap();
    let (owner, other) = (map.owner(), map.owner());
    // More hints than sessions, two of one code, and sessions that came from another owner.
    for number in 0..100 {
        let first = if number % 2 == 0 { &owner } else { &other };
        map.create(format!("{number}"), number, first).unwrap();
    }
    for number in 0..10 {
        map.delete(&format!("{number}"));
        map.create(format!("{number}"), number, &owner).unwrap();
    }
    map.hand_over_all(&other, &owner).unwrap();
    map.create("other", 0, &other).unwrap();
    drop(read(|| queue.try_recv()));
    let (mut all, mut one) = (map.events(1_000), map.watch("7").unwrap());
    let mut spared = map.watch("other").unwrap();

    let until = clock.now().saturating_add(GRACE);
    let token = owner.suspend(GRACE).unwrap();
    let owner = map.resume(&token).unwrap();
    let (suspended, resumed) = (SessionEvent::Suspended { until }, SessionEvent::Resumed);
    assert_eq!(read(|| one.try_recv()), [("7".into(), suspended.clone()), ("7".into(), resumed.clone())]);
    for told in [read(|| all.try_recv()), read(|| queue.try_recv())] {
        assert_eq!(told.len(), 200);
        for kind in [&suspended, &resumed] {
            let codes: HashSet<_> =
                told.iter().filter(|(_, told)| told == kind).map(|(code, _)| code).collect();
            assert_eq!(codes.len(), 100, "{kind:?}");
        }
    }
    assert_eq!(spared.try_recv(), None);
    drop(owner);
    assert_eq!((map.count_active(), map.stats().missed), (1, 0), "no hint was lost");
    drop(other);
}

#[test]
fn what_was_before_a_reader_came_is_not_told() {
    let (map, _) = map::<()>();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    let token = owner.suspend(GRACE).unwrap();
    let mut late = map.watch("A").unwrap();
    assert_eq!(late.try_recv(), None);
    drop(map.resume(&token).unwrap());
    let told = [SessionEvent::Resumed, SessionEvent::Ended(EndCause::OwnerDied(DeathReason::Dropped))];
    assert_eq!(read(|| late.try_recv()), told.map(|kind| ("A".into(), kind)));
}

/// While other threads create, delete and move sessions of the owner, those that stay with it are told of.
#[test]
fn what_stays_is_told_of_while_others_come_and_go() {
    for round in 0..100 {
        let (map, _) = map::<()>();
        let (owner, other) = (map.owner(), map.owner());
        let (name, token) = (owner.name().clone(), owner.token().unwrap());
        for number in 0..20 {
            map.create(format!("stays {number}"), (), &owner).unwrap();
            map.create(format!("goes {number}"), (), &owner).unwrap();
        }
        let mut all = map.events(100_000);
        let start = Barrier::new(3);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                for number in 0..20 {
                    map.delete(&format!("goes {number}"));
                    map.create(format!("comes {number}"), (), &name).unwrap();
                }
            });
            scope.spawn(|| {
                start.wait();
                for number in 0..20 {
                    let _ = map.hand_over(&format!("goes {number}"), &other);
                }
            });
            start.wait();
            owner.suspend(GRACE).unwrap();
        });
        drop(map.resume(&token).unwrap());
        let mut told: HashMap<String, [usize; 2]> = HashMap::new();
        for (code, kind) in read(|| all.try_recv()) {
            let times = told.entry(code).or_default();
            times[0] += usize::from(matches!(kind, SessionEvent::Suspended { .. }));
            times[1] += usize::from(kind == SessionEvent::Resumed);
        }
        for number in 0..20 {
            assert_eq!(told[&format!("stays {number}")], [1, 1], "round {round}");
        }
        assert!(told.values().all(|times| times.iter().all(|&times| times <= 1)), "round {round}: {told:?}");
        drop(other);
        while map.maintain() {}
        assert_eq!((map.occupied(), name.session_count(), map.stats().missed), (0, 0, 0), "round {round}");
    }
}

/// A clock that panics when it is told to.
#[derive(Clone, Debug, Default)]
struct Fragile(Arc<Count>);

impl Clock for Fragile {
    fn now(&self) -> Tick {
        let left = self.0.load(Relaxed);
        if left > 0 {
            self.0.store(left - 1, Relaxed);
            assert!(left > 1, "planted");
        }
        Tick::ZERO
    }

    fn wall(&self) -> std::time::SystemTime {
        std::time::UNIX_EPOCH
    }
}

#[test]
fn a_clock_that_panics_while_the_suspension_is_told_leaves_the_owner_suspended() {
    let clock = Fragile::default();
    let map = SessionMap::<()>::builder().clock(clock.clone()).build().unwrap();
    let _reader = map.events(8);
    for at in 1.. {
        let owner = map.owner();
        let (name, token) = (owner.name().clone(), owner.token().unwrap());
        map.create("B", (), &owner).unwrap();
        clock.0.store(at, Relaxed);
        let suspended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| owner.suspend(GRACE)));
        let untouched = clock.0.swap(0, Relaxed) > 0;
        assert_eq!(name.is_alive(), name.suspended_until().is_some(), "suspended, or dead with its handle");
        assert_eq!(name.is_alive(), map.contains("B"));
        drop(map.resume(&token));
        assert!(!name.is_alive() && !map.contains("B"));
        if untouched {
            assert!(suspended.is_ok() && at > 2, "it panicked at {} readings", at - 1);
            break;
        }
    }
}

/// Whoever resumes an owner while another thread is about to tell of its suspension: what is told last is so.
#[test]
fn what_is_told_last_is_so() {
    for round in 0..500 {
        let (map, _) = map::<()>();
        let owner = map.owner();
        let (name, token) = (owner.name().clone(), owner.token().unwrap());
        map.create("A", (), &owner).unwrap();
        let mut events = map.watch("A").unwrap();
        let owner = thread::scope(|scope| {
            scope.spawn(|| owner.suspend(GRACE).unwrap());
            while name.suspended_until().is_none() {
                std::hint::spin_loop();
            }
            map.resume(&token).unwrap()
        });
        let told = read(|| events.try_recv());
        assert_eq!(told.last(), Some(&("A".into(), SessionEvent::Resumed)), "round {round}: {told:?}");
        drop(owner);
    }
}

#[test]
fn a_session_that_ends_when_it_is_told_of_hides_no_other() {
    let (shared, told) =
        (Arc::<Mutex<Option<SessionMap<()>>>>::default(), Arc::<Mutex<Vec<String>>>::default());
    let (inside, seen) = (Arc::clone(&shared), Arc::clone(&told));
    let observer = move |event: &Event<'_>| {
        if let What::Session { code, kind: SessionEvent::Suspended { .. } } = &event.what {
            seen.lock().unwrap().push((*code).to_string());
            if *code == "A" {
                let map = inside.lock().unwrap().clone().unwrap();
                assert!(map.delete("A"));
            }
        }
    };
    let map = SessionMap::builder().observer(observer).build().unwrap();
    *shared.lock().unwrap() = Some(map.clone());
    let owner = map.owner();
    let name = owner.name().clone();
    map.create("A", (), &owner).unwrap();
    map.create("B", (), &owner).unwrap();
    // As if another thread had B's hint in its hands.
    let mut owner = Some(owner);
    name.core().hints.step(usize::MAX, |_| {
        owner.take().map(|owner| owner.suspend(GRACE).unwrap());
        true
    });
    assert_eq!(*told.lock().unwrap(), ["A", "B"]);
    // The map has the observer, which has the map.
    *shared.lock().unwrap() = None;
}
