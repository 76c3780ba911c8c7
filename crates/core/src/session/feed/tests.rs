use super::*;
use crate::{
    clock::ManualClock,
    event::EndCause,
    raw::lend::both,
    session::{Events, SessionMap},
    sync::{model, thread},
};
#[cfg(not(tenure_loom))]
use crate::{event::DeathReason, patience::until};
use std::task::Wake;

fn map() -> SessionMap<()> {
    SessionMap::builder().clock(ManualClock::new()).build().unwrap()
}

/// Only says that it was woken.
#[derive(Default)]
struct Woken(std::sync::atomic::AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What is read without waiting: the kinds of the events, and losses as numbers.
fn read(events: &mut Events<()>) -> Vec<Result<SessionEvent, u64>> {
    std::iter::from_fn(|| events.try_recv())
        .map(|next| match next {
            Received::Lagged(lost) => Err(lost),
            Received::Event(event) => match event.what {
                OwnedWhat::Session { kind, .. } => Ok(kind),
                OwnedWhat::Route { .. } => unreachable!("sessions only"),
            },
        })
        .collect()
}

const DELETED: SessionEvent = SessionEvent::Ended(EndCause::Deleted);

#[test]
fn loom_who_watches_a_session_that_ends_is_told_or_finds_none() {
    model(|| {
        let map = map();
        map.create("A", (), None).unwrap();
        let other = map.clone();
        let ender = thread::spawn(move || other.delete("A"));
        let watched = map.watch("A");
        assert!(ender.join().unwrap());
        if let Ok(mut events) = watched {
            assert_eq!(read(&mut events), [Ok(DELETED)]);
        }
    });
}

#[test]
fn loom_a_reader_that_goes_to_sleep_reads_the_event_or_is_woken() {
    model(|| {
        let map = map();
        map.create("A", (), None).unwrap();
        let mut events = map.watch("A").unwrap();
        let other = map.clone();
        let ender = thread::spawn(move || other.delete("A"));
        let woken = Arc::<Woken>::default();
        let waker = Waker::from(Arc::clone(&woken));
        let polled = events.poll_recv(&mut Context::from_waker(&waker));
        ender.join().unwrap();
        assert!(polled.is_ready() || woken.0.load(Ordering::Relaxed), "it would sleep for ever");
    });
}

#[test]
fn loom_who_waits_until_all_is_read_sees_that_it_is_or_is_woken() {
    model(|| {
        let (feed, unread) = (Arc::new(Feed::new()), Arc::new(AtomicUsize::new(1)));
        let (ones, others) = (Arc::clone(&feed), Arc::clone(&unread));
        let reads = move || {
            unread.store(0, Ordering::Relaxed);
            ones.tell_idle();
        };
        let woken = Arc::<Woken>::default();
        let waker = Waker::from(Arc::clone(&woken));
        let waits = move || {
            let idle = feed.enter_idle();
            idle.sleep(&waker);
            (others.load(Ordering::Relaxed) == 0, idle)
        };
        let ((), (seen, _idle)) = both(reads, waits);
        assert!(seen || woken.0.load(Ordering::Relaxed), "it would sleep for ever");
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn the_end_is_told_though_nothing_else_fits_and_a_successor_is_another_session() {
    let map = map();
    map.create("A", (), None).unwrap();
    let mut events = map.watch("A").unwrap();
    for _ in 0..1_000 {
        map.update("A", |_| ()).unwrap();
    }
    map.delete("A");
    map.create("A", (), None).unwrap();
    let all = read(&mut events);
    assert_eq!(all.len(), 66);
    assert!(all[..64].iter().all(|one| *one == Ok(SessionEvent::Updated)));
    assert_eq!(all[64..], [Err(1_000 - 64), Ok(DELETED)]);
    assert!(events.is_over());
    let poll = events.poll_recv(&mut Context::from_waker(Waker::noop()));
    assert_eq!(poll, Poll::Ready(None));
    drop(events);
    let mut left = 0;
    assert!(map.inner.feed.readers.scan(&mut Cursor::default(), usize::MAX, &pin(), |_| left += 1));
    assert_eq!(left, 0, "a reader that is gone leaves nothing behind");
}

#[cfg(not(tenure_loom))]
#[test]
fn a_slow_reader_is_told_where_what_is_missing_and_goes_on() {
    let map = map();
    let (mut slow, mut quick) = (map.events(2), map.events(100));
    for code in ["A", "B", "C"] {
        map.create(code, (), None).unwrap();
    }
    assert_eq!(read(&mut slow), [Ok(SessionEvent::Created), Ok(SessionEvent::Created), Err(1)]);
    map.delete("A");
    assert_eq!(read(&mut slow), [Ok(DELETED)]);
    let numbers: Vec<_> = std::iter::from_fn(|| quick.try_recv())
        .map(
            |next| {
                if let Received::Event(event) = next { event.sequence } else { panic!("nothing was lost") }
            },
        )
        .collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
}

#[cfg(not(tenure_loom))]
#[test]
fn threads_that_change_and_a_reader_count_every_event_once() {
    const EACH: usize = 5_000;
    let map = map();
    let mut events = map.events(100);
    let (mut read, mut lost) = (0, 0);
    let mut count = |next| match next {
        Received::Event(_) => read += 1,
        Received::Lagged(more) => lost += more,
    };
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let map = &map;
            scope.spawn(move || {
                for number in 0..EACH {
                    let code = format!("{thread}/{number}");
                    map.create(&code, (), None).unwrap();
                    map.delete(&code);
                }
            });
        }
        // The last one comes from here.
        until("two threads delete all that they have created", || {
            while let Some(next) = events.try_recv() {
                count(next);
            }
            map.stats().deleted == 2 * EACH as u64
        });
    });
    while let Some(next) = events.try_recv() {
        count(next);
    }
    assert_eq!(read + lost, 4 * EACH as u64);
}

#[cfg(not(tenure_loom))]
#[test]
fn an_owners_death_is_told_with_its_reason_to_who_blocks() {
    let map = map();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    let mut events = map.watch("A").unwrap();
    let ended = std::thread::spawn(move || events.recv_timeout(std::time::Duration::from_secs(60)));
    owner.release(DeathReason::PeerReset);
    let kind = SessionEvent::Ended(EndCause::OwnerDied(DeathReason::PeerReset));
    let Ok(Some(Received::Event(event))) = ended.join().unwrap() else {
        panic!("it was told something else")
    };
    assert_eq!(event.what, OwnedWhat::Session { code: "A".into(), kind });
}
