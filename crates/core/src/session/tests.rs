//! One thread, and a clock that stands still. Races are in `tests/races.rs` and in the crate's `tests/`.

use super::*;
use crate::{
    clock::{ManualClock, Tick},
    error::{BuildSessionMapError, CreateErrorKind, HandOverError},
    event::{DeathReason, EndCause, EventQueue, OwnedWhat, Received},
};
use std::time::Duration;

mod announcing;
mod draining;
mod freeing;
mod handing;
mod interrupted;
mod races;
mod suspending;
mod waiting;
mod woken;
mod words;

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A map on a clock that only the test moves.
fn map<P: Payload>() -> (SessionMap<P>, ManualClock) {
    let clock = ManualClock::new();
    (SessionMap::builder().clock(clock.clone()).build().unwrap(), clock)
}

fn kind<P>(result: Result<(), crate::error::CreateError<P>>) -> CreateErrorKind {
    result.unwrap_err().into_parts().0
}

#[test]
fn a_session_is_there_until_its_owner_is_not() {
    let (map, _) = map();
    let owner = map.owner();
    map.create("K7QX", 1, &owner).unwrap();
    let session = map.get("K7QX").unwrap();
    assert_eq!(session.owner, Some(owner.incarnation()));
    assert_eq!((session.status, session.connected), (Status::Pending, None));
    assert_eq!(map.owner_of("K7QX").as_ref(), Some(owner.name()));
    assert_eq!(owner.session_count(), 1);
    let name = owner.name().clone();
    drop(owner);
    assert!(map.get("K7QX").is_none() && !map.contains("K7QX"));
    assert_eq!((name.session_count(), map.occupied()), (0, 0), "a small owner is freed at once");
    assert_eq!(map.stats().owner_died, 1);
}

#[test]
fn a_code_is_free_again_the_moment_its_owner_dies() {
    let (map, _) = map();
    let owner = map.owner();
    for number in 0..1_000 {
        map.create(number.to_string(), 0, &owner).unwrap();
    }
    let successor = map.owner();
    drop(owner);
    for number in 0..1_000 {
        map.create(number.to_string(), 1, &successor).unwrap();
    }
    assert_eq!(map.prune(), 0, "each left-over was replaced by its successor, or freed before");
    assert_eq!((map.count_active(), map.occupied(), successor.session_count()), (1_000, 1_000, 1_000));
    assert!(map.iter().all(|session| session.payload == 1));
}

#[test]
fn what_is_refused_is_handed_back() {
    let (map, _) = map::<String>();
    let stranger = SessionMap::<String>::new().owner();
    let dead = map.owner().name().clone();
    let owner = map.owner();
    map.create("A", "a".into(), &owner).unwrap();

    let error = map.create("A", "b".into(), &owner).unwrap_err();
    assert_eq!(*error.kind(), CreateErrorKind::AlreadyExists { code: "A".into() });
    assert_eq!(error.into_payload(), "b");
    let error = map.create("B", "c".into(), &dead).unwrap_err();
    assert_eq!(*error.kind(), CreateErrorKind::OwnerDead { incarnation: dead.incarnation().get() });
    assert_eq!(error.payload(), "c");
    let error = map.create("B", "d".into(), &stranger).unwrap_err();
    assert_eq!(*error.kind(), CreateErrorKind::ForeignOwner { incarnation: stranger.incarnation().get() });
    assert_eq!((map.occupied(), owner.session_count(), dead.session_count()), (1, 1, 0));
}

#[test]
fn bounds_are_exact_and_may_change() {
    let clock = ManualClock::new();
    let map = SessionMap::builder().clock(clock).capacity(3).per_owner(2).build().unwrap();
    let (one, two) = (map.owner(), map.owner());
    map.create("A", (), &one).unwrap();
    map.create("B", (), &one).unwrap();
    assert_eq!(kind(map.create("C", (), &one)), CreateErrorKind::OwnerFull { per_owner: 2 });
    map.create("C", (), &two).unwrap();
    assert_eq!(kind(map.create("D", (), &two)), CreateErrorKind::MapFull { capacity: 3 });
    assert_eq!(
        kind(map.create("A", (), &two)),
        CreateErrorKind::AlreadyExists { code: "A".into() },
        "also when full"
    );
    assert_eq!(map.hand_over("C", &one), Err(HandOverError::OwnerFull { per_owner: 2 }));
    assert_eq!((one.session_count(), two.session_count(), map.occupied()), (2, 1, 3));
    map.set_capacity(4).unwrap();
    map.create("D", (), &two).unwrap();
    map.set_capacity(1).unwrap();
    assert_eq!(map.count_active(), 4, "nothing goes when a bound falls");
    assert!(map.delete("A") && map.delete("B") && map.delete("C"));
    assert_eq!(kind(map.create("E", (), None)), CreateErrorKind::MapFull { capacity: 1 });
    assert!(map.delete("D"));
    map.create("E", (), None).unwrap();
}

