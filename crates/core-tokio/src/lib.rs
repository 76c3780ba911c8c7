//! Async owners for [`tenure_core`]: sessions that end with the task, socket or process that holds them.
//!
//! ```
//! use std::time::Duration;
//! use tenure_core::{DeathReason, EndCause, OwnerRef, RouteTable, SessionKey, SessionMap};
//! use tenure_tokio::{TokioClock, spawn_owned};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let routes = RouteTable::builder().ttl(Duration::from_secs(60)).clock(TokioClock::new()).build()?;
//! let key = SessionKey::for_room("irc", "libera", "#rust");
//! routes.set(&key, "!rust")?;                                 // insert
//! tokio::time::advance(Duration::from_secs(59)).await;        // the runtime's time is paused in this test
//! routes.set(&key, "!rust")?;                                 // renew
//! tokio::time::advance(Duration::from_secs(60)).await;
//! assert!(routes.get(&key).is_err());                         // expired
//!
//! let sessions = SessionMap::new();
//! let map = sessions.clone();
//! let connection = spawn_owned(sessions.owner(), async move |owner: OwnerRef| {
//!     map.create("K7QX", "state", &owner).expect("a free code");
//!     std::future::pending::<()>().await;
//! });
//! sessions.appears("K7QX").await;
//! let gone = sessions.gone("K7QX");
//! connection.abort();                                         // its owner is lost: nobody has to clean up
//! assert_eq!(gone.await?, EndCause::OwnerDied(DeathReason::Cancelled));
//! # Ok(())
//! # }
//! ```
//!
//! # An owner that lives as long as
//! | | by | noticed |
//! | --- | --- | --- |
//! | a value in a scope | [`Owner`](tenure_core::Owner), [`Keep`] | when its drop returns |
//! | a task that you spawn | [`spawn_owned`] | at its end, before it can be joined; aborted, panicked, or its runtime dropped |
//! | a task that somebody else spawned | [`own_task`], [`own_abort_handle`] | when its handle says so; within 5 ms |
//! | a cancellation token | [`own_cancellation`] | when it is cancelled |
//! | the other end of an mpsc or oneshot channel | [`own_sender`], [`own_oneshot`] | when that is closed or dropped |
//! | anything that can be awaited | [`own_until`] | when it is ready |
//! | a child process | [`Monitor::child`] | by the kernel |
//! | any process, by its number | [`Monitor::process`] | by the kernel (Linux); on other Unix within 5 ms |
//! | the peer of a TCP or Unix socket | [`Monitor::socket`], [`Monitor::shared_socket`] | by the kernel (Linux) |
//! | signs of life | [`Monitor::heartbeat`] | an interval to a quarter more after the last |
//!
//! Every death has a [reason](tenure_core::DeathReason), which everybody who waits or observes is told. With
//! [`Monitor::with_grace`] a lost connection suspends its owner first. [`Watcher`] waits and watches.
//!
//! All of it works on a multi-thread and on a current-thread runtime. Sockets and processes are seen by the one thread
//! of [`tenure_std::Monitor`], heartbeats by one task; a task of somebody else's, a token and a channel cost one small
//! task each. [`TokioClock`] moves a table's time with `tokio::time::pause`.
//!
//! # Elsewhere than on Linux
//! As with [`tenure_std`]: processes are asked every 5 ms on other Unix systems, and [`Monitor::socket`](Monitor) is not there. Children
//! are seen everywhere as tokio sees them.
//!
//! # Guarantees
//! - From the instant of an owner's death none of its sessions is visible, all at once, whoever noticed it and however late.
//! - A thing that has ended before it was given an owner ends it at once; nothing is missed between the two.
//! - An owner dies once, with the first reason that anybody gives.
//! - No operation of a table waits for a task, and none is `async`: they may be called from anywhere. Only waiting is.
//!
//! | operation | atomic | progress |
//! | --- | --- | --- |
//! | those of the tables | see [`tenure_core`] | lock-free, and a `get` waits for nobody |
//! | ending an owner, by whatever notices | yes, for all of its sessions at once | lock-free |
//! | giving an owner to a [`Monitor`], taking it back | yes | may wait, shortly, for a lock of that monitor |
//! | [`Watcher`]'s methods, the futures | – | wait for what they are called for; cancel safe |
//!
//! # Time
//! A table's time is its own clock's ([`tenure_core`]); with a [`TokioClock`] it is the runtime's, as heartbeats' and limits' is.
//!
//! # `.await`
//! Owned answers, owners and watchers may be held across it; a [`Guard`](tenure_core::Guard), and what is borrowed under one, may
//! not, and the compiler says so. All waiting is cancel safe: a [`Watcher`] whose future is dropped has lost nothing.
//!
//! # Which crate
//! Blocking programs take [`tenure_std`]. Those whose owners are values in scopes need [`tenure_core`] alone, which this crate
//! exports. For tasks that answer messages, with supervision, there are actor frameworks.
//!
//! # Features
//! None; those of [`tenure_core`] can be turned on by depending on it too.
#![forbid(unsafe_code)]

mod channels;
mod clock;
mod monitor;
mod tasks;
mod watcher;

pub use channels::{own_cancellation, own_oneshot, own_sender, own_unbounded_sender};
pub use clock::TokioClock;
pub use monitor::{ChildProcess, Monitor};
pub use tasks::{Monitored, OwnedUntil, TaskError, own_abort_handle, own_task, own_until, spawn_owned};
pub use tenure_core;
#[cfg(target_os = "linux")]
pub use tenure_std::Attached;
pub use tenure_std::{Heartbeat, Keep, MonitorError, Pulse, Thrown};
pub use watcher::{EventStream, Watcher};

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
