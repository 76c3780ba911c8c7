//! The background thread: prunes, reclaims and repairs, for one table or for several, in steps of bounded work.

use crate::panics::contain;
use std::{
    fmt, io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
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
    tables: Mutex<Vec<Weak<dyn Maintain>>>,
    thread: OnceLock<Thread>,
    stop: AtomicBool,
    asleep: AtomicBool,
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
            tables: Mutex::new(Vec::new()),
            thread: OnceLock::new(),
            stop: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
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
        self.worker.shared.panics.load(Ordering::Relaxed)
    }

    /// Serves this table as well, until it is dropped.
    pub(crate) fn attach(&self, table: Weak<dyn Maintain>) {
        lock(&self.worker.shared.tables).push(table);
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
        let thread = lock(&self.thread).take();
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
        // SeqCst: pairs with the fence in `run`. Either this thread sees the other one asleep, or the other one's
        // last round before sleeping sees the work.
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence; the swap only keeps two wakers from both making the system call.
        if shared.asleep.load(Ordering::Relaxed)
            && shared.asleep.swap(false, Ordering::Relaxed)
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

impl Shared {
    fn run(&self) {
        while !self.stopped() {
            if self.round() == Next::More {
                continue;
            }
            // Only `stop` ends it early.
            thread::park_timeout(REST);
            // Relaxed: ordered by the fence.
            self.asleep.store(true, Ordering::Relaxed);
            // SeqCst: pairs with the fence in `Signal::wake`. Work that was left by somebody who still saw this
            // thread awake is seen by the round below.
            fence(Ordering::SeqCst);
            if let Next::In(sleep) = self.round()
                && !self.stopped()
            {
                thread::park_timeout(sleep.min(LONGEST_SLEEP));
            }
            self.asleep.store(false, Ordering::Relaxed);
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// One step of every table.
    fn round(&self) -> Next {
        let tables = {
            let mut tables = lock(&self.tables);
            tables.retain(|table| table.strong_count() > 0);
            tables.clone()
        };
        let mut next = Next::In(LONGEST_SLEEP);
        for table in tables.iter().filter_map(Weak::upgrade) {
            if self.stopped() {
                break;
            }
            next = next.sooner(self.step(&*table));
        }
        next
    }

    fn step(&self, table: &dyn Maintain) -> Next {
        contain(|| table.maintain()).unwrap_or_else(|| {
            // Relaxed: statistics.
            self.panics.fetch_add(1, Ordering::Relaxed);
            Next::In(AFTER_PANIC)
        })
    }
}

/// A poisoned lock here guards a plain list: what a panicking thread left is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, not(tenure_loom)))]
mod tests;
