//! Where a table's removed nodes wait for the guards that may still see them.
//!
//! Each thread has a *plot*. What it retires it puts there, by two plain stores; every [`BATCH`]th time it hands the
//! batch to the reclaimer, and whoever maintains the table does so for all plots. When its grace period is over, a
//! batch comes back to the plot that it is from. There the thread that has retired it drops it, with its own next
//! batch, and uses the memory again: no node's content goes to another core in order to be freed there, and none of
//! its memory to and from the allocator. What comes back to a thread that is idle by then is dropped by whoever
//! maintains the table.

use super::{
    link::{Managed, Memory},
    reclaim::{DropPanics, Guard, SendPtr, advance, clear, flush, free_box, is_freeing, pin},
    ring::{self, Ring},
    spares::Spares,
    stack::Stack,
};
use crate::{
    stripe::{OWN, stripe},
    sync::{AtomicUsize, Ordering},
};
use crossbeam_utils::CachePadded;
use std::{
    array,
    sync::{Arc, OnceLock},
};

/// After so many retired nodes, the thread that has retired them hands them on itself. Under loom it never does: models
/// decide when.
const BATCH: u64 = if cfg!(tenure_loom) { 1_000 } else { ring::LENGTH as u64 };

/// What is known of a graveyard's dead; outlives it, as they may.
struct Ledger {
    /// How many have been freed. Counted after they were.
    freed: AtomicUsize,
    panics: DropPanics,
}

impl Ledger {
    fn settle(&self, freed: Freed) {
        self.panics.add(freed.panics);
        // Release: pairs with the Acquire in `Graveyard::len`: who sees this count sees that of their retirement.
        self.freed.fetch_add(freed.nodes, Ordering::Release);
    }
}

/// What came of freeing some.
#[derive(Clone, Copy, Default)]
struct Freed {
    nodes: usize,
    panics: u64,
}

impl Freed {
    fn count(&mut self, dropped: bool) {
        self.nodes += 1;
        self.panics += u64::from(!dropped);
    }
}

/// Retired nodes that belong to whoever has the batch.
type Batch<T> = Box<[SendPtr<Managed<T>>]>;

/// What one thread has retired.
struct Plot<T: Send + 'static> {
    /// Not handed to the reclaimer yet.
    retired: Ring<Managed<T>>,
    /// Batches whose grace period is over.
    ripe: Stack<Batch<T>>,
    spares: Spares<Managed<T>>,
    ledger: Arc<Ledger>,
}

/// Outlives its graveyard while batches are with the reclaimer.
type Shared<T> = Arc<CachePadded<Plot<T>>>;

impl<T: Send + 'static> Plot<T> {
    fn new(ledger: &Arc<Ledger>) -> Self {
        let (retired, ripe, spares) = (Ring::new(), Stack::new(), Spares::new());
        Self { retired, ripe, spares, ledger: Arc::clone(ledger) }
    }

    /// Takes all that waits.
    fn take(&self) -> Batch<T> {
        self.retired.take().into_iter().map(SendPtr).collect()
    }

    /// Hands all that waits to the reclaimer, which brings it back here.
    fn hand_on(this: &Shared<T>, guard: &Guard) {
        let batch = this.take();
        if !batch.is_empty() {
            let plot = Arc::clone(this);
            // SAFETY: the batch is ours alone, all of it was unlinked before, and `T: Send + 'static`.
            unsafe { guard.defer(move || plot.ripe.push(batch)) };
        }
    }

    /// Drops what has come back, and does with its memory as `keep` says.
    fn bury(&self, mut keep: impl FnMut(Memory<T>)) {
        // A hint: what is not seen yet waits for the next time.
        if self.ripe.is_empty() {
            return;
        }
        for batch in self.ripe.take_all() {
            let mut freed = Freed::default();
            for node in batch {
                let (memory, dropped) = clear(node.0);
                freed.count(dropped);
                keep(memory);
            }
            self.ledger.settle(freed);
        }
    }
}

impl<T: Send + 'static> Drop for Plot<T> {
    fn drop(&mut self) {
        // The last batches may come back after their table was dropped, and nobody else will.
        self.bury(drop);
    }
}

/// Where threads retire to that have no plot, and what a destructor retires that runs in the middle of a retirement.
struct Common<T: Send + 'static> {
    nodes: Stack<SendPtr<Managed<T>>>,
    /// How many were retired here. Counted before they are.
    retired: AtomicUsize,
}

impl<T: Send + 'static> Common<T> {
    fn hand_on(&self, ledger: &Arc<Ledger>, guard: &Guard) {
        if self.nodes.is_empty() {
            return;
        }
        let (nodes, ledger) = (self.nodes.take_all(), Arc::clone(ledger));
        // SAFETY: the nodes are ours alone, all of them were unlinked before, and `T: Send + 'static`.
        unsafe { guard.defer(move || free_all(nodes, &ledger)) };
    }
}

/// Nodes that were unlinked and wait for the guards that may still see them.
pub(super) struct Graveyard<T: Send + 'static> {
    plots: [OnceLock<Shared<T>>; OWN],
    common: Common<T>,
    ledger: Arc<Ledger>,
}

