//! Why things end: of an owner, and of a session.

use std::{any::Any, fmt, process::ExitStatus, sync::Arc};

/// How an owner came to its end.
///
/// Whoever ends an owner says which of these it was; every observer and waiter of its sessions is told. Cloning
/// copies at most a reference count.
///
/// ```
/// use tenure_core::DeathReason;
///
/// assert_eq!(DeathReason::Killed { signal: 9 }.to_string(), "killed by signal 9");
/// assert_eq!(DeathReason::Panicked("index out of bounds".into()).to_string(), "panicked: index out of bounds");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DeathReason {
    /// Its handle was dropped, by the end of a scope or by unwinding.
    Dropped,
    /// It was released on purpose.
    Released,
    /// The task or thread it stood for has returned.
    Finished,
    /// The task or thread it stood for has panicked, with this message.
    Panicked(#[cfg_attr(feature = "serde", serde(with = "super::serial"))] Arc<str>),
    /// The task it stood for was canceled or aborted.
    Cancelled,
    /// The process it stood for was killed by a signal.
    Killed {
        /// The number of the signal.
        signal: i32,
    },
    /// The process it stood for has exited.
    Exited {
        /// Its exit status.
        status: i32,
    },
    /// The other end of the connection was closed in order.
    PeerClosed,
    /// The other end of the connection has reset it.
    PeerReset,
    /// No heartbeat came in time.
    HeartbeatMissed,
    /// It was suspended, and nobody has resumed it in time.
    NotResumed,
    /// The program, or the table, is shutting down.
    Shutdown,
    /// Anything else, in words.
    Other(#[cfg_attr(feature = "serde", serde(with = "super::serial"))] Arc<str>),
}

impl DeathReason {
    /// Panicked, with the message in what was thrown. What is neither a `String` nor a `&str` has none.
    ///
    /// ```
    /// use tenure_core::DeathReason;
    ///
    /// let thrown = std::thread::spawn(|| panic!("no more room")).join().unwrap_err();
    /// assert_eq!(DeathReason::of_panic(&*thrown), DeathReason::Panicked("no more room".into()));
    /// ```
    #[must_use]
    pub fn of_panic(thrown: &(dyn Any + Send)) -> Self {
        let message = thrown.downcast_ref::<&str>().copied();
        let message = message.or_else(|| thrown.downcast_ref::<String>().map(String::as_str));
        Self::Panicked(Arc::from(message.unwrap_or("something that is no text")))
    }
}

/// Exited, or killed by a signal where the system has those.
impl From<ExitStatus> for DeathReason {
    fn from(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Killed { signal };
        }
        status.code().map_or(Self::Finished, |status| Self::Exited { status })
    }
}

impl fmt::Display for DeathReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped => f.write_str("dropped"),
            Self::Released => f.write_str("released"),
            Self::Finished => f.write_str("finished"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Killed { signal } => write!(f, "killed by signal {signal}"),
            Self::Exited { status } => write!(f, "exited with status {status}"),
            Self::PeerClosed => f.write_str("closed by the peer"),
            Self::PeerReset => f.write_str("reset by the peer"),
            Self::HeartbeatMissed => f.write_str("missed a heartbeat"),
            Self::NotResumed => f.write_str("not resumed in time"),
            Self::Shutdown => f.write_str("shut down"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// Why a session is gone.
///
/// ```
/// use tenure_core::{DeathReason, EndCause};
///
/// assert_eq!(EndCause::OwnerDied(DeathReason::PeerReset).to_string(), "its owner died: reset by the peer");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum EndCause {
    /// Somebody deleted it.
    Deleted,
    /// Its owner died, and how.
    OwnerDied(DeathReason),
    /// It had no owner, and its time was over.
    Expired,
    /// It had no owner, and the table was drained.
    Drained,
}

impl fmt::Display for EndCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleted => f.write_str("deleted"),
            Self::OwnerDied(reason) => write!(f, "its owner died: {reason}"),
            Self::Expired => f.write_str("expired"),
            Self::Drained => f.write_str("drained"),
        }
    }
}
