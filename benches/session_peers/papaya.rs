//! papaya: a changed session is a copy in the old one's place.

use super::{
    Store, UserSession,
    indexed::{OwnerNumber, owner_of},
};

pub(super) struct Papaya(papaya::HashMap<String, UserSession, ahash::RandomState>);

impl Store for Papaya {
    const PEER: &'static str = "papaya";

    fn new() -> Self {
        Self(papaya::HashMap::with_hasher(ahash::RandomState::new()))
    }

    fn insert(&self, code: &str, session: UserSession) -> bool {
        self.0.pin().try_insert(code.to_owned(), session).is_ok()
    }

    fn read<T>(&self, code: &str, seen: impl FnOnce(&UserSession) -> T) -> Option<T> {
        self.0.pin().get(code).map(seen)
    }

    fn update(&self, code: &str, change: impl Fn(&mut UserSession)) -> bool {
        let changed = |session: &UserSession| {
            let mut session = session.clone();
            change(&mut session);
            session
        };
        self.0.pin().update(code.to_owned(), changed).is_some()
    }

    fn remove(&self, code: &str) -> Option<OwnerNumber> {
        self.0.pin().remove(code).map(owner_of)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
