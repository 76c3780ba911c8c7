//! Handing a session over, and being stopped in the middle of it.

use super::{
    super::{
        cell::{Holder, Move, State},
        *,
    },
    DAY, map,
};
use crate::{clock::ManualClock, error::HandOverError};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
};

#[test]
fn a_session_that_is_handed_over_lives_with_its_new_owner() {
    let (map, clock) = map();
    let (one, two) = (map.owner(), map.owner());
    map.create("A", (), &one).unwrap();
    map.hand_over("A", &two).unwrap();
    map.hand_over("A", &two).unwrap();
    assert_eq!((one.session_count(), two.session_count()), (0, 1));
    assert_eq!(map.get("A").unwrap().owner, Some(two.incarnation()));
    drop(one);
    assert!(map.contains("A"));
    map.claim("A").unwrap();
    let dead = two.name().clone();
    drop(two);
    assert!(!map.contains("A"));
    assert_eq!((map.occupied(), dead.session_count()), (0, 0));

    map.create("B", (), None).unwrap();
    let three = map.owner();
    assert_eq!(
        map.hand_over("B", &dead),
        Err(HandOverError::OwnerDead { incarnation: dead.incarnation().get() })
    );
    map.hand_over("B", &three).unwrap();
    clock.advance(2 * DAY);
    assert!(map.contains("B"), "it has an owner now, and does not expire");
    assert_eq!(map.hand_over("C", &three), Err(HandOverError::NotFound { code: "C".into() }));
    let stranger = SessionMap::<()>::new().owner();
    let foreign = HandOverError::ForeignOwner { incarnation: stranger.incarnation().get() };
    assert_eq!(map.hand_over("B", &stranger), Err(foreign));
    assert_eq!(three.session_count(), 1);
}

/// Leaves a session in the middle of a hand-over, as a thread does that is stopped there for ever.
fn stopped_in_the_middle<P: Payload>(map: &SessionMap<P>, code: &str, to: &OwnerRef) -> Arc<Move> {
    let guard = pin();
    let inner = &map.inner;
    let entry = inner.visible(Asked::new(code), &guard).unwrap();
    inner.admit(to).unwrap().keep();
    let cell = entry.value();
    let moving = Arc::new(Move::new(&cell.holder, to.clone()));
    let next = State {
        holder: Holder::Moving(Arc::clone(&moving)),
        stage: cell.stage.next(cell.stage.status()),
        connected: cell.connected.clone(),
        payload: cell.payload.clone(),
    };
    assert!(entry.succeed(entry.key().clone(), next).is_some());
    moving
}

#[test]
fn an_undecided_session_dies_with_its_old_owner_and_stays_dead() {
    let (map, _) = map();
    let (one, two) = (map.owner(), map.owner());
    map.create("A", (), &one).unwrap();
    let moving = stopped_in_the_middle(&map, "A", two.name());
    assert_eq!(map.get("A").unwrap().owner, Some(one.incarnation()), "not moved yet");
    drop(one);
    assert!(!map.contains("A"));
    assert!(!moving.decide(true), "who hands over finds that it was too late");
    assert_eq!(map.occupied(), 0, "the death has found it");
}

#[test]
fn an_undecided_session_does_not_die_with_its_new_owner() {
    let (map, _) = map();
    let (one, two, three) = (map.owner(), map.owner(), map.owner());
    map.create("A", (), &one).unwrap();
    stopped_in_the_middle(&map, "A", two.name());
    drop(two);
    assert!(map.contains("A"));
    map.update("A", |_| ()).unwrap();
    map.hand_over("A", &three).unwrap();
    drop(one);
    assert!(map.contains("A"), "another hand-over does not wait for the one that stands still");
    assert_eq!(three.session_count(), 1);
}

#[test]
fn others_finish_a_hand_over_that_stands_still() {
    let (map, _) = map();
    let (one, two, three) = (map.owner(), map.owner(), map.owner());
    map.create("A", 1, &one).unwrap();
    stopped_in_the_middle(&map, "A", two.name());
    map.update("A", |edit| *edit.payload_mut() = 2).unwrap();
    map.hand_over("A", &three).unwrap();
    assert_eq!(map.get("A").unwrap().payload, 2);
    drop(three);
    assert!(!map.contains("A"));
    assert!(map.delete("A") || map.occupied() == 0);
}

#[test]
fn deleting_an_undecided_session_gives_each_place_back_once() {
    let (map, _) = map();
    let (one, two) = (map.owner(), map.owner());
    map.create("A", (), &one).unwrap();
    let moving = stopped_in_the_middle(&map, "A", two.name());
    assert!(map.delete("A"));
    assert!(!moving.decide(true));
    assert_eq!((one.session_count(), map.occupied()), (0, 0));
    assert_eq!(two.session_count(), 1, "the one who stands still gives that one back");
}

#[test]
fn an_undecided_session_without_owner_expires_and_stays_so() {
    let (map, clock) = map();
    let owner = map.owner();
    map.create("A", (), None).unwrap();
    let moving = stopped_in_the_middle(&map, "A", owner.name());
    clock.advance(DAY);
    assert!(!map.contains("A"));
    assert!(!moving.decide(true));
    assert_eq!(map.prune(), 1);
}

#[test]
fn a_hand_over_that_comes_after_the_death_is_too_late_even_if_nobody_has_noticed() {
    let (map, _) = map();
    let (one, two) = (map.owner(), map.owner());
    map.create("A", (), &one).unwrap();
    let moving = stopped_in_the_middle(&map, "A", two.name());
    // So that the death itself does not find it.
    while !one.core().hints.step(usize::MAX, |_| false) {}
    drop(one);
    let guard = pin();
    let entry = map.inner.table.get(&Asked::new("A"), &guard).unwrap();
    map.inner.decide(&moving, entry, &guard);
    assert!(!moving.decide(true));
    assert!(!map.contains("A"));
}