#[test]
fn a_bound_that_has_fallen_is_not_exceeded_in_the_place_of_a_left_over() {
    let (map, clock) = map();
    map.create("A", (), None).unwrap();
    let owner = map.owner();
    (0..5).for_each(|number| map.create(number.to_string(), (), &owner).unwrap());
    clock.advance(DAY);
    map.set_capacity(3).unwrap();
    assert_eq!(kind(map.create("A", (), None)), CreateErrorKind::MapFull { capacity: 3 });
    assert_eq!(map.occupied(), 5);
}

#[test]
fn updates_change_what_they_say_and_nothing_else() {
    let (map, clock) = map();
    map.create("A", (1, 1), None).unwrap();
    let before = map.get("A").unwrap();
    clock.advance(Duration::from_secs(1));
    map.update("A", |edit| edit.payload_mut().1 = 2).unwrap();
    map.update("A", |edit| edit.set_status(Status::Connected)).unwrap();
    let after = map.get("A").unwrap();
    assert_eq!(after.payload, (1, 2));
    assert_eq!(after.status, Status::Connected);
    assert_eq!((after.created, after.connected), (before.created, None), "only a claim stamps the time");
    assert_eq!(map.update("B", |_| ()), Err(UpdateError::NotFound { code: "B".into() }));
}

#[test]
fn an_update_that_is_refused_changes_nothing() {
    let (map, _) = map();
    map.create("A", 1, None).unwrap();
    let change = |edit: &mut Edit<i32>| {
        *edit.payload_mut() = 2;
        edit.set_status(Status::Connected);
        edit.set_status(Status::Pending);
        edit.set_status(Status::Failed);
    };
    let refused = InvalidTransition { from: Status::Connected, to: Status::Pending };
    assert_eq!(map.update("A", change), Err(UpdateError::InvalidTransition(refused)));
    map.update("A", |edit| {
        *edit.payload_mut() = 3;
        edit.dismiss();
    })
    .unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        map.update("A", |edit| {
            *edit.payload_mut() = 4;
            panic!("in the middle");
        })
    }));
    assert!(panicked.is_err());
    let session = map.get("A").unwrap();
    assert_eq!((session.payload, session.status, map.stats().updated), (1, Status::Pending, 0));
}

#[test]
fn a_claim_is_won_once_and_stamped() {
    let (map, clock) = map();
    map.create("A", (), None).unwrap();
    clock.advance(Duration::from_secs(5));
    let claimed = map.claim("A").unwrap();
    assert_eq!(claimed.status, Status::Connected);
    assert_eq!(claimed.connected.unwrap().tick, Tick::from_millis(5_000));
    assert_eq!(map.get("A"), Some(claimed));
    for status in [Status::Connected, Status::Completed] {
        map.update("A", |edit| edit.set_status(status)).unwrap();
        assert_eq!(map.claim("A"), Err(ClaimError::AlreadyUsed { code: "A".into(), status }));
    }
    assert_eq!(map.claim("B"), Err(ClaimError::NotFound { code: "B".into() }));
}

#[test]
fn the_list_is_newest_first_and_ties_go_by_creation() {
    let (map, clock) = map();
    for (number, code) in ["A", "B", "C", "D"].into_iter().enumerate() {
        map.create(code, (), None).unwrap();
        if number == 1 {
            clock.advance(Duration::from_millis(1));
        }
    }
    map.update("A", |_| ()).unwrap();
    let codes: Vec<_> = map.list_active().into_iter().map(|session| session.code.to_string()).collect();
    assert_eq!(codes, ["D", "C", "B", "A"]);
}

