use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Clock, ManualClock, SystemClock, Tick, TimeGoesBackwards};

const MAX_MILLIS: u64 = (1 << 44) - 1;

#[test]
fn a_tick_fits_44_bits_whatever_it_is_made_from() {
    assert_eq!(Tick::MAX.as_millis(), MAX_MILLIS);
    assert_eq!(Tick::from_millis(MAX_MILLIS - 1).as_millis(), MAX_MILLIS - 1);
    for millis in [MAX_MILLIS, MAX_MILLIS + 1, u64::MAX] {
        assert_eq!(Tick::from_millis(millis), Tick::MAX);
    }
    for span in
        [Duration::MAX, Duration::from_millis(MAX_MILLIS + 1), Duration::from_secs(u64::MAX / 1_000 + 1)]
    {
        assert_eq!(Tick::ZERO.saturating_add(span), Tick::MAX);
        assert_eq!(Tick::MAX.saturating_add(span), Tick::MAX);
    }
    assert_eq!(Tick::default(), Tick::ZERO);
}

#[test]
fn a_part_of_a_millisecond_counts_as_a_whole_one() {
    let cases = [
        (0, 0),
        (1, 1),
        (999_999, 1),
        (1_000_000, 1),
        (1_000_001, 2),
        (999_000_001, 1_000),
        (999_999_999, 1_000),
    ];
    for (nanos, millis) in cases {
        assert_eq!(Tick::ZERO.saturating_add(Duration::from_nanos(nanos)).as_millis(), millis, "{nanos} ns");
    }
    let start = Tick::from_millis(5);
    assert_eq!(start.saturating_add(Duration::new(2, 1)).as_millis(), 2_006);
}

#[test]
fn since_is_zero_for_a_later_tick() {
    let (early, late) = (Tick::from_millis(3), Tick::from_millis(10));
    assert_eq!(late.saturating_since(early), Duration::from_millis(7));
    assert_eq!(early.saturating_since(late), Duration::ZERO);
    assert_eq!(Tick::MAX.saturating_since(Tick::ZERO), Duration::from_millis(MAX_MILLIS));
}

#[test]
fn a_tick_is_shown_with_its_unit() {
    assert_eq!(Tick::from_millis(1_500).to_string(), "1500 ms");
    assert_eq!(Tick::MAX.to_string(), "never");
    assert_eq!(format!("{:>8}|{:<8}", Tick::from_millis(5), Tick::MAX), "    5 ms|never   ");
}

#[test]
fn the_system_clock_moves_and_never_goes_back() {
    let clock = SystemClock::new();
    let first = clock.now();
    let mut last = first;
    while last == first {
        let now = clock.now();
        assert!(now >= last, "went back from {last} to {now}");
        last = now;
    }
}

#[test]
fn the_system_clock_starts_near_zero_and_its_wall_is_the_systems() {
    let before = SystemTime::now();
    let clock = SystemClock::default();
    assert!(clock.now() < Tick::from_millis(3_600_000));
    let now = clock.now();
    assert!(clock.clone().now() >= now);
    // The system's time of day may be set at any moment; by more than a day in this test it is not.
    let off = clock.wall().duration_since(before).unwrap_or_else(|back| back.duration());
    assert!(off < Duration::from_secs(86_400), "{off:?}");
}

#[test]
fn handles_of_a_manual_clock_share_the_time() {
    let clock = ManualClock::default();
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    assert_eq!((shared.now(), shared.wall()), (Tick::ZERO, UNIX_EPOCH));
    assert_eq!(clock.advance(Duration::from_millis(7)), Tick::from_millis(7));
    assert_eq!(shared.now(), Tick::from_millis(7));
    assert_eq!(Arc::new(shared).wall(), UNIX_EPOCH + Duration::from_millis(7));
    assert_eq!(format!("{:?}", ManualClock::new().now()), "Tick(0)");
    assert!(format!("{clock:?}").starts_with("ManualClock { now: Tick(7), wall: "));
}

#[test]
fn small_steps_of_a_manual_clock_add_up() {
    let clock = ManualClock::new();
    for _ in 0..10_000 {
        clock.advance(Duration::from_nanos(100));
    }
    assert_eq!(clock.now(), Tick::from_millis(1));
    assert_eq!(clock.wall(), UNIX_EPOCH + Duration::from_millis(1));
}

#[test]
fn a_manual_clock_stops_at_the_end_of_its_range() {
    let clock = ManualClock::starting_at(Tick::from_millis(MAX_MILLIS - 2), UNIX_EPOCH);
    assert_eq!(clock.advance(Duration::from_millis(1)).as_millis(), MAX_MILLIS - 1);
    assert_eq!(clock.advance(Duration::from_millis(5)), Tick::MAX);
    assert_eq!(clock.advance(Duration::MAX), Tick::MAX);
    assert_eq!(clock.wall(), UNIX_EPOCH + Duration::from_millis(2));
    assert_eq!(clock.set(Tick::MAX), Ok(()));
    assert_eq!(ManualClock::starting_at(Tick::MAX, UNIX_EPOCH).now(), Tick::MAX);
}

#[test]
fn a_manual_clock_is_not_set_back() {
    let clock = ManualClock::starting_at(Tick::from_millis(10), UNIX_EPOCH);
    clock.advance(Duration::from_micros(500));
    // Within the millisecond that it shows there is nothing to refuse, and nothing to lose.
    assert_eq!(clock.set(Tick::from_millis(10)), Ok(()));
    assert_eq!(clock.wall(), UNIX_EPOCH + Duration::from_micros(500));
    let refused = TimeGoesBackwards { now: Tick::from_millis(10), asked: Tick::from_millis(9) };
    assert_eq!(clock.set(Tick::from_millis(9)), Err(refused));
    assert_eq!(clock.now(), Tick::from_millis(10));
    assert_eq!(clock.set(Tick::from_millis(11)), Ok(()));
    assert_eq!(clock.wall(), UNIX_EPOCH + Duration::from_millis(1));
}

#[test]
fn every_concurrent_advance_counts_and_no_reader_sees_time_go_back() {
    let clock = ManualClock::new();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..1_000).for_each(|_| _ = clock.advance(Duration::from_millis(1))));
        }
        scope.spawn(|| {
            let mut last = Tick::ZERO;
            while last < Tick::from_millis(2_000) {
                let now = clock.now();
                assert!(now >= last);
                last = now;
            }
        });
    });
    assert_eq!(clock.now(), Tick::from_millis(2_000));
}
