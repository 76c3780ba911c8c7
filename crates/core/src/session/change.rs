//! What changes a session: updates, the claim, the hand-over.

use super::{
    Asked, Cell, ClaimError, Code, Count, Inner, InvalidTransition, Moment, Payload, Session, SessionMap,
    Status, UpdateError,
    cell::{Holder, Move, State},
    place::Place,
};
use crate::{
    error::{CreateErrorKind, HandOverError},
    event::SessionEvent,
    owner::OwnerRef,
    raw::{Entry, Guard, Strong, pin},
    sync::{Ordering, after_exchange},
};
use std::{fmt, sync::Arc};

/// What an update may change, on a copy of the session.
///
/// Nothing that is done here is seen by anybody until the update is done.
///
/// ```
/// use tenure_core::{Edit, SessionMap, Status};
///
/// let map = SessionMap::<u32>::new();
/// map.create("K7QX", 1, None)?;
/// let connect = |edit: &mut Edit<u32>| {
///     if *edit.payload() > 1 {
///         return edit.dismiss();
///     }
///     *edit.payload_mut() += 1;
///     edit.set_status(Status::Connected);
///     assert_eq!(edit.status(), Status::Connected);
/// };
/// map.update("K7QX", connect)?;
/// map.update("K7QX", connect)?; // dismissed
/// assert_eq!((map.get("K7QX").unwrap().payload, map.stats().updated), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Edit<P> {
    status: Status,
    payload: P,
    refused: Option<InvalidTransition>,
    dismissed: bool,
}

impl<P> Edit<P> {
    /// How far the session has come, with the moves made so far.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Moves the status. A move that does not exist makes the whole update fail with an error that names it.
    ///
    /// Moving to *connected* here does not stamp the time: only a claim does.
    pub fn set_status(&mut self, to: Status) {
        match self.status.to(to) {
            Ok(status) => self.status = status,
            Err(refused) => _ = self.refused.get_or_insert(refused),
        }
    }

    /// What the session carries.
    pub fn payload(&self) -> &P {
        &self.payload
    }

    /// What the session carries, to change.
    pub fn payload_mut(&mut self) -> &mut P {
        &mut self.payload
    }

    /// Leaves the session as it is, whatever else was or will be done to this edit. The update then succeeds, has
    /// changed nothing, and tells nobody.
    pub fn dismiss(&mut self) {
        self.dismissed = true;
    }
}

/// Without the payload.
impl<P> fmt::Debug for Edit<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit").field("status", &self.status).finish_non_exhaustive()
    }
}

