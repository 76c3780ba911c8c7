//! What is answered: a session as it was, a look at one where it lies, and the counters.

use super::{Code, Pairing, Status, cell::Cell};
use crate::{
    clock::Tick,
    owner::{Incarnation, OwnerRef},
};
use std::{fmt, time::SystemTime};

/// A moment, for the table and for people.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use tenure_core::{ManualClock, Moment, SessionMap, Tick};
///
/// let clock = ManualClock::new();
/// let map = SessionMap::<()>::builder().clock(clock.clone()).build()?;
/// clock.advance(Duration::from_secs(2));
/// map.create("K7QX", (), None)?;
/// let Moment { tick, wall } = map.get("K7QX").unwrap().created;
/// assert_eq!((tick, wall), (Tick::from_millis(2_000), UNIX_EPOCH + Duration::from_secs(2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Moment {
    /// By the table's clock.
    pub tick: Tick,
    /// The time of day.
    pub wall: SystemTime,
}

/// A session, as it was at one moment.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Session<P = Pairing> {
    /// Its name.
    pub code: Code,
    /// The number of its owner, if it has one.
    pub owner: Option<Incarnation>,
    /// How far it has come.
    pub status: Status,
    /// When it was created.
    pub created: Moment,
    /// When it was claimed. An update that sets the status does not set this.
    pub connected: Option<Moment>,
    /// Until when its owner is suspended, by the table's clock; none if it is not.
    #[cfg_attr(feature = "serde", serde(default))]
    pub suspended_until: Option<Tick>,
    /// What it carries.
    pub payload: P,
}

/// Without the payload.
impl<P> fmt::Debug for Session<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("code", &self.code)
            .field("owner", &self.owner)
            .field("status", &self.status)
            .field("created", &self.created.tick)
            .field("connected", &self.connected.map(|moment| moment.tick))
            .field("suspended_until", &self.suspended_until)
            .finish_non_exhaustive()
    }
}

/// A look at a session where it lies in the table, without cloning its payload: what
/// [`SessionMap::get_view`](crate::SessionMap::get_view) returns.
///
/// It shows one version of the session, which does not change under it.
///
/// ```
/// use tenure_core::{SessionMap, Status, View};
///
/// let map = SessionMap::<&'static str>::new();
/// let owner = map.owner();
/// map.create("K7QX", "payload", &owner)?;
/// let guard = tenure_core::pin();
/// let view: View<'_, &str> = map.get_view("K7QX", &guard).unwrap();
/// map.claim("K7QX")?;
/// assert_eq!((view.status(), view.connected()), (Status::Pending, None)); // as it was
/// assert_eq!((view.code().as_str(), *view.payload()), ("K7QX", "payload"));
/// assert_eq!((view.owner(), view.suspended_until()), (Some(owner.name()), None));
/// assert!(view.created().tick <= map.now());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct View<'g, P> {
    pub(super) code: &'g Code,
    pub(super) cell: &'g Cell<P>,
}

impl<'g, P> View<'g, P> {
    /// Its name.
    pub fn code(&self) -> &'g Code {
        self.code
    }

    /// Its owner, if it has one.
    pub fn owner(&self) -> Option<&'g OwnerRef> {
        self.cell.held_by()
    }

    /// How far it has come.
    pub fn status(&self) -> Status {
        self.cell.stage.status()
    }

    /// When it was created.
    pub fn created(&self) -> Moment {
        self.cell.shared().created
    }

    /// When it was claimed.
    pub fn connected(&self) -> Option<Moment> {
        self.cell.connected.as_deref().copied()
    }

    /// Until when its owner is suspended, by the table's clock; none if it is not.
    pub fn suspended_until(&self) -> Option<Tick> {
        self.owner()?.suspended_until()
    }

    /// What it carries.
    pub fn payload(&self) -> &'g P {
        &self.cell.payload
    }
}

/// Without the payload.
impl<P> fmt::Debug for View<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("code", self.code)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// How often things have happened in a map since it was built.
///
/// ```
/// use tenure_core::{SessionMap, SessionStats};
///
/// let map = SessionMap::<()>::new();
/// map.create("K7QX", (), None)?;
/// map.delete("K7QX");
/// let stats: SessionStats = map.stats();
/// assert_eq!((stats.created, stats.deleted, stats.missed), (1, 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SessionStats {
    /// Sessions created.
    pub created: u64,
    /// Updates done.
    pub updated: u64,
    /// Claims won.
    pub claimed: u64,
    /// Hand-overs done.
    pub handed_over: u64,
    /// Sessions deleted.
    pub deleted: u64,
    /// Sessions freed because their owner died.
    pub owner_died: u64,
    /// Sessions freed because their time was over.
    pub expired: u64,
    /// Sessions without owner that were there when the map was drained.
    #[cfg_attr(feature = "serde", serde(default))]
    pub drained: u64,
    /// Sessions of dead owners that only the sweep has found. In a correct program there are none.
    pub missed: u64,
    /// Calls of observers that panicked.
    pub observer_panics: u64,
    /// Payloads that panicked while they were dropped, contained.
    pub drop_panics: u64,
}
