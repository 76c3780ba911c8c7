//! dashmap: changed in place, under the shard's lock.

use super::{
    Store, UserSession,
    indexed::{OwnerNumber, owner_of},
};
use dashmap::{DashMap, Entry};

pub(super) struct Dash(DashMap<String, UserSession, ahash::RandomState>);

impl Store for Dash {
    const PEER: &'static str = "dashmap";

    fn new() -> Self {
        Self(DashMap::default())
    }

    fn insert(&self, code: &str, session: UserSession) -> bool {
        let Entry::Vacant(place) = self.0.entry(code.to_owned()) else { return false };
        place.insert(session);
        true
    }

    fn read<T>(&self, code: &str, seen: impl FnOnce(&UserSession) -> T) -> Option<T> {
        self.0.get(code).map(|session| seen(&session))
    }

    fn update(&self, code: &str, change: impl Fn(&mut UserSession)) -> bool {
        self.0.get_mut(code).map(|mut session| change(&mut session)).is_some()
    }

    fn remove(&self, code: &str) -> Option<OwnerNumber> {
        self.0.remove(code).map(|(_, session)| owner_of(&session))
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
