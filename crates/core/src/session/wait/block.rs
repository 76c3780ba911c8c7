//! Waiting on a thread for what a future answers.

use crate::clock::{Clock, SystemClock};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls on this thread until the future is ready, none if the limit passes first. The limit is in real time,
/// whatever clock the map has: it is a thread that waits.
pub(in crate::session) fn block_on<F: Future + Unpin>(mut future: F, limit: Duration) -> Option<F::Output> {
    let clock = SystemClock::new();
    // The clock may lag behind when it is first read, and must not make the wait shorter than it was to be.
    let limit = limit.saturating_add(SystemClock::resolution());
    let started = clock.now();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = Pin::new(&mut future).poll(&mut context) {
            return Some(output);
        }
        let waited = clock.now().saturating_since(started);
        let left = limit.checked_sub(waited).filter(|left| !left.is_zero())?;
        thread::park_timeout(left);
    }
}
