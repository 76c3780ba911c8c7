//! A resolution in the model: up to four steps.

use super::{Answer, At, Met, Out, Progress, Resolved, Routes, State, Stored};
use tenure_core::{Reason, Source};

/// A resolution's arguments.
#[derive(Clone, Copy)]
pub(super) struct Resolving {
    pub(super) key: usize,
    pub(super) provided: Option<u64>,
    /// Removes what has expired and stores what it learns.
    pub(super) writes: bool,
}

impl Routes {
    pub(super) fn resolve(&self, at: &At<'_>, asked: Resolving, progress: Progress, outcomes: &mut Out) {
        let state = at.state;
        match progress {
            Progress::Visited(_) => {}
            Progress::Begun => {
                for now in at.operation.since..=state.now {
                    match state.look(asked.key, now) {
                        Met::Fresh(stored) => at.hit(stored.route, outcomes),
                        met => {
                            let stale = met == Met::Expired;
                            let after = if asked.writes { state.met(asked.key, now) } else { state.clone() };
                            if at.may_be_stale() || !stale {
                                outcomes.goes_on(after, Progress::Missed { at: now, stale });
                            }
                        }
                    }
                }
            }
            Progress::Missed { at: began, stale } => {
                // A room's own key has no room besides.
                let room = if asked.key == 0 { 0..=0 } else { began..=state.now };
                for now in room {
                    let met = if asked.key == 0 { Met::Missing } else { state.look(0, now) };
                    let after =
                        if met == Met::Expired && asked.writes { state.met(0, now) } else { state.clone() };
                    let stale = stale || met == Met::Expired;
                    match (met, asked.provided) {
                        (Met::Fresh(Stored { route, .. }), _) => {
                            at.found(after, asked, began, (route, Source::Room, stale), outcomes);
                        }
                        (_, Some(route)) => {
                            at.found(after, asked, began, (route, Source::Provided, stale), outcomes);
                        }
                        (_, None) if *at.answer == (Answer::NoRoute { stale }) => outcomes.done(after),
                        (_, None) => {}
                    }
                }
            }
            Progress::Learning { at: now, route, source, stale } => match state.look(asked.key, now) {
                // Another's record, set meanwhile, is the better answer.
                Met::Fresh(stored) => at.hit(stored.route, outcomes),
                Met::Expired => outcomes.goes_on(state.met(asked.key, now), progress),
                Met::Missing => {
                    if at.answers(route, source, stale) {
                        let stored = Stored { route, set_at: now, deadline: now + self.ttl };
                        outcomes.done(state.with(asked.key, Some(stored)));
                    }
                }
            },
        }
    }
}

impl At<'_> {
    fn hit(&self, route: u64, outcomes: &mut Out) {
        let right = Resolved { route, source: Source::Exact, stale: false, reason: None };
        if *self.answer == Answer::Resolved(right) {
            outcomes.done(self.state.clone());
        }
    }

    /// The resolution has found something that is not under its own key.
    fn found(
        &self,
        after: State,
        asked: Resolving,
        at: u64,
        (route, source, stale): (u64, Source, bool),
        outcomes: &mut Out,
    ) {
        let answers = self.answers(route, source, stale);
        if !asked.writes && answers {
            outcomes.done(after);
        } else if asked.writes && (answers || self.is_hit()) {
            outcomes.goes_on(after, Progress::Learning { at, route, source, stale });
        }
    }

    /// Whether it has answered with the key's own record: the one it met, or another's that was set meanwhile.
    fn is_hit(&self) -> bool {
        matches!(self.answer, Answer::Resolved(Resolved { source: Source::Exact, .. }))
    }

    /// Whether it may have met something expired, as far as its answer tells.
    fn may_be_stale(&self) -> bool {
        let (Answer::Resolved(Resolved { stale, .. }) | Answer::NoRoute { stale }) = *self.answer else {
            return false;
        };
        stale || self.is_hit()
    }

    fn answers(&self, route: u64, source: Source, stale: bool) -> bool {
        let reason = match source {
            _ if stale => Reason::Stale,
            Source::Room => Reason::ThreadMiss,
            _ => Reason::Miss,
        };
        *self.answer == Answer::Resolved(Resolved { route, source, stale, reason: Some(reason) })
    }
}
