//! A thread's side of the epochs: what it says, and its guards.

use super::{Collector, Deferred, SYMMETRIC, list_of};
use crate::sync::{AtomicBool, AtomicUsize, Ordering, fence};
use std::{
    cell::Cell,
    marker::PhantomData,
    ptr,
    sync::{Arc, atomic::compiler_fence},
};

/// A thread that has pinned so often since it last handed something on leaves its barriers to others.
pub(super) const SELDOM: usize = if cfg!(tenure_shuttle) { 2 } else { 512 };

/// What one thread says. On cache lines of its own.
#[repr(align(128))]
pub(super) struct Local {
    /// The word of the epoch that is written down, or 0.
    pub(super) state: AtomicUsize,
    /// Whether this thread's pins make no barrier.
    pub(super) light: AtomicBool,
    /// Whether a thread has this.
    pub(super) taken: AtomicBool,
    /// How many guards are alive, in units of [`ONE`], with [`OWN_BARRIER`] and [`ORPHANED`]: in one word, so that the
    /// commonest pin asks one question.
    word: Cell<usize>,
    /// Pins with a barrier of its own since it began to make them, at most [`SELDOM`].
    pub(super) pins: Cell<usize>,
    collector: *const Collector,
    /// Keeps the collector while a thread has this.
    keeps: Cell<Option<Arc<Collector>>>,
    pub(super) next: *mut Local,
}

/// Set while this thread's pins make a barrier of their own.
const OWN_BARRIER: usize = 1;
/// Set when the handle is gone, so that the last guard gives the place back.
const ORPHANED: usize = 2;
/// One guard.
const ONE: usize = 4;

impl Local {
    /// A place that its maker has.
    pub(super) fn taken(collector: &Collector) -> Self {
        Self {
            state: AtomicUsize::new(0),
            light: AtomicBool::new(false),
            taken: AtomicBool::new(true),
            word: Cell::new(OWN_BARRIER),
            pins: Cell::new(0),
            collector,
            keeps: Cell::new(None),
            next: ptr::null_mut(),
        }
    }

    #[inline]
    fn collector(&self) -> &Collector {
        // SAFETY: kept while a thread has this, see `keeps`.
        unsafe { &*self.collector }
    }

    #[inline(always)]
    fn pin(&self) -> Pin {
        let word = self.word.get();
        if word == 0 {
            let epoch = self.present();
            if epoch & SYMMETRIC == 0 {
                self.word.set(ONE);
                // Release: what was done under the guards before is over. The barrier is made by `all_have_met`, on all
                // threads; here only the compiler is to keep what is read from now on behind it.
                self.state.store(epoch, Ordering::Release);
                compiler_fence(Ordering::SeqCst);
            } else {
                self.pin_after_refusal();
            }
        } else {
            self.pin_otherwise(word);
        }
        Pin { local: self, own: PhantomData }
    }

    /// What is to be written down.
    #[inline(always)]
    fn present(&self) -> usize {
        // Acquire: pairs with the Release in `step`: who meets this epoch sees what was unlinked two epochs ago.
        self.collector().epoch.load(Ordering::Acquire)
    }

    /// Nobody makes a barrier for this thread any more.
    #[cold]
    fn pin_after_refusal(&self) {
        self.rest();
        self.pin_otherwise(self.word.get());
    }

    /// Inside another guard, or with a barrier of its own.
    #[inline]
    fn pin_otherwise(&self, word: usize) {
        self.word.set(word.checked_add(ONE).expect("fewer guards than memory has bytes"));
        if word < ONE {
            self.pin_alone();
        }
    }

    fn pin_alone(&self) {
        let (pins, epoch) = (self.pins.get(), self.present());
        if pins < SELDOM {
            self.pins.set(pins + 1);
        } else if epoch & SYMMETRIC == 0 {
            self.word.set(self.word.get() & !OWN_BARRIER);
            // Relaxed: ordered by the barrier below. Who does not see it has made its fence before that, and what was
            // unlinked before the fence is seen from here on.
            self.light.store(true, Ordering::Relaxed);
        }
        if cfg!(all(target_arch = "x86_64", not(any(tenure_loom, tenure_shuttle)))) {
            // SeqCst: here an exchange is a full barrier and costs half of the fence below. The compiler's fence keeps
            // it one for the compiler too.
            self.state.swap(epoch, Ordering::SeqCst);
            compiler_fence(Ordering::SeqCst);
        } else {
            // Release: what was done under the guards before is over.
            self.state.store(epoch, Ordering::Release);
            // SeqCst: pairs with the fence in `all_have_met`: that sees what is written down, or this thread sees what
            // was unlinked before.
            fence(Ordering::SeqCst);
        }
    }

