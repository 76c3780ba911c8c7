//! The background thread: prunes, reclaims and repairs, for one table or for several, in steps of bounded work.

use crate::{panics::contain, raw::Stack, sync};
use std::{
    fmt, io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::Duration,
};

/// How long the thread sleeps at most when nobody has anything for it.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long the thread rests after work before it can be woken: steady traffic leaves work all the time, and is not to
/// pay for a system call each time.
const REST: Duration = Duration::from_millis(2);
/// When a step that panicked is tried again.
const AFTER_PANIC: Duration = Duration::from_millis(100);

/// What the background thread looks after.
pub(crate) trait Maintain: Send + Sync {
    /// Does one step of bounded work and says when the next is due.
    fn maintain(&self) -> Next;
}

/// When the next step is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// At once: there is more to do.
    More,
    /// Not later than in this time.
    In(Duration),
}

impl Next {
    /// The sooner of two.
    pub(crate) fn sooner(self, other: Self) -> Self {
        match (self, other) {
            (Self::In(a), Self::In(b)) => Self::In(a.min(b)),
            _ => Self::More,
        }
    }
}

/// A handle on a background thread that serves one table, or several that share it.
///
/// The thread prunes what has expired, frees what was removed, replaces unavailable partitions and frees the sessions
/// of dead owners. The tables answer correctly without it: an expired record and a dead owner's session are invisible
/// at once, with or without. It survives whatever panics in it (a user's observer, a user's `Drop`): the panic is
/// counted and the work goes on.
///
/// Handles are cheap to clone, and a table that uses the thread keeps one. When the last is dropped the thread is
/// stopped and joined, which takes no longer than the step under way: a few milliseconds.
///
/// ```
/// use tenure_core::{Pruner, RouteTable};
///
/// let pruner = Pruner::spawn("tenure").expect("a thread");
/// let a = RouteTable::<String>::builder().pruner(&pruner).build().unwrap();
/// let b = RouteTable::<String>::builder().pruner(&pruner).build().unwrap();
/// drop(pruner); // the tables keep it
/// # drop((a, b));
/// ```
#[derive(Clone)]
pub struct Pruner {
    worker: Arc<Worker>,
}

/// Stops and joins the thread when the last handle goes.
struct Worker {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    /// Tables that the thread has not taken over yet.
    fresh: Stack<Weak<dyn Maintain>>,
    thread: OnceLock<Thread>,
    stop: AtomicBool,
    asleep: Asleep,
    panics: AtomicU64,
}

impl Pruner {
    /// Starts the thread, under the name given, which debuggers and `top` show.
    ///
    /// # Errors
    /// What the operating system says when it refuses a thread, or that the name holds a NUL.
    ///
    /// ```
    /// let pruner = tenure_core::Pruner::spawn("tenure").expect("a thread");
    /// assert_eq!(pruner.panics(), 0);
    /// ```
    pub fn spawn(name: &str) -> io::Result<Self> {
        if name.contains('\0') {
            let why = format!("a thread's name may not hold a NUL, {name:?} does");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let shared = Arc::new(Shared {
            fresh: Stack::new(),
            thread: OnceLock::new(),
            stop: AtomicBool::new(false),
            asleep: Asleep(sync::AtomicUsize::new(0)),
            panics: AtomicU64::new(0),
        });
        let served = Arc::clone(&shared);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || served.run())?;
        shared.thread.get_or_init(|| thread.thread().clone());
        Ok(Self { worker: Arc::new(Worker { shared, thread: Mutex::new(Some(thread)) }) })
    }

    /// How often a step has panicked, in all tables that it serves.
    #[must_use]
    pub fn panics(&self) -> u64 {
        // Relaxed: statistics.
        self.worker.shared.panics.load(Ordering::Relaxed)
    }

    /// Serves this table as well, until it is dropped.
    pub(crate) fn attach(&self, table: Weak<dyn Maintain>) {
        self.worker.shared.fresh.push(table);
        self.signal().wake();
    }

    pub(crate) fn signal(&self) -> Signal {
        Signal(Some(Arc::clone(&self.worker.shared)))
    }
}

