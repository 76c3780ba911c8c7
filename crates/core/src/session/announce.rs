//! Telling of what happened to an owner, and so to each of its sessions: that it was suspended, or resumed.
//!
//! Both are one exchange of the owner's word, however many sessions it has. Telling costs a look at each of them, so it
//! is done only where somebody would be told.

use super::{Cell, Code, Inner, Payload, sweep::ENTRIES};
use crate::{
    clock::Tick,
    event::SessionEvent,
    owner::OwnerRef,
    raw::{Cursor, Entry, Guard, pin},
    sync::{Ordering, fence},
};
use std::collections::HashMap;

/// Hints looked at under one guard.
const HINTS: usize = 32;

/// The sessions that were told of: by their place in the order of creation, the hashes of their codes.
type Told = HashMap<u64, u64>;

impl<P: Payload> Inner<P> {
    /// Wakes who waits for any of this owner's sessions, and tells who reads of them. To be called after the change of
    /// the owner's word.
    ///
    /// `until` says what it has become: suspended until then, or resumed. Each session that the owner has all the while is
    /// told of. One that is created, ends or moves meanwhile is told of or not; what happens to it is told anyway.
    pub(super) fn announce(&self, owner: &OwnerRef, until: Option<Tick>) {
        if !self.is_anybody_there() {
            return;
        }
        let mut told = HashMap::new();
        for hashes in self.hints_of(owner).chunks(HINTS) {
            let guard = pin();
            for &hash in hashes {
                for entry in self.table.with_hash(hash, &guard) {
                    self.announce_one(entry, owner, until, &mut told, &guard);
                }
            }
        }
        // Another thread has some of the hints in its hands, or is about to leave one. Counted first: so a session that
        // ends meanwhile costs a look at the whole table, and does not hide one that nobody was told of.
        let sessions = owner.session_count();
        if self.still_held(&told, owner) < sessions {
            self.announce_found(owner, until, &mut told);
        }
    }

    /// How many of the sessions that were told of the owner still has.
    fn still_held(&self, told: &Told, owner: &OwnerRef) -> usize {
        let holds = |&(&id, &hash): &(&u64, &u64)| {
            let held = |entry: Entry<'_, Code, Cell<P>>| {
                entry.value().shared().id == id && entry.value().held_by() == Some(owner)
            };
            self.table.with_hash(hash, &pin()).any(held)
        };
        told.iter().filter(holds).count()
    }

    /// Whether anybody would be told. To be asked after the change of the owner's word.
    fn is_anybody_there(&self) -> bool {
        // SeqCst: pairs with the fences in `Bells::enter` and `Feed::enter`: either who comes to wait or to read sees
        // the owner's new word, or it is seen here.
        fence(Ordering::SeqCst);
        self.bells.is_awaited() || !self.nobody_listens()
    }

    /// Where the owner's sessions are, as far as nobody else is looking at that at the moment.
    fn hints_of(&self, owner: &OwnerRef) -> Vec<u64> {
        let mut hashes = Vec::new();
        let keeper = self.keeper(owner);
        owner.core().hints.step(usize::MAX, |hash| {
            hashes.push(hash);
            true
        });
        drop(keeper);
        hashes
    }

    /// Looks at the whole table for sessions of the owner.
    fn announce_found(&self, owner: &OwnerRef, until: Option<Tick>, told: &mut Told) {
        let mut cursor = Cursor::default();
        loop {
            let guard = pin();
            let mut found = Vec::new();
            let complete = self.table.scan(&mut cursor, ENTRIES, &guard, |entry| {
                if entry.value().held_by() == Some(owner) {
                    found.push(entry);
                }
            });
            for entry in found {
                self.announce_one(entry, owner, until, told, &guard);
            }
            if complete {
                return;
            }
        }
    }

    fn announce_one(
        &self,
        entry: Entry<'_, Code, Cell<P>>,
        owner: &OwnerRef,
        until: Option<Tick>,
        told: &mut Told,
        guard: &Guard,
    ) {
        let cell = entry.value();
        if cell.held_by() != Some(owner)
            || !owner.is_alive()
            || told.insert(cell.shared().id, entry.hash()).is_some()
        {
            return;
        }
        let mut until = until;
        loop {
            let event = || until.map_or(SessionEvent::Resumed, |until| SessionEvent::Suspended { until });
            self.tell(entry, guard, event);
            // SeqCst: pairs with the fence in `Bells::ring` of who tells of a later change: if that was told before
            // this, it is seen here, and told again. So what is told last is what is so.
            fence(Ordering::SeqCst);
            let now = owner.suspended_until();
            if now == until || !owner.is_alive() {
                return;
            }
            until = now;
        }
    }
}

#[cfg(test)]
mod models;
