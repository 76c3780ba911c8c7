//! The table's laws, one thread or many at once; the models are in `tests/races.rs`.

mod harness;
#[cfg(not(tenure_loom))]
mod laws;
mod races;
#[cfg(not(tenure_loom))]
mod trouble;