impl<T: Send + 'static> Graveyard<T> {
    pub(super) fn new(panics: DropPanics) -> Self {
        let ledger = Ledger { freed: AtomicUsize::new(0), panics };
        let common = Common { nodes: Stack::new(), retired: AtomicUsize::new(0) };
        Self { plots: array::from_fn(|_| OnceLock::new()), common, ledger: Arc::new(ledger) }
    }

    fn plots(&self) -> impl Iterator<Item = &Shared<T>> {
        self.plots.iter().filter_map(OnceLock::get)
    }

    /// The memory of a node that this thread has retired, if there is some.
    #[inline]
    pub(super) fn spare(&self) -> Option<Memory<T>> {
        let plot = self.plots.get(stripe())?.get()?;
        // SAFETY: invariant 8: this thread's own plot.
        unsafe { plot.spares.take() }
    }

    /// Takes over an unlinked node. Every `BATCH`th call of a thread hands on what it has collected, and drops what has
    /// come back.
    ///
    /// # Safety
    /// `node` came from `Box::into_raw`, was unlinked by this thread (invariant 5: exactly one thread unlinks a
    /// node, so it is retired once), the table is read under guards only, and this call is made under one.
    pub(super) unsafe fn retire(&self, node: *mut Managed<T>) {
        let own = self.plots.get(stripe()).filter(|_| !is_freeing());
        // Only the thread that has the stripe initializes its plot, so it waits for nobody.
        let own = own.map(|plot| plot.get_or_init(|| Arc::new(CachePadded::new(Plot::new(&self.ledger)))));
        // SAFETY: invariant 8: this thread's own plot.
        let pushed = own.and_then(|plot| unsafe { plot.retired.push(node) });
        let due = match pushed {
            Some(retired) => retired.is_multiple_of(BATCH),
            None => self.retire_in_common(node),
        };
        if due {
            self.hand_on(own);
        }
    }

    /// Where this thread has no plot to retire to. Whether what is there is to be handed on.
    #[cold]
    fn retire_in_common(&self, node: *mut Managed<T>) -> bool {
        // Relaxed: released with the node, by the push.
        let retired = self.common.retired.fetch_add(1, Ordering::Relaxed) + 1;
        self.common.nodes.push(SendPtr(node));
        // A multiple, not a limit: while a guard keeps everything from being freed, not every call is to try. Not in a
        // destructor, see `collect`.
        (retired as u64).is_multiple_of(BATCH) && !is_freeing()
    }

    #[cold]
    fn hand_on(&self, own: Option<&Shared<T>>) {
        let guard = pin();
        if let Some(plot) = own {
            Plot::hand_on(plot, &guard);
        }
        self.common.hand_on(&self.ledger, &guard);
        flush(&guard);
        if let Some(plot) = own {
            self.bury_in(plot);
        }
    }

    /// Hands everything that waits on to the reclaimer. In a destructor that is run by a flush it is left for who
    /// comes next: without a flush nobody might come for what the reclaimer has.
    pub(super) fn collect(&self) {
        if is_freeing() {
            return;
        }
        let guard = pin();
        for plot in self.plots() {
            Plot::hand_on(plot, &guard);
        }
        self.common.hand_on(&self.ledger, &guard);
        flush(&guard);
    }

    /// Drops all that has come back from the reclaimer. Not in a destructor: it would go one level deeper each time.
    pub(super) fn bury(&self) {
        if !is_freeing() {
            self.plots().for_each(|plot| self.bury_in(plot));
        }
    }

    fn bury_in(&self, plot: &Shared<T>) {
        plot.bury(|memory| {
            // Asked each time: the destructors before may have been the caller's code.
            let own = self.plots.get(stripe()).and_then(OnceLock::get);
            if own.is_some_and(|own| Arc::ptr_eq(own, plot)) {
                // SAFETY: invariant 8: this thread's own plot.
                unsafe { plot.spares.put(memory) };
            }
        });
    }

    /// Retired and not yet freed. Never too low.
    pub(super) fn len(&self) -> usize {
        // Acquire: pairs with the Release in `settle`. Read first: what is freed by now was counted as retired.
        let freed = self.ledger.freed.load(Ordering::Acquire);
        let retired = self.plots().map(|plot| plot.retired.pushed() as usize);
        // Relaxed: as above.
        let common = self.common.retired.load(Ordering::Relaxed);
        retired.fold(common, usize::wrapping_add).wrapping_sub(freed)
    }

    pub(super) fn panics(&self) -> &DropPanics {
        &self.ledger.panics
    }
}

impl<T: Send + 'static> Drop for Graveyard<T> {
    fn drop(&mut self) {
        // Who drops the table has it alone, and what readers hold borrows it: all grace periods are over.
        for plot in self.plots() {
            free_all(plot.take(), &self.ledger);
            plot.bury(drop);
        }
        free_all(self.common.nodes.take_all(), &self.ledger);
        // What the reclaimer has of it nobody else would ask for.
        if self.len() > 0 {
            advance();
        }
    }
}

/// Frees nodes that are the caller's own, whose grace period is over.
fn free_all<T>(nodes: impl IntoIterator<Item = SendPtr<Managed<T>>>, ledger: &Ledger) {
    let mut freed = Freed::default();
    for node in nodes {
        freed.count(free_box(node.0));
    }
    ledger.settle(freed);
}

#[cfg(test)]
mod tests;
