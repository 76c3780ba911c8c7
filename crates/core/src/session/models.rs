//! Scenarios that loom explores; under plain `cargo test` each runs once.

use super::*;
use crate::{
    clock::ManualClock,
    raw::lend::race_of_three,
    sync::{model, model_within, thread},
};
use std::task::{Context, Wake, Waker};

pub(super) fn map() -> SessionMap<()> {
    SessionMap::builder().clock(ManualClock::new()).build().unwrap()
}

/// An owner of no map, but for its wards: nobody buries it.
pub(super) fn orphan(wards: &Arc<Wards>) -> Owner {
    let nowhere: std::sync::Weak<Inner<()>> = std::sync::Weak::new();
    Owner::new(nowhere, Arc::clone(wards))
}

#[test]
fn loom_who_is_told_that_the_owner_is_dead_has_no_session() {
    model(|| {
        let map = map();
        let (keeper, owner) = (map.owner(), map.owner());
        let name = owner.name().clone();
        let other = map.clone();
        let thread = thread::spawn(move || {
            let handed = other.hand_over("A", &keeper).is_ok();
            drop(owner);
            (handed, keeper)
        });
        let created = map.create("A", (), &name);
        let (handed, keeper) = thread.join().unwrap();
        assert!(created.is_ok() || !map.contains("A"), "{created:?}, and it lives");
        assert_eq!(map.contains("A"), handed);
        assert_eq!((map.occupied(), keeper.session_count()), (usize::from(handed), usize::from(handed)));
    });
}

#[test]
fn loom_creating_for_an_owner_that_dies_leaves_nothing() {
    model(|| {
        let map = map();
        let owner = map.owner();
        let name = owner.name().clone();
        let thread = thread::spawn(move || drop(owner));
        let _ = map.create("A", (), &name);
        thread.join().unwrap();
        assert_eq!((map.occupied(), name.session_count()), (0, 0));
    });
}

#[test]
fn loom_what_is_created_for_an_owner_that_dies_is_not_seen_by_who_knows_of_the_death() {
    model_within(Some(2), || {
        let map = map();
        let owner = map.owner();
        let name = owner.name().clone();
        let (theirs, theirs_too) = (map.clone(), name.clone());
        let ((), created, ()) = race_of_three(
            move |_| drop(owner),
            move |_| theirs.create("A", (), &theirs_too).is_ok(),
            |guard| {
                let dead = !name.is_alive();
                let seen = map.inner.visible(Asked::new("A"), guard).is_some();
                assert!(!(dead && seen), "seen after its owner's death");
            },
        );
        assert!(!map.contains("A"), "created: {created}");
        assert_eq!((map.occupied(), name.session_count()), (0, 0), "created: {created}");
    });
}

#[test]
fn loom_a_session_seen_after_the_new_owner_is_dead_is_not_handed_to_it_any_more() {
    model(|| {
        let map = map();
        let (old, new) = (map.owner(), map.owner());
        let name = new.name().clone();
        map.create("A", (), &old).unwrap();
        let other = map.clone();
        let thread = thread::spawn(move || {
            drop(new);
            other.contains("A")
        });
        let handed = map.hand_over("A", &name).is_ok();
        let seen = thread.join().unwrap();
        assert!(!(handed && seen), "it was with the old owner, and has died with the new one");
        assert_eq!(map.contains("A"), !handed);
    });
}

/// The owner of a session dies while another thread does something to the session: whatever that answers, nothing is
/// left, and no place stays taken.
fn a_death_leaves_nothing(act: impl Fn(&SessionMap<()>) -> bool + Copy + Send + Sync + 'static) {
    model_within(Some(2), move || {
        let map = map();
        let owner = map.owner();
        let name = owner.name().clone();
        map.create("A", (), &name).unwrap();
        let other = map.clone();
        let thread = thread::spawn(move || {
            act(&other);
        });
        drop(owner);
        assert!(!map.contains("A"), "seen after its owner's death");
        thread.join().unwrap();
        map.prune();
        assert_eq!((map.occupied(), name.session_count()), (0, 0));
    });
}

#[test]
fn loom_a_session_that_is_updated_while_its_owner_dies_does_not_come_back() {
    a_death_leaves_nothing(|map| map.update("A", |_| ()).is_ok());
}

#[test]
fn loom_a_session_that_is_claimed_while_its_owner_dies_does_not_come_back() {
    a_death_leaves_nothing(|map| map.claim("A").is_ok());
}

#[test]
fn loom_a_session_that_is_deleted_while_its_owner_dies_is_ended_once() {
    a_death_leaves_nothing(|map| map.delete("A"));
}

#[test]
fn loom_of_two_claims_one_wins() {
    model_within(Some(2), || {
        let map = map();
        map.create("A", (), None).unwrap();
        let other = map.clone();
        let thread = thread::spawn(move || other.claim("A").is_ok());
        let won = map.claim("A").is_ok();
        assert!(won ^ thread.join().unwrap());
    });
}

#[test]
fn loom_nothing_is_created_behind_a_drain() {
    model_within(Some(2), || {
        let map = map();
        let owner = map.owner();
        let name = owner.name().clone();
        let other = map.clone();
        let thread = thread::spawn(move || other.create("A", (), &name).is_ok());
        map.inner.release_all();
        let created = thread.join().unwrap();
        assert_eq!((map.occupied(), owner.session_count()), (0, 0), "created: {created}");
    });
}

#[test]
fn loom_who_reads_from_a_drained_map_sees_the_last_place_free_or_is_woken() {
    model_within(Some(2), || {
        let map = map();
        // As a creation has that has found its code taken.
        std::mem::forget(map.inner.reserve_place());
        let mut events = map.events(1);
        let other = map.clone();
        let thread = thread::spawn(move || drop(place::Place::of(&*other.inner)));
        map.inner.release_all();
        map.inner.feed.rouse();
        let woken = Arc::<Woken>::default();
        let pending =
            events.poll_recv(&mut Context::from_waker(&Waker::from(Arc::clone(&woken)))).is_pending();
        thread.join().unwrap();
        assert!(!pending || woken.0.load(std::sync::atomic::Ordering::Relaxed), "it would sleep for ever");
    });
}

#[test]
fn loom_who_is_told_that_a_drained_map_is_over_has_read_every_end() {
    model_within(Some(2), || {
        let map = map();
        // As a session has that is there to be removed.
        std::mem::forget(map.inner.reserve_place());
        map.inner.draining.store(true, Ordering::Relaxed);
        let events = map.events(1);
        let (other, told) = (map.clone(), Arc::new(crate::sync::AtomicUsize::new(0)));
        let tell = Arc::clone(&told);
        let remover = thread::spawn(move || {
            let telling = other.inner.telling();
            other.inner.release_place();
            // Relaxed: as a letter, if it were not put down by an exchange that releases it.
            tell.store(1, Ordering::Relaxed);
            drop(telling);
        });
        let over = map.inner.is_over();
        assert!(!over || told.load(Ordering::Relaxed) == 1, "an end is told after that");
        remover.join().unwrap();
        drop(events);
    });
}

#[derive(Default)]
struct Woken(std::sync::atomic::AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}
