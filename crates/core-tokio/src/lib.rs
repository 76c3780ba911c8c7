//! Async owners for [`tenure_core`]: sessions that end with the task, socket or process that holds them.
//!
//! So far this crate only re-exports the core. Monitors that report the end of a tokio task, socket or process to a
//! session's owner, async waiting for a session, and streams of events will stand here. Until then use the core
//! directly: apart from its blocking waits, no table operation holds up an executor thread for another thread's sake.
#![forbid(unsafe_code)]

pub use tenure_core;
