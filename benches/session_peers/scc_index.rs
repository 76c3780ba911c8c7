//! scc's `HashIndex`: a changed session is a copy in the old one's place.

use super::{
    Store, UserSession,
    indexed::{OwnerNumber, owner_of},
};

pub(super) struct SccIndex(scc::HashIndex<String, UserSession, ahash::RandomState>);

impl Store for SccIndex {
    const PEER: &'static str = "scc index";

    fn new() -> Self {
        Self(scc::HashIndex::with_hasher(ahash::RandomState::new()))
    }

    fn insert(&self, code: &str, session: UserSession) -> bool {
        self.0.insert_sync(code.to_owned(), session).is_ok()
    }

    fn read<T>(&self, code: &str, seen: impl FnOnce(&UserSession) -> T) -> Option<T> {
        self.0.peek_with(code, |_, session| seen(session))
    }

    fn update(&self, code: &str, change: impl Fn(&mut UserSession)) -> bool {
        let Some(mut there) = self.0.get_sync(code) else { return false };
        let mut session = there.get().clone();
        change(&mut session);
        there.update(session);
        true
    }

    fn remove(&self, code: &str) -> Option<OwnerNumber> {
        let there = self.0.get_sync(code)?;
        let owner = owner_of(there.get());
        there.remove_entry();
        Some(owner)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
