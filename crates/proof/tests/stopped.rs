//! The stopped thread: lock-freedom, seen from outside.
//!
//! Workers do every operation of both tables, in random order, without a pause. One thread is stopped by a signal, at
//! whatever instruction it is, and stays so (`halt.rs`); all others, the table's background thread included, must still
//! do a fixed number of operations, each kind at least once, and whoever waits for what has happened must be told.
//! Then another is stopped, and so on. At the end threads are stopped that are never let go.
//!
//! The same harness runs over `DashMap` and over a sharded `RwLock<HashMap>`, to show that it can tell: those hang.
//!
//! `cargo test -p tenure-proof --test stopped` takes some seconds; `just stopped` makes 1,000 stops and more.
//! It has no libtest around it (`harness = false`), so that no thread is there that is not part of it, and its allocator
//! is its own (`arena.rs`): one that is stopped inside of malloc would hold malloc's lock.

#[cfg(target_os = "linux")]
#[path = "stopped/arena.rs"]
mod arena;
#[cfg(target_os = "linux")]
#[path = "stopped/cost.rs"]
mod cost;
#[cfg(target_os = "linux")]
#[path = "stopped/crew.rs"]
mod crew;
#[cfg(target_os = "linux")]
#[path = "stopped/halt.rs"]
mod halt;
#[cfg(target_os = "linux")]
#[path = "stopped/legs.rs"]
mod legs;
#[cfg(target_os = "linux")]
#[path = "stopped/peers.rs"]
mod peers;
#[cfg(target_os = "linux")]
#[path = "stopped/tenure.rs"]
mod tenure;

#[cfg(target_os = "linux")]
#[global_allocator]
static ARENA: arena::Arena = arena::Arena::new();

/// Ends the process, whoever is stopped or hangs: nobody is waited for.
#[cfg(target_os = "linux")]
fn fail(why: &str) -> ! {
    eprintln!("FAILED: {why}");
    std::process::exit(101)
}

#[cfg(target_os = "linux")]
fn main() {
    legs::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: threads are stopped with Linux's tgkill");
}
