//! Who goes first when a partition is full: the record that was set longest ago, an expired one before a fresh one.
//!
//! A set draws a *stamp* from the partition's counter and writes it into the record: that is all a set pays for the
//! order, however often one key is set, and nothing that would have to be undone or remembered is left behind.
//!
//! An eviction needs the record with the lowest stamp. A *survey* is a pass over the partition that lists the `k`
//! lowest stamps. Stamps only grow and new ones are higher than all before, so nothing that is not on the list can
//! come before what is on it: an entry of the list whose record still has that stamp *is* the oldest record. Entries
//! whose record was set again or is gone are skipped. The list names records by hash and stamp, never by address, so
//! it may outlive them.
//!
//! With `k` an eighth of the records, an eviction costs about eight visits of a survey. They are not made all at
//! once: when half of a list is used up, each eviction makes a few steps of the next survey.
//!
//! Expired records are found at the old end of the set order as long as all records have the same time to live.
//! Where one was set with a time of its own, or touched, the *floor* remembers the earliest deadline that may come
//! out of order; when it has passed, an eviction first sweeps the whole partition for expired records.

use crate::{
    clock::{Millis, Tick},
    raw::{Cell, Cursor, Guard, Slot, Table},
    sync::{AtomicU64, AtomicUsize, Ordering},
};
use crossbeam_utils::CachePadded;
use std::collections::BinaryHeap;

use super::record::Record;
use crate::key::KeyParts;

/// A survey lists at least so many records, where there are so many,
const SHORTEST: usize = 32;
/// and one in so many.
const SHARE: usize = 8;
/// Visits of the next survey, to records and buckets, that an entry pays for once half of the current one is used up.
const STEP: usize = 8 * SHARE;
/// A table has no more buckets than so many for each record, unless it was larger once.
const BUCKETS: usize = 4;

/// A record that was among the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) stamp: u64,
    pub(super) hash: u64,
}

/// The oldest records as one pass found them, oldest first, and how far they are used up.
struct Survey {
    oldest: Box<[Candidate]>,
    used: AtomicUsize,
}

/// A survey under way. Owned by one thread at a time.
struct Draft {
    cursor: Cursor,
    /// Records that were set since have this stamp or a higher one: they need not be listed.
    before: u64,
    lowest: BinaryHeap<Candidate>,
    /// How many are listed.
    length: usize,
    /// Visits that an eviction pays for.
    step: usize,
    complete: bool,
    /// Whether there was any record.
    met: bool,
}

/// A partition's set order.
pub(super) struct Order {
    /// On a line of its own, so that the sets that write it are not in the way of who reads what is beside it.
    stamps: CachePadded<AtomicU64>,
    survey: Cell<Survey>,
    draft: Slot<Draft>,
    floor: Floor,
}

impl Order {
    pub(super) fn new() -> Self {
        Self {
            // 0 is no stamp, so that a reconstructed one cannot fall below the first.
            stamps: CachePadded::new(AtomicU64::new(1)),
            survey: Cell::new(Survey { oldest: Box::default(), used: AtomicUsize::new(0) }),
            draft: Slot::empty(),
            floor: Floor::new(),
        }
    }

    /// The place of a set that takes effect now.
    #[inline]
    pub(super) fn draw(&self) -> u64 {
        // The counter's own order is the set order. A set that happens after another one (in one thread, or through any
        // synchronization between two) reads a later value of the same atomic.
        // Release: pairs with the Acquire in `begin`: a survey that may list what is set with this stamp sees the sets
        // that have happened before.
        self.stamps.fetch_add(1, Ordering::Release)
    }

    /// As [`newest`].
    pub(super) fn newest(&self) -> u64 {
        newest(&self.stamps)
    }

    pub(super) fn floor(&self) -> &Floor {
        &self.floor
    }

