//! Threads, real or shuttle's.

#[cfg(not(tenure_shuttle))]
use std::{
    sync::{
        Arc, Barrier,
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

/// No machine is so busy that the calls of one thread of a history take longer.
#[cfg(not(tenure_shuttle))]
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs all of these at once, each on a thread of its own, and answers what they answered, in this order.
///
/// They wait for each other before they begin, so that they really overlap.
///
/// # Panics
/// One of them panics, or has not come to its end after two minutes.
#[cfg(not(tenure_shuttle))]
pub fn together<T: Send + 'static>(work: Vec<impl FnOnce() -> T + Send + 'static>) -> Vec<T> {
    let gate = Arc::new(Barrier::new(work.len()));
    let (sender, results) = channel();
    let mut answers: Vec<Option<T>> = work.iter().map(|_| None).collect();
    for (number, work) in work.into_iter().enumerate() {
        let (gate, sender) = (Arc::clone(&gate), sender.clone());
        thread::spawn(move || {
            gate.wait();
            let answer = work();
            // Nobody waits any more where another thread has panicked.
            let _ = sender.send((number, answer));
        });
    }
    drop(sender);
    while answers.iter().any(Option::is_none) {
        match results.recv_timeout(PATIENCE) {
            Ok((number, answer)) => answers[number] = Some(answer),
            Err(RecvTimeoutError::Disconnected) => panic!("a thread of the run has panicked"),
            Err(RecvTimeoutError::Timeout) => {
                let still: Vec<usize> =
                    (0..answers.len()).filter(|&number| answers[number].is_none()).collect();
                panic!("the threads {still:?} of the run have not come to their end for {PATIENCE:?}")
            }
        }
    }
    answers.into_iter().flatten().collect()
}

/// The same with shuttle's tasks, between which shuttle decides: it sees a task that hangs, too.
///
/// # Panics
/// One of them panics.
#[cfg(tenure_shuttle)]
pub fn together<T: Send + 'static>(work: Vec<impl FnOnce() -> T + Send + 'static>) -> Vec<T> {
    let tasks: Vec<_> = work.into_iter().map(shuttle::thread::spawn).collect();
    tasks.into_iter().map(|task| task.join().expect("a task of the run has panicked")).collect()
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
