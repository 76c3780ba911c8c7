//! scc's `HashMap`: changed in place, under the bucket's lock.

use super::{
    Store, UserSession,
    indexed::{OwnerNumber, owner_of},
};

pub(super) struct SccMap(scc::HashMap<String, UserSession, ahash::RandomState>);

impl Store for SccMap {
    const PEER: &'static str = "scc map";

    fn new() -> Self {
        Self(scc::HashMap::with_hasher(ahash::RandomState::new()))
    }

    fn insert(&self, code: &str, session: UserSession) -> bool {
        self.0.insert_sync(code.to_owned(), session).is_ok()
    }

    fn read<T>(&self, code: &str, seen: impl FnOnce(&UserSession) -> T) -> Option<T> {
        self.0.read_sync(code, |_, session| seen(session))
    }

    fn update(&self, code: &str, change: impl Fn(&mut UserSession)) -> bool {
        self.0.update_sync(code, |_, session| change(session)).is_some()
    }

    fn remove(&self, code: &str) -> Option<OwnerNumber> {
        self.0.remove_sync(code).map(|(_, session)| owner_of(&session))
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
