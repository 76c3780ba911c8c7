//! An allocator that can count what is live. It counts only while it is asked to, so that it slows nobody else.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ops::Sub,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
};

static ON: AtomicBool = AtomicBool::new(false);
static BYTES: AtomicI64 = AtomicI64::new(0);
static BLOCKS: AtomicI64 = AtomicI64::new(0);

/// The system's allocator, and a count.
#[derive(Debug)]
pub struct Counting;

fn count(bytes: i64, blocks: i64) {
    // Relaxed, all: counts, ordered with nothing.
    if ON.load(Ordering::Relaxed) {
        BYTES.fetch_add(bytes, Ordering::Relaxed);
        BLOCKS.fetch_add(blocks, Ordering::Relaxed);
    }
}

fn signed(bytes: usize) -> i64 {
    bytes.cast_signed() as i64
}

#[expect(unsafe_code, reason = "an allocator's interface is unsafe; every call is handed on unchanged")]
// SAFETY: the system's allocator keeps the trait's promises, and every call goes to it with its own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()), 1);
        // SAFETY: the caller's promises are the ones asked for here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()), 1);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-signed(layout.size()), -1);
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(signed(size) - signed(layout.size()), 0);
        // SAFETY: as in `alloc`.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// What is live of what was allocated while counting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live {
    pub(crate) bytes: i64,
    pub(crate) blocks: i64,
}

impl Sub for Live {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { bytes: self.bytes - earlier.bytes, blocks: self.blocks - earlier.blocks }
    }
}

/// Counts from now on, if it did not already; what is live.
pub(crate) fn live() -> Live {
    ON.store(true, Ordering::Relaxed);
    Live { bytes: BYTES.load(Ordering::Relaxed), blocks: BLOCKS.load(Ordering::Relaxed) }
}

/// Counts no more.
pub(crate) fn stop() {
    ON.store(false, Ordering::Relaxed);
}
