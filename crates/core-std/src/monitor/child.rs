//! Owners that live as long as a child process.

use super::{Monitor, Worker};
use crate::{MonitorError, heartbeat::lock};
use std::{
    fmt, io,
    process::{Child, ExitStatus},
    sync::{Arc, Condvar, Mutex, PoisonError},
};
use tenure_core::{DeathReason, Owner, OwnerRef};

impl Monitor {
    /// Makes the owner live as long as this child process, and takes over waiting for it.
    ///
    /// The reason is how it has ended: [`Exited`](DeathReason::Exited) with a status or
    /// [`Killed`](DeathReason::Killed) by a signal. Take the child's pipes out of it before. Linux tells at once; on other
    /// systems the monitor's thread asks every 5 ms, while there are such children.
    ///
    /// # Errors
    /// There are no more file descriptors. The owner is given back, and the child dropped, which leaves it running.
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
        let (name, id) = (owner.name().clone(), child.id());
        let kept = Arc::new(Kept::new(child));
        self.watch_child(owner, id, &kept)?;
        Ok(ChildProcess { kept, id, name, _worker: Arc::clone(&self.worker) })
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
    pub(super) fn new(child: Child) -> Self {
        Self { child: Mutex::new(child), ended: Mutex::new(None), told: Condvar::new() }
    }

    pub(super) fn kill(&self) -> io::Result<()> {
        lock(&self.child).kill()
    }

    /// Blocks until its owner is dead, and says how it has ended.
    pub(super) fn wait(&self) -> Ended {
        let running = |ended: &mut Option<Ended>| ended.is_none();
        let ended = self.told.wait_while(lock(&self.ended), running).unwrap_or_else(PoisonError::into_inner);
        ended.flatten()
    }

    /// How it has ended, taking its status; none while it runs.
    pub(super) fn ended(&self) -> Option<Ended> {
        // An error: somebody else has taken its status.
        lock(&self.child).try_wait().map_or(Some(None), |ended| ended.map(Some))
    }

    /// Ends its owner, and then tells who waits.
    pub(super) fn end(&self, owner: Owner, ended: Ended) {
        owner.release(ended.map_or(DeathReason::Finished, DeathReason::from));
        *lock(&self.ended) = Some(ended);
        self.told.notify_all();
    }
}

/// A child process whose end is its owner's: what [`Monitor::child`] returns.
///
/// Dropping it changes nothing. It keeps the monitor.
///
/// ```
/// # #[cfg(unix)]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::process::Command;
/// use tenure_core::{DeathReason, SessionMap};
/// use tenure_std::{ChildProcess, Monitor};
///
/// let map = SessionMap::<()>::new();
/// let child: ChildProcess = Monitor::new()?.child(map.owner(), Command::new("sleep").arg("60").spawn()?)?;
/// assert!(child.name().is_alive() && child.id() > 0);
/// child.kill()?;
/// assert!(!child.wait()?.success());
/// assert_eq!(child.name().reason(), Some(DeathReason::Killed { signal: 9 }));
/// # Ok(())
/// # }
/// # #[cfg(not(unix))]
/// # fn main() {}
/// ```
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
        self.kept.kill()
    }

    /// Blocks until it has ended, and says how. Its owner is dead by then.
    ///
    /// # Errors
    /// Somebody else has waited for the child before the monitor did, so the system does not say.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        self.kept.wait().ok_or_else(|| {
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
