//! What the peers' maps keep under a key.

use crate::userroute::UserRoute;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A route and when it expires, for maps whose values are changed under a lock.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) route: Arc<UserRoute>,
    pub(super) deadline: u64,
}

impl Record {
    #[inline]
    pub(super) fn fresh(&self, now: u64) -> Option<&Arc<UserRoute>> {
        (now < self.deadline).then_some(&self.route)
    }
}

/// The same for maps whose values cannot be changed in place: only the deadline can.
pub(super) struct SharedRecord {
    pub(super) route: Arc<UserRoute>,
    deadline: AtomicU64,
}

impl Clone for SharedRecord {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.route), self.deadline())
    }
}

impl SharedRecord {
    pub(super) fn new(route: Arc<UserRoute>, deadline: u64) -> Self {
        Self { route, deadline: AtomicU64::new(deadline) }
    }

    #[inline]
    pub(super) fn fresh(&self, now: u64) -> Option<&Arc<UserRoute>> {
        (now < self.deadline()).then_some(&self.route)
    }

    #[inline]
    pub(super) fn deadline(&self) -> u64 {
        // Relaxed: one number, ordered with nothing.
        self.deadline.load(Ordering::Relaxed)
    }

    /// Moves the deadline if the route is the one that is there already.
    pub(super) fn renew(&self, route: &Arc<UserRoute>, deadline: u64) -> bool {
        let same = Arc::ptr_eq(&self.route, route) || self.route == *route;
        if same {
            // Relaxed: as above.
            self.deadline.store(deadline, Ordering::Relaxed);
        }
        same
    }
}
