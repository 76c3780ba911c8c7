//! Epochs: when everybody who may still see what was unlinked is gone (Fraser 2004).
//!
//! The collector counts epochs. A thread that reads is *pinned*: it has written down the epoch that it met. The epoch
//! moves on by one when every pinned thread has written down the present one. What is put aside in epoch `e` is run in
//! `e + 3`.
//!
//! Why that is late enough. Let a thread be pinned while it puts aside, in epoch `e`, what was unlinked before.
//! - While it stays pinned, the epoch gets no further than `e + 1`. So who moves it on to `e + 2` has seen that thread
//!   unpinned, and with that the unlinking; and so has everybody who reads that epoch.
//! - Who moves it on to `e + 3` therefore makes its barrier after the unlinking. A reader whose own barrier, behind the
//!   word that it wrote down, comes later sees the unlinking too. One whose barrier came before is seen, and holds the
//!   epoch unless it has written down `e + 2`: then it has seen the unlinking as well.
//!
//! (Two epochs would do if each putting aside made a full barrier of its own. That they do not otherwise is what
//! `loom_two_epochs_would_be_too_few` shows: it fails with a [`GRACE`] of two.)
//!
//! # Light pins
//! The reader's barrier is most of what pinning costs, and keeps one look-up from overlapping with the next. Where the
//! system offers it (see [`barrier`](super::barrier)), a thread that seldom retires pins without one, *light*, and who
//! moves the epoch on has a barrier made on all threads instead. A thread that retires often makes its own: else there
//! would be a call into the kernel for every few nodes.
//!
//! A kernel that has agreed to that may refuse it later (a filter that was put on meanwhile). Then no thread pins light
//! any more: each that does finds that out at its next pin, and until all have, or have ended, the epoch stands still.

use super::{Slot, Stack, barrier};
use crate::sync::{AtomicPtr, AtomicUsize, Ordering, fence};
use crossbeam_utils::CachePadded;
use std::{array, collections::VecDeque, ptr, sync::Arc};

mod local;

/// A std atomic also under loom: a hint, never a reason to touch memory, so a model need not explore it.
type Held = std::sync::atomic::AtomicUsize;

use local::Local;
pub(super) use local::{Handle, Pin};

/// Something to be done once no guard of this time is left.
struct Deferred(Box<dyn FnOnce()>);

// SAFETY: who has it deferred has seen to it that any thread may run it (`Pin::defer`).
unsafe impl Send for Deferred {}
// SAFETY: nothing can be done with a shared one.
unsafe impl Sync for Deferred {}

impl Deferred {
    fn run(self) {
        (self.0)();
    }
}

/// Epochs after which what was put aside is due.
pub(super) const GRACE: usize = 3;
/// Lists of what was put aside, by epoch: more than the five epochs of which there can be something.
const LISTS: usize = 8;
/// Tries to move the epoch on that are made before one has a barrier made on all threads, where nobody is in a hurry.
const WORTHWHILE: usize = if cfg!(tenure_shuttle) { 1 } else { 32 };
/// Set in every epoch's word, so that who has written one down has not written 0.
const PINNED: usize = 1;
/// Set in an epoch's word where every thread makes its own barriers.
const SYMMETRIC: usize = 2;
/// From one epoch's word to the next. It may wrap: what waits is listed by the lowest bits.
const STEP: usize = 4;
/// Of what is due, a call that is not in a hurry runs so much.
const SHARE: usize = 4;

/// Where threads say what they see, and where what was unlinked waits.
pub(super) struct Collector {
    /// The present epoch's word, which a pin writes down as it is. Read by every pin, and written seldom.
    epoch: CachePadded<AtomicUsize>,
    /// Makes a barrier on all threads, or returns false.
    on_all_threads: fn() -> bool,
    /// All that ever were: used again, and freed with the collector.
    locals: AtomicPtr<Local>,
    waiting: [Stack<Deferred>; LISTS],
    /// What is due, in the hands of one thread at a time.
    due: Slot<VecDeque<Deferred>>,
    /// How much waits on the lists: counted before it does, and no more when it is taken.
    held: Held,
    /// Tries to move the epoch on since the last barrier on all threads.
    since: AtomicUsize,
}

impl Collector {
    pub(super) fn new() -> Self {
        Self::with_barrier(barrier::register().then_some(barrier::on_all_threads))
    }

    /// With this barrier on all threads, if there is one.
    fn with_barrier(on_all_threads: Option<fn() -> bool>) -> Self {
        let first = if on_all_threads.is_some() { PINNED } else { PINNED | SYMMETRIC };
        Self {
            epoch: CachePadded::new(AtomicUsize::new(first)),
            on_all_threads: on_all_threads.unwrap_or(|| false),
            locals: AtomicPtr::new(ptr::null_mut()),
            waiting: array::from_fn(|_| Stack::new()),
            due: Slot::empty(),
            held: Held::new(0),
            since: AtomicUsize::new(0),
        }
    }

    fn locals(&self) -> impl Iterator<Item = &Local> {
        // Acquire: pairs with the Release in `enlist`; what is on the list is visible.
        let mut next = self.locals.load(Ordering::Acquire);
        std::iter::from_fn(move || {
            // SAFETY: null, or made by `Box::into_raw` in `enlist` and freed only with the collector.
            let local = unsafe { next.as_ref() }?;
            next = local.next;
            Some(local)
        })
    }

