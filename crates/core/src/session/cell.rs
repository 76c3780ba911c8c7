//! What the table keeps for one session, and whether it is to be seen.

use super::{Code, Moment, Session, Status};
use crate::{
    clock::{TableClock, Tick},
    event::{DeathReason, EndCause},
    owner::{OwnerRef, Ward, Wards},
    raw::{Once, Strong, Version},
    sync::{AtomicUsize, Ordering},
};
use std::sync::Arc;

/// One version of a session. A change makes a new one and replaces the old by it; a version never changes, but for the
/// verdict on a hand-over under way.
pub(super) type Cell<P> = Version<Life, State<P>>;

/// What a version has to itself.
pub(super) struct State<P> {
    pub(super) holder: Holder,
    pub(super) stage: Stage,
    /// Out of line: it is missing for as long as nobody has claimed the session.
    pub(super) connected: Option<Strong<Moment>>,
    pub(super) payload: P,
}

/// How far a session has come, and how many versions of it came before this one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stage(u64);

/// A status takes so many bits.
const STATUS_BITS: u32 = 2;

impl Stage {
    pub(super) const FIRST: Self = Self(Status::Pending as u64);

    /// That of the next version.
    pub(super) fn next(self, status: Status) -> Self {
        Self((self.version() + 1) << STATUS_BITS | status as u64)
    }

    #[inline]
    pub(super) fn status(self) -> Status {
        Status::ALL[self.0 as usize % Status::ALL.len()]
    }

    pub(super) fn version(self) -> u64 {
        self.0 >> STATUS_BITS
    }
}

const _: () = assert!(Status::ALL.len() == 1 << STATUS_BITS, "every value of a stage's low bits is a status");

/// What all versions of one session share, and its waiters.
pub(super) struct Life {
    /// Its place in the order of creation, unique in the map.
    pub(super) id: u64,
    pub(super) created: Moment,
    /// Why it is gone. Written once: before it is taken out of the table by whoever has seen it dead, and after that by
    /// who deletes it.
    pub(super) end: Once<EndCause>,
}

impl Life {
    /// Writes down why it is gone, unless that is written; returns what stands.
    pub(super) fn end(&self, cause: EndCause) -> &EndCause {
        static DELETED: EndCause = EndCause::Deleted;
        static EXPIRED: EndCause = EndCause::Expired;
        static DRAINED: EndCause = EndCause::Drained;
        static DROPPED: EndCause = EndCause::OwnerDied(DeathReason::Dropped);
        match cause {
            EndCause::Deleted => self.end.get_or_set_lasting(&DELETED),
            EndCause::Expired => self.end.get_or_set_lasting(&EXPIRED),
            EndCause::Drained => self.end.get_or_set_lasting(&DRAINED),
            EndCause::OwnerDied(DeathReason::Dropped) => self.end.get_or_set_lasting(&DROPPED),
            EndCause::OwnerDied(_) => self.end.get_or_set(cause),
        }
    }

    /// Why it is gone, for who has seen that it is not in the table any more.
    ///
    /// Whoever takes out what is dead has written down why before. So if nothing is written, it was deleted, and who has
    /// deleted it has not come to say so; then this says it, so that all are told the same.
    pub(super) fn ended(&self) -> &EndCause {
        self.end.get().unwrap_or_else(|| self.end(EndCause::Deleted))
    }
}

/// Who holds a session.
#[derive(Clone)]
pub(super) enum Holder {
    /// It goes at this tick.
    Nobody(Tick),
    /// With its ward, so that a look-up need not go to the owner to ask which that is.
    Owner(Ward, OwnerRef),
    /// It is being handed over, or was, and nothing has changed since.
    Moving(Arc<Move>),
}

impl Holder {
    pub(super) fn of(owner: OwnerRef) -> Self {
        Self::Owner(owner.ward(), owner)
    }

    /// For somebody who only reads. A hand-over that is undecided has not happened yet.
    pub(super) fn owner(&self) -> Option<&OwnerRef> {
        match self {
            Self::Nobody(_) => None,
            Self::Owner(_, owner) => Some(owner),
            Self::Moving(moving) if moving.has_moved() == Some(true) => Some(&moving.to),
            Self::Moving(moving) => moving.from.as_ref(),
        }
    }

    /// When the session goes for as long as it has no owner.
    pub(super) fn until(&self) -> Tick {
        match self {
            Self::Nobody(until) => *until,
            Self::Owner(..) => Tick::MAX,
            Self::Moving(moving) => moving.until,
        }
    }
}

/// A hand-over. One version has it, and is not replaced before there is a verdict.
///
/// # The hand-over against the death of the old owner
/// A session must not be seen again after it was seen dead. So the new owner does not simply take the old one's
/// place in the table: the old one might have died in between, somebody might have seen that, and the
/// session would be back. The table first gets a version that says *moving* and is visible as long as the old owner is
/// alive. Then the one who hands over fences, makes sure that the old owner is alive, and gives the verdict *moved*.
/// Whoever meets an undecided session of a dead owner first gives the verdict *stayed*, and only then calls it dead.
/// One exchange decides between the two, so either nobody has seen it dead, or it is.
pub(super) struct Move {
    pub(super) from: Option<OwnerRef>,
    pub(super) to: OwnerRef,
    /// When the session goes if it stays and has no owner.
    until: Tick,
    verdict: AtomicUsize,
}

const UNDECIDED: usize = 0;
const MOVED: usize = 1;
const STAYED: usize = 2;

