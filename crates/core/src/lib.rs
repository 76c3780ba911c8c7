//! Routes that live for a time, sessions that live as long as their owner: in memory, bounded, lock-free.
//!
//! ```
//! use std::time::Duration;
//! use tenure_core::{ManualClock, Pairing, Route, RouteTable, SessionKey, SessionMap};
//!
//! let clock = ManualClock::new();
//! let routes = RouteTable::builder().ttl(Duration::from_secs(60)).clock(clock.clone()).build()?;
//! let key = SessionKey::new("telegram", "bot_1", "chat_123", Some("t_9"));
//! routes.set(&key, Route::new("!abc:example.org")?)?;             // insert
//! clock.advance(Duration::from_secs(59));
//! routes.set(&key, Route::new("!abc:example.org")?)?;             // renew: nothing is allocated
//! clock.advance(Duration::from_secs(59));
//! assert_eq!(routes.resolve(&key, &[])?.route.external_room(), "!abc:example.org");
//! clock.advance(Duration::from_secs(1));
//! assert!(routes.resolve(&key, &[]).is_err());                    // expired
//!
//! let sessions = SessionMap::new();
//! let connection = sessions.owner();
//! let code = sessions.create_with_new_code(Pairing::sending(), &connection)?;
//! drop(connection);                                               // its owner is lost
//! assert!(sessions.get(&code).is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The types
//! | type | is |
//! | --- | --- |
//! | [`RouteTable`] | routes under session keys, each with a deadline; partitions with a hard bound each |
//! | [`SessionKey`], [`KeyRef`] | (channel, bridge, room, thread or none), owned and borrowed |
//! | [`Route`], [`Destination`] | what the table stores: the ready-made route, and what any other must be able to do |
//! | [`SessionMap`] | sessions under codes, with enforced states |
//! | [`Owner`], [`OwnerRef`] | what a session lives as long as: the handle that decides, and its name |
//! | [`Guard`], [`pin`] | a short permission to read without copying |
//! | [`SystemClock`], [`TickingClock`], [`ManualClock`] | where time comes from; with the manual one, tests see expiry without sleeping |
//! | [`Pruner`] | the background thread, of one table or of several |
//! | [`Observer`], [`EventQueue`] | who is told what happened |
//! | [`RecentRemovals`] | why something is gone |
//!
//! # What is guaranteed
//! - `get`, `peek` and a `resolve` that hits its own key wait for nobody and write nothing that another thread reads.
//!   Every other operation is lock-free: it finishes although any other thread is stopped for ever in the middle of
//!   its own.
//! - Each operation on one key or code is atomic. A `resolve` that falls back reads two keys, one after the other.
//! - An expired record and a dead owner's session are invisible at once, without anybody having to clean up.
//! - The bounds are hard: no reader ever sees more.
//! - An owner's death removes what is *that owner's*: a successor under the same code is not touched.
//! - What is removed is dropped soon after: within milliseconds if a background thread serves the table, else at the
//!   next `maintain`, or with a later removal.
//! - A panic in your code (`PartialEq`, `Clone`, `Drop`, an update's closure, an observer) leaves the tables correct.
//!
//! | operation | atomic | progress |
//! | --- | --- | --- |
//! | `get`, `peek`, `resolve` that hits | yes, on its key or code | waits for nobody |
//! | `resolve` that falls back | its parts are: the key, the room, the write-back | lock-free |
//! | `set`, `touch`, `remove`; `create`, `update`, `claim`, `delete`, `hand_over` | yes, on its key or code | lock-free |
//! | an owner's death, suspension, resumption | yes, for all of its sessions at once | lock-free |
//! | `iter`, `iter_room`, `list_active` | no: what is there during the whole walk is seen once, what comes or goes meanwhile perhaps | waits for nobody |
//! | `prune`, `hand_over_all` | no: each record or session by itself | lock-free |
//! | `len`, `count_active`, `stats` | no: they count while others go on | waits for nobody |
//! | `wait_until`, `wait_for`, `wait_gone`, `wait_drained` | – | wait for what they are called for, up to a limit |
//!
//! `docs/guarantees.md` in the repository says more, and at which instant each operation happens.
//!
//! # Which crate
//! | your sessions end with | use |
//! | --- | --- |
//! | a value in a scope, or what you end by hand; routes only | `tenure-core` |
//! | a thread, a process, a socket, signs of life, in a blocking program | `tenure-std`, which is `tenure-core` and these owners |
//! | the same or a task, a token, a channel, a future, in an async program | `tenure-tokio` |
//!
//! # Trade-offs, and when to use something else
//! What is *set* longest ago is evicted, whatever is read: so a read writes nothing. Answers are copies, or borrowed under a
//! [`Guard`], which keeps in memory what is removed while it lives. A record takes about 230 bytes, and an update of a session
//! copies it. Each operation is atomic by itself; there are no transactions.
//!
//! | you have | take |
//! | --- | --- |
//! | a cache that should keep what is *used* most | `moka`, `quick_cache` |
//! | a map without deadlines, bounds or owners | `dashmap`, or `papaya` where reads must not wait |
//! | one task for each session, which answers messages and is supervised | an actor framework's registry |
//! | a few hundred entries that few threads touch now and then | a `Mutex<HashMap>`: simpler, and as fast |
//! | one thread | a `HashMap` and a queue of deadlines |
//! | state that outlives the process, or is shared between processes | a database |
//! | deadlines that must call you back on time | a timer: here a deadline decides what is visible |
//!
//! # Time
//! Times are monotonic milliseconds of one [`Clock`] per table; the time of day appears only where a person reads it.
//! The system's clock is coarse (1 to 10 ms on Linux) because a precise one costs more than the look-up. A [`TickingClock`],
//! which a thread moves every millisecond, is finer and cheaper to read, and costs that thread. A [`ManualClock`] moves
//! when it is told to; `tenure-tokio` has one that follows `tokio::time::pause`.
//!
//! # `.await`
//! Owned answers may be held across it. A [`Guard`] may not, and what is borrowed under one may not: the guard is not
//! `Send`, so the compiler refuses it in a task that may move.
//!
//! # Platforms
//! Linux, macOS and Windows; Rust 1.88 or later, which CI holds it to. What differs: on Linux the clock is the kernel's coarse
//! one, elsewhere [`Instant`](std::time::Instant), which costs a look-up some 20 ns more; a [`TickingClock`] does not.
//!
//! # Features
//! | feature | adds |
//! | --- | --- |
//! | `serde` | serialization of keys, routes, records, resolutions, sessions, counters and events |
//! | `tracing` | `TracingObserver`: what happens in a table, as events of `tracing` |
//! | `metrics` | `MetricsObserver`: what happens in a table, as counters of `metrics`, with names for Prometheus |
//!
//! None is on by default, and none changes what is there without it.

