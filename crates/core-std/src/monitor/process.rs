//! Owners that live as long as a process, on Linux: the kernel tells by a descriptor of the process.

use super::{
    Monitor,
    child::Kept,
    items::{Held, Item, Kind},
};
use crate::MonitorError;
use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid},
};
use std::{
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};
use tenure_core::{DeathReason, Owner, OwnerRef};

impl Monitor {
    /// Makes the owner live as long as the process that has this number now, whoever has started it.
    ///
    /// The monitor holds the process by a descriptor (a pidfd), not by its number: a later process under the same
    /// number is none of its business, and nothing is polled. Of a child of this process the reason says how it ended
    /// ([`Exited`](DeathReason::Exited), [`Killed`](DeathReason::Killed)), unless somebody else waits for the child
    /// and takes its status first; then, and of any other process, it is [`Finished`](DeathReason::Finished). To be
    /// sure of the status, give the child to [`child`](Monitor::child).
    ///
    /// A process that is gone already ends the owner at once, and is no error.
    ///
    /// So on Linux. On other Unix systems the number is asked about every 5 ms: a process that comes to have it in
    /// between is taken for the old one, a child counts as running until somebody has waited for it, and the reason is
    /// always [`Finished`](DeathReason::Finished). Elsewhere there is no such method.
    ///
    /// # Errors
    /// 0 and numbers beyond `i32` are no process; there are no more file descriptors. The owner is given back.
    ///
    /// ```
    /// use std::process::Command;
    /// use tenure_core::{DeathReason, SessionMap};
    ///
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_std::Monitor::new()?;
    /// let mut child = Command::new("true").spawn()?;
    /// let name = monitor.process(map.owner(), child.id())?;
    /// # while name.is_alive() { std::thread::yield_now() }
    /// assert_eq!(name.reason(), Some(DeathReason::Exited { status: 0 }));
    /// # child.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn process(&self, owner: Owner, id: u32) -> Result<OwnerRef, MonitorError> {
        let name = owner.name().clone();
        match open(id) {
            Ok(fd) => self.watch_process(Item { owner, fd: Held::Own(fd), kind: Kind::Process })?,
            Err(Errno::SRCH) => owner.release(DeathReason::Finished),
            Err(why) => return Err(MonitorError::new("its process is not opened", why.into(), owner)),
        }
        Ok(name)
    }

    pub(super) fn watch_child(&self, owner: Owner, id: u32, kept: &Arc<Kept>) -> Result<(), MonitorError> {
        match open(id) {
            Ok(fd) => {
                self.watch_process(Item { owner, fd: Held::Own(fd), kind: Kind::Child(Arc::clone(kept)) })
            }
            Err(why) => Err(MonitorError::new("its process is not opened", why.into(), owner)),
        }
    }

    fn watch_process(&self, item: Item) -> Result<(), MonitorError> {
        let shared = &self.worker.shared;
        shared.items.watch(item, &shared.poller).map(|_| ())
    }
}

fn open(id: u32) -> Result<OwnedFd, Errno> {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or(Errno::INVAL)?;
    pidfd_open(id, PidfdFlags::empty())
}

/// Looks at the status of a process that has ended and leaves it there for who waits for it.
pub(super) fn how_it_ended(pidfd: &impl AsFd) -> DeathReason {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    // An error: it is no child, or somebody has taken its status.
    let Ok(Some(status)) = waitid(WaitId::PidFd(pidfd.as_fd()), look) else { return DeathReason::Finished };
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => DeathReason::Exited { status },
        (None, Some(signal)) => DeathReason::Killed { signal },
        (None, None) => DeathReason::Finished,
    }
}
