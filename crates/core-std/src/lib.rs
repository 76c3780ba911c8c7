//! Blocking owners for [`tenure_core`]: sessions that end with the thread, socket or process that holds them.
//!
//! So far this crate only re-exports the core. Monitors that report the end of a thread, child process or blocking
//! socket to a session's owner will stand here. Until then hold the core's owner handle in whatever ends with the
//! peer: dropping the handle ends its sessions.
#![forbid(unsafe_code)]

pub use tenure_core;
