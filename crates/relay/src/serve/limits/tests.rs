use super::*;
use tokio::time::Instant;

fn address(last: u8) -> Address {
    Address::of([192, 0, 2, last].into())
}

#[test]
fn places_are_bounded_by_address_and_in_all_and_come_back() {
    let places = Places::new(3, 2);
    let first = places.take(address(1)).unwrap();
    let second = places.take(address(1)).unwrap();
    assert_eq!(places.take(address(1)).unwrap_err(), Full::ForAddress { limit: 2 });
    let third = places.take(address(2)).unwrap();
    assert_eq!(places.take(address(3)).unwrap_err(), Full::ForAll { limit: 3 });
    drop(first);
    let fourth = places.take(address(1)).unwrap();
    drop((second, third, fourth));
    assert_eq!(places.taken(), 0);
    assert!(places.lock().by_address.is_empty(), "an address without places is forgotten");
}

#[test]
fn an_address_over_its_rate_takes_nothing_from_the_others() {
    let quota = |number| Quota::per_hour(NonZeroU32::new(number).unwrap());
    let rate = Rate::new(quota(2), Some(quota(3)));
    assert!(rate.count(address(1)).is_ok() && rate.count(address(1)).is_ok());
    for _ in 0..10 {
        assert!(rate.count(address(1)).unwrap_err() > Duration::from_secs(60));
    }
    assert!(rate.count(address(2)).is_ok());
    assert!(rate.count(address(3)).is_err(), "the fourth in all");
}

#[test]
fn a_pace_begins_anew_each_second() {
    let mut pace = Pace::new(2);
    let begun = pace.begun;
    assert!(pace.count(begun).is_ok() && pace.count(begun).is_ok());
    assert_eq!(pace.count(begun + Duration::from_millis(999)), Err(begun + Duration::from_secs(1)));
    assert!(pace.count(begun + Duration::from_secs(1)).is_ok());
}

#[test]
fn a_span_is_never_no_time() {
    let mut pace = Pace::new(1);
    let now = Instant::now();
    assert!(pace.count(now).is_ok());
    assert!(pace.count(now).unwrap_err() > now);
}
