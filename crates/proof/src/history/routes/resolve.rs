//! A resolution in the model: up to four steps.

use super::{Answer, At, Making, Met, Out, Progress, Resolved, Routes, State, Stored};
use tenure_core::{Reason, Source};

/// A resolution's arguments.
#[derive(Clone, Copy)]
pub(super) struct Resolving {
    pub(super) key: usize,
    pub(super) provided: Option<u64>,
    /// Removes what has expired and stores what it learns.
    pub(super) writes: bool,
}

/// What a resolution has found elsewhere than under its own key.
#[derive(Clone, Copy)]
struct Found {
    route: u64,
    source: Source,
    /// Whether anything expired was met.
    stale: bool,
    /// Whether a partition was out of service on the way.
    unavailable: bool,
}

impl Routes {
    pub(super) fn resolve(&self, at: &At<'_>, asked: Resolving, progress: Progress, outcomes: &mut Out) {
        let state = at.state;
        match progress {
            Progress::Visited(_) | Progress::Setting(_) => {}
            Progress::Begun if state.has_failed(asked.key) => {
                for now in at.operation.since..=state.now {
                    let missed = Progress::Missed { at: now, stale: false, unavailable: true };
                    outcomes.goes_on(state.clone(), missed);
                }
            }
            Progress::Begun => {
                for now in at.operation.since..=state.now {
                    match state.look(asked.key, now) {
                        Met::Fresh(stored) => at.hit(stored.route, state, outcomes),
                        met => {
                            let stale = met == Met::Expired;
                            let after = if asked.writes { state.met(asked.key, now) } else { state.clone() };
                            if at.may_be_stale() || !stale {
                                outcomes
                                    .goes_on(after, Progress::Missed { at: now, stale, unavailable: false });
                            }
                        }
                    }
                }
            }
            Progress::Missed { at: began, stale, unavailable } => {
                // A room's own key has no room besides.
                let failed = asked.key != 0 && state.has_failed(0);
                let unavailable = unavailable || failed;
                let met = if asked.key == 0 || failed { Met::Missing } else { state.look(0, began) };
                let expired = met == Met::Expired;
                let after = if expired && asked.writes { state.met(0, began) } else { state.clone() };
                let stale = stale || expired;
                match (met, asked.provided) {
                    (Met::Fresh(Stored { route, .. }), _) => {
                        let found = Found { route, source: Source::Room, stale, unavailable };
                        at.found(after, asked, began, found, outcomes);
                    }
                    (_, Some(route)) => {
                        let found = Found { route, source: Source::Provided, stale, unavailable };
                        at.found(after, asked, began, found, outcomes);
                    }
                    (_, None) => {
                        let right = if unavailable { Answer::Unavailable } else { Answer::NoRoute { stale } };
                        if *at.answer == right {
                            outcomes.done(after);
                        }
                    }
                }
            }
            // Out of service since: there is nothing to write to.
            Progress::Learning { route, source, stale, .. } if state.has_failed(asked.key) => {
                if at.answers(Found { route, source, stale, unavailable: false }) {
                    outcomes.done(state.clone());
                }
            }
            Progress::Learning { at: now, route, source, stale, making } => {
                let answers = at.answers(Found { route, source, stale, unavailable: false });
                match (state.look(asked.key, now), self.bound) {
                    // Another's record, set meanwhile, is the better answer.
                    (Met::Fresh(stored), _) => at.hit(stored.route, &state.without_mark(making), outcomes),
                    (Met::Expired, _) => outcomes.goes_on(state.met(asked.key, now), progress),
                    (Met::Missing, None) => {
                        if answers {
                            let stored =
                                Stored { route, set_at: now, deadline: now + self.ttl, lagged: false };
                            outcomes.done(state.with(asked.key, Some(stored)));
                        }
                    }
                    (Met::Missing, Some(bound)) => {
                        if answers && at.has_place(asked.key, bound) {
                            let lagged = at.operation.since < state.now;
                            let stored = Stored { route, set_at: now, deadline: now + self.ttl, lagged };
                            outcomes.done(state.set(asked.key, stored, making));
                        }
                        if answers && at.may_vanish(bound) {
                            outcomes.done(state.without_mark(making));
                        }
                    }
                }
                if let Some(bound) = self.bound {
                    at.make_room(asked.key, making, bound, |after, making| {
                        outcomes.goes_on(after, Progress::Learning { at: now, route, source, stale, making });
                    });
                }
            }
        }
    }
}

impl At<'_> {
    fn hit(&self, route: u64, after: &State, outcomes: &mut Out) {
        let right = Resolved { route, source: Source::Exact, stale: false, reason: None };
        if *self.answer == Answer::Resolved(right) {
            outcomes.done(after.clone());
        }
    }

    /// The resolution has found something that is not under its own key.
    fn found(&self, after: State, asked: Resolving, at: u64, found: Found, outcomes: &mut Out) {
        // What was learned while something was out of service is not written down.
        let writes = asked.writes && !found.unavailable;
        let answers = self.answers(found);
        let Found { route, source, stale, .. } = found;
        if !writes && answers {
            outcomes.done(after);
        } else if writes && (answers || self.is_hit()) {
            outcomes
                .goes_on(after, Progress::Learning { at, route, source, stale, making: Making::default() });
        }
    }

    /// Whether it has answered with the key's own record: the one it met, or another's that was set meanwhile.
    fn is_hit(&self) -> bool {
        matches!(self.answer, Answer::Resolved(Resolved { source: Source::Exact, .. }))
    }

    /// Whether it may have met something expired, as far as its answer tells.
    fn may_be_stale(&self) -> bool {
        match *self.answer {
            Answer::Resolved(Resolved { stale, .. }) | Answer::NoRoute { stale } => stale || self.is_hit(),
            // The error does not tell.
            Answer::Unavailable => true,
            _ => false,
        }
    }

    fn answers(&self, found: Found) -> bool {
        let Found { route, source, stale, unavailable } = found;
        let reason = match source {
            _ if unavailable => Reason::Unavailable,
            _ if stale => Reason::Stale,
            Source::Room => Reason::ThreadMiss,
            _ => Reason::Miss,
        };
        *self.answer == Answer::Resolved(Resolved { route, source, stale, reason: Some(reason) })
    }
}
