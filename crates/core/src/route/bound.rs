//! Keeping to the bound: every record has a place, and where there is none left, another record goes.

use super::{
    call::{Call, Count},
    destination::Destination,
    order::{Candidate, Span},
    shared::Shared,
    store::Store,
};
use crate::{
    event::RouteEvent,
    raw::Cursor,
    sync::{AtomicUsize, Ordering, after_exchange},
};

/// A place taken for a record that is not in the table yet; given back unless kept.
pub(super) struct Place<'a>(Option<&'a AtomicUsize>);

impl Place<'_> {
    /// The record is in the table: it has the place now.
    pub(super) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(held) = self.0 {
            release(held);
        }
    }
}

/// Gives a place back.
pub(super) fn release(held: &AtomicUsize) {
    // Release: pairs with the fence in `take_place`: the record whose place this was is gone for every reader before
    // another takes the place.
    held.fetch_sub(1, Ordering::Release);
}

impl<R: Destination> Store<R> {
    /// Takes a place for a new record, for which another may have to go. None if every place is held by a call that
    /// is under way.
    pub(super) fn reserve(&self, call: &Call<'_>) -> Option<Place<'_>> {
        loop {
            let place = self.take_place(call.shared);
            // Nobody to evict: those who were there when the places were counted may have gone since, and their places
            // are free then.
            if place.is_some() || (!self.make_room(call) && self.is_full(call.shared)) {
                return place;
            }
        }
    }

    /// Whether all places are taken at this instant.
    fn is_full(&self, shared: &Shared) -> bool {
        // Relaxed: a count, ordered with nothing. An exchange, because that finds the latest.
        self.held.fetch_add(0, Ordering::Relaxed) >= shared.bound()
    }

    /// Takes a place if there is a free one.
    pub(super) fn take_place(&self, shared: &Shared) -> Option<Place<'_>> {
        // Relaxed: the exchange decides.
        let mut held = self.held.load(Ordering::Relaxed);
        while held < shared.bound() {
            // Relaxed, both: the fence below acquires what `release` has released.
            match self.held.compare_exchange_weak(held, held + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    let place = Place(Some(&self.held));
                    // SeqCst: pairs with the fence in `Shared::set_bound`. Either this sees the bound that is being
                    // lowered, or who lowers it sees this place. Acquires as well, for `release`.
                    after_exchange::fence(Ordering::SeqCst);
                    if held < shared.bound() {
                        return Some(place);
                    }
                    drop(place);
                    // Relaxed: the exchange decides.
                    held = self.held.load(Ordering::Relaxed);
                }
                Err(actual) => held = actual,
            }
        }
        None
    }

    /// Removes records until no more than the bound are held. For when the bound was lowered.
    pub(super) fn shrink(&self, call: &Call<'_>) {
        // Relaxed: who lowers the bound has fenced after that.
        while self.held.load(Ordering::Relaxed) > call.shared.bound() && self.make_room(call) {}
    }

    /// Gives one place back at least: of an expired record, or else of the one that was set longest ago.
    pub(super) fn make_room(&self, call: &Call<'_>) -> bool {
        if let Some(word) = self.order.floor().passed(call.now)
            && self.sweep(word, call) > 0
        {
            return true;
        }
        self.order
            .oldest(&self.table, self.places_taken(), call.guard, |candidate| self.evict(candidate, call))
            .is_some()
    }

    /// Removes every expired record, because some may stand out of set order, and finds the next such deadline.
    fn sweep(&self, word: u64, call: &Call<'_>) -> usize {
        let (mut span, mut pruned, mut cursor) = (Span::default(), 0, Cursor::default());
        self.table.scan(&mut cursor, usize::MAX, call.guard, |entry| {
            let life = entry.value().life();
            if life.is_expired(call.now) && self.expire(entry, life, call) {
                pruned += 1;
            } else if !life.is_doomed() {
                span.see(entry.value().set_at(), life.deadline());
            }
        });
        self.order.floor().raise(word, span.floor(call.now, call.shared.ttl()));
        pruned
    }

    /// Evicts a candidate unless it is gone or was set again. `Some` if a place was given back.
    pub(super) fn evict(&self, candidate: Candidate, call: &Call<'_>) -> Option<()> {
        for entry in self.table.with_hash(candidate.hash, call.guard) {
            let mut life = entry.value().life();
            while entry.value().stamp(life, || self.order.newest()) == candidate.stamp {
                if life.is_doomed() {
                    // Left by a thread that has stopped between ending it and taking it out.
                    return self.clear(entry).then_some(());
                }
                match entry.value().doom(life) {
                    Ok(()) if life.is_expired(call.now) => {
                        self.clear(entry);
                        call.gone(entry.key(), Count::Pruned, RouteEvent::Pruned);
                        return Some(());
                    }
                    Ok(()) => {
                        self.clear(entry);
                        call.gone(entry.key(), Count::Evicted, RouteEvent::Evicted);
                        return Some(());
                    }
                    // Touched: as old as before. Set: another stamp.
                    Err(actual) => life = actual,
                }
            }
        }
        None
    }
}