#[test]
fn new_codes_come_from_the_source_and_are_drawn_again_if_taken() {
    let broken: code::Randomness = |_| Err("no entropy".to_owned());
    let constant: code::Randomness = |bytes| {
        *bytes = [0xff, 0, 0, 0, 0x1f];
        Ok(())
    };
    let mut builder = SessionMap::<u8>::builder();
    builder.randomness = broken;
    let map = builder.build().unwrap();
    let (kind, payload) = map.create_with_new_code(7, None).unwrap_err().into_parts();
    assert_eq!((kind, payload), (CreateErrorKind::NoRandomness { why: "no entropy".into() }, 7));

    let mut builder = SessionMap::<u8>::builder();
    builder.randomness = constant;
    let map = builder.build().unwrap();
    let code = map.create_with_new_code(1, None).unwrap();
    assert_eq!(code, "Z22222WZ");
    let (kind, payload) = map.create_with_new_code(2, None).unwrap_err().into_parts();
    assert_eq!((kind, payload), (CreateErrorKind::NoFreeCode { draws: 64 }, 2));
}

#[test]
fn events_tell_what_happened_in_order() {
    let clock = ManualClock::new();
    let queue = EventQueue::new(100);
    let map = SessionMap::builder().name("m").clock(clock.clone()).observer(queue.clone()).build().unwrap();
    let (one, two) = (map.owner(), map.owner());
    map.create("A", (), &one).unwrap();
    clock.advance(Duration::from_millis(3));
    map.update("A", |_| ()).unwrap();
    map.claim("A").unwrap();
    map.hand_over("A", &two).unwrap();
    two.release(DeathReason::PeerReset);
    map.create("A", (), None).unwrap();
    map.delete("A");
    map.create("A", (), None).unwrap();
    clock.advance(DAY);
    map.prune();
    let mut kinds = Vec::new();
    while let Some(Received::Event(event)) = queue.try_recv() {
        assert_eq!(&*event.table, "m");
        let OwnedWhat::Session { code, kind } = event.what else { panic!("{event:?}") };
        assert_eq!(&*code, "A");
        kinds.push(kind);
    }
    let ended = SessionEvent::Ended;
    let expected = [
        SessionEvent::Created,
        SessionEvent::Updated,
        SessionEvent::Claimed,
        SessionEvent::HandedOver,
        ended(EndCause::OwnerDied(DeathReason::PeerReset)),
        SessionEvent::Created,
        ended(EndCause::Deleted),
        SessionEvent::Created,
        ended(EndCause::Expired),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_panicking_observer_harms_nobody() {
    fn bad(_: &Event<'_>) {
        panic!("a bad observer");
    }
    let map = SessionMap::builder().observer(bad).build().unwrap();
    let owner = map.owner();
    map.create("A", (), &owner).unwrap();
    map.claim("A").unwrap();
    drop(owner);
    assert_eq!((map.occupied(), map.stats().observer_panics), (0, 3));
}

#[test]
fn an_observer_may_use_the_map() {
    let shared: Arc<std::sync::OnceLock<SessionMap<u32>>> = Arc::default();
    let inside = Arc::clone(&shared);
    let observer = move |event: &Event<'_>| {
        if let (Some(map), What::Session { code: "A", kind: SessionEvent::Created }) =
            (inside.get(), &event.what)
        {
            map.delete("A");
            map.create("B", 2, None).unwrap();
        }
    };
    let map = shared.get_or_init(|| SessionMap::builder().observer(observer).build().unwrap());
    map.create("A", 1, None).unwrap();
    assert_eq!(map.iter().map(|session| session.payload).collect::<Vec<_>>(), [2]);
}

#[test]
fn nonsense_is_refused_by_name() {
    let error = SessionMap::<()>::builder().ownerless_ttl(Duration::ZERO).build().unwrap_err();
    assert!(matches!(error, BuildSessionMapError::Setting(_)));
    assert_eq!(error.to_string(), "ownerless_ttl is 0; it must be positive");
    let (map, _) = map::<()>();
    assert!(map.set_capacity(0).is_err() && map.set_per_owner(0).is_err());
    assert!(
        map.set_ownerless_ttl(Duration::ZERO).is_err() && map.set_sweep_interval(Duration::ZERO).is_err()
    );
    assert_eq!(map.get("A"), None);
}

#[test]
fn no_payload_is_shown() {
    let (map, _) = map();
    map.create("A", "secret", None).unwrap();
    let guard = pin();
    let shown = format!(
        "{map:?} {:?} {:?} {:?} {:?} {:?}",
        map.get("A").unwrap(),
        map.get_view("A", &guard).unwrap(),
        map.create("A", "secret", None).unwrap_err(),
        map.iter(),
        map.update("A", |edit| format!("{edit:?}")).unwrap(),
    );
    assert!(!shown.contains("secret"), "{shown}");
}