impl<P: Payload> SessionMap<P> {
    /// Changes a session in one step: reads it, lets `change` work on a copy, and puts the copy in its place if nobody
    /// has changed it meanwhile; else starts again. Returns what `change` returned.
    ///
    /// So no update is lost, readers see all of a change or nothing, and a session that is deleted meanwhile stays
    /// deleted.
    /// **`change` may run several times**, each time on a fresh copy: it should do nothing but change it. If it
    /// panics, nothing was changed.
    ///
    /// Costs a look-up, a clone of the payload and an allocation for each try.
    ///
    /// # Errors
    /// [`UpdateError::NotFound`] if there is no such session (any more), and
    /// [`UpdateError::InvalidTransition`] if the status was to make a move that does not exist: then nothing was
    /// changed.
    ///
    /// ```
    /// use tenure_core::{SessionMap, Status, UpdateError};
    ///
    /// let map = SessionMap::<Vec<u8>>::new();
    /// map.create("K7QX", vec![], None)?;
    /// let len = map.update("K7QX", |edit| {
    ///     edit.payload_mut().push(7);
    ///     edit.payload().len()
    /// })?;
    /// assert_eq!(len, 1);
    ///
    /// let error = map.update("K7QX", |edit| edit.set_status(Status::Completed)).unwrap_err();
    /// assert!(matches!(error, UpdateError::InvalidTransition(_)));
    /// assert_eq!(map.get("K7QX").unwrap().status, Status::Pending);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update<R>(&self, code: &str, mut change: impl FnMut(&mut Edit<P>) -> R) -> Result<R, UpdateError> {
        let guard = pin();
        let inner = &*self.inner;
        loop {
            let Some(entry) = inner.visible(Asked::new(code), &guard) else {
                return Err(UpdateError::NotFound { code: code.to_owned() });
            };
            if inner.finish_hand_over(entry, &guard) {
                continue;
            }
            let cell = entry.value();
            let payload = cell.payload.clone();
            let mut edit = Edit { status: cell.stage.status(), payload, refused: None, dismissed: false };
            let answer = change(&mut edit);
            if edit.dismissed {
                return Ok(answer);
            }
            if let Some(refused) = edit.refused {
                return Err(UpdateError::InvalidTransition(refused));
            }
            if let Some(new) =
                replace(entry, edit.status, cell.connected.clone(), cell.settled(), edit.payload)
            {
                inner.changed(new, Count::Updated, SessionEvent::Updated, &guard);
                return Ok(answer);
            }
        }
    }

    /// Claims a pending session: it is connected from then on, and the time is stamped. Returns it as it then is.
    ///
    /// Of any number of concurrent claims exactly one succeeds.
    ///
    /// # Errors
    /// [`ClaimError::NotFound`] if there is no such session, and [`ClaimError::AlreadyUsed`] if it is not pending,
    /// whatever it is instead.
    ///
    /// ```
    /// use tenure_core::{ClaimError, SessionMap, Status};
    ///
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// assert!(map.claim("K7QX")?.connected.is_some());
    /// let again = map.claim("K7QX").unwrap_err();
    /// assert_eq!(again, ClaimError::AlreadyUsed { code: "K7QX".to_owned(), status: Status::Connected });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn claim(&self, code: &str) -> Result<Session<P>, ClaimError> {
        let guard = pin();
        let inner = &*self.inner;
        loop {
            let Some(entry) = inner.visible(Asked::new(code), &guard) else {
                return Err(ClaimError::NotFound { code: code.to_owned() });
            };
            if inner.finish_hand_over(entry, &guard) {
                continue;
            }
            let cell = entry.value();
            let status = cell.stage.status();
            if status != Status::Pending {
                return Err(ClaimError::AlreadyUsed { code: code.to_owned(), status });
            }
            let connected = Some(inner.moment());
            let payload = cell.payload.clone();
            // Before the exchange: if a payload's clone panics, nothing was claimed.
            let answer = Session { status: Status::Connected, connected, ..cell.session(entry.key()) };
            let connected = connected.map(Strong::new);
            if let Some(new) = replace(entry, Status::Connected, connected, cell.settled(), payload) {
                inner.changed(new, Count::Claimed, SessionEvent::Claimed, &guard);
                return Ok(answer);
            }
        }
    }

    /// Hands a session over to another owner. From then on it lives as long as that one, whatever the old one does.
    ///
    /// At no instant has the session two owners or none. If the old owner dies in the middle of the call, the session
    /// either has moved before or is gone; if the new one does, likewise. A session without owner gets one and does
    /// not expire any more. Handing it to the owner that it has is fine.
    ///
    /// Costs an update and one allocation more.
    ///
    /// # Errors
    /// There is no such session; the new owner is dead, of another map, or at capacity. The session then stays with
    /// the owner it has.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// let (old, new) = (map.owner(), map.owner());
    /// map.create("K7QX", (), &old)?;
    /// map.hand_over("K7QX", &new)?;
    /// drop(old);
    /// assert!(map.contains("K7QX"));
    /// drop(new);
    /// assert!(!map.contains("K7QX"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hand_over(&self, code: &str, to: &OwnerRef) -> Result<(), HandOverError> {
        self.inner.hand_over(code, to)
    }
}

/// What came of one try to hand a session over.
pub(super) enum Step {
    Moved,
    ThereAlready,
    /// Something else happened to it at the same moment, or one of the owners has died.
    Again,
}

impl<P: Payload> Inner<P> {
    fn hand_over(&self, code: &str, to: &OwnerRef) -> Result<(), HandOverError> {
        let guard = pin();
        let asked = Asked::new(code);
        let not_found = || HandOverError::NotFound { code: code.to_owned() };
        let dead = || HandOverError::OwnerDead { incarnation: to.incarnation().get() };
        if self.visible(asked, &guard).ok_or_else(not_found)?.value().held_by() == Some(to) {
            return Ok(());
        }
        // If the session does not move, it is given back.
        let mut place = self.admit(to).map_err(|kind| not_admitted(&kind, to))?;
        loop {
            let entry = self.visible(asked, &guard).ok_or_else(not_found)?;
            match self.try_hand_over(entry, None, to, &mut place, &guard) {
                Step::Moved | Step::ThereAlready => return Ok(()),
                Step::Again if to.is_alive() => {}
                Step::Again => return Err(dead()),
            }
        }
    }

