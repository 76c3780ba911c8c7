//! The cheap clock that a user of a plain map would write: one number that a thread moves on.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};
use tenure_core::{Clock, Tick};

static NOW: AtomicU64 = AtomicU64::new(0);
static SKIPPED: AtomicU64 = AtomicU64::new(0);
static RUNNING: AtomicBool = AtomicBool::new(false);

/// How often the number moves.
pub(crate) const STEP: Duration = Duration::from_millis(10);

/// Milliseconds since the ticker was started.
#[inline]
pub(crate) fn now() -> u64 {
    // Relaxed: one number, ordered with nothing.
    NOW.load(Ordering::Relaxed)
}

/// Starts the thread that moves the number on, once per process.
pub(crate) fn start() {
    // Relaxed: only decides who starts the thread.
    if RUNNING.swap(true, Ordering::Relaxed) {
        return;
    }
    let origin = Instant::now();
    thread::spawn(move || {
        loop {
            thread::sleep(STEP);
            let skipped = SKIPPED.load(Ordering::Relaxed);
            NOW.store(skipped + origin.elapsed().as_millis() as u64, Ordering::Relaxed);
        }
    });
}

/// Lets the time jump ahead for everybody who asks [`now`], and waits until it has.
pub(crate) fn skip(millis: u64) {
    let aim = now() + millis;
    // Relaxed, as in `now`.
    SKIPPED.fetch_add(millis, Ordering::Relaxed);
    while now() < aim {
        thread::yield_now();
    }
}

/// The same number as a clock of Tenure's, where the time must be skipped.
#[derive(Debug)]
pub(crate) struct TickedClock;

impl Clock for TickedClock {
    #[inline]
    fn now(&self) -> Tick {
        Tick::from_millis(now())
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}
