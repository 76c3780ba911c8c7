//! What makes a session.

use super::{
    Asked, Cell, Code, Count, Inner, Payload, SessionMap, Standing,
    cell::{Holder, Life, Stage, State},
    code,
    place::Place,
};
use crate::{
    clock::Tick,
    error::{CreateError, CreateErrorKind},
    event::{DeathReason, EndCause, SessionEvent},
    owner::OwnerRef,
    raw::{Entry, Fresh, Guard, Occupied, Once, pin},
    sync::Ordering,
};
use std::{mem, time::Duration};

/// So many codes are drawn before giving up. With a million sessions the chance of one draw being taken is one in a
/// million; so many in a row mean that the source is broken.
const DRAWS: u32 = 64;

impl<P: Payload> SessionMap<P> {
    /// Creates a session under this code, pending, for an owner (`&owner`) or for none (`None`).
    ///
    /// Once it returns, the session is visible to everybody, for as long as it is not deleted and the owner is alive.
    /// Of several that create one code at once, one succeeds. A session of a dead owner, or one that has expired, is
    /// no obstacle. One without owner goes by itself, after
    /// [`ownerless_ttl`](super::SessionMapBuilder::ownerless_ttl).
    ///
    /// Costs a look-up, two allocations and, the map being full, a look for what may be freed.
    ///
    /// # Errors
    /// The payload is handed back where the code is taken, the owner is dead or of another map, or the map or the
    /// owner is at capacity. An owner that dies in the middle of the call takes the session with it, and the answer
    /// is that it is dead; observers may then have seen it created and ended. A session that somebody has handed over
    /// or deleted before that was created, and the answer is `Ok`. An observer that creates sessions in a full map when
    /// it is told of an end is told that the map is full once eight such calls, or deaths of owners, are inside each other.
    ///
    /// ```
    /// use tenure_core::{CreateErrorKind, SessionMap};
    ///
    /// let map = SessionMap::<&str>::new();
    /// let owner = map.owner();
    /// map.create("K7QX", "first", &owner)?;
    /// let error = map.create("K7QX", "second", None).unwrap_err();
    /// assert_eq!(*error.kind(), CreateErrorKind::AlreadyExists { code: "K7QX".to_owned() });
    /// assert_eq!(error.into_payload(), "second");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create<'a>(
        &self,
        code: impl Into<Code>,
        payload: P,
        owner: impl Into<Option<&'a OwnerRef>>,
    ) -> Result<(), CreateError<P>> {
        self.inner.create(code.into(), payload, owner.into())
    }

    /// Creates a session under a code that nobody can guess, and returns the code.
    ///
    /// The code is eight signs from the operating system's secure source, of an alphabet of 32 without look-alikes:
    /// 2^40 codes, each as likely as any other. A code that is taken is drawn again.
    ///
    /// # Errors
    /// As [`create`](SessionMap::create); also where the system has no random bytes, or every code drawn was taken.
    ///
    /// ```
    /// use tenure_core::{Pairing, SessionMap};
    ///
    /// let map = SessionMap::new();
    /// let owner = map.owner();
    /// let code = map.create_with_new_code(Pairing::receiving(), &owner)?;
    /// assert_eq!(code.len(), 8);
    /// assert!(!code.contains(['0', 'O', '1', 'I']));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_with_new_code<'a>(
        &self,
        payload: P,
        owner: impl Into<Option<&'a OwnerRef>>,
    ) -> Result<Code, CreateError<P>> {
        let owner = owner.into();
        let mut payload = payload;
        for _ in 0..DRAWS {
            let code = match code::draw(self.inner.randomness) {
                Ok(code) => code,
                Err(why) => return Err(CreateError::new(CreateErrorKind::NoRandomness { why }, payload)),
            };
            match self.inner.create(code.clone(), payload, owner) {
                Ok(()) => return Ok(code),
                Err(error) => match error.into_parts() {
                    (CreateErrorKind::AlreadyExists { .. }, back) => payload = back,
                    (kind, back) => return Err(CreateError::new(kind, back)),
                },
            }
        }
        Err(CreateError::new(CreateErrorKind::NoFreeCode { draws: DRAWS }, payload))
    }
}

/// What a creation has put into the table.
struct Published<'g, P: Payload> {
    entry: Entry<'g, Code, Cell<P>>,
    /// The session that nobody sees any more in whose place it is, and whose end is to be told first.
    replaced: Option<Entry<'g, Code, Cell<P>>>,
}

/// A place in the map, and how many were taken with it.
pub(super) struct Reserved<'a> {
    place: Place<'a>,
    places: usize,
}

