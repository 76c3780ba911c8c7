//! A route on its way into the table.

use crate::{
    clock::{Millis, Tick},
    key::{AsKey, KeyParts, TABLE},
    raw::{Fresh, Table},
    route::{destination::Destination, record::Record},
};

/// What came of one try to store a route.
pub(super) enum Put<R: Destination> {
    /// It is stored, and that was told; with what is left of what was to be.
    Done(Option<Unstored<R>>),
    /// Another thread was faster.
    Again(Unstored<R>),
}

/// A route on its way into the table: bare, or already in a node from a try before.
pub(super) enum Unstored<R: Destination> {
    Route(R),
    Fresh(Fresh<KeyParts, Record<R>>),
}

impl<R: Destination> Unstored<R> {
    pub(super) fn route(&self) -> &R {
        match self {
            Self::Route(route) => route,
            Self::Fresh(fresh) => &fresh.value().route,
        }
    }

    pub(super) fn into_fresh<Q: AsKey>(
        self,
        table: &Table<KeyParts, Record<R>>,
        key: &Q,
        now: Tick,
        ttl: Millis,
        stamp: u64,
    ) -> Fresh<KeyParts, Record<R>> {
        let deadline = now.after(ttl);
        match self {
            Self::Route(route) => {
                let record = Record::new(route, now, deadline, stamp);
                table.fresh(key.hashes().full, key.to_stored(TABLE), record)
            }
            Self::Fresh(mut fresh) => {
                fresh.value_mut().reset(now, deadline, stamp);
                fresh
            }
        }
    }
}
