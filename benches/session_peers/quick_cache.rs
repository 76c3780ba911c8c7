//! `quick_cache`: values are shared pointers; a change is a copy, under a lock that keeps updates from getting lost.

use super::{
    Store, UserSession,
    indexed::{OwnerNumber, owner_of},
};
use parking_lot::Mutex;
use quick_cache::{
    UnitWeighter,
    sync::{Cache, DefaultLifecycle, GuardResult},
};
use std::sync::Arc;

/// It has a bound; there is never so much.
const MOST: usize = 4_000_000;

pub(super) struct Quick {
    cache: Cache<String, Arc<UserSession>, UnitWeighter, ahash::RandomState>,
    changing: Mutex<()>,
}

impl Store for Quick {
    const PEER: &'static str = "quick_cache";

    fn new() -> Self {
        let (hasher, lifecycle) = (ahash::RandomState::new(), DefaultLifecycle::default());
        Self {
            cache: Cache::with(1_000, MOST as u64, UnitWeighter, hasher, lifecycle),
            changing: Mutex::new(()),
        }
    }

    fn insert(&self, code: &str, session: UserSession) -> bool {
        match self.cache.get_value_or_guard(code, None) {
            GuardResult::Guard(place) => place.insert(Arc::new(session)).is_ok(),
            GuardResult::Value(_) | GuardResult::Timeout => false,
        }
    }

    fn read<T>(&self, code: &str, seen: impl FnOnce(&UserSession) -> T) -> Option<T> {
        self.cache.get(code).map(|session| seen(&session))
    }

    fn update(&self, code: &str, change: impl Fn(&mut UserSession)) -> bool {
        let _changing = self.changing.lock();
        let Some(there) = self.cache.get(code) else { return false };
        let mut session = UserSession::clone(&there);
        change(&mut session);
        self.cache.replace(code.to_owned(), Arc::new(session), false).is_ok()
    }

    fn remove(&self, code: &str) -> Option<OwnerNumber> {
        self.cache.remove(code).map(|(_, session)| owner_of(&session))
    }

    fn len(&self) -> usize {
        self.cache.len()
    }
}
