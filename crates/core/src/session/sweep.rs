//! Looking through the whole table for what nobody sees any more: the sweep, what has expired, and pruning by hand.

use super::{Cell, Code, Count, Inner, Payload, Standing};
use crate::{
    clock::Tick,
    event::EndCause,
    pruner::Next,
    raw::{Cursor, Entry, Guard, pin},
    sync::{AtomicU64, Ordering},
};
use std::time::Duration;

/// Entries looked at in one step of a pass over the table.
pub(super) const ENTRIES: usize = 256;
/// A pass for sessions without owner that have expired is not made more often than this.
const BETWEEN_EXPIRY_PASSES: Duration = Duration::from_secs(1);

/// When the whole table was looked at.
pub(super) struct Sweeps {
    /// The number of the last sweep, from 1.
    number: AtomicU64,
    /// Ticks at which the last sweep began, and the last pass of any kind. Who moves one on begins that pass.
    swept_at: AtomicU64,
    passed_at: AtomicU64,
}

/// How far a periodic look at the whole table has come.
pub(super) struct Pass {
    cursor: Cursor,
    /// The sweep's number; none where the pass is only for what has expired.
    sweep: Option<u64>,
    /// The first deadline still to come.
    earliest: Tick,
}

impl Sweeps {
    pub(super) fn starting_at(now: Tick) -> Self {
        Self {
            number: AtomicU64::new(0),
            swept_at: AtomicU64::new(now.as_millis()),
            passed_at: AtomicU64::new(0),
        }
    }
}

impl Pass {
    fn new(sweep: Option<u64>) -> Self {
        Self { cursor: Cursor::default(), sweep, earliest: Tick::MAX }
    }
}

impl<P: Payload> Inner<P> {
    /// Looks at the whole table and frees what nobody sees any more, until it has freed so many.
    pub(super) fn free_invisible(&self, limit: usize) -> usize {
        let under_way = self.earliest.begin();
        let (mut cursor, mut earliest, mut freed) = (Cursor::default(), Tick::MAX, 0);
        while freed < limit {
            let guard = pin();
            let complete = self.table.scan(&mut cursor, ENTRIES, &guard, |entry| {
                let standing = self.note(entry, &mut earliest);
                if standing != Standing::Visible {
                    let cause = entry.value().cause(standing);
                    freed += usize::from(self.end(entry, cause, &guard));
                }
            });
            if complete {
                under_way.complete(earliest);
                break;
            }
        }
        freed
    }

    /// Whether a session is to be seen; notes when it ends by itself.
    fn note(&self, entry: Entry<'_, Code, Cell<P>>, earliest: &mut Tick) -> Standing {
        let cell = entry.value();
        let standing = self.standing(cell);
        if standing == Standing::Visible && cell.held_by().is_none() {
            *earliest = cell.holder.until().min(*earliest);
        }
        standing
    }

    /// What the sweep does about one session: ends it if it has expired, or if a sweep before this one has already
    /// found its owner dead. A death that happens now is not the sweep's business, only one that was missed.
    fn sweep_one(&self, entry: Entry<'_, Code, Cell<P>>, pass: &mut Pass, guard: &Guard) {
        let standing = self.note(entry, &mut pass.earliest);
        if standing == Standing::Expired {
            self.end(entry, EndCause::Expired, guard);
        }
        let Some(number) = pass.sweep.filter(|_| standing == Standing::OwnerDead) else { return };
        let Some(owner) = entry.value().settled_holder() else { return };
        // Relaxed, both: a number. Sweeps follow each other, but for one whose thread was stopped for long; that one
        // must not take a death for an old one because a later sweep has met it.
        let met = owner.core().met_by_sweep.load(Ordering::Relaxed);
        if met == 0 {
            owner.core().met_by_sweep.store(number, Ordering::Relaxed);
        } else if met < number && self.end(entry, EndCause::OwnerDied(owner.core().why()), guard) {
            self.count(Count::Missed);
        }
    }

    /// One step of the periodic look at the table, if one is under way or due. Nobody waits for it: while a thread has
    /// the pass in its hands, others find none, and one that is never put back is made again when the next is due.
    pub(super) fn sweep_step(&self) -> Next {
        let (mut pass, under_way) = match self.pass.take() {
            Some(pass) => (pass, self.earliest.take_up()),
            None => match self.due() {
                Ok(sweep) => (Box::new(Pass::new(sweep)), self.earliest.begin()),
                Err(wait) => return Next::In(wait),
            },
        };
        let guard = pin();
        let mut cursor = pass.cursor;
        let complete =
            self.table.scan(&mut cursor, ENTRIES, &guard, |entry| self.sweep_one(entry, &mut pass, &guard));
        pass.cursor = cursor;
        if complete {
            under_way.complete(pass.earliest);
        } else {
            under_way.set_aside();
            if self.pass.put(pass).is_some() {
                // Another pass was begun meanwhile and set aside: this one stands for it.
                drop(self.earliest.take_up());
            }
        }
        Next::More
    }

    /// The pass that is due now, which is then this caller's, or in how long one will be.
    fn due(&self) -> Result<Option<u64>, Duration> {
        let now = self.clock.now();
        let Sweeps { number, swept_at, passed_at } = &self.sweeps;
        // Relaxed, throughout: times and numbers that order nothing; the exchanges only decide who begins.
        let interval = Duration::from_millis(self.sweep_interval.load(Ordering::Relaxed));
        let earliest = self.earliest.get();
        let (swept, passed) = (swept_at.load(Ordering::Relaxed), passed_at.load(Ordering::Relaxed));
        let sweep_due = Tick::from_millis(swept).saturating_add(interval);
        let expiry_due = earliest.max(Tick::from_millis(passed).saturating_add(BETWEEN_EXPIRY_PASSES));
        let begins = |at: &AtomicU64, last| {
            // Relaxed, both: as above.
            at.compare_exchange(last, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        if now < sweep_due.min(expiry_due) {
            return Err(sweep_due.min(expiry_due).saturating_since(now));
        }
        if now >= sweep_due && begins(swept_at, swept) {
            // Relaxed, both: as above.
            passed_at.store(now.as_millis(), Ordering::Relaxed);
            return Ok(Some(number.fetch_add(1, Ordering::Relaxed) + 1));
        }
        if now >= expiry_due && begins(passed_at, passed) {
            return Ok(None);
        }
        // Another thread has begun it.
        Err(BETWEEN_EXPIRY_PASSES)
    }
}
