//! Benchmarks of Tenure against what a user would pick today.
//!
//! Nothing is measured here yet. One file per peer and one per workload will stand beside this one, and every peer
//! will have to answer a workload with the same, asserted result before it is timed.
#![forbid(unsafe_code)]
