//! What can go wrong with routes.

use std::{error::Error, fmt, io};

/// The partition that a key belongs to is out of service; the background thread, or
/// [`RouteTable::maintain`](crate::RouteTable::maintain), replaces it with an empty one.
///
/// ```
/// use tenure_core::RouteTable;
///
/// let table = RouteTable::<String>::builder().partitions(1).build().unwrap();
/// table.fail_partition(0);
/// let key = tenure_core::SessionKey::for_room("irc", "libera", "#rust");
/// assert_eq!(table.remove(&key).unwrap_err().partition, 0);
/// table.maintain();
/// assert_eq!(table.remove(&key), Ok(None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionUnavailable {
    /// Which partition.
    pub partition: usize,
}

impl fmt::Display for PartitionUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition {} is unavailable until it has been replaced with an empty one", self.partition)
    }
}

impl Error for PartitionUnavailable {}

/// Why there is no record to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GetError {
    /// There is none under this key.
    NotFound,
    /// There was one and it had expired. The call that reports this has removed it, unless it was a peek.
    Expired,
    /// The key's partition is out of service.
    Unavailable(PartitionUnavailable),
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no record under this key"),
            Self::Expired => f.write_str("the record under this key had expired"),
            Self::Unavailable(unavailable) => unavailable.fmt(f),
        }
    }
}

impl Error for GetError {}

impl From<PartitionUnavailable> for GetError {
    fn from(unavailable: PartitionUnavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

/// Why a key did not resolve to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResolveError {
    /// Neither the key nor its room has a fresh record, and no valid fallback was provided.
    NoRoute {
        /// Whether an expired record was met.
        stale: bool,
    },
    /// The key's partition or its room's is out of service, the other has no fresh record, and no valid fallback was
    /// provided.
    Unavailable(PartitionUnavailable),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoute { stale: false } => {
                f.write_str("no route under this key or its room, and no fallback")
            }
            Self::NoRoute { stale: true } => f.write_str(
                "no route: what was stored under this key or its room had expired, and no fallback",
            ),
            Self::Unavailable(unavailable) => unavailable.fmt(f),
        }
    }
}

impl Error for ResolveError {}

/// A set that was refused, with the route that was to be stored.
///
/// ```
/// use tenure_core::{RouteTable, SessionKey, SetError, SetErrorKind};
///
/// let table = RouteTable::<String>::default();
/// let refused: SetError<String> =
///     table.set(SessionKey::for_room("irc", "libera", "#rust"), String::new()).unwrap_err();
/// assert_eq!((refused.kind, refused.route), (SetErrorKind::InvalidRoute, String::new()));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SetError<R> {
    /// What was to be stored.
    pub route: R,
    /// Why it was not.
    pub kind: SetErrorKind,
}

/// Why a set was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetErrorKind {
    /// The route does not say where to go: its external room is empty.
    InvalidRoute,
    /// The time to live is zero.
    ZeroTtl,
    /// The key's partition is out of service.
    Unavailable(PartitionUnavailable),
}

impl fmt::Display for SetErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRoute => {
                f.write_str("a route without external room; it needs one that is not empty")
            }
            Self::ZeroTtl => f.write_str("a time to live of 0; it must be longer"),
            Self::Unavailable(unavailable) => unavailable.fmt(f),
        }
    }
}

impl Error for SetErrorKind {}

impl<R> fmt::Debug for SetError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<R> fmt::Display for SetError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the route was not stored: {}", self.kind)
    }
}

impl<R> Error for SetError<R> {}

/// A setting of a table that makes no sense, by its name and value.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{RouteTable, SettingError};
///
/// let refused = RouteTable::new().set_ttl(Duration::ZERO).unwrap_err();
/// assert_eq!(refused, SettingError::Zero { setting: "ttl" });
/// assert_eq!(refused.to_string(), "ttl is 0; it must be positive");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingError {
    /// It must be positive, and is 0.
    Zero {
        /// Which setting.
        setting: &'static str,
    },
    /// It is more than the table can do.
    TooMany {
        /// Which setting.
        setting: &'static str,
        /// What was asked for.
        value: usize,
        /// The most that is possible.
        most: usize,
    },
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { setting } => write!(f, "{setting} is 0; it must be positive"),
            Self::TooMany { setting, value, most } => {
                write!(f, "{setting} is {value}; it may be {most} at most")
            }
        }
    }
}

impl Error for SettingError {}

/// Why a route table was not built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildRouteTableError {
    /// A setting makes no sense.
    Setting(SettingError),
    /// The background thread could not be started.
    Thread(io::Error),
}

impl fmt::Display for BuildRouteTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "the background thread could not be started: {error}"),
        }
    }
}

impl Error for BuildRouteTableError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Setting(_) => None,
            Self::Thread(error) => Some(error),
        }
    }
}

impl From<SettingError> for BuildRouteTableError {
    fn from(error: SettingError) -> Self {
        Self::Setting(error)
    }
}
