//! Benchmarks of Tenure against what a user would pick today: `just bench`, `just bench-quick`.
//!
//! A file for each workload (`w1_resolve.rs` ...), a file for each table that takes part (`peers/`), and one trait
//! between them. What is measured, how, and the last figures: `docs/benchmarks.md`.
#![deny(unsafe_code)]

mod crew;
mod keys;
mod load;
mod names;
mod options;
mod peers;
mod report;
mod rng;
mod suite;
mod tasks;
mod ticker;
mod userroute;
mod w1_resolve;
mod w2_fallback;
mod w3_set;
mod w4_mixed;
mod w5_hot;
mod world;

pub use suite::run;
