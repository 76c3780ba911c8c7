//! How many, and how often: counted by address and for all.

use super::{client::Address, settings::LimitArgs};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// So many of something there may be, in all and by address.
#[derive(Debug)]
pub(super) struct Places {
    in_all: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_address: HashMap<Address, usize>,
}

impl Places {
    pub(super) fn new(in_all: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self { in_all, per_address, taken: Mutex::default() })
    }

    /// Takes a place, until it is dropped.
    pub(super) fn take(self: &Arc<Self>, address: Address) -> Result<Place, Full> {
        let mut taken = self.lock();
        if taken.in_all >= self.in_all {
            return Err(Full::ForAll { limit: self.in_all });
        }
        let of_address = taken.by_address.entry(address).or_default();
        if *of_address >= self.per_address {
            return Err(Full::ForAddress { limit: self.per_address });
        }
        *of_address += 1;
        taken.in_all += 1;
        Ok(Place { places: Arc::clone(self), address })
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.lock().in_all
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: Address,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.in_all -= 1;
        if let Some(of_address) = taken.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

/// No place is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    ForAll { limit: usize },
    ForAddress { limit: usize },
}

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ForAll { limit } => write!(f, "the relay has {limit} of them, as many as it may"),
            Self::ForAddress { limit } => write!(f, "your address has {limit} of them, as many as it may"),
        }
    }
}

/// So often something may be done, in all and by address: token buckets.
#[derive(Debug)]
pub(super) struct Rate {
    by_address: DefaultKeyedRateLimiter<Address>,
    in_all: Option<DefaultDirectRateLimiter>,
    clock: DefaultClock,
}

impl Rate {
    /// Claims: so many a minute by address, so many a second in all.
    pub(super) fn of_claims(limits: &LimitArgs) -> Self {
        Self::new(
            Quota::per_minute(at_least_one(limits.claims_per_minute)),
            Some(Quota::per_second(at_least_one(limits.claims_per_second))),
        )
    }

    /// Requests: so many a second by address.
    pub(super) fn of_requests(limits: &LimitArgs) -> Self {
        Self::new(Quota::per_second(at_least_one(limits.requests_per_second)), None)
    }

    fn new(by_address: Quota, in_all: Option<Quota>) -> Self {
        Self {
            by_address: RateLimiter::keyed(by_address),
            in_all: in_all.map(RateLimiter::direct),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one, or says how long to wait. Who is over its own limit takes nothing from the others'.
    pub(super) fn count(&self, address: Address) -> Result<(), Duration> {
        let now = || self.clock.now();
        self.by_address.check_key(&address).map_err(|until| until.wait_time_from(now()))?;
        match &self.in_all {
            Some(in_all) => in_all.check().map_err(|until| until.wait_time_from(now())),
            None => Ok(()),
        }
    }

    /// Forgets addresses that have done nothing for a while.
    pub(super) fn forget(&self) {
        self.by_address.retain_recent();
        self.by_address.shrink_to_fit();
    }
}

/// 0 was refused where the settings were read.
fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

/// So many of something a second, of one connection.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: u32,
    begun: tokio::time::Instant,
    counted: u32,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second, begun: tokio::time::Instant::now(), counted: 0 }
    }

    /// Counts one; if it is too many for this second, answers when the next begins.
    pub(super) fn count(&mut self, now: tokio::time::Instant) -> Result<(), tokio::time::Instant> {
        let next = self.begun + Duration::from_secs(1);
        if now >= next {
            (self.begun, self.counted) = (now, 0);
        }
        if self.counted == self.per_second {
            return Err(next);
        }
        self.counted += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
