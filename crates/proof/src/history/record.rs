//! What a run leaves behind.

use std::sync::atomic::{AtomicU64, Ordering};

/// One operation of a run.
#[derive(Clone, Debug)]
pub struct Record<O, A> {
    /// Who did it. A thread does one thing at a time.
    pub thread: usize,
    /// The stamp drawn before it.
    pub began: u64,
    /// The stamp drawn after it.
    pub ended: u64,
    /// What was asked.
    pub operation: O,
    /// What was answered.
    pub answer: A,
}

/// Draws the stamps of one run, each a moment in the order of all.
#[derive(Debug, Default)]
pub struct Recorder(AtomicU64);

impl Recorder {
    /// A stamp later than all that were drawn before.
    ///
    /// A plain atomic also under shuttle: drawing a stamp is no point at which another thread takes over.
    pub fn stamp(&self) -> u64 {
        // SeqCst: stamps must not move into the operation that they enclose, nor out of it. Nothing here asks how
        // little would do: the recorder is not what is examined.
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    /// Does something and records it. What it answers includes what was asked, because that may hold what became
    /// known only after it began.
    pub fn record<O, A>(&self, thread: usize, run: impl FnOnce() -> (O, A)) -> Record<O, A> {
        let began = self.stamp();
        let (operation, answer) = run();
        Record { thread, began, ended: self.stamp(), operation, answer }
    }
}
