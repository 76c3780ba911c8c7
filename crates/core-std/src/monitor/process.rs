//! Owners that live as long as a process.

use super::{
    Monitor, Worker,
    items::{Item, Kind},
};
use crate::{MonitorError, heartbeat::lock};
use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid},
};
use std::{
    fmt, io,
    os::fd::{AsFd, OwnedFd},
    process::{Child, ExitStatus},
    sync::{Arc, Condvar, Mutex, PoisonError},
};
use tenure_core::{DeathReason, Owner, OwnerRef};

impl Monitor {
    /// Makes the owner live as long as the process that has this number now, whoever has started it. Linux only.
    ///
    /// The monitor holds the process by a descriptor (a pidfd), not by its number: a later process under the same
    /// number is none of its business, and nothing is polled. Of a child of this process the reason says how it ended
    /// ([`Exited`](DeathReason::Exited), [`Killed`](DeathReason::Killed)), unless somebody else waits for the child
    /// and takes its status first; then, and of any other process, it is [`Finished`](DeathReason::Finished). To be
    /// sure of the status, give the child to [`child`](Monitor::child).
    ///
    /// A process that is gone already ends the owner at once, and is no error.
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
            Ok(fd) => self.watch_process(Item { owner, fd, kind: Kind::Process })?,
            Err(Errno::SRCH) => owner.release(DeathReason::Finished),
            Err(why) => return Err(MonitorError::new("its process is not opened", why.into(), owner)),
        }
        Ok(name)
    }

    /// Makes the owner live as long as this child process, and takes over waiting for it. Linux only.
    ///
    /// The reason is how it has ended: [`Exited`](DeathReason::Exited) with a status or
    /// [`Killed`](DeathReason::Killed) by a signal. Take the child's pipes out of it before.
    ///
    /// # Errors
    /// As [`process`](Monitor::process). The owner is given back, and the child dropped, which leaves it running.
    ///
    /// ```
    /// use std::process::Command;
    /// use tenure_core::{DeathReason, SessionMap};
    ///
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_std::Monitor::new()?;
    /// let child = monitor.child(map.owner(), Command::new("sleep").arg("1000").spawn()?)?;
    /// child.kill()?;
    /// assert!(!child.wait()?.success());
    /// assert_eq!(child.name().reason(), Some(DeathReason::Killed { signal: 9 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn child(&self, owner: Owner, child: Child) -> Result<ChildProcess, MonitorError> {
        let name = owner.name().clone();
        let id = child.id();
        let fd = match open(id) {
            Ok(fd) => fd,
            Err(why) => return Err(MonitorError::new("its process is not opened", why.into(), owner)),
        };
        let kept = Arc::new(Kept { child: Mutex::new(child), ended: Mutex::new(None), told: Condvar::new() });
        self.watch_process(Item { owner, fd, kind: Kind::Child(Arc::clone(&kept)) })?;
        Ok(ChildProcess { kept, id, name, _worker: Arc::clone(&self.worker) })
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
pub(super) fn how_it_ended(pidfd: &OwnedFd) -> DeathReason {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    // An error: it is no child, or somebody has taken its status.
    let Ok(Some(status)) = waitid(WaitId::PidFd(pidfd.as_fd()), look) else { return DeathReason::Finished };
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => DeathReason::Exited { status },
        (None, Some(signal)) => DeathReason::Killed { signal },
        (None, None) => DeathReason::Finished,
    }
}

/// A child that the monitor waits for.
pub(super) struct Kept {
    child: Mutex<Child>,
    /// None while it runs, or while its owner has not been told.
    ended: Mutex<Option<Ended>>,
    told: Condvar,
}

/// How it has ended, if the system says so.
type Ended = Option<ExitStatus>;

impl Kept {
    /// It has ended: takes its status. Then its owner is to be ended, and then who waits is to be told.
    pub(super) fn reap(&self) -> Ended {
        lock(&self.child).try_wait().ok().flatten()
    }

    pub(super) fn tell(&self, ended: Ended) {
        *lock(&self.ended) = Some(ended);
        self.told.notify_all();
    }
}

/// A child process whose end is its owner's: what [`Monitor::child`] answers.
///
/// Dropping it changes nothing. It keeps the monitor.
pub struct ChildProcess {
    kept: Arc<Kept>,
    id: u32,
    name: OwnerRef,
    /// So that somebody is there to be told by.
    _worker: Arc<Worker>,
}

impl ChildProcess {
    /// The owner's name.
    pub fn name(&self) -> &OwnerRef {
        &self.name
    }

    /// The process's number, which may be another's once it has ended.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Kills it; fine if it has ended before.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn kill(&self) -> io::Result<()> {
        lock(&self.kept.child).kill()
    }

    /// Blocks until it has ended, and says how. Its owner is dead by then.
    ///
    /// # Errors
    /// Somebody else has waited for the child before the monitor did, so the system does not say.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        let ended = lock(&self.kept.ended);
        let running = |ended: &mut Option<Ended>| ended.is_none();
        let ended = self.kept.told.wait_while(ended, running).unwrap_or_else(PoisonError::into_inner);
        ended.flatten().ok_or_else(|| {
            let why = format!("the status of process {} was taken by somebody else", self.id);
            io::Error::new(io::ErrorKind::NotFound, why)
        })
    }
}

impl fmt::Debug for ChildProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildProcess")
            .field("id", &self.id)
            .field("owner", &self.name)
            .finish_non_exhaustive()
    }
}
