//! The map's time.

use crate::clock::{Clock, Tick};
use std::{fmt, time::SystemTime};

/// The clock of a map, which never comes to [`Tick::MAX`]: so a deadline there never comes either.
pub(super) struct Time(Box<dyn Clock>);

impl Time {
    pub(super) fn new(clock: Box<dyn Clock>) -> Self {
        Self(clock)
    }

    #[inline]
    pub(super) fn now(&self) -> Tick {
        self.0.now().min(Tick::LAST_NOW)
    }

    pub(super) fn wall(&self) -> SystemTime {
        self.0.wall()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
