use super::{LENGTH, Ring};
use crate::raw::lend::{Tracked, both};
use crate::sync::{Arc, model};

fn push(ring: &Ring<Tracked>, value: u64) -> bool {
    let value = Box::into_raw(Box::new(Tracked::new(value)));
    // SAFETY: in each of these models one thread pushes at a time.
    let pushed = unsafe { ring.push(value) }.is_some();
    if !pushed {
        // SAFETY: made above, and given to nobody.
        drop(unsafe { Box::from_raw(value) });
    }
    pushed
}

fn take(ring: &Ring<Tracked>) -> Vec<u64> {
    // SAFETY: made by `Box::into_raw`, and what is taken is this thread's alone.
    let owned = |value| unsafe { Box::from_raw(value) };
    ring.take().into_iter().map(|value| owned(value).read()).collect()
}

#[test]
fn loom_what_is_pushed_is_taken_once_and_whole_and_in_order() {
    model(|| {
        let ring = Arc::new(Ring::new());
        assert!(push(&ring, 1));
        let (ones, others) = (Arc::clone(&ring), Arc::clone(&ring));
        let ((), mut seen) = both(
            move || {
                assert!(push(&ones, 2));
            },
            move || take(&others),
        );
        assert!(!seen.is_empty(), "what was there before was left");
        seen.extend(take(&ring));
        assert_eq!(seen, [1, 2]);
        assert_eq!(ring.pushed(), 2);
    });
}

#[test]
fn loom_a_slot_is_not_written_again_before_it_was_read() {
    model(|| {
        let ring = Arc::new(Ring::new());
        for value in 0..LENGTH as u64 {
            assert!(push(&ring, value));
        }
        let (ones, others) = (Arc::clone(&ring), Arc::clone(&ring));
        let (pushed, mut seen) = both(move || push(&ones, LENGTH as u64), move || take(&others));
        seen.extend(take(&ring));
        assert_eq!(seen, (0..LENGTH as u64 + u64::from(pushed)).collect::<Vec<_>>());
    });
}

#[test]
fn loom_of_two_takers_each_gets_its_own() {
    model(|| {
        let ring = Arc::new(Ring::new());
        assert!(push(&ring, 1));
        let (ones, others) = (Arc::clone(&ring), Arc::clone(&ring));
        let (mut seen, theirs) = both(
            move || {
                assert!(push(&ones, 2));
                take(&ones)
            },
            move || take(&others),
        );
        seen.extend(theirs);
        seen.extend(take(&ring));
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
    });
}

#[cfg(not(tenure_loom))]
#[test]
fn it_goes_round_and_is_full_when_it_is() {
    let ring = Ring::new();
    for round in 0..3 {
        let values: Vec<u64> = (0..LENGTH as u64).map(|value| 100 * round + value).collect();
        assert!(values.iter().all(|&value| push(&ring, value)));
        assert!(!push(&ring, 0), "full");
        assert_eq!(take(&ring), values);
        assert!(push(&ring, 7));
        assert_eq!(take(&ring), [7]);
    }
}
