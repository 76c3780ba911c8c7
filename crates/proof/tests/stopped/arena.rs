//! A global allocator without locks: a thread that is stopped in the middle of it keeps nobody from allocating.
//!
//! Blocks have sizes that are powers of two. A freed block goes onto the stack of its size, from which the next
//! allocation of that size takes it; where there is none, the arena is cut further. The stacks' links lie beside the
//! arena, one word for each 32 bytes of it, so that nobody reads memory that another thread may have been given
//! meanwhile, and their heads carry a count of changes against ABA.

use std::{
    alloc::{GlobalAlloc, Layout},
    ptr,
    sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

/// The smallest block, and the distance between two links.
const GRAIN: usize = 32;
/// Address space that is reserved; memory comes as it is touched.
const ARENA: usize = 16 << 30;
const CLASSES: usize = 30;
/// A block of the largest alignment that is cared for begins on its own multiple.
const LARGEST_ALIGN: usize = 4096;

/// The allocator.
pub(crate) struct Arena {
    base: AtomicPtr<u8>,
    links: AtomicPtr<AtomicU32>,
    /// How far the arena is cut up. Not from 0: link 0 means none.
    cut: AtomicUsize,
    /// Of each size: a count of changes, and the grain of the first free block.
    free: [AtomicU64; CLASSES],
    /// Bytes asked for and not given back.
    live: AtomicUsize,
}

impl Arena {
    pub(crate) const fn new() -> Self {
        Self {
            base: AtomicPtr::new(ptr::null_mut()),
            links: AtomicPtr::new(ptr::null_mut()),
            cut: AtomicUsize::new(LARGEST_ALIGN),
            free: [const { AtomicU64::new(0) }; CLASSES],
            live: AtomicUsize::new(0),
        }
    }

    /// Bytes that were asked for and not given back.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// Bytes of the arena that were ever used.
    pub(crate) fn used(&self) -> usize {
        self.cut.load(Ordering::Relaxed)
    }

    /// The memory at a place, reserved by whoever comes first.
    fn reserve<T>(place: &AtomicPtr<T>, bytes: usize) -> *mut T {
        // Acquire: pairs with the Release below. (The kernel's zeroes are visible anyway.)
        let there = place.load(Ordering::Acquire);
        if !there.is_null() {
            return there;
        }
        let (protection, flags) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
        );
        #[expect(unsafe_code, reason = "an allocator gets its memory from the system")]
        // SAFETY: a new private mapping, which touches nothing that exists.
        let fresh = unsafe { libc::mmap(ptr::null_mut(), bytes, protection, flags, -1, 0) };
        if fresh == libc::MAP_FAILED {
            return ptr::null_mut();
        }
        match place.compare_exchange(there, fresh.cast(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => fresh.cast(),
            Err(others) => {
                #[expect(unsafe_code, reason = "as above")]
                // SAFETY: mapped above with this length and shared with nobody.
                let _ = unsafe { libc::munmap(fresh, bytes) };
                others
            }
        }
    }

    fn link(&self, grain: u32) -> Option<&AtomicU32> {
        let links = Self::reserve(&self.links, ARENA / GRAIN * size_of::<AtomicU32>());
        if links.is_null() {
            return None;
        }
        #[expect(unsafe_code, reason = "an allocator's own table")]
        // SAFETY: the mapping has one zeroed word for each grain of the arena and is never taken away.
        unsafe {
            links.wrapping_add(grain as usize).as_ref()
        }
    }

    /// Takes a free block of this size.
    fn reuse(&self, class: usize) -> Option<usize> {
        // Acquire: pairs with the Release in `release`: the link below is that of this head.
        let mut head = self.free[class].load(Ordering::Acquire);
        loop {
            let grain = head as u32;
            if grain == 0 {
                return None;
            }
            // Relaxed: if it is that of a later time, the count of changes has moved on and the exchange fails.
            let next = self.link(grain)?.load(Ordering::Relaxed);
            let new = ((head >> 32) + 1) << 32 | u64::from(next);
            match self.free[class].compare_exchange_weak(head, new, Ordering::Acquire, Ordering::Acquire) {
                Ok(_) => return Some(grain as usize * GRAIN),
                Err(actual) => head = actual,
            }
        }
    }

    fn release(&self, class: usize, offset: usize) {
        let grain = (offset / GRAIN) as u32;
        let Some(link) = self.link(grain) else { return };
        let mut head = self.free[class].load(Ordering::Relaxed);
        loop {
            // Relaxed: published by the exchange.
            link.store(head as u32, Ordering::Relaxed);
            let new = ((head >> 32) + 1) << 32 | u64::from(grain);
            // Release: the link, and whatever was done to the block, comes before its next use.
            match self.free[class].compare_exchange_weak(head, new, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(actual) => head = actual,
            }
        }
    }

    /// Cuts a new block off.
    fn cut(&self, size: usize) -> Option<usize> {
        let mut cut = self.cut.load(Ordering::Relaxed);
        loop {
            let offset = cut.next_multiple_of(size.min(LARGEST_ALIGN));
            let end = offset + size;
            if end > ARENA {
                return None;
            }
            // Relaxed: the exchange alone decides whose block it is.
            match self.cut.compare_exchange_weak(cut, end, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(offset),
                Err(actual) => cut = actual,
            }
        }
    }
}

/// The size of the block for a layout, and its class.
fn block_of(layout: Layout) -> (usize, usize) {
    let size = layout.size().max(layout.align()).max(GRAIN).next_power_of_two();
    (size, (size / GRAIN).ilog2() as usize)
}

#[expect(unsafe_code, reason = "a global allocator")]
// SAFETY: a block is given to one caller at a time (who cuts it off or pops it alone has it), lies in the mapping, and
// is as large and as aligned as asked, for sizes are powers of two and blocks begin on multiples of theirs, up to a page.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (size, class) = block_of(layout);
        let base = Self::reserve(&self.base, ARENA);
        if base.is_null() || class >= CLASSES || layout.align() > LARGEST_ALIGN {
            return ptr::null_mut();
        }
        let Some(offset) = self.reuse(class).or_else(|| self.cut(size)) else { return ptr::null_mut() };
        self.live.fetch_add(layout.size(), Ordering::Relaxed);
        base.wrapping_add(offset)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let (_, class) = block_of(layout);
        // Acquire: as in `reserve`.
        let base = self.base.load(Ordering::Acquire);
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
        self.release(class, block.addr() - base.addr());
    }
}
