use super::{Clock, Face, TickingClock};
use crate::clock::Tick;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

#[test]
fn it_shows_whole_milliseconds_and_stops_at_the_end_of_its_range() {
    let face = Face::new();
    assert_eq!(face.now(), Tick::ZERO);
    for (micros, millis) in [(999, 0), (1_000, 1), (1_999, 1), (3_600_000_001, 3_600_000)] {
        face.show(Duration::from_micros(micros));
        assert_eq!(face.now(), Tick::from_millis(millis), "{micros} µs");
    }
    face.show(Duration::MAX);
    assert_eq!(face.now(), Tick::MAX);
}

#[test]
fn an_earlier_time_changes_nothing() {
    let face = Face::new();
    face.show(Duration::from_secs(2));
    face.show(Duration::from_secs(1));
    assert_eq!(face.now(), Tick::from_millis(2_000));
}

/// What the thread does, with a time that the test says: starved for a minute, it shows the true time at its next turn.
#[test]
fn it_shows_what_has_passed_after_each_wait_and_ends_when_it_is_stopped() {
    let face = Face::new();
    let mut shown = Vec::new();
    let mut turns = [1, 2, 60_000, 60_001].into_iter();
    face.run(|| {
        shown.push(face.now().as_millis());
        let passed = turns.next().expect("nothing is waited for after it was stopped");
        if passed == 60_001 {
            face.stop();
        }
        Duration::from_millis(passed)
    });
    assert_eq!(shown, [0, 1, 2, 60_000]);
    assert_eq!(face.now(), Tick::from_millis(60_001));
}

#[test]
fn a_clock_that_was_started_moves_and_its_clones_are_the_same_one() {
    let clock = TickingClock::start().expect("a thread");
    let same: Arc<dyn Clock> = Arc::new(clock.clone());
    let before = clock.now();
    while same.now() < before.saturating_add(Duration::from_millis(3)) {
        thread::yield_now();
    }
    assert!(clock.now() > before);
    assert!(format!("{clock:?}").starts_with("TickingClock { now: Tick("), "{clock:?}");
}

/// The thread holds the face as long as it runs. An interval of a day: the join does not wait for it.
#[test]
fn the_last_clone_stops_and_joins_the_thread() {
    let clock = TickingClock::start_every(Duration::from_secs(86_400)).expect("a thread");
    let face = Arc::clone(&clock.face);
    let same = clock.clone();
    drop(clock);
    assert!(Arc::strong_count(&face) > 2, "the thread goes on while there is a clone");
    drop(same);
    assert_eq!(Arc::strong_count(&face), 1, "the thread has ended");
}

#[test]
fn an_interval_below_a_millisecond_is_refused() {
    for interval in [Duration::ZERO, Duration::from_nanos(999_999)] {
        let refused = TickingClock::start_every(interval).expect_err("too short");
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
        assert!(refused.to_string().contains(&format!("{interval:?}")), "{refused}");
    }
    TickingClock::start_every(Duration::MAX).expect("as seldom as one likes");
}

#[test]
fn handles_that_go_on_several_threads_join_once() {
    let clock = TickingClock::start().expect("a thread");
    let face = Arc::clone(&clock.face);
    let moved = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            let same = clock.clone();
            scope.spawn(|| {
                drop(same);
                moved.fetch_add(1, Ordering::Relaxed);
            });
        }
        drop(clock);
    });
    assert_eq!((Arc::strong_count(&face), moved.into_inner()), (1, 4));
}
