//! Pairs two devices by a code and pipes anything between them; passes messages of rooms on. Over `tenure-tokio`.
//!
//! This is the library of the program `tenure-relay`: what its parts share, and what its tests use.
//!
//! | module | holds |
//! | --- | --- |
//! | [`wire`] | the control messages between a client and the relay |
//! | [`envelope`] | what two paired clients say to each other, through the relay |
//! | [`serve`] | the relay |
//! | [`send`], [`receive`], [`exit`] | the two sides of a transfer on the command line, and how they can end |
//! | [`transfer`] | what those two share: the connection, the session over it, files on both ends |
//! | [`load`] | many clients at once, to measure the relay |
#![forbid(unsafe_code)]

pub mod envelope;
pub mod exit;
pub mod load;
pub mod receive;
pub mod send;
pub mod serve;
pub mod transfer;
pub mod wire;
