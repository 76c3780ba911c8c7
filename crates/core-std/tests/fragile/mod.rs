//! A clock that panics once it is broken. Both crates' tests use it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};
use tenure_core::{Clock, Event, SessionMap, Tick};

/// Panics when it is asked for the time, once it is broken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fragile(Arc<AtomicBool>);

impl Fragile {
    /// A map that asks it for the time whenever its observer is told of something.
    pub(crate) fn map(&self) -> SessionMap<()> {
        SessionMap::builder().clock(self.clone()).observer(|_: &Event<'_>| {}).build().unwrap()
    }

    pub(crate) fn break_it(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Clock for Fragile {
    fn now(&self) -> Tick {
        assert!(!self.0.load(Ordering::SeqCst), "planted: a clock panics");
        Tick::ZERO
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}