mod clock;
mod error;
mod event;
mod key;
#[cfg(any(feature = "metrics", feature = "tracing"))]
mod observe;
mod owner;
mod panics;
#[cfg(all(test, not(tenure_loom)))]
#[path = "../tests/patience/mod.rs"]
mod patience;
mod pruner;
#[allow(unsafe_code, reason = "the one place for it: raw/mod.rs says what it relies on")]
mod raw;
mod route;
mod session;
mod stats;
mod stripe;
mod sync;
mod wide;

pub use clock::{Clock, ManualClock, SystemClock, Tick, TickingClock, TimeGoesBackwards};
pub use error::*;
pub use event::{
    DeathReason, EndCause, Event, EventQueue, Observer, Outcome, OwnedEvent, OwnedWhat, Received,
    RecentRemovals, Removal, RemovalCause, RouteEvent, SessionEvent, What,
};
pub use key::{AsKey, KeyHashes, KeyRef, MessageContext, ParseKeyError, ParseKeyErrorKind, SessionKey};
#[cfg(any(feature = "metrics", feature = "tracing"))]
pub use observe::*;
pub use owner::{
    Incarnation, NoToken, Owner, OwnerRef, ParseTokenError, ResumeError, SuspendError, SuspendErrorKind,
    Token,
};
pub use pruner::Pruner;
pub use raw::{Guard, pin};
pub use route::*;
pub use session::*;

/// The examples of the README and of the guides are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/migration.md")]
#[doc = include_str!("../../../docs/from-elixir.md")]
#[doc = include_str!("../../../docs/guarantees.md")]
#[doc = include_str!("../../../docs/owners.md")]
#[doc = include_str!("../../../docs/algorithm.md")]
#[doc = include_str!("../../../docs/design.md")]
#[doc = include_str!("../../../docs/tuning.md")]
struct Guides;
