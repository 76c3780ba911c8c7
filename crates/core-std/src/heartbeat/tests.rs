use super::*;
use tenure_core::{Pairing, SessionMap};

const EVERY: Duration = Duration::from_millis(10);

fn at(millis: u64) -> Tick {
    Tick::from_millis(millis)
}

#[test]
fn an_owner_lives_as_long_as_every_interval_has_a_beat() {
    let map = SessionMap::<Pairing>::new();
    let hearts = Hearts::new();
    let heartbeat = hearts.add(map.owner(), EVERY, None, at(0));
    for round in 1..50 {
        heartbeat.beat();
        assert_eq!(hearts.step(at(round * 10)), Some(at(round * 10 + 10)));
        assert!(heartbeat.name().is_alive());
    }
    assert_eq!(hearts.step(at(499)), Some(at(500)));
    assert!(heartbeat.name().is_alive());
    assert_eq!(hearts.step(at(500)), None);
    assert_eq!(heartbeat.name().reason(), Some(DeathReason::HeartbeatMissed));
    heartbeat.beat();
    assert!(hearts.is_empty() && heartbeat.into_owner().is_none());
}

#[test]
fn what_is_dropped_released_or_given_back_is_forgotten() {
    let map = SessionMap::<Pairing>::new();
    let hearts = Hearts::new();
    let mut all: Vec<_> = (0..3).map(|_| hearts.add(map.owner(), EVERY, None, at(0))).collect();
    let names: Vec<_> = all.iter().map(|one| one.name().clone()).collect();
    all.iter().for_each(Heartbeat::beat);
    let kept = all.pop().unwrap().into_owner().unwrap();
    all.pop().unwrap().release(DeathReason::PeerClosed);
    drop(all);
    assert_eq!(hearts.len(), 3);
    assert_eq!(hearts.step(at(10)), None);
    assert!(hearts.is_empty());
    let reasons: Vec<_> = names.iter().map(OwnerRef::reason).collect();
    assert_eq!(reasons, [Some(DeathReason::Dropped), Some(DeathReason::PeerClosed), None]);
    drop(kept);
}

#[test]
fn each_has_its_own_interval_and_the_shortest_is_next() {
    let map = SessionMap::<Pairing>::new();
    let hearts = Hearts::new();
    let slow = hearts.add(map.owner(), EVERY * 10, None, at(0));
    let quick = hearts.add(map.owner(), EVERY, None, at(0));
    quick.beat();
    assert_eq!(hearts.step(at(10)), Some(at(20)));
    assert_eq!(hearts.step(at(20)), Some(at(25)));
    assert!(slow.name().is_alive() && !quick.name().is_alive());
    hearts.end_all(&DeathReason::Cancelled);
    assert_eq!(slow.name().reason(), Some(DeathReason::Cancelled));
}

#[test]
fn with_a_grace_a_missed_beat_suspends() {
    let map = SessionMap::<Pairing>::new();
    let hearts = Hearts::new();
    let owner = map.owner();
    let token = owner.token().unwrap();
    let heartbeat = hearts.add(owner, EVERY, Some(Duration::from_secs(60)), at(0));
    assert_eq!(hearts.step(at(10)), None);
    assert!(heartbeat.name().is_alive() && heartbeat.name().suspended_until().is_some());
    drop(heartbeat);
    assert!(map.resume(&token).is_ok());
}

#[test]
fn a_heart_is_looked_at_four_times_in_its_interval() {
    let map = SessionMap::<Pairing>::new();
    let hearts = Hearts::new();
    let heartbeat = hearts.add(map.owner(), EVERY * 10, None, at(0));
    let pulse = heartbeat.pulse();
    // The last beat is just after a look: an interval and a quarter without another are needed.
    for round in 1..50 {
        assert_eq!(hearts.step(at(round * 25)), Some(at(round * 25 + 25)));
        if round % 3 == 0 {
            pulse.beat();
        }
        assert!(heartbeat.name().is_alive());
    }
    for round in 50..52 {
        assert!(hearts.step(at(round * 25)).is_some() && heartbeat.name().is_alive());
    }
    assert_eq!(hearts.step(at(1_300)), Some(at(1_325)));
    assert_eq!(hearts.step(at(1_325)), None);
    assert_eq!(heartbeat.name().reason(), Some(DeathReason::HeartbeatMissed));
    pulse.beat();
}

/// The process was stopped, or its machine asleep: what the peers have sent meanwhile is yet to be read.
#[test]
fn who_has_not_looked_for_long_ends_nobody_for_that() {
    let map = SessionMap::<Pairing>::new();
    let hearts = Hearts::new();
    let heartbeat = hearts.add(map.owner(), EVERY * 10, None, at(0));
    assert_eq!(hearts.step(at(10_000)), Some(at(10_025)));
    assert!(heartbeat.name().is_alive());
    heartbeat.beat();
    assert_eq!(hearts.step(at(20_000)), Some(at(20_025)));
    assert!(heartbeat.name().is_alive());
}
