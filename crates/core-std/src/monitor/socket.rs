//! Owners that live as long as a connection.

use super::{
    Monitor, Worker,
    items::{Held, Item, Kind},
};
use crate::MonitorError;
use std::{fmt, os::fd::AsFd, sync::Arc};
use tenure_core::{DeathReason, Owner, OwnerRef};

impl Monitor {
    /// Makes the owner live as long as the peer of this socket, TCP or Unix: it dies when the peer closes the
    /// connection ([`PeerClosed`](DeathReason::PeerClosed)) or resets it ([`PeerReset`](DeathReason::PeerReset)).
    /// Linux only.
    ///
    /// The kernel tells the monitor's thread; nothing is read from the socket, and what arrives on it wakes nobody
    /// here. A peer that shuts down its sending half only counts as one that closes. A peer that vanishes without a
    /// word, as by a pulled cable, is not noticed by the kernel for long: add a [`heartbeat`](Monitor::heartbeat).
    ///
    /// What it returns keeps a second descriptor of the socket open: keep it beside the socket, and drop it with it. Then
    /// the owner dies with whichever end goes first. [`shared_socket`](Monitor::shared_socket) does with one.
    ///
    /// A connection that was closed before ends the owner soon after the call, and is no error.
    ///
    /// # Errors
    /// There are no more file descriptors, or this one cannot be watched. The owner is given back.
    pub fn socket(&self, owner: Owner, socket: &impl AsFd) -> Result<Attached, MonitorError> {
        match socket.as_fd().try_clone_to_owned() {
            Ok(fd) => self.attach(owner, Held::Own(fd)),
            Err(why) => Err(MonitorError::new("its descriptor is not duplicated", why, owner)),
        }
    }

    /// As [`socket`](Monitor::socket), without a second descriptor: the socket is shared with the monitor, and closed
    /// when both have let go of it, which the monitor does when the owner dies or the answer is dropped. For programs
    /// with so many connections that they would run out of descriptors. Linux only.
    ///
    /// # Errors
    /// This descriptor cannot be watched, or is so already. The owner is given back.
    ///
    /// ```
    /// use std::{io::{Read, Write}, os::unix::net::UnixStream, sync::Arc, time::Duration};
    /// use tenure_core::SessionMap;
    ///
    /// let (socket, mut peer) = UnixStream::pair()?;
    /// let socket = Arc::new(socket);
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_std::Monitor::new()?;
    /// let attached = monitor.shared_socket(map.owner(), socket.clone())?;
    /// map.create("K7QX", (), attached.name())?;
    /// (&*socket).write_all(b"hello")?; // as ever
    /// # peer.read_exact(&mut [0; 5])?;
    /// drop(peer);
    /// let gone = map.wait_gone("K7QX", Duration::from_secs(10));
    /// # assert!(!matches!(gone, Err(tenure_core::WaitError::TimedOut { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shared_socket<S>(&self, owner: Owner, socket: Arc<S>) -> Result<Attached, MonitorError>
    where
        S: AsFd + Send + Sync + 'static,
    {
        self.attach(owner, Held::Shared(socket))
    }

    fn attach(&self, owner: Owner, fd: Held) -> Result<Attached, MonitorError> {
        let (name, shared) = (owner.name().clone(), &self.worker.shared);
        let number =
            shared.items.watch(Item { owner, fd, kind: Kind::Socket(self.grace) }, &shared.poller)?;
        Ok(Attached { worker: Arc::clone(&self.worker), number, name })
    }

    /// How many sockets and processes are watched.
    ///
    /// ```
    /// assert_eq!(tenure_std::Monitor::new()?.monitored(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn monitored(&self) -> usize {
        self.worker.shared.items.len()
    }
}

/// An owner that lives as long as a socket's peer: what [`Monitor::socket`] returns.
///
/// Dropping it ends the owner as dropping its handle would, and closes the descriptor that it holds.
///
/// ```
/// use std::os::unix::net::UnixStream;
/// use tenure_core::{DeathReason, SessionMap};
/// use tenure_std::{Attached, Monitor};
///
/// let (socket, _peer) = UnixStream::pair()?;
/// let (map, monitor) = (SessionMap::<()>::new(), Monitor::new()?);
/// let attached: Attached = monitor.socket(map.owner(), &socket)?;
/// assert_eq!((attached.name().is_alive(), monitor.monitored()), (true, 1));
/// let owner = attached.into_owner().expect("the peer is there"); // it does not die with the socket any more
/// let attached = monitor.socket(owner, &socket)?;
/// let name = attached.name().clone();
/// attached.release(DeathReason::Shutdown);
/// assert_eq!(name.reason(), Some(DeathReason::Shutdown));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an owner whose attachment is dropped is dead at once"]
pub struct Attached {
    worker: Arc<Worker>,
    number: u64,
    name: OwnerRef,
}

impl Attached {
    /// The owner's name.
    pub fn name(&self) -> &OwnerRef {
        &self.name
    }

    /// Ends the owner with a reason of your choice. The first reason stands.
    pub fn release(self, reason: DeathReason) {
        if let Some(owner) = self.into_owner() {
            owner.release(reason);
        }
    }

    /// Gives the owner back, which then does not die with the socket; none if it has died of it before, or is
    /// suspended.
    pub fn into_owner(self) -> Option<Owner> {
        self.take()
    }

    fn take(&self) -> Option<Owner> {
        let shared = &self.worker.shared;
        shared.items.take(self.number, &shared.poller).map(|item| item.owner)
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").field("owner", &self.name).finish_non_exhaustive()
    }
}
