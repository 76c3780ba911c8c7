use super::Roll;
use crate::{
    raw::lend::{Tracked, both},
    sync::{Arc, model, thread},
};

#[test]
fn loom_what_was_added_is_seen_by_who_closes_and_nothing_is_added_after() {
    model(|| {
        let roll = Arc::new(Roll::new());
        let other = Arc::clone(&roll);
        let adder = thread::spawn(move || other.push(Box::new(1)).is_ok());
        let seen = roll.close().map(|value| **value).sum::<usize>();
        assert_eq!(adder.join().unwrap(), seen == 1, "added and not seen, or seen and refused");
        assert!(roll.is_closed() && roll.push(Box::new(2)).is_err());
        assert_eq!(roll.close().count(), seen, "who comes later sees the same");
    });
}

#[test]
fn loom_two_who_add_are_both_there() {
    model(|| {
        let roll = Arc::new(Roll::new());
        let other = Arc::clone(&roll);
        let adder = thread::spawn(move || other.push(Box::new(1)).is_ok());
        assert!(roll.push(Box::new(2)).is_ok());
        assert!(adder.join().unwrap());
        assert_eq!(roll.close().map(|value| **value).sum::<i32>(), 3);
    });
}

#[test]
fn loom_what_was_added_is_read_whole_whoever_has_closed() {
    model(|| {
        let roll = Arc::new(Roll::new());
        let (ones, others) = (Arc::clone(&roll), Arc::clone(&roll));
        let adds = move || {
            let _ = ones.push(Tracked::new(7));
            assert!(ones.close().all(|value| value.read() == 7));
        };
        both(adds, move || assert!(others.close().all(|value| value.read() == 7)));
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn a_long_roll_is_dropped_without_recursion() {
    let roll = Roll::new();
    (0..200_000).for_each(|number| roll.push(Box::new(number)).unwrap());
    assert_eq!(roll.close().count(), 200_000);
}
