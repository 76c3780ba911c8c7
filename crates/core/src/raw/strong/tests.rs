use super::Strong;
use crate::{
    raw::lend::{Tracked, both},
    sync::{Arc, AtomicUsize, Ordering, model},
};

/// Says how often it was dropped.
struct Told(Tracked, Arc<AtomicUsize>);

impl Drop for Told {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn loom_what_two_own_is_dropped_once_behind_the_last_look_at_it() {
    model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let one = Strong::new(Told(Tracked::new(7), Arc::clone(&drops)));
        let other = one.clone();
        both(move || assert_eq!(one.0.read(), 7), move || assert_eq!(other.0.read(), 7));
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_a_look_by_an_owner_that_has_let_go_comes_before_the_drop_of_another() {
    model(|| {
        let one = Strong::new(Tracked::new(7));
        let other = one.clone();
        // One becomes two, both of which are gone before or after the other.
        let clones = move || {
            let third = one.clone();
            drop(one);
            assert_eq!(third.read(), 7);
        };
        both(clones, move || assert_eq!(other.read(), 7));
    });
}

#[test]
fn the_value_is_there_until_the_last_owner_is_dropped() {
    model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let one = Strong::new(Told(Tracked::new(7), Arc::clone(&drops)));
        let (other, told) = (one.clone(), Arc::clone(&drops));
        both(move || drop(one), move || assert!(told.load(Ordering::Relaxed) == 0));
        assert_eq!((other.0.read(), drops.load(Ordering::Relaxed)), (7, 0));
        drop(other);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}
