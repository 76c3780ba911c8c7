//! Handing over all sessions of an owner.

use super::{
    Cell, Code, Inner, Payload, SessionMap, Standing,
    change::{Step, not_admitted},
    sweep::ENTRIES,
};
use crate::{
    error::HandOverError,
    owner::OwnerRef,
    raw::{Cursor, Entry, Guard, pin},
};
use std::sync::Arc;

/// Hints looked at in one go.
const HINTS: usize = 32;

impl<P: Payload> SessionMap<P> {
    /// Hands every session of one owner over to another, and says how many have moved. An owner of another map has none
    /// here.
    ///
    /// Each session moves as by [`hand_over`](SessionMap::hand_over): at no instant has it two owners or none. They
    /// move one after the other, so who looks at several of them meanwhile may see some with either; once it returns,
    /// every session that the old owner had when it was called has moved, was deleted, or was handed to somebody else.
    /// If the old owner dies in the middle of the call, those that have moved live on and the others are gone. One that
    /// the old owner is given meanwhile may stay with it.
    ///
    /// Costs a hand-over for each session; and a look at the whole map, if somebody else creates, deletes or moves
    /// sessions of the old owner at the same moment.
    ///
    /// # Errors
    /// The new owner is dead, of another map, or at capacity. Sessions that have moved before that stay moved, the
    /// others with the owner that they have.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// let (old, new) = (map.owner(), map.owner());
    /// map.create("A", (), &old)?;
    /// map.create("B", (), &old)?;
    /// assert_eq!(map.hand_over_all(&old, &new)?, 2);
    /// drop(old);
    /// assert_eq!(map.count_active(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hand_over_all(&self, from: &OwnerRef, to: &OwnerRef) -> Result<usize, HandOverError> {
        if from == to || !from.lives_at(Arc::as_ptr(&self.inner).cast()) {
            return Ok(0);
        }
        self.inner.hand_over_all(from, to)
    }
}

impl<P: Payload> Inner<P> {
    fn hand_over_all(&self, from: &OwnerRef, to: &OwnerRef) -> Result<usize, HandOverError> {
        let (mut moved, mut refused) = (0, None);
        let keeper = self.keeper(from);
        // No more rounds than there are hints: one that leads to a hand-over under way, which may be that of a thread
        // that is stopped, stays.
        for _ in 0..=from.core().hints.len() / HINTS {
            if refused.is_some() || !from.is_alive() {
                break;
            }
            let guard = pin();
            let done = from.core().hints.step(HINTS, |hash| {
                if refused.is_none() {
                    match self.move_by_hash(hash, from, to, &guard) {
                        Ok(more) => moved += more,
                        Err(error) => refused = Some(error),
                    }
                }
                // It may lead to a session that has not moved: the old owner's death is to find it.
                self.leads(hash, from, &guard)
            });
            if done {
                break;
            }
        }
        drop(keeper);
        if let Some(error) = refused {
            return Err(error);
        }
        // Another thread has some of the hints in its hands, or is about to leave one.
        if from.session_count() > 0 && from.is_alive() {
            moved += self.hand_over_found(from, to)?;
        }
        Ok(moved)
    }

    /// Looks at the whole table for sessions of the old owner.
    fn hand_over_found(&self, from: &OwnerRef, to: &OwnerRef) -> Result<usize, HandOverError> {
        let mut cursor = Cursor::default();
        let mut moved = 0;
        loop {
            let guard = pin();
            let mut found = Vec::new();
            let complete = self.table.scan(&mut cursor, ENTRIES, &guard, |entry| {
                if entry.value().held_by() == Some(from) {
                    found.push(entry.hash());
                }
            });
            for hash in found {
                moved += self.move_by_hash(hash, from, to, &guard)?;
            }
            if complete {
                return Ok(moved);
            }
        }
    }

    /// Hands over the sessions of the old owner to which one hash leads.
    fn move_by_hash(
        &self,
        hash: u64,
        from: &OwnerRef,
        to: &OwnerRef,
        guard: &Guard,
    ) -> Result<usize, HandOverError> {
        let mut moved = 0;
        loop {
            let theirs = |entry: &Entry<'_, Code, Cell<P>>| {
                entry.value().held_by() == Some(from) && self.standing(entry.value()) == Standing::Visible
            };
            let Some(entry) = self.table.with_hash(hash, guard).find(theirs) else { return Ok(moved) };
            // If the session does not move, it is given back.
            let mut place = self.admit(to).map_err(|kind| not_admitted(&kind, to))?;
            if let Step::Moved = self.try_hand_over(entry, Some(from), to, &mut place, guard) {
                moved += 1;
            }
        }
    }
}

#[cfg(test)]
mod models;
