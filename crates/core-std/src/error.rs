//! What a monitor refuses.

use std::{error::Error, fmt, io};
use tenure_core::Owner;

/// A monitor could not watch what an owner was to live as long as. It holds the owner, so that nothing is lost: drop
/// it to end the owner.
///
/// ```
/// # #[cfg(unix)]
/// # fn main() -> std::io::Result<()> {
/// use tenure_core::SessionMap;
/// use tenure_std::{Monitor, MonitorError};
///
/// let map = SessionMap::<()>::new();
/// let refused: MonitorError = Monitor::new()?.process(map.owner(), 0).unwrap_err(); // 0 is no process
/// assert_eq!(refused.io_error().kind(), std::io::ErrorKind::InvalidInput);
/// assert!(refused.into_owner().is_alive());
/// # Ok(())
/// # }
/// # #[cfg(not(unix))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct MonitorError {
    act: &'static str,
    why: io::Error,
    owner: Owner,
}

impl MonitorError {
    #[cfg(unix)]
    pub(crate) fn new(act: &'static str, why: io::Error, owner: Owner) -> Self {
        Self { act, why, owner }
    }

    /// What the operating system said.
    pub fn io_error(&self) -> &io::Error {
        &self.why
    }

    /// The owner that was handed in, to keep.
    pub fn into_owner(self) -> Owner {
        self.owner
    }
}

impl fmt::Display for MonitorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "owner {} is not monitored: {}: {}", self.owner.incarnation(), self.act, self.why)
    }
}

impl Error for MonitorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.why)
    }
}
