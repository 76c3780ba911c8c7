//! Resolving a key: its own record, its room's, or what the caller provides.

use super::{
    answer::{How, Reason, ResolutionView, Source},
    call::{Call, Count},
    destination::Destination,
    partition::Partition,
    store::{Asked, Found, Written},
    upkeep::Inner,
};
use crate::{
    clock::Tick,
    error::{PartitionUnavailable, ResolveError},
    event::{Outcome, RouteEvent},
    key::AsKey,
    raw::Guard,
};

/// Whether a resolution changes the table: removes what has expired, writes back what it learns, and is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Full,
    Peek,
}

/// What was found under one key.
enum Met<'g, R> {
    Fresh(&'g R),
    Expired,
    Missing,
    Unavailable(PartitionUnavailable),
}

/// One resolution under way. Passed by value, so that what is in line keeps it in registers.
pub(super) struct Resolving<'a, 'k, Q, R: Destination> {
    pub(super) key: &'k Q,
    pub(super) fallbacks: &'a [R],
    pub(super) inner: &'a Inner<R>,
    pub(super) own: &'a Partition<R>,
    pub(super) guard: &'a Guard,
    pub(super) mode: Mode,
}

impl<'a, Q: AsKey, R: Destination> Resolving<'a, '_, Q, R> {
    /// In line as far as the commonest end: the key's own record is fresh.
    #[inline(always)]
    pub(super) fn resolve(self) -> Result<ResolutionView<'a, R>, ResolveError> {
        let now = self.inner.shared.now();
        let store = self.own.store(self.guard);
        if !store.is_available() {
            return self.resolve_slowly(now, false);
        }
        let met = store.meet(&Asked::Exact(self.key), self.guard);
        match met {
            Some((entry, life)) if life.is_fresh(now) => {
                if self.mode == Mode::Full {
                    self.own.count(Count::Exact);
                    if self.inner.shared.is_observed() {
                        self.tell(RouteEvent::Resolved(Outcome::Hit), now);
                    }
                }
                Ok(self.answer(&entry.value().route, Source::Exact, false, None))
            }
            None if self.mode == Mode::Peek => match self.peek_room(now) {
                Some(route) => Ok(self.answer(route, Source::Room, false, Some(Reason::ThreadMiss))),
                None => self.resolve_slowly(now, true),
            },
            _ => self.resolve_slowly(now, met.is_none()),
        }
    }

    /// The route of the room's record, if that is another one than the key's own and fresh.
    #[inline]
    fn peek_room(&self, now: Tick) -> Option<&'a R> {
        let room = self.inner.partition_for(self.key.hashes().room).available(self.guard).ok()?;
        let (entry, life) = room.meet(&Asked::Room(self.key), self.guard)?;
        (life.is_fresh(now) && !self.key.is_room_scope()).then_some(&entry.value().route)
    }

    /// The key has no record, if that is known already, or none that is fresh; or its partition is unavailable.
    #[inline(never)]
    fn resolve_slowly(self, now: Tick, missing: bool) -> Result<ResolutionView<'a, R>, ResolveError> {
        let call = self.own.call_at(&self.inner.shared, self.guard, now);
        let exact = if missing {
            Met::Missing
        } else {
            // Looks again, and removes what has expired where the call does that.
            self.look(self.own, &Asked::Exact(self.key), &call)
        };
        if let Met::Fresh(route) = exact {
            let answer = self.answer(route, Source::Exact, false, None);
            self.report(answer, &call);
            return Ok(answer);
        }
        self.fall_back(&exact, &call)
    }

    fn look(&self, partition: &'a Partition<R>, asked: &Asked<'_, Q>, call: &Call<'a>) -> Met<'a, R> {
        let store = match partition.available(self.guard) {
            Ok(store) => store,
            Err(unavailable) => return Met::Unavailable(unavailable),
        };
        let found = match self.mode {
            Mode::Full => store.get(asked, call),
            Mode::Peek => store.peek(asked, call.now, call.guard),
        };
        match found {
            Found::Fresh(entry, _) => Met::Fresh(&entry.value().route),
            Found::Expired => Met::Expired,
            Found::Missing => Met::Missing,
        }
    }

    /// The room's record; missing where the key itself is the room's.
    fn look_in_room(&self, now: Tick) -> Met<'a, R> {
        if self.key.is_room_scope() {
            return Met::Missing;
        }
        let room = self.inner.partition_for(self.key.hashes().room);
        self.look(room, &Asked::Room(self.key), &room.call_at(&self.inner.shared, self.guard, now))
    }

    /// The key has no fresh record: the room's, or the first valid one of the caller's.
    fn fall_back(&self, exact: &Met<'a, R>, call: &Call<'a>) -> Result<ResolutionView<'a, R>, ResolveError> {
        let room = self.look_in_room(call.now);
        let unavailable = match (exact, &room) {
            (Met::Unavailable(which), _) | (_, Met::Unavailable(which)) => Some(*which),
            _ => None,
        };
        let stale = matches!(exact, Met::Expired) || matches!(room, Met::Expired);
        let found = match room {
            Met::Fresh(route) => Some((route, Source::Room, Reason::ThreadMiss)),
            _ => self
                .fallbacks
                .iter()
                .find(|route| route.is_valid())
                .map(|route| (route, Source::Provided, Reason::Miss)),
        };
        let Some((route, source, plain)) = found else {
            return Err(self.no_route(stale, unavailable, call));
        };
        let reason = match unavailable {
            Some(_) => Reason::Unavailable,
            None if stale => Reason::Stale,
            None => plain,
        };
        let answer = self.answer(route, source, stale, Some(reason));
        // What was learned while something was out of service may be wrong as soon as it is back.
        let answer = if unavailable.is_some() { answer } else { self.write_back(answer, call) };
        self.report(answer, call);
        Ok(answer)
    }

    /// Stores what was learned under the key itself; another caller's record, set meanwhile, is the better answer.
    fn write_back(&self, answer: ResolutionView<'a, R>, call: &Call<'a>) -> ResolutionView<'a, R> {
        if self.mode == Mode::Peek || !self.inner.shared.write_back {
            return answer;
        }
        // Out of service since: then there is nothing to write to.
        let Ok(store) = self.own.available(self.guard) else { return answer };
        match store.learn(self.key, answer.route(), call) {
            Written::Stored => answer,
            Written::Yielded(entry) => self.answer(&entry.value().route, Source::Exact, false, None),
        }
    }

    #[inline]
    fn answer(
        &self,
        route: &'a R,
        source: Source,
        stale: bool,
        reason: Option<Reason>,
    ) -> ResolutionView<'a, R> {
        ResolutionView::new(route, How::new(self.own.index(), source, stale, reason))
    }

    fn report(&self, answer: ResolutionView<'a, R>, call: &Call<'a>) {
        if self.mode == Mode::Peek {
            return;
        }
        call.count(match answer.source() {
            Source::Exact => Count::Exact,
            Source::Room => Count::Room,
            Source::Provided => Count::Provided,
        });
        if answer.is_stale() {
            call.count(Count::Stale);
        }
        if answer.reason() == Some(Reason::Unavailable) {
            call.count(Count::Unavailable);
        }
        let outcome = if answer.is_fallback() { Outcome::Fallback } else { Outcome::Hit };
        self.tell(RouteEvent::Resolved(outcome), call.now);
        if answer.is_fallback() {
            self.tell(RouteEvent::Fallback, call.now);
        }
        if answer.is_stale() {
            self.tell(RouteEvent::Stale, call.now);
        }
    }

    fn no_route(
        &self,
        stale: bool,
        unavailable: Option<PartitionUnavailable>,
        call: &Call<'a>,
    ) -> ResolveError {
        if self.mode == Mode::Full {
            call.count(if unavailable.is_some() { Count::Unavailable } else { Count::NoRoute });
            self.tell(RouteEvent::Resolved(Outcome::Miss), call.now);
            if stale {
                call.count(Count::Stale);
                self.tell(RouteEvent::Stale, call.now);
            }
        }
        unavailable.map_or(ResolveError::NoRoute { stale }, ResolveError::Unavailable)
    }

    fn tell(&self, event: RouteEvent, at: Tick) {
        self.inner.shared.tell(at, self.own.index(), event, || self.key.key_ref());
    }
}
