//! What one partition holds, and what happens to one record of it.

use super::{
    bound::release,
    call::{Call, Count},
    destination::Destination,
    order::Order,
    record::{Life, Record},
};
use crate::{
    clock::{Millis, Tick},
    event::RouteEvent,
    key::{AsKey, KeyParts, TABLE},
    raw::{Cursor, DropPanics, Entry, Guard, Occupied, Query, Table},
    sync::{AtomicBool, AtomicUsize, Ordering},
};
use crossbeam_utils::CachePadded;

mod unstored;

use unstored::{Put, Unstored};

pub(super) type Held<'g, R> = Entry<'g, KeyParts, Record<R>>;

/// A look-up of one key: by the whole key, or by its room scope.
pub(super) enum Asked<'k, Q> {
    Exact(&'k Q),
    Room(&'k Q),
}

impl<Q: AsKey> Query<KeyParts> for Asked<'_, Q> {
    #[inline(always)]
    fn hash(&self) -> u64 {
        match self {
            Self::Exact(key) => key.hashes().full,
            Self::Room(key) => key.hashes().room,
        }
    }

    #[inline(always)]
    fn matches(&self, stored: &KeyParts) -> bool {
        match self {
            Self::Exact(asked) => asked.is_stored_as(stored, TABLE),
            Self::Room(asked) => asked.room_is_stored_as(stored, TABLE),
        }
    }
}

/// What a look-up found.
pub(super) enum Found<'g, R: Destination> {
    Fresh(Held<'g, R>, Life),
    /// It had expired. Where the call removes what it meets, this call has removed it.
    Expired,
    Missing,
}

/// What an insertion that gives way found or did.
pub(super) enum Written<'g, R: Destination> {
    Stored,
    /// Another caller's record, which is fresh.
    Yielded(Held<'g, R>),
}

/// The content of a partition.
pub(super) struct Store<R: Destination> {
    available: AtomicBool,
    pub(super) table: Table<KeyParts, Record<R>>,
    pub(super) order: Order,
    /// Places that are taken, by records and by insertions under way; no reader sees more records than this. Above the bound
    /// only while that is being lowered, and for as long as an insertion that has taken its place by the older bound has not
    /// given it back, or evicted another record for it.
    ///
    /// On a line of its own, as the stamps are: insertions write it.
    pub(super) held: CachePadded<AtomicUsize>,
}

impl<R: Destination> Store<R> {
    pub(super) fn new(drop_panics: DropPanics) -> Self {
        Self {
            available: AtomicBool::new(true),
            table: Table::counting(drop_panics),
            order: Order::new(),
            held: CachePadded::new(AtomicUsize::new(0)),
        }
    }

    #[inline]
    pub(super) fn is_available(&self) -> bool {
        // Relaxed: says nothing about memory.
        self.available.load(Ordering::Relaxed)
    }

    /// Takes the content out of service. True if this call did.
    pub(super) fn fail(&self) -> bool {
        // Relaxed: as in `is_available`; only one gets the old value.
        self.available.swap(false, Ordering::Relaxed)
    }

    /// Records, and places taken by insertions under way. A place that was taken by an older, higher bound is given
    /// back at once, and what is over a bound that is being lowered is about to go: neither counts.
    pub(super) fn len(&self, bound: usize) -> usize {
        self.places_taken().min(bound)
    }

    /// Records, and insertions under way that have a place: so never less than there are in the table.
    #[inline]
    pub(super) fn places_taken(&self) -> usize {
        // Relaxed: a count, ordered with nothing; who has taken a place itself sees that.
        self.held.load(Ordering::Relaxed)
    }

