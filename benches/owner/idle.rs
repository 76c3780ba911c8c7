//! What an owner costs while nothing happens to it: memory and the processor's time.

use crate::crowd::Crowd;
use rustix::time::{ClockId, clock_gettime};
use std::{
    fs,
    hint::black_box,
    thread,
    time::{Duration, Instant},
};
use tenure_core::SessionMap;
use tenure_std::Monitor;

/// Bytes of memory that are in use by this process.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

/// Processor time of this process.
pub(crate) fn worked() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Makes so many owners of one kind, keeps them for a while, and says what that costs.
fn idle<T>(name: &str, count: usize, rest: Duration, mut make: impl FnMut(usize) -> T) -> Vec<T> {
    let before = resident();
    let kept: Vec<T> = (0..count).map(&mut make).collect();
    let bytes = resident().saturating_sub(before) / count as u64;
    let (began, used) = (Instant::now(), worked());
    thread::sleep(rest);
    let used = worked().saturating_sub(used);
    let percent = 100.0 * used.as_secs_f64() / began.elapsed().as_secs_f64();
    println!("{count} {name}: {bytes} bytes each, {percent:.3} % of a core while nothing happens");
    kept
}

pub(crate) fn all(rest: Duration, monitor: &Monitor) {
    let map = SessionMap::<()>::builder().background().build().expect("a thread");
    // Kept until the end, so that none takes the memory of those before.
    let guards = idle("guard owners", 100_000, rest, |_| map.owner());
    let mut crowd = Crowd::new(10_000);
    let count = crowd.sockets.len();
    idle("socket owners (the other ends in another process)", count, rest, |number| {
        crowd.attach(number, monitor);
    });
    // Last: some of them may miss a beat while the others are looked at.
    let every = Duration::from_secs(30);
    let hearts = idle("heartbeat owners, beating every 30 s", 100_000, rest, |_| {
        let heartbeat = monitor.heartbeat(map.owner(), every);
        heartbeat.beat();
        heartbeat
    });
    crowd.end();
    drop(black_box((guards, hearts)));
}
