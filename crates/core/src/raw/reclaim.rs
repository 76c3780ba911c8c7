//! When memory that other threads may still read is given back. The only file that names the reclaimer.
//!
//! Epoch-based reclamation (Fraser 2004, as built by `crossbeam-epoch`): a thread reads shared nodes only under a
//! [`Guard`]; what was unlinked is freed once every guard that existed at that time is gone.
//!
//! `crossbeam-epoch` keeps what a thread retires in that thread's own bag, which nobody else can empty, so a thread
//! that removes one record and goes idle would hold on to it for ever. Tenure therefore retires onto a [`Graveyard`]
//! of the table: one push on an intrusive list, no allocation. Whoever maintains the table takes the lists of all
//! threads and defers their freeing as one unit each.

use super::link::Managed;
use crate::{
    panics::contain,
    stripe::{OWN, stripe},
    sync::{AtomicPtr, AtomicUsize, Ordering},
};
use crossbeam_utils::CachePadded;
use std::{
    array,
    cell::Cell,
    fmt,
    ptr,
    // Plain statistics, never a reason to touch memory: a std atomic also under loom, relaxed everywhere.
    sync::{Arc, OnceLock, atomic::AtomicU64},
};

/// After about so many retired nodes, the thread that retires the next one hands them on itself.
#[cfg(not(any(tenure_loom, tenure_shuttle)))]
const BATCH: usize = 64;
#[cfg(tenure_loom)]
const BATCH: usize = 1_000;
/// So that runs of a few operations come to it.
#[cfg(tenure_shuttle)]
const BATCH: usize = 2;

/// A short permission to read: while it lives, nothing that was reachable when it was made is freed.
///
/// Borrowed answers of the tables live no longer than the guard they were asked with. Keep it for the length of a
/// few look-ups: a guard that is held delays the freeing of everything removed meanwhile, in every table of the
/// process, but makes nobody wait. It cannot be sent to another thread, so it cannot be held across an `.await` of a
/// task that may move. Guards nest, and no order of taking them can deadlock.
///
/// ```
/// use tenure_core::{RouteTable, SessionKey, pin};
///
/// let table: RouteTable<&'static str> = RouteTable::default();
/// let key = SessionKey::for_room("irc", "libera", "#rust");
/// table.set(&key, "!rust")?;
/// let guard = pin();
/// let view = table.peek_view(&key, &guard)?;
/// table.remove(&key)?;
/// assert_eq!(*view.route(), "!rust"); // readable while the guard lives
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail
/// fn into_another_thread<T: Send>(_: T) {}
/// into_another_thread(tenure_core::pin());
/// ```
pub struct Guard {
    epoch: crossbeam_epoch::Guard,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard { .. }")
    }
}

/// Makes a [`Guard`]: a few nanoseconds, one memory fence, no lock.
///
/// Worth sharing between several look-ups in a row.
///
/// ```
/// let outer = tenure_core::pin();
/// let inner = tenure_core::pin(); // nests
/// drop(outer);
/// drop(inner);
/// ```
#[inline]
pub fn pin() -> Guard {
    #[cfg(not(tenure_shuttle))]
    let epoch = crossbeam_epoch::pin();
    #[cfg(tenure_shuttle)]
    let epoch = tasks::pin();
    Guard { epoch }
}

/// Shuttle's tasks are one thread: with the reclaimer's own thread-local handle they would all hold one guard, and
/// nothing would be freed under anybody's eyes. So each task has a handle, and each execution a collector.
#[cfg(tenure_shuttle)]
mod tasks {
    use crossbeam_epoch::{Collector, Guard, LocalHandle};

    shuttle::lazy_static! {
        static ref COLLECTOR: Collector = Collector::new();
    }

    shuttle::thread_local! {
        static HANDLE: LocalHandle = COLLECTOR.register();
    }

    pub(super) fn pin() -> Guard {
        HANDLE.try_with(LocalHandle::pin).unwrap_or_else(|_| COLLECTOR.register().pin())
    }
}

impl Guard {
    /// Frees `value` once no guard that exists now is left.
    ///
    /// # Safety
    /// `value` came from `Box::into_raw`, is unreachable for every guard made from now on, and is retired once.
    pub(super) unsafe fn retire_box<T: Send + 'static>(&self, value: *mut T) {
        let value = SendPtr(value);
        // SAFETY: the caller's contract is exactly what the deferred closure needs; `T: Send + 'static`, so it may
        // be dropped on another thread and at any later time.
        unsafe {
            self.epoch.defer_unchecked(move || {
                let value = value;
                free_box(value.0);
            });
        }
        flush(self);
    }
}

