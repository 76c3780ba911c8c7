//! The cheap clock that a user of a plain map would write: one number that a thread moves on.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};
use tenure_core::{Clock, Tick};

static NOW: AtomicU64 = AtomicU64::new(0);
static RUNNING: AtomicBool = AtomicBool::new(false);

/// How often the number moves.
const STEP: Duration = Duration::from_millis(10);

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
            NOW.store(origin.elapsed().as_millis() as u64, Ordering::Relaxed);
        }
    });
}

/// The same number as a clock of Tenure's.
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
