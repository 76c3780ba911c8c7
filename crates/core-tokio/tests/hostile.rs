//! A clock that panics while a heart is looked at: the owners of other maps are watched on.

#[path = "../../core-std/tests/fragile/mod.rs"]
mod fragile;

use fragile::Fragile;
use std::time::Duration;
use tenure_core::{DeathReason, SessionMap};
use tenure_tokio::Monitor;

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_clock_that_panics_costs_nobody_else_the_heartbeat() {
    let monitor = Monitor::new().unwrap();
    let clock = Fragile::default();
    let bad = clock.map();
    let good = SessionMap::<()>::new();
    let owner = bad.owner();
    bad.create("A", (), &owner).unwrap();
    clock.break_it();
    let first = monitor.heartbeat(owner, Duration::from_secs(1));
    let second = monitor.heartbeat(good.owner(), Duration::from_secs(10));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(first.name().reason(), Some(DeathReason::HeartbeatMissed));
    assert_eq!(second.name().reason(), None, "its time has not come");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(second.name().reason(), Some(DeathReason::HeartbeatMissed));
}
