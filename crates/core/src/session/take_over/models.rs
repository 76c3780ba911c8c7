use super::*;
use crate::{
    owner::Owner,
    session::models::map,
    sync::{Arc, AtomicUsize, Ordering, model_within, thread},
};

const CODES: [&str; 2] = ["A", "B"];

fn of_two() -> (SessionMap<()>, Owner, Owner) {
    let map = map();
    let (old, new) = (map.owner(), map.owner());
    for code in CODES {
        map.create(code, (), &old).unwrap();
    }
    (map, old, new)
}

#[test]
fn loom_each_session_has_one_owner_whenever_somebody_looks() {
    model_within(Some(2), || {
        let (map, old, new) = of_two();
        let (from, to) = (old.incarnation(), new.incarnation());
        let other = map.clone();
        // Why there is a gate: see `raw/lend/both.rs`.
        let gate = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&gate);
        let thread = thread::spawn(move || {
            // Relaxed, both: must not order anything.
            theirs.fetch_add(1, Ordering::Relaxed);
            assert_eq!(other.hand_over_all(&old, &new), Ok(2));
            drop(old);
            new
        });
        gate.fetch_add(1, Ordering::Relaxed);
        for code in CODES {
            let seen = [map.get(code), map.get(code)].map(|seen| seen.expect("it is never gone").owner);
            assert!(seen.iter().all(|&owner| owner == Some(from) || owner == Some(to)), "{seen:?}");
            assert!(seen != [Some(to), Some(from)], "moved, and back");
        }
        let new = thread.join().unwrap();
        assert_eq!((map.occupied(), new.session_count()), (2, 2));
    });
}

#[test]
fn loom_those_that_have_moved_outlive_the_old_owner_and_the_others_go_with_it() {
    model_within(Some(2), || {
        let (map, old, new) = of_two();
        let (from, to) = (old.name().clone(), new.name().clone());
        let thread = thread::spawn(move || drop(old));
        let moved = map.hand_over_all(&from, &to).unwrap();
        thread.join().unwrap();
        let left = CODES.iter().filter(|code| map.contains(code)).count();
        assert_eq!((left, new.session_count(), from.session_count()), (moved, moved, 0));
        assert_eq!(map.occupied(), moved);
    });
}

#[test]
fn loom_what_the_new_owner_takes_with_it_has_gone_once() {
    model_within(Some(2), || {
        let (map, old, new) = of_two();
        let (from, to) = (old.name().clone(), new.name().clone());
        let thread = thread::spawn(move || drop(new));
        let _ = map.hand_over_all(&from, &to);
        thread.join().unwrap();
        let left = CODES.iter().filter(|code| map.contains(code)).count();
        assert_eq!((old.session_count(), to.session_count(), map.occupied()), (left, 0, left));
    });
}

#[test]
fn loom_what_was_handed_to_somebody_else_meanwhile_is_left_to_them() {
    model_within(Some(2), || {
        let map = map();
        let (old, new, third) = (map.owner(), map.owner(), map.owner());
        map.create("A", (), &old).unwrap();
        let (other, name) = (map.clone(), third.name().clone());
        let thread = thread::spawn(move || other.hand_over("A", &name).unwrap());
        let moved = map.hand_over_all(&old, &new).unwrap();
        thread.join().unwrap();
        // In either order: of the two, this one alone takes a session from whoever has it.
        assert_eq!(map.get("A").unwrap().owner, Some(third.incarnation()), "{moved} moved");
        assert_eq!(third.session_count(), 1);
    });
}
