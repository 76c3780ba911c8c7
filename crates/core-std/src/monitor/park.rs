//! What the monitor's thread sleeps in where there is no epoll: it parks. Sockets and processes are not watched there.

use std::{
    io,
    sync::OnceLock,
    thread::{self, Thread},
    time::Duration,
};

pub(super) struct Poller {
    thread: OnceLock<Thread>,
}

impl Poller {
    #[allow(clippy::unnecessary_wraps, reason = "as on Linux, where it can fail")]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { thread: OnceLock::new() })
    }

    pub(super) fn is_run_by(&self, thread: &Thread) {
        let _ = self.thread.set(thread.clone());
    }

    /// The thread's next sleep ends at once.
    pub(super) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Sleeps for so long at most, or, with none, until it is woken.
    #[allow(clippy::unused_self, clippy::ptr_arg, reason = "as on Linux, where it says what has ended")]
    pub(super) fn wait(&self, limit: Option<Duration>, _: &mut Vec<()>) {
        match limit {
            Some(limit) => thread::park_timeout(limit),
            None => thread::park(),
        }
    }
}