/// Makes the epoch advance as far as other threads' guards let it, and runs what has become due.
///
/// Three rounds: garbage of epoch `e` is due in `e + 2`, and each round can advance by one.
pub(crate) fn advance() {
    for _ in 0..3 {
        flush(&pin());
    }
}

/// Hands what this thread has deferred on to all threads, and runs what is due of theirs.
fn flush(guard: &Guard) {
    // A destructor that is run by a flush and flushes again would go one level deeper for every batch that is due.
    if !is_freeing() {
        guard.epoch.flush();
    }
}

thread_local! {
    /// Whether this thread is running destructors of what was retired. (Not under loom and shuttle, whose
    /// threads are one.)
    static FREEING: Cell<bool> = const { Cell::new(false) };
}

/// Where a target destroys even such a local with its thread, the answer is yes from then on: nothing is flushed.
fn is_freeing() -> bool {
    FREEING.try_with(Cell::get).unwrap_or(true)
}

struct SendPtr<T>(*mut T);
// SAFETY: only made for `T: Send` values whose ownership moves with the pointer (`Guard::retire_box`,
// `Graveyard::collect`).
unsafe impl<T: Send> Send for SendPtr<T> {}

/// How many destructors have panicked. They are contained: the memory was freed, the others have run. May be shared
/// by several tables, and outlives them.
#[derive(Clone, Debug, Default)]
pub(crate) struct DropPanics(Arc<AtomicU64>);

impl DropPanics {
    pub(crate) fn get(&self) -> u64 {
        // Relaxed: statistics.
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, panics: u64) {
        // Relaxed: statistics.
        self.0.fetch_add(panics, Ordering::Relaxed);
    }

    /// Frees a boxed value and counts it if its destructor panics.
    pub(super) fn free<T>(&self, value: *mut T) {
        self.add(u64::from(!free_box(value)));
    }
}

/// What is known of a graveyard's dead; outlives it, as they may.
struct Ledger {
    /// How many have been freed. Counted after they were.
    freed: AtomicUsize,
    panics: DropPanics,
}

impl Ledger {
    fn settle(&self, chain: Freed) {
        self.panics.add(chain.panics);
        // Release: pairs with the Acquire in `Graveyard::len`: who sees this count sees that of their retirement.
        self.freed.fetch_add(chain.nodes, Ordering::Release);
    }
}

/// Where the threads of one stripe retire to.
struct Plot<T> {
    head: AtomicPtr<Managed<T>>,
    /// How many were retired here. Counted before they are.
    retired: AtomicUsize,
}

impl<T> Plot<T> {
    fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), retired: AtomicUsize::new(0) }
    }

    /// Takes over an unlinked node; answers how many that makes.
    ///
    /// # Safety
    /// As for [`Graveyard::retire`].
    unsafe fn retire(&self, node: *mut Managed<T>) -> usize {
        // Relaxed: released with the node, below.
        let retired = self.retired.fetch_add(1, Ordering::Relaxed) + 1;
        // Relaxed: only the value is compared; what it points to is read by `take`'s caller alone, which acquires.
        // What is compared is that very node: one that is taken meanwhile is not freed, and its address does not come
        // back, before the guard is gone under which this thread unlinks.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: the node is not freed before `take` takes it from the list it is only now put on.
            let next_retired = unsafe { &(*node).next_retired };
            // Relaxed: published by the exchange below.
            next_retired.store(head, Ordering::Relaxed);
            // Release: the link above, and this thread's unlinking of the node, come before `take`'s Acquire.
            match self.head.compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return retired,
                Err(actual) => head = actual,
            }
        }
    }

    /// All that was retired here, as a chain that is the caller's now.
    fn take(&self) -> *mut Managed<T> {
        // Acquire: pairs with the Release in `retire`; the chain and its nodes' unlinking are visible. Every guard made
        // from now on therefore cannot reach them, which is what deferring asks for.
        self.head.swap(ptr::null_mut(), Ordering::Acquire)
    }
}

/// Nodes that were unlinked and wait for the guards that may still see them. Striped, so that two threads that retire
/// do not pass a cache line to and fro.
pub(super) struct Graveyard<T: Send + 'static> {
    own: [OnceLock<Box<CachePadded<Plot<T>>>>; OWN],
    shared: Plot<T>,
    ledger: Arc<Ledger>,
}

