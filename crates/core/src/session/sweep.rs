//! Looking through the whole table for what nobody sees any more: the sweep, what has expired, and pruning by hand.

use super::{Cell, Code, Count, Inner, Payload, Standing};
use crate::{
    clock::Tick,
    event::EndCause,
    pruner::Next,
    raw::{Cursor, Entry, Guard, pin},
    sync::Ordering,
};
use std::{
    sync::{MutexGuard, PoisonError, TryLockError},
    time::Duration,
};

/// Entries looked at in one step of a pass over the table.
pub(super) const ENTRIES: usize = 256;
/// A pass for sessions without owner that have expired is not made more often than this.
const BETWEEN_EXPIRY_PASSES: Duration = Duration::from_secs(1);

/// How far the periodic look at the whole table has come.
pub(super) struct Sweep {
    pass: Option<Pass>,
    /// The number of the last sweep, from 1.
    number: u64,
    swept_at: Tick,
    passed_at: Tick,
}

struct Pass {
    cursor: Cursor,
    /// The sweep's number; none where the pass is only for what has expired.
    sweep: Option<u64>,
    /// The first deadline still to come.
    earliest: Tick,
}

impl Sweep {
    pub(super) fn starting_at(now: Tick) -> Self {
        Self { pass: None, number: 0, swept_at: now, passed_at: Tick::ZERO }
    }
}

impl<P: Payload> Inner<P> {
    /// Looks at the whole table and frees what nobody sees any more, until it has freed so many.
    pub(super) fn free_invisible(&self, limit: usize) -> usize {
        let mut pass = self.start_pass(None);
        let mut freed = 0;
        while freed < limit {
            let guard = pin();
            let complete = self.table.scan(&mut pass.cursor, ENTRIES, &guard, |entry| {
                let standing = self.note(entry, &mut pass.earliest);
                if standing != Standing::Visible {
                    let cause = entry.value().cause(standing);
                    freed += usize::from(self.end(entry, cause, &guard));
                }
            });
            if complete {
                self.finish_pass(&pass);
                return freed;
            }
        }
        // There may be more that has expired.
        pass.earliest = Tick::ZERO;
        self.finish_pass(&pass);
        freed
    }

    /// Takes the first deadline, which the pass will find anew.
    fn start_pass(&self, sweep: Option<u64>) -> Pass {
        // Acquire: pairs with the Release in `expect_expiry`: a session whose deadline is taken here is in the table.
        self.earliest.swap(Tick::MAX.as_millis(), Ordering::Acquire);
        Pass { cursor: Cursor::default(), sweep, earliest: Tick::MAX }
    }

    fn finish_pass(&self, pass: &Pass) {
        // Release: as in `expect_expiry`.
        self.earliest.fetch_min(pass.earliest.as_millis(), Ordering::Release);
    }

    /// Whether a session is to be seen; notes when it ends by itself.
    fn note(&self, entry: Entry<'_, Code, Cell<P>>, earliest: &mut Tick) -> Standing {
        let cell = entry.value();
        let standing = cell.standing(&*self.clock);
        if standing == Standing::Visible && cell.held_by().is_none() {
            *earliest = cell.life.deadline.min(*earliest);
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
        // Relaxed, both: sweeps follow each other under the lock of `Inner::sweep`.
        let met = owner.core().met_by_sweep.load(Ordering::Relaxed);
        if met == 0 {
            owner.core().met_by_sweep.store(number, Ordering::Relaxed);
        } else if met != number && self.end(entry, EndCause::OwnerDied(owner.core().why()), guard) {
            self.count(Count::Missed);
        }
    }

    /// One step of the periodic look at the table, if one is due. Nobody waits for it: who finds another at it goes
    /// on.
    pub(super) fn sweep_step(&self) -> Next {
        let mut sweep = match self.sweep.try_lock() {
            Ok(sweep) => sweep,
            Err(TryLockError::Poisoned(poisoned)) => self.after_panic(poisoned),
            Err(TryLockError::WouldBlock) => return Next::In(BETWEEN_EXPIRY_PASSES),
        };
        if sweep.pass.is_none() {
            match self.due(&mut sweep) {
                Ok(pass) => sweep.pass = Some(pass),
                Err(wait) => return Next::In(wait),
            }
        }
        let Some(mut pass) = sweep.pass.take() else { return Next::More };
        let guard = pin();
        let mut cursor = pass.cursor;
        let complete =
            self.table.scan(&mut cursor, ENTRIES, &guard, |entry| self.sweep_one(entry, &mut pass, &guard));
        pass.cursor = cursor;
        if complete {
            self.finish_pass(&pass);
        } else {
            sweep.pass = Some(pass);
        }
        Next::More
    }

    /// The pass that is due now, or in how long one will be.
    fn due(&self, sweep: &mut Sweep) -> Result<Pass, Duration> {
        let now = self.clock.now();
        // Relaxed, both: an option that changes takes effect soon, and a hint.
        let interval = Duration::from_millis(self.sweep_interval.load(Ordering::Relaxed));
        let earliest = Tick::from_millis(self.earliest.load(Ordering::Relaxed));
        let sweep_due = sweep.swept_at.saturating_add(interval);
        let expiry_due = earliest.max(sweep.passed_at.saturating_add(BETWEEN_EXPIRY_PASSES));
        if now >= sweep_due {
            sweep.number += 1;
            (sweep.swept_at, sweep.passed_at) = (now, now);
            Ok(self.start_pass(Some(sweep.number)))
        } else if earliest < Tick::MAX && now >= expiry_due {
            sweep.passed_at = now;
            Ok(self.start_pass(None))
        } else {
            Err(sweep_due.min(expiry_due).saturating_since(now))
        }
    }

    /// Something of the user's has panicked in a step. The pass that it was part of is given up and made again.
    fn after_panic<'a>(&self, poisoned: PoisonError<MutexGuard<'a, Sweep>>) -> MutexGuard<'a, Sweep> {
        self.sweep.clear_poison();
        let mut sweep = poisoned.into_inner();
        sweep.pass = None;
        self.earliest.store(Tick::ZERO.as_millis(), Ordering::Relaxed);
        sweep
    }
}
