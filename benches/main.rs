//! `cargo bench -p tenure-benches --bench suite -- [--quick] [WORKLOAD ...]`
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tenure_benches::Counting = tenure_benches::Counting;

fn main() -> ExitCode {
    tenure_benches::run(std::env::args_os().skip(1))
}
