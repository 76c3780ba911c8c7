//! The background thread's round: bells that somebody should have rung and has not.
//!
//! Whoever changes a session rings its bell, and then nothing is left to do here. But a thread may be stopped for ever
//! between the two, and others must not sleep for that.

use super::bells::Bells;
use crate::{
    clock::Tick,
    pruner::Next,
    raw::{Cursor, Slot, pin},
    session::{Asked, Inner, Payload, sweep::ENTRIES},
    sync::{AtomicU64, Ordering},
};
use std::time::Duration;

/// How long after the last round the next one begins.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);

/// What a session is like, as far as a waiter can tell. Equal as long as it has not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) struct Sight {
    pub(in crate::session) id: u64,
    pub(in crate::session) version: u64,
    /// The number of its owner: a hand-over is decided without a new version.
    pub(in crate::session) owner: u64,
    /// Until when that is suspended: a suspension makes no new version either.
    pub(in crate::session) suspended: Option<Tick>,
}

/// When the bells were looked at.
pub(super) struct Rounds {
    /// The tick at which the last round began. Who moves it on begins that round.
    began: AtomicU64,
    /// How far the round that is under way has come, while no thread has it in its hands.
    at: Slot<Cursor>,
}

impl Rounds {
    pub(super) fn new() -> Self {
        Self { began: AtomicU64::new(0), at: Slot::empty() }
    }

    /// Begins a round if one is due; else says in how long.
    fn begin(&self, now: Tick) -> Result<Box<Cursor>, Duration> {
        // Relaxed, both: the exchange only decides who begins.
        let began = self.began.load(Ordering::Relaxed);
        let due = Tick::from_millis(began).saturating_add(BETWEEN_ROUNDS);
        if now < due {
            return Err(due.saturating_since(now));
        }
        // Relaxed, both: as above.
        let mine = self.began.compare_exchange(began, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed);
        mine.map(|_| Box::default()).map_err(|_| BETWEEN_ROUNDS)
    }
}

impl<P: Payload> Inner<P> {
    /// One step of a round, if one is under way or due; none while nobody waits. A round whose thread is stopped is not
    /// waited for: the next one begins when it is due.
    pub(in crate::session) fn make_rounds(&self) -> Option<Next> {
        let bells = &self.bells;
        let Bells { table, rounds, .. } = bells;
        if !bells.is_awaited() {
            return None;
        }
        let mut cursor = match rounds.at.take().map_or_else(|| rounds.begin(self.clock.now()), Ok) {
            Ok(cursor) => cursor,
            Err(wait) => return Some(Next::In(wait)),
        };
        let guard = pin();
        let complete = table.scan(&mut cursor, ENTRIES, &guard, |bell| {
            if bell.value().is_due(|| self.sight(Asked::of(bell.key(), bell.hash()), &guard)) {
                bells.empty(bell);
            }
        });
        if complete {
            return Some(Next::In(BETWEEN_ROUNDS));
        }
        // Another one that was begun and set aside meanwhile is given up for this one.
        rounds.at.put(cursor);
        Some(Next::More)
    }
}

#[cfg(test)]
mod models;
