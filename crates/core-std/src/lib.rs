//! Blocking owners for [`tenure_core`]: sessions that end with the thread, socket or process that holds them.
//!
//! ```
//! use std::time::Duration;
//! use tenure_core::{ManualClock, RouteTable, SessionKey, SessionMap};
//! use tenure_std::spawn_owned;
//!
//! let clock = ManualClock::new();
//! let routes = RouteTable::builder().ttl(Duration::from_secs(60)).clock(clock.clone()).build()?;
//! let key = SessionKey::for_room("irc", "libera", "#rust");
//! routes.set(&key, "!rust")?;                 // insert
//! clock.advance(Duration::from_secs(59));
//! routes.set(&key, "!rust")?;                 // renew
//! clock.advance(Duration::from_secs(60));
//! assert!(routes.get(&key).is_err());         // expired
//!
//! let sessions = SessionMap::new();
//! let map = sessions.clone();
//! let connection = spawn_owned(sessions.owner(), move |owner| {
//!     map.create("K7QX", "state", owner).expect("a free code");
//!     panic!("the connection breaks in the middle of a sentence");
//! })?;
//! assert!(connection.join().is_err());        // its owner is lost
//! assert!(sessions.get("K7QX").is_none());    // nobody had to clean up
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # An owner that lives as long as
//! | | by | noticed |
//! | --- | --- | --- |
//! | a value in a scope | [`Owner`](tenure_core::Owner), [`Keep`] | when its drop returns |
//! | a thread that you spawn | [`spawn_owned`] | at its end, before it can be joined |
//! | the current thread | [`own_current_thread`] | at its end, however it ends |
//! | a thread that somebody else spawned | [`Monitor::thread`] | within 5 ms |
//! | a channel's other end | [`Keep`] around that end | when it is dropped |
//! | a child process | [`Monitor::child`] | by the kernel (Linux); elsewhere within 5 ms |
//! | any process, by its number | [`Monitor::process`] | by the kernel (Linux); on other Unix within 5 ms |
//! | the peer of a TCP or Unix socket | [`Monitor::socket`], [`Monitor::shared_socket`] | by the kernel (Linux) |
//! | signs of life | [`Monitor::heartbeat`] | an interval to a quarter more after the last |
//!
//! Every death has a [reason](tenure_core::DeathReason), which everybody who waits or observes is told. With
//! [`Monitor::with_grace`] a lost connection suspends its owner first. [`Watcher`] waits and watches.
//!
//! One [`Monitor`] is one thread, however many owners it has. `tenure-tokio` has the same under the same names, for
//! async programs.
//!
//! # Elsewhere than on Linux
//! Linux tells of sockets and processes without polling, and holds a process by a descriptor, not by a number that is
//! used again. On other systems children are asked every 5 ms, and on other Unix systems processes too, by their number
//! alone. [`Monitor::socket`](Monitor) is not there: no safe interface to those systems tells that a peer has closed
//! without reading. End a connection's owner where its reads end, and add heartbeats.
//!
//! # Guarantees
//! - From the instant of an owner's death none of its sessions is visible, all at once, whoever noticed it and however late.
//! - A thing that has ended before it was given an owner ends it at once; nothing is missed between the two.
//! - An owner dies once, with the first reason that anybody gives.
//! - What is read is never taken: sockets and channels keep their data.
//! - Watching never holds a lock of a table; a [`Monitor`] whose last handle is dropped stops and joins its thread.
//!
//! | operation | atomic | progress |
//! | --- | --- | --- |
//! | those of the tables | see [`tenure_core`] | lock-free, and a `get` waits for nobody |
//! | ending an owner, by whatever notices | yes, for all of its sessions at once | lock-free |
//! | giving an owner to a [`Monitor`], taking it back | yes | may wait, shortly, for a lock of that monitor |
//! | [`Watcher`]'s methods, `join`, `wait` | – | wait for what they are called for |
//!
//! # Time
//! A table's time is its own clock's ([`tenure_core`]). Limits and heartbeats are real time, whatever clock the table has: it is
//! threads that wait. [`Hearts`] are heartbeats by a clock of yours, for tests.
//!
//! # Which crate
//! Async programs take `tenure-tokio`. Those whose owners are values in scopes need [`tenure_core`] alone, which this crate
//! exports. Where one connection is one task of an actor framework, its own supervision does what this crate does.
//!
//! # Features
//! None; those of [`tenure_core`] can be turned on by depending on it too.
#![forbid(unsafe_code)]

mod contain;
mod error;
mod heartbeat;
mod keep;
mod monitor;
mod threads;
mod thrown;
mod watcher;

pub use error::MonitorError;
pub use heartbeat::{Heartbeat, Hearts, Pulse};
pub use keep::Keep;
#[cfg(target_os = "linux")]
pub use monitor::Attached;
pub use monitor::{ChildProcess, Monitor, Monitored};
pub use tenure_core;
pub use threads::{own_current_thread, spawn_owned};
pub use thrown::{ThreadError, Thrown};
pub use watcher::{EventIter, Watcher};

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
