//! Owners that live as long as a child process.

use super::Monitor;
use crate::tasks::Owned;
use std::{
    fmt,
    future::{Future, poll_fn},
    io,
    pin::pin,
    process::ExitStatus,
    sync::Arc,
    task::Poll,
};
use tenure_core::{DeathReason, Owner, OwnerRef};
use tokio::{
    process::Child,
    sync::{Notify, watch},
};

impl Monitor {
    /// Makes the owner live as long as this child process, and takes over waiting for it: in one small task, which
    /// the kernel wakes.
    ///
    /// The reason is how it has ended: [`Exited`](DeathReason::Exited) with a status or
    /// [`Killed`](DeathReason::Killed) by a signal. Take the child's pipes out of it before. If the runtime goes, the
    /// reason is [`Cancelled`](DeathReason::Cancelled), and the child runs on unless it is to be killed on drop.
    ///
    /// # Panics
    /// Outside of a runtime. The owner is then dropped.
    ///
    /// ```
    /// use tenure_core::{DeathReason, SessionMap};
    /// use tokio::process::Command;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_tokio::Monitor::new()?;
    /// let mut child = monitor.child(map.owner(), Command::new("sleep").arg("1000").spawn()?);
    /// child.kill();
    /// assert!(!child.wait().await?.success());
    /// assert_eq!(child.name().reason(), Some(DeathReason::Killed { signal: 9 }));
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::unused_self, reason = "beside the other kinds, and as in tenure-std")]
    pub fn child(&self, owner: Owner, child: Child) -> ChildProcess {
        let (kill, name, id) = (Arc::new(Notify::new()), owner.name().clone(), child.id());
        let (sender, status) = watch::channel(None);
        let (asked, mut owned, mut child) = (Arc::clone(&kill), Owned(Some(owner)), child);
        tokio::spawn(async move {
            let ended = loop {
                match wait_or_asked(&mut child, &asked).await {
                    Some(ended) => break ended,
                    // An error: it has ended by itself at this moment.
                    None => drop(child.start_kill()),
                }
            };
            owned.release(ended.as_ref().map_or(DeathReason::Finished, |&status| DeathReason::from(status)));
            sender.send_replace(Some(ended.map_err(|error| error.to_string())));
        });
        ChildProcess { status, kill, id, name }
    }
}

/// Waits until the child has ended, or somebody asks for its end: then none.
async fn wait_or_asked(child: &mut Child, asked: &Notify) -> Option<io::Result<ExitStatus>> {
    let (mut wait, mut asked) = (pin!(child.wait()), pin!(asked.notified()));
    poll_fn(|context| match wait.as_mut().poll(context) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        Poll::Pending => asked.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// A child process whose end is its owner's: what [`Monitor::child`] returns. Dropping it changes nothing.
///
/// ```
/// use tenure_core::SessionMap;
/// use tenure_tokio::{ChildProcess, Monitor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let sleep = tokio::process::Command::new("sleep").arg("60").spawn()?;
/// let mut child: ChildProcess = Monitor::new()?.child(map.owner(), sleep);
/// assert!(child.name().is_alive() && child.id().is_some());
/// child.kill();
/// assert!(!child.wait().await?.success());
/// assert!(!child.name().is_alive());
/// # Ok(())
/// # }
/// ```
pub struct ChildProcess {
    status: watch::Receiver<Option<Result<ExitStatus, String>>>,
    kill: Arc<Notify>,
    id: Option<u32>,
    name: OwnerRef,
}

impl ChildProcess {
    /// The owner's name.
    pub fn name(&self) -> &OwnerRef {
        &self.name
    }

    /// The process's number, which may be another's once it has ended; none if it had ended when it was given.
    pub fn id(&self) -> Option<u32> {
        self.id
    }

    /// Kills it, soon; fine if it has ended before.
    pub fn kill(&self) {
        self.kill.notify_one();
    }

    /// Waits until it has ended, and says how. Its owner is dead by then.
    ///
    /// Cancel safe: it can be called again, and returns the same.
    ///
    /// # Errors
    /// The system did not say, or the runtime is gone.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let gone = || io::Error::other("the runtime that was to wait for the process is gone");
        let ended = self.status.wait_for(Option::is_some).await.map_err(|_| gone())?;
        ended.clone().map_or_else(|| Err(gone()), |ended| ended.map_err(io::Error::other))
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