#[test]
fn a_session_handed_over_in_the_middle_of_a_look_is_not_seen_gone() {
    use crate::clock::{Clock, Tick};
    use std::sync::OnceLock;

    /// While a look asks for the time, which is between reading the table and judging, the session gets an owner and
    /// then its time is over.
    struct Meanwhile {
        clock: ManualClock,
        armed: AtomicUsize,
        scene: OnceLock<(SessionMap<()>, Owner)>,
    }

    impl fmt::Debug for Meanwhile {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Meanwhile")
        }
    }

    impl Clock for Meanwhile {
        fn now(&self) -> Tick {
            if self.armed.swap(0, Ordering::Relaxed) == 1 {
                let (map, owner) = self.scene.get().unwrap();
                map.hand_over("A", owner).unwrap();
                self.clock.advance(DAY);
            }
            self.clock.now()
        }

        fn wall(&self) -> std::time::SystemTime {
            self.clock.wall()
        }
    }

    let looks: [fn(&SessionMap<()>) -> bool; 4] = [
        |map| map.contains("A"),
        |map| map.count_active() == 1,
        |map| map.list_active().len() == 1,
        |map| map.iter().count() == 1,
    ];
    for look in looks {
        let armed = AtomicUsize::new(0);
        let clock = Arc::new(Meanwhile { clock: ManualClock::new(), armed, scene: OnceLock::new() });
        let map = SessionMap::builder().clock(Arc::clone(&clock)).build().unwrap();
        map.create("A", (), None).unwrap();
        assert!(clock.scene.set((map.clone(), map.owner())).is_ok());
        clock.armed.store(1, Ordering::Relaxed);
        assert!(look(&map), "it had an owner before its time was over");
    }
}

/// Panics when it is cloned for the time that is set, counted down to 1.
#[derive(Debug)]
struct Fragile(Arc<AtomicUsize>);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        assert_ne!(left, 1, "planted");
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn a_payload_that_panics_when_it_is_cloned_leaves_all_as_it_was() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let clock = ManualClock::new();
    let map = SessionMap::builder().clock(clock).per_owner(1).build().unwrap();
    let (one, two) = (map.owner(), map.owner());
    let fuse = Arc::new(AtomicUsize::new(0));
    map.create("A", Fragile(Arc::clone(&fuse)), &one).unwrap();
    fuse.store(1, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| map.hand_over("A", &two))).is_err());
    assert_eq!((one.session_count(), two.session_count()), (1, 0));
    for clone in 1..=2 {
        fuse.store(clone, Ordering::Relaxed);
        assert!(catch_unwind(AssertUnwindSafe(|| map.claim("A"))).is_err());
        assert_eq!((map.get("A").unwrap().status, map.stats().claimed), (Status::Pending, 0));
    }
    map.hand_over("A", &two).unwrap();
    assert_eq!(map.claim("A").unwrap().owner, Some(two.incarnation()));
}

#[test]
fn a_session_handed_over_while_it_is_created_was_created() {
    let shared: Arc<std::sync::OnceLock<SessionMap<()>>> = Arc::default();
    let (inside, scene) = (Arc::clone(&shared), Arc::new(std::sync::Mutex::new(None::<(Owner, Owner)>)));
    let (within, clock) = (Arc::clone(&scene), ManualClock::new());
    // The end of what was there before is told after the new session is in the table and before the call is over.
    let observer = move |event: &Event<'_>| {
        if let (Some(map), What::Session { kind: SessionEvent::Ended(_), .. }) = (inside.get(), &event.what) {
            let taken = within.lock().unwrap().take();
            if let Some((owner, keeper)) = taken {
                map.hand_over("A", &keeper).unwrap();
                drop(owner);
                // Kept for ever.
                std::mem::forget(keeper);
            }
        }
    };
    let build = || SessionMap::builder().clock(clock.clone()).observer(observer).build().unwrap();
    let map = shared.get_or_init(build);
    map.create("A", (), None).unwrap();
    clock.advance(DAY);
    let owner = map.owner();
    let name = owner.name().clone();
    *scene.lock().unwrap() = Some((owner, map.owner()));
    assert_eq!(map.create("A", (), &name).map_err(|error| error.into_parts().0), Ok(()));
    assert!(map.contains("A") && !name.is_alive());
}

/// Ends the owner that it is given as soon as it is cloned, and throws.
struct Fatal(Arc<Mutex<Option<Owner>>>);

impl Clone for Fatal {
    fn clone(&self) -> Self {
        let owner = self.0.lock().unwrap().take();
        assert!(owner.is_none(), "planted");
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn an_owner_that_dies_in_a_hand_over_of_all_that_throws_leaves_nothing_behind() {
    let (map, _) = map();
    let (old, new) = (map.owner(), map.owner());
    let fatal = Arc::new(Mutex::new(None));
    for code in ["A", "B", "C"] {
        map.create(code, Fatal(Arc::clone(&fatal)), &old).map_err(|error| error.into_parts().0).unwrap();
    }
    let name = old.name().clone();
    *fatal.lock().unwrap() = Some(old);
    assert!(catch_unwind(AssertUnwindSafe(|| map.hand_over_all(&name, &new))).is_err());
    assert!(!name.is_alive());
    assert_eq!((map.occupied(), name.session_count(), new.session_count()), (0, 0, 0));
    assert_eq!(map.stats().owner_died, 3);
}
