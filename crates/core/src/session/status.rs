//! The states of a session, and what speaks of them.

use std::{error::Error, fmt};

/// How far a session has come.
///
/// It moves only `pending → connected → completed | failed` or `pending → failed`. Staying is no move.
///
/// ```
/// use tenure_core::Status;
///
/// assert_eq!(Status::Pending.to(Status::Connected), Ok(Status::Connected));
/// let refused = Status::Completed.to(Status::Pending).unwrap_err();
/// assert_eq!(refused.to_string(), "a completed session cannot become pending: it is at its end");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Status {
    /// Created; nobody has claimed it.
    Pending,
    /// Both sides are there.
    Connected,
    /// Done.
    Completed,
    /// Given up.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Connected, Self::Completed, Self::Failed];

    /// The status after a move to `next`.
    ///
    /// # Errors
    /// [`InvalidTransition`] if that move does not exist.
    pub fn to(self, next: Self) -> Result<Self, InvalidTransition> {
        let allowed = match self {
            Self::Pending => matches!(next, Self::Connected | Self::Failed),
            Self::Connected => matches!(next, Self::Completed | Self::Failed),
            Self::Completed | Self::Failed => false,
        };
        if allowed || self == next { Ok(next) } else { Err(InvalidTransition { from: self, to: next }) }
    }

    /// Its name, in lower case.
    ///
    /// ```
    /// use tenure_core::Status;
    ///
    /// assert_eq!(Status::Pending.as_str(), "pending");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Connected => "connected",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A status was to make a move that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTransition {
    /// The status that it has.
    pub from: Status,
    /// The status that it was to have.
    pub to: Status,
}

impl fmt::Display for InvalidTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        let instead = match from {
            Status::Pending => "it can become connected or failed",
            Status::Connected => "it can become completed or failed",
            Status::Completed | Status::Failed => "it is at its end",
        };
        write!(f, "a {from} session cannot become {to}: {instead}")
    }
}

impl Error for InvalidTransition {}

/// A session was not updated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateError {
    /// There is no session under this code.
    NotFound {
        /// The code.
        code: String,
    },
    /// The update would have moved the status where it cannot go. Nothing was changed.
    InvalidTransition(InvalidTransition),
}

impl fmt::Display for UpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { code } => write!(f, "no session with the code {code:?} to update"),
            Self::InvalidTransition(refused) => fmt::Display::fmt(refused, f),
        }
    }
}

impl Error for UpdateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotFound { .. } => None,
            Self::InvalidTransition(refused) => Some(refused),
        }
    }
}

/// A session was not claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimError {
    /// There is no session under this code.
    NotFound {
        /// The code.
        code: String,
    },
    /// It is not pending: somebody else has claimed it, or it has failed.
    AlreadyUsed {
        /// The code.
        code: String,
        /// The status that it has.
        status: Status,
    },
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { code } => write!(f, "no session with the code {code:?} to claim"),
            Self::AlreadyUsed { code, status } => {
                write!(f, "the session with the code {code:?} is already used: it is {status}, not pending")
            }
        }
    }
}

impl Error for ClaimError {}