    /// The first candidate for eviction that `settle` does not settle, that is, the one it answers `Some` for.
    ///
    /// There are about `records` in the table. `settle` is given candidates, oldest first; it answers none for one that is
    /// no longer what it was when it was listed. Makes a new survey when the list is used up. None if a whole survey meets
    /// no record.
    pub(super) fn oldest<R: Send + Sync + 'static, T>(
        &self,
        table: &Table<KeyParts, Record<R>>,
        records: usize,
        guard: &Guard,
        mut settle: impl FnMut(Candidate) -> Option<T>,
    ) -> Option<T> {
        // Goes round again only where other threads have evicted or set what the survey had listed.
        loop {
            let survey = self.survey.load(guard);
            // Acquire and Release, here and below: who moves `used` on has settled the entry; nothing else is passed.
            let mut used = survey.used.load(Ordering::Acquire);
            while let Some(&candidate) = survey.oldest.get(used) {
                let settled = settle(candidate);
                let moved =
                    survey.used.compare_exchange(used, used + 1, Ordering::Release, Ordering::Acquire);
                used = moved.map_or_else(|actual| actual, |used| used + 1);
                if used > survey.oldest.len() / 2 {
                    self.prepare(table, records, guard);
                }
                if settled.is_some() {
                    return settled;
                }
            }
            if !self.renew(survey, table, records, guard) {
                return None;
            }
        }
    }

    /// Makes a few steps of the next survey, unless another thread is about it.
    fn prepare<R: Send + Sync + 'static>(
        &self,
        table: &Table<KeyParts, Record<R>>,
        records: usize,
        guard: &Guard,
    ) {
        let mut draft = self.draft.take().unwrap_or_else(|| Box::new(self.begin(table, records)));
        draft.advance(table, draft.step, &self.stamps, guard);
        // One that another thread began meanwhile is given up for this one.
        self.draft.put(draft);
    }

    /// Completes the survey under way, or a new one, and puts it in the place of `current`. False if it was a new one
    /// and its pass has met no record. (One under way may have begun before the records came that are there now.)
    fn renew<R: Send + Sync + 'static>(
        &self,
        current: &Survey,
        table: &Table<KeyParts, Record<R>>,
        records: usize,
        guard: &Guard,
    ) -> bool {
        let under_way = self.draft.take();
        let begun_before = under_way.is_some();
        let mut draft = under_way.unwrap_or_else(|| Box::new(self.begin(table, records)));
        draft.advance(table, usize::MAX, &self.stamps, guard);
        let met = draft.met;
        let survey = Survey { oldest: draft.finish(), used: AtomicUsize::new(0) };
        // Another thread's survey is as good.
        let _ = self.survey.replace(current, survey, guard);
        met || begun_before
    }

    fn begin<R: Send + Sync + 'static>(&self, table: &Table<KeyParts, Record<R>>, records: usize) -> Draft {
        // Where the table was larger once, there are more buckets to walk over: then more of the records are listed, and each
        // pays for more of the next survey.
        let wanted = records.max(table.bucket_count() / BUCKETS) / SHARE;
        let length = wanted.min(records).max(SHORTEST);
        Draft {
            cursor: Cursor::default(),
            // Acquire: pairs with the Release in `draw`: no record is seen as it was before a set, and another as a later
            // set has left it.
            before: self.stamps.load(Ordering::Acquire),
            lowest: BinaryHeap::new(),
            length,
            step: STEP * wanted.div_ceil(length).max(1),
            complete: false,
            met: false,
        }
    }
}

/// The last stamp that was drawn. (Not the next: a record that was taken to have that would be on no survey.)
fn newest(stamps: &AtomicU64) -> u64 {
    // Relaxed: who asks for a record's sake has acquired its life, and with it the counter as it was when its stamp was drawn.
    stamps.load(Ordering::Relaxed) - 1
}

/// The earliest deadline that may come out of set order, with a count of its changes, in one word.
pub(super) struct Floor(AtomicU64);

const CHANGES_BITS: u32 = 20;
const NO_FLOOR: u64 = Tick::MAX.as_millis() << CHANGES_BITS;