impl Move {
    /// Of a session that this one holds.
    pub(super) fn new(from: &Holder, to: OwnerRef) -> Self {
        Self { from: from.owner().cloned(), to, until: from.until(), verdict: AtomicUsize::new(UNDECIDED) }
    }

    /// Whether it has moved; none while undecided.
    fn has_moved(&self) -> Option<bool> {
        // Acquire: pairs with the Release in `decide`: who knows the verdict knows what it was based on.
        match self.verdict.load(Ordering::Acquire) {
            UNDECIDED => None,
            verdict => Some(verdict == MOVED),
        }
    }

    /// Gives a verdict, and returns the one that stands.
    pub(super) fn decide(&self, moved: bool) -> bool {
        let wanted = if moved { MOVED } else { STAYED };
        // Release: what the verdict is based on comes before it. Acquire on failure: pairs with that.
        match self.verdict.compare_exchange(UNDECIDED, wanted, Ordering::Release, Ordering::Acquire) {
            Ok(_) => moved,
            Err(stands) => stands == MOVED,
        }
    }
}

/// Whether a version is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Visible,
    Expired,
    OwnerDead,
}

impl<P> Cell<P> {
    /// Whether it is to be seen. Writes nothing, unless it meets a hand-over whose old owner has died.
    #[inline]
    pub(super) fn standing(&self, wards: &Wards, clock: &TableClock) -> Standing {
        match &self.holder {
            Holder::Owner(ward, _) if wards.is_calm(*ward) => Standing::Visible,
            Holder::Owner(_, owner) => of_owner(owner),
            Holder::Nobody(until) => of_nobody(*until, clock),
            Holder::Moving(moving) => of_moving(moving, clock),
        }
    }

    /// Who holds it, for somebody who only reads. A hand-over that is undecided has not happened yet.
    pub(super) fn held_by(&self) -> Option<&OwnerRef> {
        self.holder.owner()
    }

    /// Who holds it for good: a hand-over that is undecided does not happen any more. For who has removed it.
    pub(super) fn settled_holder(&self) -> Option<&OwnerRef> {
        match &self.holder {
            Holder::Moving(moving) if moving.decide(false) => Some(&moving.to),
            Holder::Moving(moving) => moving.from.as_ref(),
            Holder::Nobody(_) | Holder::Owner(..) => self.held_by(),
        }
    }

    /// Whether a hint of this owner leads here: it holds it, or a hand-over from it or to it is undecided.
    pub(super) fn concerns(&self, owner: &OwnerRef) -> bool {
        match &self.holder {
            Holder::Moving(moving) if moving.has_moved().is_none() => {
                moving.to == *owner || moving.from.as_ref() == Some(owner)
            }
            _ => self.held_by() == Some(owner),
        }
    }

    /// Whether the death of this owner ends it. A hand-over from a dead owner does not happen any more; one to a dead
    /// owner has not happened while it is undecided.
    pub(super) fn dies_with(&self, owner: &OwnerRef) -> bool {
        match &self.holder {
            Holder::Moving(moving) if moving.from.as_ref() == Some(owner) => {
                self.settled_holder() == Some(owner)
            }
            _ => self.held_by() == Some(owner),
        }
    }

    /// The hand-over that is under way.
    pub(super) fn undecided(&self) -> Option<&Move> {
        match &self.holder {
            Holder::Moving(moving) if moving.has_moved().is_none() => Some(moving),
            _ => None,
        }
    }

    /// The holder for the next version, when no hand-over is under way. One that is over is forgotten.
    pub(super) fn settled(&self) -> Holder {
        debug_assert!(self.undecided().is_none(), "a hand-over is finished before the next change");
        self.held_by().cloned().map_or(Holder::Nobody(self.holder.until()), Holder::of)
    }

    /// The cause of an end that was not asked for.
    pub(super) fn cause(&self, standing: Standing) -> EndCause {
        match (standing, self.settled_holder()) {
            (Standing::OwnerDead, Some(owner)) => EndCause::OwnerDied(owner.core().why()),
            _ => EndCause::Expired,
        }
    }

    pub(super) fn session(&self, code: &Code) -> Session<P>
    where
        P: Clone,
    {
        Session {
            code: code.clone(),
            owner: self.held_by().map(OwnerRef::incarnation),
            status: self.stage.status(),
            created: self.shared().created,
            connected: self.connected.as_deref().copied(),
            suspended_until: self.held_by().and_then(OwnerRef::suspended_until),
            payload: self.payload.clone(),
        }
    }
}

#[inline(never)]
fn of_nobody(until: Tick, clock: &TableClock) -> Standing {
    if clock.now() < until { Standing::Visible } else { Standing::Expired }
}

#[inline(never)]
fn of_moving(moving: &Move, clock: &TableClock) -> Standing {
    let moved = moving.has_moved();
    if moved == Some(true) {
        return of_owner(&moving.to);
    }
    let standing = moving.from.as_ref().map_or_else(|| of_nobody(moving.until, clock), of_owner);
    // If undecided and one of the owners is dead, it does not happen any more. Make it so before saying so: nobody
    // is to see it with the old owner after the new one's death, and then gone with the new one.
    let either_gone = standing != Standing::Visible || !moving.to.is_alive();
    if moved.is_none() && either_gone && moving.decide(false) {
        return of_owner(&moving.to);
    }
    standing
}

#[inline]
fn of_owner(owner: &OwnerRef) -> Standing {
    if owner.is_alive() { Standing::Visible } else { Standing::OwnerDead }
}

#[cfg(test)]
mod models;
