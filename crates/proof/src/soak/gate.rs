//! Where all threads stop so that a standing table can be looked at.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Threads that go on until they are asked to stop for a while, or for good.
#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
    /// A hint that keeps the lock off the threads' way.
    wanted: AtomicBool,
}

#[derive(Debug)]
struct State {
    members: usize,
    arrived: usize,
    closed: bool,
    over: bool,
}

impl Gate {
    pub(crate) fn new(members: usize) -> Self {
        let state = State { members, arrived: 0, closed: false, over: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), wanted: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a thread should come to [`pass`](Self::pass).
    #[inline]
    pub(crate) fn is_wanted(&self) -> bool {
        // Relaxed: `pass` takes the lock.
        self.wanted.load(Ordering::Relaxed)
    }

    /// Stands at the gate while it is closed. False if the thread is to end.
    pub(crate) fn pass(&self) -> bool {
        let mut state = self.lock();
        if state.closed {
            state.arrived += 1;
            self.changed.notify_all();
            while state.closed {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        !state.over
    }

    /// A thread has ended, in whichever way.
    pub(crate) fn leave(&self) {
        self.lock().members -= 1;
        self.changed.notify_all();
    }

    /// Waits until every thread stands at the gate. False if some do not come within `limit`.
    pub(crate) fn close(&self, limit: Duration) -> bool {
        let mut state = self.lock();
        state.closed = true;
        self.wanted.store(true, Ordering::Relaxed);
        let waited = self.changed.wait_timeout_while(state, limit, |state| state.arrived < state.members);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.arrived >= state.members
    }

    /// Lets them go on, or end.
    pub(crate) fn open(&self, over: bool) {
        let mut state = self.lock();
        (state.closed, state.arrived, state.over) = (false, 0, over);
        self.wanted.store(over, Ordering::Relaxed);
        self.changed.notify_all();
    }
}