impl<P: Payload> Inner<P> {
    fn create(&self, code: Code, payload: P, owner: Option<&OwnerRef>) -> Result<(), CreateError<P>> {
        if self.is_draining() {
            return Err(CreateError::new(CreateErrorKind::Draining, payload));
        }
        let guard = pin();
        let asked = Asked::first(&code);
        let hash = asked.hash();
        let found = self.look(asked, &guard);
        if let Some((_, Standing::Visible)) = found {
            let kind = CreateErrorKind::AlreadyExists { code: code.to_string() };
            return Err(CreateError::new(kind, payload));
        }
        let mut place = match owner.map(|owner| self.admit(owner)).transpose() {
            Ok(place) => place,
            Err(kind) => return Err(CreateError::new(kind, payload)),
        };
        // Here, where the number that the version gets is on the same line of memory.
        let in_map = match found {
            None => match self.reserve_place() {
                Ok(reserved) => Some(reserved),
                Err(full) => return Err(CreateError::new(full, payload)),
            },
            Some(_) => None,
        };
        let fresh = self.table.fresh(hash, code, self.first_version(payload, owner));
        let published = match self.publish(fresh, found, in_map, place.as_mut(), &guard) {
            Ok(published) => published,
            Err((kind, fresh)) => {
                return Err(CreateError::new(kind, fresh.into_parts().1.into_own().payload));
            }
        };
        self.count(Count::Created);
        self.settle_in(&published, hash, owner, &guard)
    }

