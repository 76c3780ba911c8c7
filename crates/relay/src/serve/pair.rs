//! Pairing: two connections that find each other by a code, and are piped to each other.
//!
//! Each connection has an owner. The one that has created the code owns the session under it in `creators`; the one
//! that has claimed it owns an entry under the same code in `claimers`. Each watches the other's entry: that is how it
//! learns that the other side is lost, back, or gone, and why. One that may come back suspends its owner when its
//! connection is lost, and resumes it with its token. The library's monitor does so, or ends the owner, when a connection
//! gives no sign of life. Why sides are gone is remembered: who comes back too late is told.
//!
//! | file | holds |
//! | --- | --- |
//! | `open.rs` | the first message: a code is created or claimed |
//! | `resume.rs` | the first message: a session is taken up again |
//! | `token.rs` | what a side comes back with |
//! | `link.rs` | one connection, from there to its end |
//! | `inbound.rs`, `outbound.rs` | its two directions: what is read, what is written |
//! | `observe.rs` | what it learns of the other side |
//! | `lane.rs` | the way of the frames from one side to the other, and its bound |
//! | `words.rs` | why something ended, in the words of the protocol |

use super::{client::Address, limits::Place, relay::Relay};
use crate::wire::{PairCode, Reason, Role};
use std::sync::{Arc, Mutex, atomic::AtomicU64};
use tenure_core::{SessionMap, Token};
use tokio::sync::Notify;

mod inbound;
mod lane;
mod link;
mod observe;
mod open;
mod outbound;
mod resume;
mod token;
mod words;

pub(super) use link::run;
pub(super) use token::Tickets;
pub(super) use words::reason_of;

use lane::Lane;

/// What the table holds of a side.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) pair: Arc<Pair>,
    pub(super) address: Address,
    /// What it comes back with; none if it may not.
    token: Option<Token>,
    /// Asks the connection that stands for this side to make room for another.
    displace: Arc<Notify>,
    /// How its connection ended, if it may come back; none if the monitor has suspended it, for it gave no sign of life.
    pub(super) lost: Option<Reason>,
    /// How the other side ended, for a side that was not there to see it.
    bereaved: Option<Reason>,
}

/// What two sides share: the ways between them.
#[derive(Debug)]
pub(super) struct Pair {
    lanes: [Lane; 2],
    /// Bytes handed over, by the role of who has sent them.
    pub(super) bytes: [AtomicU64; 2],
    /// The creator's place under the limits.
    _place: Mutex<Option<Place>>,
}

impl Pair {
    fn new(place: Place) -> Arc<Self> {
        Arc::new(Self {
            lanes: [Lane::new(), Lane::new()],
            bytes: Default::default(),
            _place: Mutex::new(Some(place)),
        })
    }

    /// The way of what this side sends.
    fn lane_from(&self, role: Role) -> &Lane {
        &self.lanes[role as usize]
    }
}

/// The entries of the sides with this role.
fn sides(relay: &Relay, role: Role) -> &SessionMap<Side> {
    match role {
        Role::Creator => &relay.creators,
        Role::Claimer => &relay.claimers,
    }
}

/// One side of a session, as its connection knows it.
struct Party {
    code: PairCode,
    role: Role,
    pair: Arc<Pair>,
    token: Option<Token>,
    displace: Arc<Notify>,
}

impl Party {
    fn resumable(&self) -> bool {
        self.token.is_some()
    }
}
