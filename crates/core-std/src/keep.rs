//! A value, and an owner that lives as long as it is kept.

use std::{fmt, ops::Deref};
use tenure_core::{DeathReason, Owner, OwnerRef};

/// A value that an owner lives as long as: dropping the one drops the other, on unwinding as well. It derefs to the
/// value.
///
/// It is how an owner lives as long as a *channel*: neither std nor crossbeam tells one end that the other is gone
/// without a message being taken or sent, so there is nothing that a monitor could watch. Keep the end that stands
/// for the peer together with the owner instead, and the session is gone when that end is.
///
/// ```
/// use std::sync::mpsc::channel;
/// use tenure_core::SessionMap;
/// use tenure_std::Keep;
///
/// let map = SessionMap::<()>::new();
/// let (sender, receiver) = channel();
/// let peer = Keep::new(map.owner(), sender);
/// map.create("K7QX", (), peer.name())?;
/// let thread = std::thread::spawn(move || peer.send("hello").is_ok()); // ends, and drops it
/// assert!(thread.join().unwrap());
/// assert!(map.get("K7QX").is_none());
/// assert_eq!(receiver.recv(), Ok("hello"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an owner that is dropped at once is dead at once"]
pub struct Keep<T> {
    // First, so that the sessions are gone before the value is dropped.
    owner: Owner,
    value: T,
}

impl<T> Keep<T> {
    /// Keeps a value together with an owner.
    pub fn new(owner: Owner, value: T) -> Self {
        Self { owner, value }
    }

    /// The owner's name.
    pub fn name(&self) -> &OwnerRef {
        self.owner.name()
    }

    /// The value, to change.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// Ends the owner with a reason of your choice, and gives the value back.
    pub fn release(self, reason: DeathReason) -> T {
        self.owner.release(reason);
        self.value
    }

    /// Both, to be kept apart.
    ///
    /// ```
    /// use tenure_core::{DeathReason, SessionMap};
    /// use tenure_std::Keep;
    ///
    /// let map = SessionMap::<()>::new();
    /// let mut peer = Keep::new(map.owner(), vec!["hello"]);
    /// peer.get_mut().push("again");
    /// let (owner, value) = peer.into_parts();
    /// assert!(owner.is_alive());
    /// assert_eq!(Keep::new(owner, value).release(DeathReason::PeerClosed), ["hello", "again"]);
    /// ```
    pub fn into_parts(self) -> (Owner, T) {
        (self.owner, self.value)
    }
}

impl<T> Deref for Keep<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Without the value.
impl<T> fmt::Debug for Keep<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keep").field("owner", self.owner.name()).finish_non_exhaustive()
    }
}
