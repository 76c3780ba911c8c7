//! Threads that race on tables, with one guard for all of them: what models outside of this folder are built from.
//!
//! A guard belongs to its thread because of what it does when it is made, dropped or asked to defer; operations on
//! tables only want it to exist. Lending it keeps the reclaimer's own steps out of a model, which is far smaller then,
//! and its fences too, which hide orderings that are too weak.

use super::{Guard, pin};
use crate::sync::{Arc, AtomicUsize, Ordering, thread};

mod both;
pub(crate) use both::{Tracked, both};

/// A guard that other threads may use as long as they defer nothing.
#[derive(Clone, Copy)]
struct Lent(*const Guard);

// SAFETY: whoever lends it keeps the guard until the threads have ended.
unsafe impl Send for Lent {}

impl Lent {
    fn guard(&self) -> &Guard {
        // SAFETY: whoever lends it keeps the guard until the threads have ended.
        unsafe { &*self.0 }
    }
}

/// Runs the two in a thread each. Nothing in them may replace what a [`Cell`](super::Cell) holds, which defers.
pub(crate) fn race<A: Send + 'static, B: Send + 'static>(
    one: impl FnOnce(&Guard) -> A + Send + 'static,
    other: impl FnOnce(&Guard) -> B + Send + 'static,
) -> (A, B) {
    let guard = pin();
    let (ones, others) = (Lent(&raw const guard), Lent(&raw const guard));
    both(
        move || {
            let ones = ones;
            one(ones.guard())
        },
        move || {
            let others = others;
            other(others.guard())
        },
    )
}

/// As [`race`], with a third thread, which is the caller's own.
pub(crate) fn race_of_three<A: Send + 'static, B: Send + 'static, C>(
    one: impl FnOnce(&Guard) -> A + Send + 'static,
    other: impl FnOnce(&Guard) -> B + Send + 'static,
    own: impl FnOnce(&Guard) -> C,
) -> (A, B, C) {
    let guard = pin();
    let gate = Arc::new(AtomicUsize::new(0));
    let (ones, others) = (Lent(&raw const guard), Lent(&raw const guard));
    let (first, second) = (Arc::clone(&gate), Arc::clone(&gate));
    let one = thread::spawn(move || {
        let ones = ones;
        // Relaxed: must not order anything. (Why there is a gate: see `both`.)
        first.fetch_add(1, Ordering::Relaxed);
        one(ones.guard())
    });
    let other = thread::spawn(move || {
        let others = others;
        // Relaxed: as above.
        second.fetch_add(1, Ordering::Relaxed);
        other(others.guard())
    });
    // Relaxed: as above.
    gate.fetch_add(1, Ordering::Relaxed);
    let own = own(&guard);
    let (one, other) = (one.join(), other.join());
    (one.expect("no assertion failed"), other.expect("no assertion failed"), own)
}
