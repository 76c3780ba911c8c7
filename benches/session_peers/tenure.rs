//! Tenure, through its public interface.

use super::Sessions;
use std::hint::black_box;
use tenure_core::{Info, Owner, Pairing, SessionMap, Status, pin};

pub(super) struct Tenure(SessionMap);

impl Sessions for Tenure {
    const PEER: &'static str = "Tenure";
    type Owner = Owner;
    type Info = Info;

    fn new() -> Self {
        Self(SessionMap::new())
    }

    fn owner(&self) -> Owner {
        self.0.owner()
    }

    fn info() -> Info {
        Pairing::info([("device", "laptop")])
    }

    #[inline]
    fn create(&self, code: &str, owner: &Owner) -> bool {
        self.0.create(code, Pairing::sending(), owner).is_ok()
    }

    #[inline]
    fn get(&self, code: &str) -> bool {
        let guard = pin();
        self.0.get_view(code, &guard).is_some_and(|session| {
            black_box((session.status(), session.payload()));
            true
        })
    }

    #[inline]
    fn update(&self, code: &str, info: &Info) -> bool {
        let change = |session: &mut tenure_core::Edit<Pairing>| {
            session.set_status(Status::Connected);
            session.payload_mut().receiver_info = Some(Info::clone(info));
        };
        self.0.update(code, change).is_ok()
    }

    #[inline]
    fn delete(&self, code: &str) -> bool {
        self.0.delete(code)
    }

    fn end(&self, owner: Owner) {
        drop(owner);
    }

    /// What the background thread does, which frees the dead owners' sessions; `prune` looks at all others as well.
    fn free(&self) {
        while self.0.maintain() {}
    }

    fn len(&self) -> usize {
        self.0.count_active()
    }
}
