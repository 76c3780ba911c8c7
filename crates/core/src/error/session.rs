//! What a session map refuses, where the refusal needs no word of the map's own. (What speaks of a status or of a
//! cause stands with those: `session/status.rs`, `session/wait.rs`.)

use super::SettingError;
use std::{error::Error, fmt, io};

/// A session was not created. It holds the payload, so that nothing is lost.
///
/// ```
/// use tenure_core::{CreateErrorKind, SessionMap};
///
/// let map = SessionMap::<String>::builder().capacity(1).build()?;
/// let owner = map.owner();
/// map.create("A", "one".to_owned(), &owner)?;
/// let error = map.create("B", "two".to_owned(), &owner).unwrap_err();
/// assert_eq!(*error.kind(), CreateErrorKind::MapFull { capacity: 1 });
/// assert_eq!(error.payload(), "two");
/// assert_eq!(error.into_payload(), "two");
///
/// let (kind, payload) = map.create("A", "three".to_owned(), &owner).unwrap_err().into_parts();
/// assert_eq!((kind, payload), (CreateErrorKind::AlreadyExists { code: "A".into() }, "three".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CreateError<P> {
    kind: CreateErrorKind,
    payload: P,
}

impl<P> CreateError<P> {
    pub(crate) fn new(kind: CreateErrorKind, payload: P) -> Self {
        Self { kind, payload }
    }

    /// Why it was not created.
    pub fn kind(&self) -> &CreateErrorKind {
        &self.kind
    }

    /// What was handed in.
    pub fn payload(&self) -> &P {
        &self.payload
    }

    /// What was handed in, to keep.
    #[must_use]
    pub fn into_payload(self) -> P {
        self.payload
    }

    /// Both.
    #[must_use]
    pub fn into_parts(self) -> (CreateErrorKind, P) {
        (self.kind, self.payload)
    }
}

/// Without the payload.
impl<P> fmt::Debug for CreateError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<P> fmt::Display for CreateError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.kind, f)
    }
}

impl<P> Error for CreateError<P> {}

/// Why a session was not created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateErrorKind {
    /// There is a session under this code.
    AlreadyExists {
        /// The code.
        code: String,
    },
    /// The owner is dead, or died while the session was created.
    OwnerDead {
        /// The owner's incarnation.
        incarnation: u64,
    },
    /// The owner was made by another map.
    ForeignOwner {
        /// The owner's incarnation.
        incarnation: u64,
    },
    /// At capacity: the map has as many sessions as it may.
    MapFull {
        /// How many that is.
        capacity: usize,
    },
    /// At capacity: the owner has as many sessions as one may.
    OwnerFull {
        /// How many that is.
        per_owner: usize,
    },
    /// The map was drained: it takes no more sessions.
    Draining,
    /// The operating system gave no random bytes to draw a code from.
    NoRandomness {
        /// What it said.
        why: String,
    },
    /// So many codes were drawn, and each was taken.
    NoFreeCode {
        /// How many.
        draws: u32,
    },
}

impl fmt::Display for CreateErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyExists { code } => write!(f, "a session with the code {code:?} already exists"),
            Self::OwnerDead { incarnation } => write!(f, "owner {incarnation} is dead: make a new one"),
            Self::ForeignOwner { incarnation } => {
                write!(f, "owner {incarnation} belongs to another session map: use one that this map made")
            }
            Self::MapFull { capacity } => {
                write!(f, "the map is at capacity: it holds {capacity} sessions, as many as it may")
            }
            Self::OwnerFull { per_owner } => {
                write!(f, "the owner is at capacity: it has {per_owner} sessions, as many as one may")
            }
            Self::Draining => f.write_str("the map was drained and takes no more sessions"),
            Self::NoRandomness { why } => write!(f, "the system gave no random bytes for a code: {why}"),
            Self::NoFreeCode { draws } => write!(f, "{draws} codes were drawn and each was taken: try again"),
        }
    }
}

impl Error for CreateErrorKind {}

/// A session was not handed over, and stays with the owner it has.
///
/// ```
/// use tenure_core::{HandOverError, SessionMap};
///
/// let map = SessionMap::<()>::new();
/// let refused = map.hand_over("K7QX", &map.owner()).unwrap_err();
/// assert_eq!(refused, HandOverError::NotFound { code: "K7QX".to_owned() });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandOverError {
    /// There is no session under this code, or its owner died before the hand-over was done.
    NotFound {
        /// The code.
        code: String,
    },
    /// The new owner is dead.
    OwnerDead {
        /// Its incarnation.
        incarnation: u64,
    },
    /// The new owner was made by another map.
    ForeignOwner {
        /// Its incarnation.
        incarnation: u64,
    },
    /// The new owner has as many sessions as one may.
    OwnerFull {
        /// How many that is.
        per_owner: usize,
    },
}

impl fmt::Display for HandOverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { code } => write!(f, "no session with the code {code:?} to hand over"),
            Self::OwnerDead { incarnation } => {
                write!(f, "owner {incarnation} is dead: hand the session to one that is alive")
            }
            Self::ForeignOwner { incarnation } => {
                write!(f, "owner {incarnation} belongs to another session map: use one that this map made")
            }
            Self::OwnerFull { per_owner } => {
                write!(f, "the new owner is at capacity: it has {per_owner} sessions, as many as one may")
            }
        }
    }
}

impl Error for HandOverError {}

/// Why a session map was not built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildSessionMapError {
    /// A setting makes no sense.
    Setting(SettingError),
    /// The background thread could not be started.
    Thread(io::Error),
}

impl fmt::Display for BuildSessionMapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "the background thread could not be started: {error}"),
        }
    }
}

impl Error for BuildSessionMapError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Setting(_) => None,
            Self::Thread(error) => Some(error),
        }
    }
}

impl From<SettingError> for BuildSessionMapError {
    fn from(error: SettingError) -> Self {
        Self::Setting(error)
    }
}