    /// What is there, fresh or not, as it was when it was read. In line: this is nearly all of a look-up.
    #[inline(always)]
    pub(super) fn meet<'g>(
        &'g self,
        asked: &impl Query<KeyParts>,
        guard: &'g Guard,
    ) -> Option<(Held<'g, R>, Life)> {
        let entry = self.table.get(asked, guard)?;
        Some((entry, entry.value().life()))
    }

    /// Looks a record up and writes nothing.
    #[inline]
    pub(super) fn peek<'g>(
        &'g self,
        asked: &impl Query<KeyParts>,
        now: Tick,
        guard: &'g Guard,
    ) -> Found<'g, R> {
        let Some((entry, life)) = self.meet(asked, guard) else { return Found::Missing };
        if life.is_fresh(now) {
            Found::Fresh(entry, life)
        } else if life.is_doomed() {
            Found::Missing
        } else {
            Found::Expired
        }
    }

    /// Looks a record up and removes it if it has expired.
    pub(super) fn get<'g>(&'g self, asked: &impl Query<KeyParts>, call: &Call<'g>) -> Found<'g, R> {
        loop {
            let Some((entry, life)) = self.meet(asked, call.guard) else { return Found::Missing };
            if life.is_fresh(call.now) {
                return Found::Fresh(entry, life);
            }
            if life.is_doomed() {
                return Found::Missing;
            }
            if self.expire(entry, life, call) {
                return Found::Expired;
            }
            // Another thread has set, touched or ended it meanwhile.
        }
    }

    /// Ends a record that was read as `life` and has expired by then. False if it has changed since.
    pub(super) fn expire(&self, entry: Held<'_, R>, life: Life, call: &Call<'_>) -> bool {
        let won = entry.value().doom(life).is_ok();
        if won {
            self.clear(entry);
            call.gone(entry.key(), Count::Pruned, RouteEvent::Pruned);
        }
        won
    }

    /// Takes a doomed record out of the table; whoever does gives its place back.
    pub(super) fn clear(&self, entry: Held<'_, R>) -> bool {
        let won = entry.remove();
        if won {
            release(&self.held);
        }
        won
    }

    /// The commonest set: of the route that is stored already. What is to be done if it is not.
    #[inline(always)]
    pub(super) fn set_same<'g, Q: AsKey>(
        &'g self,
        key: &Q,
        route: &R,
        ttl: Millis,
        call: Call<'g>,
    ) -> Option<Other<'g, R>> {
        let found = self.table.get(&Asked::Exact(key), call.guard);
        match found {
            Some(entry) if self.set_again(entry, key, route, ttl, &call) => None,
            _ => Some(Other { store: self, found, call }),
        }
    }

    /// Stores the route that is there already, unless another one is.
    #[inline]
    fn set_again<Q: AsKey>(
        &self,
        entry: Held<'_, R>,
        key: &Q,
        route: &R,
        ttl: Millis,
        call: &Call<'_>,
    ) -> bool {
        let set = self.renew(entry, route, ttl, call);
        if set {
            self.done(key, ttl, call);
        }
        set
    }

    /// Moves the deadline of a record and makes it the youngest, unless it has another route or is doomed.
    #[inline]
    fn renew(&self, entry: Held<'_, R>, route: &R, ttl: Millis, call: &Call<'_>) -> bool {
        let record = entry.value();
        // A set that was slow to come here does not move the deadline of a later one back.
        let now = call.now.max(record.set_at());
        record.route == *route && record.renew(now, ttl, || self.order.draw(), || call.shared.now())
    }

    /// A new record, or another route in the place of what was found.
    #[inline(never)]
    fn set_anew<'g, Q: AsKey>(
        &'g self,
        mut found: Option<Held<'g, R>>,
        key: &Q,
        route: R,
        ttl: Millis,
        call: &Call<'g>,
    ) {
        let mut unstored = Unstored::Route(route);
        let left = loop {
            let put = match found {
                Some(entry) => {
                    let now = call.now.max(entry.value().set_at());
                    self.set_in_place(entry, key, unstored, now, ttl, call)
                }
                None => self.set_absent(key, unstored, ttl, call),
            };
            match put {
                Put::Done(left) => break left,
                Put::Again(back) => unstored = back,
            }
            // Another thread was faster, perhaps with the same route.
            found = self.table.get(&Asked::Exact(key), call.guard);
            if let Some(entry) = found
                && self.set_again(entry, key, unstored.route(), ttl, call)
            {
                break Some(unstored);
            }
        };
        // A route that was there already: its destructor is the caller's code, and comes when all else is done.
        drop(left);
    }

    /// A set has taken effect. Remembers a deadline that may come out of set order, counts and tells: before anything
    /// else can happen to the record by this call.
    #[inline]
    fn done<Q: AsKey>(&self, key: &Q, ttl: Millis, call: &Call<'_>) {
        let usual = call.shared.ttl();
        if ttl != usual {
            self.order.floor().lower(call.now.after(ttl.min(usual)));
        }
        call.count(Count::Set);
        call.shared.tell(call.now, call.partition, RouteEvent::Set, || key.key_ref());
    }

    /// Another route in the place of a record, or any in that of a doomed one.
    fn set_in_place<Q: AsKey>(
        &self,
        entry: Held<'_, R>,
        key: &Q,
        unstored: Unstored<R>,
        now: Tick,
        ttl: Millis,
        call: &Call<'_>,
    ) -> Put<R> {
        let fresh = unstored.into_fresh(&self.table, key, now, ttl, self.order.draw());
        match entry.replace(fresh) {
            Ok(_) => {
                call.shared.signal.wake();
                self.done(key, ttl, call);
                Put::Done(None)
            }
            Err(fresh) => Put::Again(Unstored::Fresh(fresh)),
        }
    }

    fn set_absent<Q: AsKey>(&self, key: &Q, unstored: Unstored<R>, ttl: Millis, call: &Call<'_>) -> Put<R> {
        let Some(place) = self.reserve(call) else {
            // As if stored, and evicted at once by the sets under way that hold all the places.
            self.done(key, ttl, call);
            call.count(Count::Evicted);
            call.shared.tell(call.now, call.partition, RouteEvent::Evicted, || key.key_ref());
            return Put::Done(Some(unstored));
        };
        let fresh = unstored.into_fresh(&self.table, key, call.now, ttl, self.order.draw());
        match self.table.insert(fresh, || self.places_taken(), call.guard) {
            Ok(_) => {
                place.keep();
                self.done(key, ttl, call);
                // The bound may have been lowered since the place was taken.
                self.shrink(call);
                Put::Done(None)
            }
            Err(Occupied { fresh, .. }) => Put::Again(Unstored::Fresh(fresh)),
        }
    }

    /// Stores unless there is a fresh record: the write-back of what a resolution has learned, which has just found none.
    pub(super) fn learn<'g, Q: AsKey>(&'g self, key: &Q, route: &R, call: &Call<'g>) -> Written<'g, R> {
        let ttl = call.shared.ttl();
        let mut put = self.set_absent(key, Unstored::Route(route.clone()), ttl, call);
        loop {
            let unstored = match put {
                Put::Done(_) => return Written::Stored,
                // There is one by now, or one that has ended and is not taken out.
                Put::Again(back) => back,
            };
            put = match self.table.get(&Asked::Exact(key), call.guard) {
                Some(entry) => {
                    let life = entry.value().life();
                    if life.is_fresh(call.now) {
                        return Written::Yielded(entry);
                    }
                    if life.is_expired(call.now) {
                        self.expire(entry, life, call);
                        Put::Again(unstored)
                    } else {
                        // Doomed: its place goes to this one.
                        self.set_in_place(entry, key, unstored, call.now, ttl, call)
                    }
                }
                None => self.set_absent(key, unstored, ttl, call),
            };
        }
    }

    /// Moves the deadline of a fresh record.
    pub(super) fn touch<'g, Q: AsKey>(&'g self, key: &Q, ttl: Millis, call: &Call<'g>) -> Found<'g, R> {
        loop {
            match self.get(&Asked::Exact(key), call) {
                Found::Fresh(entry, life) => {
                    let record = entry.value();
                    // A touch that was slow to come here acts with the time of the last set, as a set does; and so
                    // does not bring back what had expired by then.
                    let now = call.now.max(record.set_at());
                    if life.is_expired(now) {
                        if self.expire(entry, life, call) {
                            return Found::Expired;
                        }
                        continue;
                    }
                    let deadline = now.after(ttl);
                    if record.touch(life, deadline).is_ok() {
                        // Records set after this one may expire from its old deadline on, and before its new one.
                        if deadline != life.deadline() {
                            self.order.floor().lower(deadline.min(life.deadline()));
                        }
                        call.count(Count::Touched);
                        return Found::Fresh(entry, record.life());
                    }
                }
                Found::Expired => return Found::Expired,
                Found::Missing => return Found::Missing,
            }
        }
    }

    /// Removes a record; its route comes back if it was fresh.
    pub(super) fn remove<Q: AsKey>(&self, key: &Q, call: &Call<'_>) -> Option<R> {
        loop {
            match self.get(&Asked::Exact(key), call) {
                Found::Fresh(entry, life) => {
                    // Before anything is done: a clone may panic.
                    let route = entry.value().route.clone();
                    if entry.value().doom(life).is_ok() {
                        self.clear(entry);
                        call.gone(entry.key(), Count::Removed, RouteEvent::Removed);
                        return Some(route);
                    }
                }
                Found::Expired | Found::Missing => return None,
            }
        }
    }

    /// Removes what has expired among the next `limit` records of a pass; counts it. True when the pass is complete.
    pub(super) fn prune(
        &self,
        cursor: &mut Cursor,
        limit: usize,
        pruned: &mut usize,
        call: &Call<'_>,
    ) -> bool {
        self.table.scan(cursor, limit, call.guard, |entry| {
            let life = entry.value().life();
            if life.is_doomed() {
                // Left by a thread that has stopped between ending it and taking it out.
                self.clear(entry);
            } else if life.is_expired(call.now) && self.expire(entry, life, call) {
                *pruned += 1;
            }
        })
    }

    /// The default time to live is about to change: deadlines may come out of set order from now on.
    pub(super) fn ttl_changes(&self, shortest: Millis, now: Tick) {
        self.order.floor().lower(now.after(shortest));
    }
}

/// A set of another route than the one that is there, or of the first one.
pub(super) struct Other<'g, R: Destination> {
    store: &'g Store<R>,
    found: Option<Held<'g, R>>,
    call: Call<'g>,
}

impl<R: Destination> Other<'_, R> {
    #[inline]
    pub(super) fn set<Q: AsKey>(self, key: &Q, route: R, ttl: Millis) {
        self.store.set_anew(self.found, key, route, ttl, &self.call);
    }
}

#[cfg(all(test, not(tenure_loom)))]
mod tests;
