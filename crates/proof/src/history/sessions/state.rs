//! What stands under the codes of a history, and whose it is.

use super::{Answer, CODES};
use std::collections::BTreeMap;
use tenure_core::Status;

/// Payloads begin at a multiple of this, each session at another one, and grow by one with each update.
pub(super) const PER_SESSION: u64 = 1_000;

/// One session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    pub(super) payload: u64,
    pub(super) status: Status,
    /// None: it ends at its deadline.
    pub(super) owner: Option<usize>,
    pub(super) deadline: u64,
    /// How often it was handed over, so that one that came back is told from one that has stayed.
    pub(super) moves: u8,
}

/// The clock, the sessions and who is dead. A session of a dead owner is no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub(super) now: u64,
    pub(super) codes: [Option<Standing>; CODES],
    /// A bit for each owner.
    pub(super) dead: u64,
    /// Who is suspended, and until when. One whose time is over is dead for whoever knows that, and then for all.
    pub(super) suspended: BTreeMap<usize, u64>,
}

impl Standing {
    pub(super) fn moved_to(self, owner: usize) -> Self {
        Self { owner: Some(owner), deadline: 0, moves: self.moves.wrapping_add(1), ..self }
    }

    /// Whether it is the session that was seen before, with the owner that it had, whatever else has changed.
    pub(super) fn has_stayed(self, before: Self) -> bool {
        let created = |standing: Self| standing.payload / PER_SESSION;
        self.owner == before.owner && self.moves == before.moves && created(self) == created(before)
    }

    pub(super) fn as_answer(self) -> Answer {
        Answer::Session { payload: self.payload, status: self.status, owner: self.owner }
    }
}

impl State {
    /// Whether it is dead for who knows that it is so late.
    pub(super) fn is_dead(&self, owner: usize, now: u64) -> bool {
        self.dead >> owner & 1 == 1 || self.suspended.get(&owner).is_some_and(|&until| until <= now)
    }

    pub(super) fn has_handle(&self, owner: usize) -> bool {
        self.dead >> owner & 1 == 0 && !self.suspended.contains_key(&owner)
    }

    pub(super) fn with_suspended(&self, owner: usize, until: u64) -> Self {
        let mut after = self.clone();
        after.suspended.insert(owner, until);
        after
    }

    pub(super) fn with_handle(&self, owner: usize) -> Self {
        let mut after = self.clone();
        after.suspended.remove(&owner);
        after
    }

    /// After somebody has looked at this code at this time: whoever is the first to see that its owner was not resumed
    /// in time says so to all.
    pub(super) fn met(&self, code: usize, now: u64) -> Self {
        let owner = self.codes[code].and_then(|standing| standing.owner);
        owner
            .filter(|&owner| self.is_dead(owner, now))
            .map_or_else(|| self.clone(), |owner| self.without(owner))
    }

    pub(super) fn visible(&self, code: usize, now: u64) -> Option<Standing> {
        self.codes[code].filter(|standing| standing.owner.is_some() || now < standing.deadline)
    }

    pub(super) fn with(&self, code: usize, standing: Option<Standing>) -> Self {
        let mut after = self.clone();
        after.codes[code] = standing;
        after
    }

    /// After this owner's death: at one instant it is dead and all of its sessions are gone.
    pub(super) fn without(&self, owner: usize) -> Self {
        let mut after = self.clone();
        after.dead |= 1 << owner;
        after.suspended.remove(&owner);
        for code in &mut after.codes {
            *code = code.filter(|standing| standing.owner != Some(owner));
        }
        after
    }
}
