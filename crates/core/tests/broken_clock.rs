//! A clock that panics, once or for as long as it is broken: what it interrupts is finished by who comes next, nothing is left
//! to the sweep, and the process lives.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};
use tenure_core::{Clock, Event, ManualClock, OwnerRef, SessionMap, Tick};

const GRACE: Duration = Duration::from_secs(1);

/// Panics at every reading from one on: as where it takes a lock that is poisoned.
#[derive(Clone, Debug, Default)]
struct Fragile {
    time: ManualClock,
    /// So many readings from now, less one; 0 while it is whole.
    breaks: Arc<AtomicUsize>,
}

impl Clock for Fragile {
    fn now(&self) -> Tick {
        match self.breaks.load(Ordering::SeqCst) {
            0 => {}
            1 => resume_unwind(Box::new("planted")),
            more => self.breaks.store(more - 1, Ordering::SeqCst),
        }
        self.time.now()
    }

    fn wall(&self) -> SystemTime {
        self.time.wall()
    }
}

impl Fragile {
    /// Whether something panics, the clock being broken from the `nth` reading on, from 1. Then it is whole again.
    fn breaks_at(&self, nth: usize, act: impl FnOnce()) -> bool {
        self.breaks.store(nth, Ordering::SeqCst);
        let thrown = catch_unwind(AssertUnwindSafe(act)).is_err();
        self.breaks.store(0, Ordering::SeqCst);
        thrown
    }
}

/// A map that asks for the time whenever it tells of something.
fn map() -> (SessionMap<()>, Fragile) {
    let clock = Fragile::default();
    let map = SessionMap::builder().clock(clock.clone()).observer(|_: &Event<'_>| {}).build().unwrap();
    (map, clock)
}

fn fill(map: &SessionMap<()>, sessions: usize, owner: &OwnerRef) {
    (0..sessions).for_each(|number| map.create(number.to_string(), (), owner).unwrap());
}

/// Before any sweep is due.
fn nothing_is_left(map: &SessionMap<()>) {
    while map.maintain() {}
    assert_eq!((map.occupied(), map.stats().missed), (0, 0));
}

#[test]
fn an_owners_death_that_is_cut_off_is_finished_by_who_maintains_the_map() {
    for sessions in [3, 2_000] {
        let (map, clock) = map();
        let owner = map.owner();
        fill(&map, sessions, &owner);
        assert!(clock.breaks_at(1, || drop(owner)));
        assert_eq!(map.count_active(), 0);
        assert!(clock.breaks_at(1, || _ = map.maintain()));
        nothing_is_left(&map);
    }
}

#[test]
fn owners_that_are_not_resumed_while_the_clock_is_broken_are_buried_later() {
    for nth in 1.. {
        let (map, clock) = map();
        for code in ["A", "B", "C"] {
            let owner = map.owner();
            map.create(code, (), &owner).unwrap();
            owner.suspend(GRACE).unwrap();
        }
        clock.time.advance(GRACE);
        let broke = clock.breaks_at(nth, || while map.maintain() {});
        // The next pass over those that are suspended.
        clock.time.advance(GRACE);
        nothing_is_left(&map);
        if !broke {
            break;
        }
    }
}

#[test]
fn a_clock_that_stays_broken_while_a_call_unwinds_does_not_end_the_process() {
    for nth in 1..=3 {
        let (map, clock) = map();
        let (old, new) = (map.owner(), map.owner());
        fill(&map, 1, &old);
        let name = old.name().clone();
        let token = old.suspend(GRACE).unwrap();
        assert!(clock.breaks_at(nth, || _ = map.hand_over_all(&name, &new)), "{nth}");
        assert!(clock.breaks_at(nth, || drop(map.resume(&token))), "{nth}");
        drop((map.resume(&token), new));
        nothing_is_left(&map);
    }
    let (map, clock) = map();
    let owner = map.owner();
    fill(&map, 1, &owner);
    assert!(clock.breaks_at(1, || _ = owner.suspend(GRACE)), "it has dropped the owner");
    nothing_is_left(&map);
}

#[test]
fn a_session_in_the_place_of_one_that_has_expired_is_known_to_its_owner() {
    for nth in 1.. {
        let (map, clock) = map();
        map.set_ownerless_ttl(GRACE).unwrap();
        map.create("A", (), None).unwrap();
        clock.time.advance(GRACE);
        let owner = map.owner();
        let broke = clock.breaks_at(nth, || _ = map.create("A", (), &owner));
        let created = map.contains("A");
        drop(owner);
        while map.maintain() {}
        assert!(!created || map.occupied() == 0, "{nth}: its owner's death did not find it");
        if !broke {
            break;
        }
    }
}

/// Ends an owner when it is asked for the time first, and panics when it is asked again.
#[derive(Debug)]
struct Deadly(Arc<std::sync::Mutex<Option<tenure_core::Owner>>>, Arc<AtomicUsize>);

impl Clock for Deadly {
    fn now(&self) -> Tick {
        let owner = self.0.lock().unwrap().take();
        if owner.is_some() {
            self.1.store(1, Ordering::SeqCst);
        } else if self.1.swap(0, Ordering::SeqCst) == 1 {
            resume_unwind(Box::new("planted"));
        }
        Tick::from_millis(1)
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

#[test]
fn what_is_created_for_an_owner_that_dies_meanwhile_goes_though_the_telling_panics() {
    let dying = Arc::default();
    let clock = Deadly(Arc::clone(&dying), Arc::default());
    let map = SessionMap::builder().clock(clock).observer(|_: &Event<'_>| {}).build().unwrap();
    let owner = map.owner();
    let name = owner.name().clone();
    *dying.lock().unwrap() = Some(owner);
    assert!(catch_unwind(AssertUnwindSafe(|| _ = map.create("A", (), &name))).is_err());
    assert_eq!((map.occupied(), name.session_count(), map.stats().missed), (0, 0, 0));
}
