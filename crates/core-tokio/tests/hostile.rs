//! A clock that panics while a heart is looked at: the owners of other maps are watched on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};
use tenure_core::{Clock, DeathReason, Event, SessionMap, Tick};
use tenure_tokio::Monitor;

/// Panics when it is asked for the time, once it is broken.
#[derive(Clone, Debug, Default)]
struct Fragile(Arc<AtomicBool>);

impl Clock for Fragile {
    fn now(&self) -> Tick {
        assert!(!self.0.load(Ordering::SeqCst), "planted: a clock panics");
        Tick::ZERO
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_clock_that_panics_costs_nobody_else_the_heartbeat() {
    let monitor = Monitor::new().unwrap();
    let clock = Fragile::default();
    let bad = SessionMap::<()>::builder().clock(clock.clone()).observer(|_: &Event<'_>| {}).build().unwrap();
    let good = SessionMap::<()>::new();
    let owner = bad.owner();
    bad.create("A", (), &owner).unwrap();
    clock.0.store(true, Ordering::SeqCst);
    let first = monitor.heartbeat(owner, Duration::from_secs(1));
    let second = monitor.heartbeat(good.owner(), Duration::from_secs(10));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(first.name().reason(), Some(DeathReason::HeartbeatMissed));
    assert_eq!(second.name().reason(), None, "its time has not come");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(second.name().reason(), Some(DeathReason::HeartbeatMissed));
}
