//! Threads, real or shuttle's.

#[cfg(not(tenure_shuttle))]
use std::{sync::Barrier, thread};

#[cfg(tenure_shuttle)]
use shuttle::thread;

/// Runs all of these at once, each on a thread of its own, and answers what they answered, in this order.
///
/// Real threads wait for each other before they begin, so that they really overlap. Under shuttle these are tasks,
/// and shuttle decides.
///
/// # Panics
/// One of them panics.
pub fn together<T: Send + 'static>(work: Vec<impl FnOnce() -> T + Send + 'static>) -> Vec<T> {
    #[cfg(not(tenure_shuttle))]
    let gate = std::sync::Arc::new(Barrier::new(work.len()));
    let threads: Vec<_> = work
        .into_iter()
        .map(|work| {
            #[cfg(not(tenure_shuttle))]
            let gate = std::sync::Arc::clone(&gate);
            thread::spawn(move || {
                #[cfg(not(tenure_shuttle))]
                gate.wait();
                work()
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().expect("a thread of the run has panicked")).collect()
}

/// Called in the middle of operations, where they call a user's code: now and then another thread gets its turn there.
///
/// Without it, real threads on a busy machine hardly ever overlap: each does thousands of operations in its turn. Under
/// shuttle this does nothing; every access to shared memory is a point at which it may switch.
pub(super) fn interrupt() {
    #[cfg(not(tenure_shuttle))]
    {
        use std::sync::atomic::{AtomicU32, Ordering};
        static THREADS: AtomicU32 = AtomicU32::new(0);
        // Relaxed: a number, no matter which. Each thread is interrupted at places of its own.
        thread_local!(static COUNT: std::cell::Cell<u32> =
            std::cell::Cell::new(THREADS.fetch_add(0x85eb_ca6b, Ordering::Relaxed)));
        // Neither every time nor at the same places each time: a step with a large odd stride through all numbers.
        let count = COUNT.get().wrapping_add(0x9e37_79b1);
        COUNT.set(count);
        if count < u32::MAX / 64 {
            thread::yield_now();
        }
    }
}

/// The manual clock, as one that is interrupted after it has been read.
#[derive(Debug)]
pub(super) struct Interrupted(pub(super) tenure_core::ManualClock);

impl tenure_core::Clock for Interrupted {
    fn now(&self) -> tenure_core::Tick {
        let now = self.0.now();
        interrupt();
        now
    }

    fn wall(&self) -> std::time::SystemTime {
        self.0.wall()
    }
}
