//! What a suspended owner is resumed with.

use super::{Incarnation, Owner};
use std::{error::Error, fmt, num::NonZeroU64, str::FromStr};

/// What an owner that is suspended is resumed with: its number, and a secret that nobody can guess.
///
/// Give it to the peer when it connects; who comes back with it gets the sessions back. As text it is the number, a
/// dash and 16 hexadecimal digits. The secret is 64 bits from the operating system's secure source; `Debug` does not
/// show it. A token stays the same as long as its owner lives, however often that is suspended and resumed.
///
/// ```
/// use tenure_core::{ParseTokenError, SessionMap, Token};
///
/// let map = SessionMap::<()>::new();
/// let owner = map.owner();
/// let token = owner.token()?;
/// assert_eq!(token.to_string().parse(), Ok(token));
/// assert_eq!(token.incarnation(), owner.incarnation());
/// let refused: ParseTokenError = "17".parse::<Token>().unwrap_err();
/// assert_eq!(refused.to_string(), "no owner's token: that is a number, a dash and 16 hexadecimal digits");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    incarnation: Incarnation,
    secret: u64,
}

impl Token {
    pub(super) fn new(incarnation: Incarnation, secret: u64) -> Self {
        Self { incarnation, secret }
    }

    /// The number of the owner that it resumes.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    pub(crate) fn secret(&self) -> u64 {
        self.secret
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}-{:016x}", self.incarnation, self.secret))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("incarnation", &self.incarnation.get()).finish_non_exhaustive()
    }
}

impl FromStr for Token {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, ParseTokenError> {
        let parse = || {
            let (number, secret) = text.split_once('-')?;
            let digits = |text: &str, digit: fn(&u8) -> bool| text.as_bytes().iter().all(digit);
            if !digits(number, u8::is_ascii_digit) || !digits(secret, u8::is_ascii_hexdigit) {
                return None;
            }
            let number = number.parse::<NonZeroU64>().ok()?;
            let secret = u64::from_str_radix(secret, 16).ok().filter(|_| secret.len() == 16)?;
            Some(Self::new(Incarnation(number), secret))
        };
        parse().ok_or(ParseTokenError(()))
    }
}

/// A text is no token. The text is not repeated: it may be a secret with a slip of the pen in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseTokenError(());

impl fmt::Display for ParseTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no owner's token: that is a number, a dash and 16 hexadecimal digits")
    }
}

impl Error for ParseTokenError {}

/// An owner has no token, because the operating system gave no random bytes to draw it from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoToken {
    pub(super) why: String,
}

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the system gave no random bytes for a token: {}", self.why)
    }
}

impl Error for NoToken {}

/// An owner was not suspended. It holds the owner, so that dropping the error ends it.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{SessionMap, SuspendError, SuspendErrorKind};
///
/// let map = SessionMap::<()>::new();
/// let owner = map.owner();
/// drop(map);
/// let refused: SuspendError = owner.suspend(Duration::from_secs(30)).unwrap_err();
/// assert_eq!(*refused.kind(), SuspendErrorKind::MapGone);
/// assert!(refused.into_owner().is_alive());
/// ```
#[derive(Debug)]
pub struct SuspendError {
    pub(super) kind: SuspendErrorKind,
    pub(super) owner: Owner,
}

/// Why an owner was not suspended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SuspendErrorKind {
    /// It is dead.
    OwnerDead {
        /// Its incarnation.
        incarnation: u64,
    },
    /// The map that made it is gone, so nobody could resume it.
    MapGone,
    /// There is nothing to draw its token from.
    NoToken(NoToken),
}

impl SuspendError {
    /// Why it was not suspended.
    pub fn kind(&self) -> &SuspendErrorKind {
        &self.kind
    }

    /// The owner that was handed in.
    pub fn into_owner(self) -> Owner {
        self.owner
    }
}

impl fmt::Display for SuspendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SuspendErrorKind::OwnerDead { incarnation } => {
                write!(f, "owner {incarnation} is dead and cannot be suspended any more")
            }
            SuspendErrorKind::MapGone => {
                write!(f, "owner {} cannot be suspended: its map is gone", self.owner.incarnation())
            }
            SuspendErrorKind::NoToken(error) => error.fmt(f),
        }
    }
}

impl Error for SuspendError {}

/// An owner was not resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResumeError {
    /// The map has no such owner, or it is not suspended: it never was, or it was resumed already.
    NotSuspended {
        /// The incarnation in the token.
        incarnation: u64,
    },
    /// It was not resumed in time, or was ended meanwhile: it is dead.
    OwnerDead {
        /// The incarnation in the token.
        incarnation: u64,
    },
    /// The secret in the token is not that owner's.
    WrongToken {
        /// The incarnation in the token.
        incarnation: u64,
    },
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSuspended { incarnation } => write!(
                f,
                "owner {incarnation} is not suspended in this map: it never was, is resumed already, or is long dead"
            ),
            Self::OwnerDead { incarnation } => {
                write!(
                    f,
                    "owner {incarnation} is dead: it was not resumed in time, or was ended: make a new one"
                )
            }
            Self::WrongToken { incarnation } => write!(f, "this is not the token of owner {incarnation}"),
        }
    }
}

impl Error for ResumeError {}
