//! moka: values are shared pointers, a change is a copy.

use super::{
    Store, UserSession,
    indexed::{OwnerNumber, owner_of},
};
use moka::{
    ops::compute::{CompResult, Op},
    sync::Cache,
};
use std::sync::Arc;

pub(super) struct Moka(Cache<String, Arc<UserSession>, ahash::RandomState>);

impl Store for Moka {
    const PEER: &'static str = "moka";

    fn new() -> Self {
        Self(Cache::builder().build_with_hasher(ahash::RandomState::new()))
    }

    fn insert(&self, code: &str, session: UserSession) -> bool {
        self.0.entry_by_ref(code).or_insert_with(|| Arc::new(session)).is_fresh()
    }

    fn read<T>(&self, code: &str, seen: impl FnOnce(&UserSession) -> T) -> Option<T> {
        self.0.get(code).map(|session| seen(&session))
    }

    fn update(&self, code: &str, change: impl Fn(&mut UserSession)) -> bool {
        let changed = self.0.entry_by_ref(code).and_compute_with(|there| match there {
            Some(there) => {
                let mut session = UserSession::clone(there.value());
                change(&mut session);
                Op::Put(Arc::new(session))
            }
            None => Op::Nop,
        });
        matches!(changed, CompResult::ReplacedWith(_))
    }

    fn remove(&self, code: &str) -> Option<OwnerNumber> {
        self.0.remove(code).map(|session| owner_of(&session))
    }

    fn len(&self) -> usize {
        self.0.run_pending_tasks();
        self.0.entry_count() as usize
    }
}