    #[inline(always)]
    fn leave(&self) {
        let word = self.word.get() - ONE;
        self.word.set(word);
        if word < ONE {
            // Release: pairs with the Acquire fence in `all_have_met`: what was read under the guard has been read, and
            // what was unlinked is seen.
            self.state.store(0, Ordering::Release);
            if word & ORPHANED != 0 {
                self.give_back();
            }
        }
    }

    /// Something is handed on: for the next pins, this thread makes its own barriers.
    fn rest(&self) {
        self.pins.set(0);
        self.word.set(self.word.get() | OWN_BARRIER);
        // Release: pairs with the Acquire in `all_have_met`: who sees this sees the pins before it.
        self.light.store(false, Ordering::Release);
    }

    /// As it is made: who takes it next begins like a new one, and meanwhile nobody makes a barrier for it.
    #[cold]
    fn give_back(&self) {
        self.rest();
        self.word.set(OWN_BARRIER);
        let collector = self.keeps.take();
        // Release: pairs with the Acquire in `register`.
        self.taken.store(false, Ordering::Release);
        // After that, for it may be the last.
        drop(collector);
    }
}

/// A thread's place at a collector.
pub(in crate::raw) struct Handle(*const Local);

impl Handle {
    /// # Safety
    /// `local` is a place of this collector's, and this thread's.
    pub(super) unsafe fn new(local: *const Local, collector: Arc<Collector>) -> Self {
        // SAFETY: freed with its collector, which is there.
        unsafe { &*local }.keeps.set(Some(collector));
        Self(local)
    }

    #[inline]
    pub(super) fn local(&self) -> &Local {
        // SAFETY: its collector is kept while the thread has it, and it is freed with that.
        unsafe { &*self.0 }
    }

    #[inline(always)]
    pub(in crate::raw) fn pin(&self) -> Pin {
        self.local().pin()
    }
}

/// Gives the place back, or leaves that to the last guard.
impl Drop for Handle {
    fn drop(&mut self) {
        let local = self.local();
        let word = local.word.get();
        if word < ONE { local.give_back() } else { local.word.set(word | ORPHANED) }
    }
}

/// While it lives, nothing that could be reached when it was made is freed.
pub(in crate::raw) struct Pin {
    local: *const Local,
    /// What is a thread's own stays with it.
    own: PhantomData<*const ()>,
}

impl Pin {
    #[inline]
    fn local(&self) -> &Local {
        // SAFETY: as in `Handle::local`; it is given back by the last guard at the earliest.
        unsafe { &*self.local }
    }

    /// Runs `deferred` once no guard that exists now is left.
    ///
    /// # Safety
    /// It may then be run on any thread, and does not unwind.
    pub(in crate::raw) unsafe fn defer(&self, deferred: impl FnOnce() + 'static) {
        let collector = self.local().collector();
        // Relaxed: a hint; before it is put there, so that it never falls below zero.
        collector.held.fetch_add(1, Ordering::Relaxed);
        // Relaxed: not before the epoch that this guard has met, which is all that is asked for.
        let epoch = collector.epoch.load(Ordering::Relaxed);
        collector.waiting[list_of(epoch)].push(Deferred(Box::new(deferred)));
    }

    /// Does a share of freeing; all of what is due, if the caller is in a `hurry`.
    pub(in crate::raw) fn flush(&self, hurry: bool) {
        let local = self.local();
        local.rest();
        let collector = local.collector();
        let due = if collector.is_idle() { Vec::new() } else { collector.step(local, hurry) };
        collector.run(due, hurry);
    }
}

impl Drop for Pin {
    #[inline(always)]
    fn drop(&mut self) {
        self.local().leave();
    }
}
