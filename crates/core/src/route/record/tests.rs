use super::{Life, Record, VERSION_MASK};
use crate::{
    clock::{Millis, Tick},
    raw::lend::both,
    sync::{Arc, model, thread},
};

const MS_10: Millis = Millis(10);

fn at(millis: u64) -> Tick {
    Tick::from_millis(millis)
}

#[test]
fn a_word_keeps_its_deadline_and_its_stamp_apart() {
    for deadline in [0, 1, 1_000, Tick::MAX.as_millis()] {
        for stamp in [0, 1, VERSION_MASK, VERSION_MASK + 1, u64::MAX] {
            let life = Life::new(at(deadline), stamp);
            assert_eq!(life.deadline(), at(deadline));
            assert!(life.agrees(stamp));
            assert!(!life.agrees(stamp.wrapping_add(1)));
            assert!(!life.is_doomed());
            let moved = life.moved(at(7));
            assert_eq!(moved.deadline(), at(7));
            assert!(moved.agrees(stamp));
            let doomed = life.doomed();
            assert!(doomed.is_doomed() && !doomed.is_fresh(at(0)) && !doomed.is_expired(at(u64::MAX)));
        }
    }
}

#[test]
fn a_record_is_fresh_before_its_deadline_and_expired_from_it_on() {
    let life = Life::new(at(10), 0);
    assert!(life.is_fresh(at(9)) && !life.is_expired(at(9)));
    assert!(!life.is_fresh(at(10)) && life.is_expired(at(10)));
}

#[test]
fn a_stamp_that_does_not_fit_is_taken_from_the_word() {
    let life = Life::new(at(10), 5);
    assert_eq!(life.latest_stamp(5), 5);
    assert_eq!(life.latest_stamp(9), 5);
    assert_eq!(life.latest_stamp(VERSION_MASK + 1 + 9), VERSION_MASK + 1 + 5);
    let record = Record::new((), at(0), at(10), 5);
    assert_eq!(record.stamp(record.life(), || 9), 5);
}

#[test]
fn loom_a_record_that_is_set_again_does_not_end_for_its_old_deadline() {
    model(|| {
        let record = Arc::new(Record::new((), at(0), at(10), 1));
        let other = Arc::clone(&record);
        let setter = thread::spawn(move || other.renew(at(20), MS_10, || 2, || at(20)));
        let life = record.life();
        let ended = life.is_expired(at(20)) && record.doom(life).is_ok();
        let set = setter.join().unwrap();
        assert!(set ^ ended, "one of them sees the other");
        assert_eq!(record.life().is_doomed(), ended);
    });
}

#[test]
fn loom_the_later_of_two_sets_has_the_later_stamp() {
    model(|| {
        let stamps = Arc::new(crate::sync::AtomicU64::new(2));
        let record = Arc::new(Record::new((), at(0), at(10), 1));
        let set = move |record: &Record<()>, stamps: &crate::sync::AtomicU64, deadline| {
            record.renew(
                at(deadline),
                MS_10,
                || stamps.fetch_add(1, crate::sync::Ordering::Relaxed),
                || at(deadline),
            )
        };
        let (other, other_stamps) = (Arc::clone(&record), Arc::clone(&stamps));
        let setter = thread::spawn(move || set(&other, &other_stamps, 20));
        assert!(set(&record, &stamps, 30));
        assert!(setter.join().unwrap());
        // The last to exchange the word drew its stamp after the other's exchange, or both drew without a retry.
        let life = record.life();
        let newest = stamps.load(crate::sync::Ordering::Relaxed);
        assert!(record.stamp(life, || newest) >= 2);
        assert!(life.agrees(record.stamp(life, || newest)));
    });
}

/// One sets the record again; what the other reads by `read` is the word of that set or the one before, and with it
/// come the time and the stamp of that set.
fn a_word_comes_with_its_time_and_stamp(read: impl Fn(&Record<()>) -> Life + Copy + Send + Sync + 'static) {
    model(move || {
        let record = Arc::new(Record::new((), at(0), at(10), 1));
        let (ones, others) = (Arc::clone(&record), Arc::clone(&record));
        let sets = move || assert!(ones.renew(at(20), MS_10, || 2, || at(20)));
        let reads = move || {
            let life = read(&others);
            if life.deadline() == at(30) {
                assert_eq!(others.set_at(), at(20));
                assert_eq!(others.stamp(life, || 0), 2);
            }
        };
        both(sets, reads);
    });
}

#[test]
fn loom_a_word_that_is_read_comes_with_its_time_and_stamp() {
    a_word_comes_with_its_time_and_stamp(Record::life);
}

#[test]
fn loom_a_word_that_was_in_the_way_comes_with_its_time_and_stamp() {
    a_word_comes_with_its_time_and_stamp(|record| {
        let before = Life::new(at(10), 1);
        record.touch(before, at(10)).err().unwrap_or(before)
    });
}

#[test]
fn loom_a_time_is_that_of_the_word_it_is_read_with_or_of_a_set_under_way() {
    model(|| {
        let record = Arc::new(Record::new((), at(0), at(10), 1));
        let (ones, others) = (Arc::clone(&record), Arc::clone(&record));
        let changes = move || {
            let life = ones.life();
            assert_eq!(ones.touch(life, at(7)), Ok(()));
            assert!(ones.renew(at(5), MS_10, || 2, || at(5)));
        };
        let reads = move || {
            let life = others.life();
            match (life.deadline().as_millis(), others.set_at_with(life)) {
                (10, time) => {
                    assert!(matches!(time, None | Some(Tick::ZERO)), "the set came after the touch");
                }
                (7, time) => assert!(matches!(time.map(Tick::as_millis), None | Some(0 | 5))),
                (deadline, time) => assert_eq!((deadline, time), (15, Some(at(5)))),
            }
        };
        both(changes, reads);
    });
}
