//! What is asked of a route table, and what it answers.

use tenure_core::{Reason, Source};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Lets time pass.
    Advance(u64),
    /// `set_with_ttl`; the default is a time like any other.
    Set {
        /// The key.
        key: usize,
        /// The route, as a number.
        route: u64,
        /// Milliseconds.
        ttl: u64,
    },
    /// `get`.
    Get(usize),
    /// `peek`.
    Peek(usize),
    /// `resolve`.
    Resolve {
        /// The key.
        key: usize,
        /// The one route that the caller provides.
        provided: Option<u64>,
    },
    /// `peek_resolve`.
    PeekResolve {
        /// The key.
        key: usize,
        /// The one route that the caller provides.
        provided: Option<u64>,
    },
    /// `touch_with_ttl`.
    Touch {
        /// The key.
        key: usize,
        /// Milliseconds; zero expires it.
        ttl: u64,
    },
    /// `remove`.
    Remove(usize),
    /// `prune`, of the whole table.
    Prune,
    /// `maintain`, which nobody may notice unless a partition has failed.
    Maintain,
    /// `fail_partition`, the one where this key lies.
    Fail(usize),
}

impl Call {
    /// The key that it may change, if it is about one.
    pub(super) fn changes(self) -> Option<usize> {
        match self {
            Self::Set { key, .. }
            | Self::Resolve { key, .. }
            | Self::Touch { key, .. }
            | Self::Get(key)
            | Self::Remove(key) => Some(key),
            Self::Advance(_)
            | Self::Peek(_)
            | Self::PeekResolve { .. }
            | Self::Prune
            | Self::Maintain
            | Self::Fail(_) => None,
        }
    }

    /// Whether a place of the bound may be in its hands: it stores or it removes.
    pub(super) fn may_hold_a_place(self) -> bool {
        self.changes().is_some() || self == Self::Prune
    }
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done; there is nothing to say.
    Done,
    /// A record.
    Fresh {
        /// The route.
        route: u64,
        /// When it was set last.
        updated_at: u64,
        /// When it expires.
        expires_at: u64,
    },
    /// There is none.
    NotFound,
    /// There was one.
    Expired,
    /// What a `remove` gave back.
    Removed(Option<u64>),
    /// A resolution.
    Resolved(Resolved),
    /// Nothing to resolve to.
    NoRoute {
        /// Whether anything expired was met.
        stale: bool,
    },
    /// The partition is out of service.
    Unavailable,
    /// Whether this call has taken it out of service.
    Failed(bool),
}

/// A resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Where to.
    pub route: u64,
    /// Whose route that is.
    pub source: Source,
    /// Whether anything expired was met.
    pub stale: bool,
    /// Why it is not the key's own.
    pub reason: Option<Reason>,
}