    /// Takes a place with an owner that may have one more session.
    pub(super) fn admit<'a>(&self, owner: &'a OwnerRef) -> Result<Place<'a>, CreateErrorKind> {
        let incarnation = owner.incarnation().get();
        if !owner.lives_at(std::ptr::from_ref(self).cast()) {
            return Err(CreateErrorKind::ForeignOwner { incarnation });
        }
        if !owner.is_alive() {
            return Err(CreateErrorKind::OwnerDead { incarnation });
        }
        // Relaxed: a bound that changes takes effect soon, ordered with nothing.
        let per_owner = self.per_owner.load(Ordering::Relaxed);
        if owner.core().reserve(per_owner) {
            Ok(Place::of(owner.core()))
        } else {
            Err(CreateErrorKind::OwnerFull { per_owner })
        }
    }

    fn first_version(&self, payload: P, owner: Option<&OwnerRef>) -> Cell<P> {
        let created = self.moment();
        // Relaxed, both: unique numbers, and an option that changes takes effect soon.
        let id = self.busy.next_id.fetch_add(1, Ordering::Relaxed);
        let ttl = Duration::from_millis(self.ownerless_ttl.load(Ordering::Relaxed));
        let nobody = Holder::Nobody(created.tick.saturating_add(ttl));
        let holder = owner.cloned().map_or(nobody, Holder::of);
        let state = State { holder, stage: Stage::FIRST, connected: None, payload };
        Cell::first(Life { id, created, end: Once::new() }, state)
    }

    /// Puts a new session into the table: where nothing is, or in the place of one that nobody sees any more. If it
    /// has, the place with its owner is kept. `found` is what a look has found under its code, `in_map` a place in the
    /// map, if there was nothing.
    #[allow(clippy::type_complexity, reason = "what is there, or why not and what was to be there")]
    fn publish<'g>(
        &'g self,
        mut fresh: Fresh<Code, Cell<P>>,
        mut found: Option<(Entry<'g, Code, Cell<P>>, Standing)>,
        mut in_map: Option<Reserved<'g>>,
        with_owner: Option<&mut Place<'_>>,
        guard: &'g Guard,
    ) -> Result<Published<'g, P>, (CreateErrorKind, Fresh<Code, Cell<P>>)> {
        loop {
            match found {
                Some((_, Standing::Visible)) => {
                    let code = fresh.key().to_string();
                    return Err((CreateErrorKind::AlreadyExists { code }, fresh));
                }
                // It brings no place along if the bound has fallen meanwhile.
                Some((leftover, standing)) if self.is_over_full() => {
                    self.end(leftover, leftover.value().cause(standing), guard);
                }
                // It brings its place along.
                Some((leftover, standing)) => {
                    // Before the replacement: see `Life::end`. What `look` has found dead is so for good.
                    leftover.value().shared().end(leftover.value().cause(standing));
                    match leftover.replace(fresh) {
                        Ok(entry) => {
                            with_owner.map(Place::keep);
                            return Ok(Published { entry, replaced: Some(leftover) });
                        }
                        Err(back) => fresh = back,
                    }
                }
                None => {
                    let mut reserved = match in_map.take().map_or_else(|| self.reserve_place(), Ok) {
                        Ok(reserved) => reserved,
                        Err(full) => return Err((full, fresh)),
                    };
                    // The count as it was then: it is written by all who create, and to read it again is to wait for it.
                    let entries = || reserved.places;
                    match self.table.insert(fresh, entries, guard) {
                        Ok(entry) => {
                            reserved.place.keep();
                            with_owner.map(Place::keep);
                            return Ok(Published { entry, replaced: None });
                        }
                        Err(Occupied { fresh: back, .. }) => {
                            fresh = back;
                            in_map = Some(reserved);
                        }
                    }
                }
            }
            found = self.look(Asked::of(fresh.key(), fresh.hash()), guard);
        }
    }

    /// The session stands in the table: makes sure that its end will find it, then tells. User code that is told may
    /// unwind.
    fn settle_in(
        &self,
        published: &Published<'_, P>,
        hash: u64,
        owner: Option<&OwnerRef>,
        guard: &Guard,
    ) -> Result<(), CreateError<P>> {
        let &Published { entry, replaced } = published;
        let Some(owner) = owner else {
            self.expect_expiry(entry.value().holder.until());
            replaced.map(|replaced| self.close(replaced, guard));
            self.tell(entry, guard, || SessionEvent::Created);
            // The fence before was `Bells::ring`'s; it pairs with the one in `release_all`: either that finds the
            // session, or this sees *draining*.
            if self.is_draining() {
                self.end(entry, EndCause::Drained, guard);
                return Err(CreateError::new(CreateErrorKind::Draining, entry.value().payload.clone()));
            }
            return Ok(());
        };
        owner.core().hints.push(entry.hash());
        let keeper = self.keeper(owner);
        replaced.map(|replaced| self.close(replaced, guard));
        // See owner/core.rs: either this sees the death, or the death sees the hint.
        let mut died = owner.core().died_meanwhile();
        if !died && self.is_draining() {
            // The fence before was `died_meanwhile`'s; it pairs with the one in `release_all`.
            owner.end(DeathReason::Shutdown);
            died = true;
        }
        if !died {
            mem::forget(keeper);
            self.tell(entry, guard, || SessionEvent::Created);
            self.tidy(owner, guard);
            return Ok(());
        }
        self.tell(entry, guard, || SessionEvent::Created);
        self.end_by_hint(hash, owner, guard);
        mem::forget(keeper);
        if self.went_with_its_owner(entry, guard) {
            let kind = CreateErrorKind::OwnerDead { incarnation: owner.incarnation().get() };
            return Err(CreateError::new(kind, entry.value().payload.clone()));
        }
        Ok(())
    }

    /// Whether a session that was created for a dead owner has ended with it: it may have been handed over before, or
    /// somebody has deleted it.
    fn went_with_its_owner(&self, created: Entry<'_, Code, Cell<P>>, guard: &Guard) -> bool {
        let life = created.value().shared();
        // It stands in the table, and the owner's death does not concern it any more.
        if self.table.with_hash(created.hash(), guard).any(|entry| entry.value().shared().id == life.id) {
            return false;
        }
        matches!(life.ended(), EndCause::OwnerDied(_))
    }

    /// A session without owner, which is in the table already, ends at this tick.
    pub(super) fn expect_expiry(&self, deadline: Tick) {
        if self.earliest.expect(deadline) {
            self.signal.wake();
        }
    }

    /// Takes a place in the map, making room first if it is full.
    pub(super) fn reserve_place(&self) -> Result<Reserved<'_>, CreateErrorKind> {
        loop {
            // Relaxed: as in `admit`.
            let capacity = self.capacity.load(Ordering::Relaxed);
            let more = |places: usize| (places < capacity).then_some(places + 1);
            // Relaxed, both: the count alone decides, and it publishes nothing.
            if let Ok(before) = self.busy.places.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
                return Ok(Reserved { place: Place::of(self), places: before + 1 });
            }
            if !self.make_room() {
                return Err(CreateErrorKind::MapFull { capacity });
            }
        }
    }

    fn is_over_full(&self) -> bool {
        // Relaxed, both: as in `reserve_place`.
        self.busy.places.load(Ordering::Relaxed) > self.capacity.load(Ordering::Relaxed)
    }

    pub(super) fn release_place(&self) {
        // Release: pairs with the Acquire in `is_over`, for the sake of `telling`; the count alone decides all else.
        let before = self.busy.places.fetch_sub(1, Ordering::Release);
        debug_assert!(before > 0, "a place was given back twice");
    }
}
