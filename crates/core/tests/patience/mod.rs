//! Waiting for another thread in a test, with an end. Shared by the unit tests and these.

use std::{
    thread,
    time::{Duration, Instant},
};

/// No machine is so busy that what a test waits for takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until it is so; panics, and says what was waited for, where that would be for ever.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        thread::yield_now();
    }
}
