//! Benchmarks of Tenure against what a user would pick today: `just bench`, `just bench-quick`.
//!
//! A file for each workload (`w1_resolve.rs` ...), a file for each table that takes part (`peers/`, `session_peers/`),
//! and one trait between them. What is measured, how, and the last figures: `docs/benchmarks.md`.

mod chart;
mod counting;
mod crew;
mod keys;
mod lines;
mod load;
mod long;
mod machine;
mod names;
mod options;
mod pace;
mod peers;
mod report;
mod rng;
mod session_peers;
mod suite;
mod system;
mod tasks;
mod ticker;
mod userroute;
mod w10_grow;
mod w1_resolve;
mod w2_fallback;
mod w3_set;
mod w4_mixed;
mod w5_hot;
mod w6_sessions;
mod w7_owners;
mod w8_prune;
mod w9_memory;
mod world;

pub use counting::Counting;
pub use suite::run;