    /// A place for a thread.
    pub(super) fn register(self: &Arc<Self>) -> Handle {
        // Acquire: pairs with the Release in `Local::give_back`: the cells are as the last thread has left them.
        // Relaxed on failure: another one is looked for.
        let free = |local: &&Local| {
            local.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        let local = self.locals().find(free).map_or_else(|| self.enlist(), ptr::from_ref);
        // SAFETY: a place of this collector's, and this thread's from now on.
        unsafe { Handle::new(local, Arc::clone(self)) }
    }

    /// One more place, taken.
    fn enlist(&self) -> *const Local {
        let local = Box::into_raw(Box::new(Local::taken(self)));
        // Relaxed: only passed on by the exchange.
        let mut head = self.locals.load(Ordering::Relaxed);
        loop {
            // SAFETY: not shared before the exchange succeeds.
            unsafe { (*local).next = head };
            // Release: pairs with the Acquire in `locals`.
            match self.locals.compare_exchange(head, local, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return local,
                Err(actual) => head = actual,
            }
        }
    }

    /// Moves the epoch on by one, if every pinned thread has written down the present one; returns what is due.
    ///
    /// Where nobody is in a hurry, a barrier on all threads is made only for enough.
    fn step(&self, own: &Local, hurry: bool) -> Vec<Deferred> {
        // Acquire: pairs with the Release below. As `own` is pinned, the epoch moves on by one more at most.
        let mut epoch = self.epoch.load(Ordering::Acquire);
        let mut due = self.take_due(epoch);
        if self.all_have_met(epoch, own, hurry) {
            // Release: pairs with the Acquire in `pin` and above: whoever meets the new epoch sees what was unlinked
            // under guards that this thread has seen end. Relaxed on failure: another thread has moved it.
            let moved = self.epoch.compare_exchange(
                epoch,
                epoch.wrapping_add(STEP),
                Ordering::Release,
                Ordering::Relaxed,
            );
            if moved.is_ok() {
                epoch = epoch.wrapping_add(STEP);
                due.extend(self.take_due(epoch));
            }
        }
        due
    }

    /// What is due in this epoch. Nothing is put on that list any more, and none of it was left in the epoch before.
    fn waiting_since(&self, epoch: usize) -> &Stack<Deferred> {
        &self.waiting[list_of(epoch.wrapping_sub(GRACE * STEP))]
    }

    /// Whether every thread that is pinned has written down this epoch.
    fn all_have_met(&self, epoch: usize, own: &Local, hurry: bool) -> bool {
        // SeqCst: pairs with the barrier in `enter`: who is not seen pinned below sees what was unlinked before.
        fence(Ordering::SeqCst);
        // Acquire: pairs with the Release in `rest`: who makes its own barriers by now is seen below in the pins before.
        // Who will leave them to others has made one of its own, behind the fence above if that is not seen.
        let is_light = |local: &Local| !ptr::eq(local, own) && local.light.load(Ordering::Acquire);
        if self.locals().any(is_light) {
            // Relaxed, both: an estimate.
            let worthwhile = self.since.fetch_add(1, Ordering::Relaxed) >= WORTHWHILE || hurry;
            if !worthwhile || !self.is_met(epoch) || epoch & SYMMETRIC != 0 {
                return false;
            }
            self.since.store(0, Ordering::Relaxed);
            if !(self.on_all_threads)() {
                // Relaxed: each thread heeds it at its next pin. It goes on with the release sequence of `step`.
                self.epoch.fetch_or(SYMMETRIC, Ordering::Relaxed);
                return false;
            }
        }
        if !self.is_met(epoch) {
            return false;
        }
        // Acquire: pairs with the Release with which each thread has written down what was read: what it did under
        // the guards before is over.
        fence(Ordering::Acquire);
        true
    }

    fn is_met(&self, epoch: usize) -> bool {
        self.locals().all(|local| {
            // Relaxed: between the two fences of `all_have_met`.
            let state = local.state.load(Ordering::Relaxed);
            state == 0 || state | SYMMETRIC == epoch | SYMMETRIC
        })
    }

    /// Whether nothing waits. What another thread puts aside at the moment may be overlooked.
    fn is_idle(&self) -> bool {
        // Relaxed: a hint. Who puts something aside and flushes has counted it.
        self.held.load(Ordering::Relaxed) == 0
    }

    /// Takes what is due in this epoch, what was put aside first in front.
    fn take_due(&self, epoch: usize) -> Vec<Deferred> {
        let mut due: Vec<_> = self.waiting_since(epoch).take_all().collect();
        due.reverse();
        // Relaxed: a hint.
        self.held.fetch_sub(due.len(), Ordering::Relaxed);
        due
    }

    /// Runs what is due, with what other threads have left: all of it, or what has waited longest.
    fn run(&self, fresh: Vec<Deferred>, hurry: bool) {
        let mut due = match self.due.take() {
            Some(mut due) => {
                due.extend(fresh);
                due
            }
            None if fresh.is_empty() => return,
            None => Box::new(fresh.into()),
        };
        let share = if hurry { due.len() } else { due.len().min(SHARE) };
        due.drain(..share).for_each(Deferred::run);
        if !due.is_empty()
            && let Some(others) = self.due.put(due)
        {
            others.into_iter().for_each(Deferred::run);
        }
    }
}

/// Where what is put aside in this epoch waits.
fn list_of(epoch: usize) -> usize {
    epoch / STEP % LISTS
}

impl Drop for Collector {
    fn drop(&mut self) {
        for list in &self.waiting {
            list.take_all().for_each(Deferred::run);
        }
        self.run(Vec::new(), true);
        // Relaxed: `&mut self` orders everything before.
        let mut next = self.locals.load(Ordering::Relaxed);
        while !next.is_null() {
            // SAFETY: made by `Box::into_raw` in `enlist`. No thread has it: each keeps the collector.
            next = unsafe { Box::from_raw(next) }.next;
        }
    }
}

#[cfg(test)]
mod tests;