impl<T: Send + 'static> Graveyard<T> {
    pub(super) fn new(panics: DropPanics) -> Self {
        let ledger = Ledger { freed: AtomicUsize::new(0), panics };
        Self { own: array::from_fn(|_| OnceLock::new()), shared: Plot::new(), ledger: Arc::new(ledger) }
    }

    fn plots(&self) -> impl Iterator<Item = &Plot<T>> {
        let own = self.own.iter().filter_map(|plot| plot.get().map(|plot| &***plot));
        own.chain([&self.shared])
    }

    /// Takes over an unlinked node. About every `BATCH`th call of a thread hands on what it has collected to the
    /// reclaimer.
    ///
    /// # Safety
    /// `node` came from `Box::into_raw`, was unlinked by this thread (invariant 5: exactly one thread unlinks a
    /// node, so it is retired once), the table is read under guards only, and this call is made under one.
    pub(super) unsafe fn retire(&self, node: *mut Managed<T>) {
        let plot = match self.own.get(stripe()) {
            // Only the thread that has the stripe initialises its plot, so it waits for nobody.
            Some(own) => own.get_or_init(|| Box::new(CachePadded::new(Plot::new()))),
            None => &self.shared,
        };
        // SAFETY: the caller's contract.
        let retired = unsafe { plot.retire(node) };
        // A multiple, not a limit: while a guard keeps everything from being freed, not every call is to try. Not in a
        // destructor, see `collect`.
        if retired.is_multiple_of(BATCH) && !is_freeing() {
            let guard = pin();
            self.hand_on(plot, &guard);
            flush(&guard);
        }
    }

    /// Hands everything that waits on to the reclaimer. In a destructor that is run by a flush it is left for who
    /// comes next: without a flush it would lie in this thread's bag, for ever if this thread goes idle.
    pub(super) fn collect(&self) {
        if is_freeing() {
            return;
        }
        let guard = pin();
        for plot in self.plots() {
            self.hand_on(plot, &guard);
        }
        flush(&guard);
    }

    fn hand_on(&self, plot: &Plot<T>, guard: &Guard) {
        let chain = SendPtr(plot.take());
        if !chain.0.is_null() {
            let ledger = Arc::clone(&self.ledger);
            // SAFETY: the chain is ours alone (taken by the swap), all of it was unlinked before, and `T: Send +
            // 'static`.
            unsafe {
                guard.epoch.defer_unchecked(move || {
                    let chain = chain;
                    ledger.settle(free_chain(chain.0));
                });
            }
        }
    }

    /// Retired and not yet freed. Never too low.
    pub(super) fn len(&self) -> usize {
        // Acquire: pairs with the Release in `settle`. Read first: what is freed by now was counted as retired.
        let freed = self.ledger.freed.load(Ordering::Acquire);
        let retired = self.plots().map(|plot| plot.retired.load(Ordering::Relaxed));
        retired.fold(0, usize::wrapping_add).wrapping_sub(freed)
    }

    pub(super) fn panics(&self) -> &DropPanics {
        &self.ledger.panics
    }
}

impl<T: Send + 'static> Drop for Graveyard<T> {
    fn drop(&mut self) {
        for plot in self.plots() {
            self.ledger.settle(free_chain(plot.take()));
        }
    }
}

/// What came of freeing a chain.
#[derive(Clone, Copy, Default)]
struct Freed {
    nodes: usize,
    panics: u64,
}

/// Frees a chain linked by `next_retired`.
fn free_chain<T>(mut node: *mut Managed<T>) -> Freed {
    let mut freed = Freed::default();
    while !node.is_null() {
        // SAFETY: the chain is owned by the caller, and its grace period is over, or the table's: who drops that has it
        // alone, and what readers hold borrows it.
        let next_retired = unsafe { &(*node).next_retired };
        // Relaxed: the chain was acquired as a whole.
        let next = next_retired.load(Ordering::Relaxed);
        freed.nodes += 1;
        freed.panics += u64::from(!free_box(node));
        node = next;
    }
    freed
}

/// Frees a boxed value; false if its destructor panicked, which is contained here: unwinding through the reclaimer
/// would cost the other values of the batch, or the process.
pub(super) fn free_box<T>(value: *mut T) -> bool {
    let outer = is_freeing();
    set_freeing(cfg!(not(any(tenure_loom, tenure_shuttle))));
    // SAFETY: every caller owns `value`, which came from `Box::into_raw`.
    let freed = contain(|| drop(unsafe { Box::from_raw(value) }));
    set_freeing(outer);
    freed.is_some()
}

fn set_freeing(freeing: bool) {
    // Destroyed with its thread: see `is_freeing`.
    let _ = FREEING.try_with(|now| now.set(freeing));
}

#[cfg(test)]
mod tests;