impl fmt::Debug for Pruner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pruner").field("panics", &self.panics()).finish_non_exhaustive()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Relaxed: the unpark below is what makes it seen.
        self.shared.stop.store(true, Ordering::Relaxed);
        // Poisoned by nobody; and it guards a plain handle.
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            thread.thread().unpark();
            // The last handle may go on the thread itself, in a user's destructor that it runs: it ends by itself.
            if thread.thread().id() != thread::current().id() {
                // An error would be a panic that `run` has let through, and is none of this caller's.
                let _ = thread.join();
            }
        }
    }
}

/// How the tables wake the thread. Cheap where it is awake.
#[derive(Clone)]
pub(crate) struct Signal(Option<Arc<Shared>>);

impl Signal {
    /// Of no thread.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Call it after having left work: the thread does not sleep through it.
    pub(crate) fn wake(&self) {
        let Some(shared) = &self.0 else { return };
        if shared.asleep.rouse()
            && let Some(thread) = shared.thread.get()
        {
            thread.unpark();
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signal").field(&self.0.is_some()).finish()
    }
}

/// Whether the thread sleeps, or is about to: then whoever leaves work wakes it. 0: it does not; else one more than
/// the times it was to be woken since.
struct Asleep(sync::AtomicUsize);

impl Asleep {
    /// Before a last look for work. What that look does not see was left by somebody who rouses this thread.
    fn lie_down(&self) {
        // Relaxed: ordered by the fence.
        self.0.store(1, Ordering::Relaxed);
        // SeqCst: pairs with the fence in `rouse`, one of the two comes first.
        sync::fence(Ordering::SeqCst);
    }

    fn get_up(&self) {
        // Relaxed: who still sees it asleep wakes it for nothing.
        self.0.store(0, Ordering::Relaxed);
    }

    /// After work was left: whether the thread must be woken by this caller.
    fn rouse(&self) -> bool {
        // SeqCst: pairs with the fence in `lie_down`. Either this sees the thread asleep, or its last look comes after
        // this and sees the work.
        sync::fence(Ordering::SeqCst);
        // Relaxed, both: ordered by the fence. Not all who see it asleep make the system call; but the second does,
        // and the fourth, and so on, for the first may be stopped for ever before it comes to that.
        self.0.load(Ordering::Relaxed) != 0 && self.0.fetch_add(1, Ordering::Relaxed).is_power_of_two()
    }
}

impl Shared {
    fn run(&self) {
        let mut tables = Vec::new();
        while !self.stopped() {
            if self.round(&mut tables) == Next::More {
                continue;
            }
            // Only `stop` ends it early.
            thread::park_timeout(REST);
            self.asleep.lie_down();
            if let Next::In(sleep) = self.round(&mut tables)
                && !self.stopped()
            {
                thread::park_timeout(sleep.min(LONGEST_SLEEP));
            }
            self.asleep.get_up();
        }
    }

    fn stopped(&self) -> bool {
        // Relaxed: who stops the thread unparks it afterwards.
        self.stop.load(Ordering::Relaxed)
    }

    /// One step of every table.
    fn round(&self, tables: &mut Vec<Weak<dyn Maintain>>) -> Next {
        tables.extend(self.fresh.take_all());
        tables.retain(|table| table.strong_count() > 0);
        let mut next = Next::In(LONGEST_SLEEP);
        for table in tables.iter() {
            if self.stopped() {
                break;
            }
            if let Some(table) = table.upgrade() {
                next = next.sooner(self.step(table));
            }
        }
        next
    }

    fn step(&self, table: Arc<dyn Maintain>) -> Next {
        let next = self.counted(|| table.maintain());
        // This may be the last hold on it: then its observers and its clock end here, which are the user's code, too.
        let _ = self.counted(|| drop(table));
        next.unwrap_or(Next::In(AFTER_PANIC))
    }

    /// Runs the user's code; none if it panicked, which is counted.
    fn counted<T>(&self, run: impl FnOnce() -> T) -> Option<T> {
        let done = contain(run);
        if done.is_none() {
            // Relaxed: statistics.
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
        done
    }
}

#[cfg(test)]
mod models;
#[cfg(all(test, not(tenure_loom)))]
mod tests;
