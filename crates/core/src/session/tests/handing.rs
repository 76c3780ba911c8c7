//! Handing a session over, and being stopped in the middle of it.

use super::{
    super::{
        cell::{Holder, Move},
        *,
    },
    DAY, map,
};
use crate::error::HandOverError;

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
    inner.admit(to).unwrap();
    let cell = entry.value();
    let moving = Arc::new(Move::new(cell.held_by().cloned(), to.clone()));
    let next = Cell {
        holder: Holder::Moving(Arc::clone(&moving)),
        status: cell.status,
        connected: cell.connected,
        life: Arc::clone(&cell.life),
        payload: cell.payload.clone(),
    };
    let fresh = crate::raw::Fresh::new(entry.hash(), entry.key().clone(), next);
    assert!(entry.replace(fresh).is_ok());
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
