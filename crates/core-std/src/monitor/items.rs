//! What the kernel tells the monitor about, by number.

use super::{
    child::Kept,
    poller::{Ended, Poller},
};
use crate::{
    MonitorError,
    contain::contain,
    heartbeat::{end, lock},
};
use std::{
    collections::HashMap,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tenure_core::{DeathReason, Owner};

pub(super) struct Items {
    by_number: Mutex<HashMap<u64, Item>>,
    numbers: AtomicU64,
}

/// Something that will end.
pub(super) struct Item {
    pub(super) owner: Owner,
    pub(super) fd: Held,
    pub(super) kind: Kind,
}

/// A descriptor that stays open as long as it is watched, so that its number stands for nothing else.
pub(super) enum Held {
    /// The monitor's own.
    Own(OwnedFd),
    /// Shared with who uses it.
    Shared(Arc<dyn AsFd + Send + Sync>),
}

impl AsFd for Held {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Own(fd) => fd.as_fd(),
            Self::Shared(shared) => shared.as_fd(),
        }
    }
}

pub(super) enum Kind {
    /// With the grace for one whose connection is lost.
    Socket(Option<Duration>),
    /// Somebody else's to wait for.
    Process,
    /// The monitor's to wait for.
    Child(Arc<Kept>),
}

impl Item {
    /// Ends its owner.
    fn end(self, by_error: bool) {
        match self.kind {
            Kind::Socket(grace) => {
                let reason = if by_error { DeathReason::PeerReset } else { DeathReason::PeerClosed };
                end(self.owner, reason, grace);
            }
            Kind::Process => self.owner.release(super::process::how_it_ended(&self.fd)),
            Kind::Child(kept) => kept.end(self.owner, kept.ended().flatten()),
        }
    }
}

impl Items {
    pub(super) fn new() -> Self {
        // The poller has number 0 for itself.
        Self { by_number: Mutex::new(HashMap::new()), numbers: AtomicU64::new(1) }
    }

    /// Watches an item; returns its number, or gives the owner back.
    pub(super) fn watch(&self, item: Item, poller: &Poller) -> Result<u64, MonitorError> {
        // Relaxed: a number that is given once.
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        // Under the lock, so that who is told of its end finds it.
        let mut items = lock(&self.by_number);
        let added = match &item.kind {
            Kind::Socket(_) => poller.add_socket(&item.fd, number),
            Kind::Process | Kind::Child(_) => poller.add_process(&item.fd, number),
        };
        if let Err(why) = added {
            return Err(MonitorError::new("the system does not watch it", why, item.owner));
        }
        items.insert(number, item);
        Ok(number)
    }

    /// Takes an item out, if it has not ended.
    pub(super) fn take(&self, number: u64, poller: &Poller) -> Option<Item> {
        let item = lock(&self.by_number).remove(&number)?;
        poller.remove(&item.fd);
        Some(item)
    }

    /// Ends the owners of what has ended.
    pub(super) fn end(&self, poller: &Poller, ended: &mut Vec<Ended>) {
        for Ended { number, by_error } in ended.drain(..) {
            // Not under the lock: ending an owner may run a user's code.
            let Some(item) = self.take(number, poller) else { continue };
            // A shared socket may be dropped with it, and that destructor is the user's: if it panics, the others are
            // watched on.
            contain(|| item.end(by_error));
        }
    }

    pub(super) fn drop_all(&self) {
        let all = std::mem::take(&mut *lock(&self.by_number));
        for (_, item) in all {
            contain(|| drop(item));
        }
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.by_number).len()
    }
}
