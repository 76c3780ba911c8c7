//! What the kernel tells of.

use super::Monitor;
#[cfg(target_os = "linux")]
use std::{os::fd::AsFd, sync::Arc};
use tenure_core::{Owner, OwnerRef};
#[cfg(target_os = "linux")]
use tenure_std::Attached;
use tenure_std::MonitorError;

#[cfg(target_os = "linux")]
impl Monitor {
    /// Makes the owner live as long as the peer of this socket, TCP or Unix: it dies when the peer closes the
    /// connection ([`PeerClosed`](tenure_core::DeathReason::PeerClosed)) or resets it
    /// ([`PeerReset`](tenure_core::DeathReason::PeerReset)). Linux only.
    ///
    /// Nothing is read from the socket, and what arrives on it wakes nobody here. A peer that shuts down its sending
    /// half only counts as one that closes. One that vanishes without a word is not noticed by the kernel for long:
    /// add a [`heartbeat`](Monitor::heartbeat).
    ///
    /// What it returns keeps a second descriptor of the socket open ([`shared_socket`](Monitor::shared_socket) does with
    /// one): keep it beside the socket, and drop it with it. A connection that was closed before ends the owner soon after the call, and is no error.
    ///
    /// # Errors
    /// There are no more file descriptors, or this one cannot be watched. The owner is given back.
    ///
    /// ```
    /// use tenure_core::{DeathReason, EndCause, SessionMap};
    /// use tokio::net::{TcpListener, TcpStream};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (socket, _) = listener.accept().await?;
    ///
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_tokio::Monitor::new()?;
    /// let attached = monitor.socket(map.owner(), &socket)?;
    /// map.create("K7QX", (), attached.name())?;
    /// let gone = map.gone("K7QX");
    /// drop(client); // nobody reads or writes `socket`
    /// assert_eq!(gone.await?, EndCause::OwnerDied(DeathReason::PeerClosed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn socket(&self, owner: Owner, socket: &impl AsFd) -> Result<Attached, MonitorError> {
        self.kernel.socket(owner, socket)
    }

    /// As [`socket`](Monitor::socket), without a second descriptor: the socket is shared with the monitor, and closed
    /// when both have let go of it, which the monitor does when the owner dies or the answer is dropped. For programs
    /// with so many connections that they would run out of descriptors: a shared `TcpStream` is used with `readable`,
    /// `try_read` and their like. Linux only.
    ///
    /// # Errors
    /// This descriptor cannot be watched, or is so already. The owner is given back.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tenure_core::{DeathReason, EndCause, SessionMap};
    /// use tokio::net::UnixStream;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (socket, peer) = UnixStream::pair()?;
    /// let socket = Arc::new(socket);
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_tokio::Monitor::new()?;
    /// let attached = monitor.shared_socket(map.owner(), socket.clone())?;
    /// map.create("K7QX", (), attached.name())?;
    /// socket.writable().await?;
    /// assert_eq!(socket.try_write(b"hello")?, 5); // as ever
    /// let gone = map.gone("K7QX");
    /// # let mut peer = peer;
    /// # tokio::io::AsyncReadExt::read_exact(&mut peer, &mut [0; 5]).await?;
    /// drop(peer);
    /// assert_eq!(gone.await?, EndCause::OwnerDied(DeathReason::PeerClosed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn shared_socket<S>(&self, owner: Owner, socket: Arc<S>) -> Result<Attached, MonitorError>
    where
        S: AsFd + Send + Sync + 'static,
    {
        self.kernel.shared_socket(owner, socket)
    }

    /// How many sockets and processes are watched.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(tenure_tokio::Monitor::new()?.monitored(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn monitored(&self) -> usize {
        self.kernel.monitored()
    }
}

impl Monitor {
    /// Makes the owner live as long as the process that has this number now, whoever has started it.
    ///
    /// The monitor holds the process by a descriptor (a pidfd), not by its number; nothing is polled. Of a child of
    /// this process the reason says how it ended, unless somebody else waits for the child and takes its status
    /// first; then, and of any other process, it is [`Finished`](tenure_core::DeathReason::Finished). To be sure of the
    /// status, give the child to [`child`](Monitor::child). A process that is gone already ends the owner at once.
    ///
    /// So on Linux. On other Unix systems the number is asked about every 5 ms: a process that comes to have it in
    /// between is taken for the old one, a child counts as running until somebody has waited for it, and the reason is
    /// always [`Finished`](tenure_core::DeathReason::Finished). Elsewhere there is no such method.
    ///
    /// # Errors
    /// 0 and numbers beyond `i32` are no process; there are no more file descriptors. The owner is given back.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = SessionMap::<()>::new();
    /// let mut child = std::process::Command::new("true").spawn()?;
    /// let name = tenure_tokio::Monitor::new()?.process(map.owner(), child.id())?;
    /// # child.wait()?;
    /// # while name.is_alive() { tokio::task::yield_now().await }
    /// assert!(name.reason().is_some()); // as soon as it has ended
    /// # Ok(())
    /// # }
    /// ```
    pub fn process(&self, owner: Owner, id: u32) -> Result<OwnerRef, MonitorError> {
        self.kernel.process(owner, id)
    }
}