    /// One try. If it has moved the session, the place with the new owner is kept and the old one's is given back. If
    /// it is to be moved from one owner alone and has another by now, it stays.
    pub(super) fn try_hand_over(
        &self,
        entry: Entry<'_, Code, Cell<P>>,
        only_from: Option<&OwnerRef>,
        to: &OwnerRef,
        place: &mut Place<'_>,
        guard: &Guard,
    ) -> Step {
        let cell = entry.value();
        if self.finish_hand_over(entry, guard) {
            return Step::Again;
        }
        // Decided, so for as long as this version stands.
        let from = cell.held_by();
        if only_from.is_some() && from != only_from {
            return Step::Again;
        }
        if from == Some(to) {
            return Step::ThereAlready;
        }
        let moving = Arc::new(Move::new(&cell.holder, to.clone()));
        let holder = Holder::Moving(Arc::clone(&moving));
        let (status, connected) = (cell.stage.status(), cell.connected.clone());
        let Some(new) = replace(entry, status, connected, holder, cell.payload.clone()) else {
            return Step::Again;
        };
        // From here on it may move, by whoever decides: the places follow the verdict, also where this call unwinds.
        let places = Places { moving: &moving, place };
        self.decide(&moving, new, guard);
        if !places.settle() {
            return Step::Again;
        }
        if let Some(from) = &moving.from {
            self.left(from, entry.hash(), guard);
        }
        self.changed(new, Count::HandedOver, SessionEvent::HandedOver, guard);
        Step::Moved
    }

    /// Finishes what somebody else has begun, for nobody waits here. True if there was something.
    ///
    /// Every change does so before it puts the next version in the place of this one. So one version alone is ever
    /// undecided, and what an answer shows together, the owner and the rest, has stood there together.
    fn finish_hand_over(&self, entry: Entry<'_, Code, Cell<P>>, guard: &Guard) -> bool {
        let Some(under_way) = entry.value().undecided() else { return false };
        self.decide(under_way, entry, guard);
        true
    }

    /// The table says *moving*: gives the verdict.
    pub(super) fn decide(&self, moving: &Move, entry: Entry<'_, Code, Cell<P>>, guard: &Guard) {
        // SeqCst: pairs with the fence in `look`. If somebody saw the version before this one in its place, after
        // having seen the old owner dead, then the old owner is seen dead here as well.
        after_exchange::fence(Ordering::SeqCst);
        let stands = match &moving.from {
            Some(from) => from.is_alive(),
            None => self.clock.now() < entry.value().holder.until(),
        };
        if !moving.decide(stands && moving.to.is_alive()) {
            return;
        }
        moving.to.core().hints.push(entry.hash());
        // See owner/core.rs: either this sees the death, or the death sees the hint. If this does, the session has
        // moved first and has died with its new owner then.
        if moving.to.core().died_meanwhile() {
            self.end_by_hint(entry.hash(), &moving.to, guard);
        }
    }

    /// After a change: counts it and tells.
    fn changed(&self, new: Entry<'_, Code, Cell<P>>, what: Count, event: SessionEvent, guard: &Guard) {
        self.count(what);
        // The version that was replaced is waste now.
        self.signal.wake();
        self.tell(new, guard, || event);
    }
}

/// The places of a session that is being handed over: that with the new owner, which was taken for it, and that with the
/// old one. One of the two is given back when this is dropped, and the user's clock or an observer may have thrown.
struct Places<'a, 'b> {
    moving: &'a Move,
    place: &'a mut Place<'b>,
}

impl Places<'_, '_> {
    /// Whether the session has moved.
    fn settle(self) -> bool {
        self.moving.decide(false)
    }
}

impl Drop for Places<'_, '_> {
    fn drop(&mut self) {
        // Undecided only where this unwinds: then it stays.
        if self.moving.decide(false) {
            self.place.keep();
            if let Some(from) = &self.moving.from {
                from.core().release_place();
            }
        }
    }
}

/// Why a session is not handed over to an owner that may not be given it.
pub(super) fn not_admitted(kind: &CreateErrorKind, to: &OwnerRef) -> HandOverError {
    match *kind {
        CreateErrorKind::OwnerFull { per_owner } => HandOverError::OwnerFull { per_owner },
        CreateErrorKind::ForeignOwner { incarnation } => HandOverError::ForeignOwner { incarnation },
        _ => HandOverError::OwnerDead { incarnation: to.incarnation().get() },
    }
}

/// Puts the next version in the place of the one that was read; none if that is no longer there.
fn replace<P: Payload>(
    entry: Entry<'_, Code, Cell<P>>,
    status: Status,
    connected: Option<Strong<Moment>>,
    holder: Holder,
    payload: P,
) -> Option<Entry<'_, Code, Cell<P>>> {
    let stage = entry.value().stage.next(status);
    entry.succeed(entry.key().clone(), State { holder, stage, connected, payload })
}

#[cfg(test)]
mod models;