impl Floor {
    fn new() -> Self {
        Self(AtomicU64::new(NO_FLOOR))
    }

    /// Remembers that a deadline out of order may come as early as `deadline`. Call it after the record can be seen:
    /// a sweep that has not seen the record then finds the word changed and does not raise it.
    pub(super) fn lower(&self, deadline: Tick) {
        // Relaxed: only compared.
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let changes = word.wrapping_add(1) & ((1 << CHANGES_BITS) - 1);
            let new = (word >> CHANGES_BITS).min(deadline.as_millis()) << CHANGES_BITS | changes;
            // Release: pairs with the Acquire in `read`; the record is seen by a sweep that begins after this.
            match self.0.compare_exchange_weak(word, new, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(actual) => word = actual,
            }
        }
    }

    /// None if it is certain that nothing out of order has expired; else the word, for `raise` after a sweep.
    pub(super) fn passed(&self, now: Tick) -> Option<u64> {
        // Acquire: pairs with the Release in `lower`.
        let word = self.0.load(Ordering::Acquire);
        (word >> CHANGES_BITS <= now.as_millis()).then_some(word)
    }

    /// After a sweep that began at `word` and has found no earlier deadline than this.
    pub(super) fn raise(&self, word: u64, deadline: Option<Tick>) {
        let changes = word & ((1 << CHANGES_BITS) - 1);
        let new = deadline.unwrap_or(Tick::MAX).as_millis() << CHANGES_BITS | changes;
        // Relaxed: if the word has changed, the sweep may have missed something, and the next one is left to find it.
        let _ = self.0.compare_exchange(word, new, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// What a sweep has seen of the records that stay: whether their deadlines come in set order.
#[derive(Default)]
pub(super) struct Span {
    earliest: Option<Tick>,
    shortest: Option<Millis>,
    longest: Millis,
}

impl Span {
    pub(super) fn see(&mut self, set_at: Tick, deadline: Tick) {
        let ttl = deadline.since(set_at);
        self.earliest = Some(self.earliest.map_or(deadline, |earliest| earliest.min(deadline)));
        self.shortest = Some(self.shortest.map_or(ttl, |shortest| shortest.min(ttl)));
        self.longest = self.longest.max(ttl);
    }

    /// The earliest deadline that may come out of order: none if all records have the time to live `ttl`, which
    /// those set from `now` on have as well.
    pub(super) fn floor(&self, now: Tick, ttl: Millis) -> Option<Tick> {
        let shortest = self.shortest?;
        let in_order = shortest == ttl && self.longest == ttl;
        (!in_order).then(|| self.earliest.map_or(Tick::MAX, |earliest| earliest.min(now.after(ttl))))
    }
}

impl Draft {
    /// Visits about `limit` more records, none once the pass is complete.
    fn advance<R: Send + Sync + 'static>(
        &mut self,
        table: &Table<KeyParts, Record<R>>,
        limit: usize,
        stamps: &AtomicU64,
        guard: &Guard,
    ) {
        if self.complete {
            return;
        }
        let (lowest, length, before, met) = (&mut self.lowest, self.length, self.before, &mut self.met);
        self.complete = table.scan(&mut self.cursor, limit, guard, |entry| {
            *met = true;
            let record = entry.value();
            // A doomed record that is still here was left by a thread that has stopped: it is listed, so that its
            // place is freed in its turn.
            let stamp = record.stamp(record.life(), || newest(stamps));
            if stamp >= before {
                return;
            }
            let candidate = Candidate { stamp, hash: entry.hash() };
            if lowest.len() < length {
                lowest.push(candidate);
            } else if let Some(mut highest) = lowest.peek_mut()
                && candidate < *highest
            {
                *highest = candidate;
            }
        });
    }

    fn finish(self) -> Box<[Candidate]> {
        self.lowest.into_sorted_vec().into_boxed_slice()
    }
}

#[cfg(test)]
mod models;
#[cfg(all(test, not(tenure_loom)))]
mod tests;
