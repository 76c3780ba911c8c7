//! What the system says about a thread: how long it has run, and whether its core was taken away.

use std::{
    fs,
    time::{Duration, Instant},
};

/// How often the system has taken the core away from this thread so far; none where it does not say.
pub(crate) fn switches() -> Option<u64> {
    let status = fs::read_to_string("/proc/thread-self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:")?.trim().parse().ok())
}

/// How long this thread has run on a core; where the system does not say, how long the program has.
pub(crate) fn run_time() -> Duration {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
    }
    #[cfg(not(target_os = "linux"))]
    {
        static ORIGIN: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        ORIGIN.elapsed()
    }
}

/// Takes the time between one step and the next, and knows in which of them the core was taken away.
pub(crate) struct Steps {
    last: Instant,
    switches: Option<u64>,
}

/// A step shorter than this was never interrupted: going away and coming back takes longer.
const SUSPECT: u64 = 3_000;

impl Steps {
    /// The first step begins.
    pub(crate) fn new() -> Self {
        Self { switches: switches(), last: Instant::now() }
    }

    /// A step ends and the next one begins; how many nanoseconds it took, or none if the core was taken away.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<u64> {
        let now = Instant::now();
        let nanos = (now - self.last).as_nanos() as u64;
        self.last = now;
        if nanos < SUSPECT { Some(nanos) } else { self.was_calm().then_some(nanos) }
    }

    #[cold]
    fn was_calm(&mut self) -> bool {
        let before = std::mem::replace(&mut self.switches, switches());
        self.last = Instant::now();
        before == self.switches
    }
}
