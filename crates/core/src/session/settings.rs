//! What can be changed while a map is in use.

use super::{Payload, SessionMap};
use crate::{clock::Tick, error::SettingError, sync::Ordering};
use std::time::Duration;

/// Options that can be changed while the map is in use. Each takes effect for the calls that begin afterwards.
impl<P: Payload> SessionMap<P> {
    /// How many sessions there may be in all.
    pub fn capacity(&self) -> usize {
        // Relaxed, here and below: one value, ordered with nothing.
        self.inner.capacity.load(Ordering::Relaxed)
    }

    /// Changes how many sessions there may be in all. If there are more already, none goes, and none comes before enough are
    /// gone.
    ///
    /// # Errors
    /// 0 is refused.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.set_capacity(1)?;
    /// assert_eq!(map.capacity(), 1);
    /// map.create("A", (), None)?;
    /// assert!(map.create("B", (), None).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_capacity(&self, sessions: usize) -> Result<(), SettingError> {
        // Relaxed: as in `capacity`.
        self.inner.capacity.store(positive("capacity", sessions)?, Ordering::Relaxed);
        Ok(())
    }

    /// How many sessions one owner may have.
    pub fn per_owner(&self) -> usize {
        // Relaxed: as in `capacity`.
        self.inner.per_owner.load(Ordering::Relaxed)
    }

    /// Changes how many sessions one owner may have. Those that have more keep them.
    ///
    /// # Errors
    /// 0 is refused.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.set_per_owner(1)?;
    /// assert_eq!(map.per_owner(), 1);
    /// let owner = map.owner();
    /// map.create("A", (), &owner)?;
    /// assert!(map.create("B", (), &owner).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_per_owner(&self, sessions: usize) -> Result<(), SettingError> {
        // Relaxed: as in `capacity`.
        self.inner.per_owner.store(positive("per_owner", sessions)?, Ordering::Relaxed);
        Ok(())
    }

    /// How long a session without owner stays.
    pub fn ownerless_ttl(&self) -> Duration {
        // Relaxed: as in `capacity`.
        Duration::from_millis(self.inner.ownerless_ttl.load(Ordering::Relaxed))
    }

    /// Changes how long sessions without owner stay that are created from now on.
    ///
    /// # Errors
    /// 0 is refused.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.set_ownerless_ttl(Duration::from_secs(60))?;
    /// assert_eq!(map.ownerless_ttl(), Duration::from_secs(60));
    /// # Ok::<(), tenure_core::SettingError>(())
    /// ```
    pub fn set_ownerless_ttl(&self, ttl: Duration) -> Result<(), SettingError> {
        // Relaxed: as in `capacity`.
        self.inner.ownerless_ttl.store(milliseconds("ownerless_ttl", ttl)?, Ordering::Relaxed);
        Ok(())
    }

    /// How often the whole map is swept.
    pub fn sweep_interval(&self) -> Duration {
        // Relaxed: as in `capacity`.
        Duration::from_millis(self.inner.sweep_interval.load(Ordering::Relaxed))
    }

    /// Changes how often the whole map is swept, counted from the last sweep.
    ///
    /// # Errors
    /// 0 is refused.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.set_sweep_interval(Duration::from_secs(600))?;
    /// assert_eq!(map.sweep_interval(), Duration::from_secs(600));
    /// # Ok::<(), tenure_core::SettingError>(())
    /// ```
    pub fn set_sweep_interval(&self, interval: Duration) -> Result<(), SettingError> {
        // Relaxed: as in `capacity`.
        self.inner.sweep_interval.store(milliseconds("sweep_interval", interval)?, Ordering::Relaxed);
        self.inner.signal.wake();
        Ok(())
    }
}

pub(super) fn positive(setting: &'static str, value: usize) -> Result<usize, SettingError> {
    if value == 0 { Err(SettingError::Zero { setting }) } else { Ok(value) }
}

pub(super) fn milliseconds(setting: &'static str, span: Duration) -> Result<u64, SettingError> {
    if span.is_zero() {
        return Err(SettingError::Zero { setting });
    }
    Ok(Tick::ZERO.saturating_add(span).as_millis())
}
