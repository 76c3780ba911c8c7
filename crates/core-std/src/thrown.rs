//! What the end of a thread or task has left that has no answer.

use std::{
    any::Any,
    error::Error,
    fmt,
    sync::{Mutex, PoisonError},
};
use tenure_core::DeathReason;

/// What a panic has thrown, to be handed on: unlike the bare box it may be shared between threads, and so be part of an
/// error that goes into `Box<dyn Error + Send + Sync>`.
///
/// ```
/// use tenure_std::Thrown;
///
/// let thread = std::thread::spawn(|| panic!("no more room"));
/// let thrown = Thrown::from(thread.join().unwrap_err());
/// assert_eq!(thrown.to_string(), "panicked: no more room");
/// assert_eq!(*thrown.reason(), tenure_core::DeathReason::Panicked("no more room".into()));
/// assert_eq!(thrown.into_payload().downcast_ref(), Some(&"no more room"));
/// ```
pub struct Thrown {
    reason: DeathReason,
    /// Never locked: it is only taken out by value. The lock makes it shareable.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Thrown {
    /// What its owner died of: panicked, with the message.
    pub fn reason(&self) -> &DeathReason {
        &self.reason
    }

    /// What was thrown, to be looked into or thrown again with
    /// [`resume_unwind`](std::panic::resume_unwind).
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Box<dyn Any + Send>> for Thrown {
    fn from(payload: Box<dyn Any + Send>) -> Self {
        Self { reason: DeathReason::of_panic(&*payload), payload: Mutex::new(payload) }
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl fmt::Debug for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Thrown").field(&self.reason).finish()
    }
}

/// A thread that somebody else has spawned has ended without an answer, or nobody can tell.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
/// use tenure_std::{Monitor, ThreadError};
///
/// let (map, monitor) = (SessionMap::<()>::new(), Monitor::new()?);
/// let thread = monitor.thread(map.owner(), std::thread::spawn(|| panic!("no more room")));
/// let Err(ThreadError::Panicked(thrown)) = thread.join() else { panic!() };
/// assert_eq!(*thrown.reason(), DeathReason::Panicked("no more room".into()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ThreadError {
    /// It has panicked, and this was thrown.
    Panicked(Thrown),
    /// The monitor that was to join it is gone, and the thread with it out of reach: it may still run.
    OutOfReach,
}

impl fmt::Display for ThreadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(thrown) => write!(f, "the thread {thrown}"),
            Self::OutOfReach => f.write_str("the monitor that was to join the thread is gone"),
        }
    }
}

impl Error for ThreadError {}
