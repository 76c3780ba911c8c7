//! The buckets: sentinels of the list, in segments that double and never move.
//!
//! Segment 0 holds the first [`FIRST`] buckets, segment `k` the next `FIRST << (k - 1)`: growing adds one segment and
//! moves nothing, so a bucket's address is good for as long as the table.

use super::link::{AtomicLink, Link};
use crate::sync::{AtomicPtr, Ordering};
use std::ptr;

#[cfg(not(any(tenure_loom, tenure_shuttle)))]
const FIRST_BITS: u32 = 4;
#[cfg(any(tenure_loom, tenure_shuttle))]
const FIRST_BITS: u32 = 0;

/// Buckets that a new table has.
pub(super) const FIRST: usize = 1 << FIRST_BITS;
/// One for every index, so that finding a bucket needs no check.
const SEGMENTS: usize = (usize::BITS - FIRST_BITS) as usize + 1;
/// The most buckets there can be: 2^44, or a quarter of a smaller address space.
pub(super) const MOST: usize = 1 << if usize::BITS > 44 { 44 } else { usize::BITS - 5 };

/// A sentinel of the list, without a key of its own: its place follows from its index.
// Aligned so that a link's tags fit, also where a pointer is smaller.
#[repr(C, align(8))]
pub(super) struct Bucket {
    pub(super) next: AtomicLink,
}

const _: () = assert!(align_of::<Bucket>() >= 8, "a link's three tags must fit below a bucket's address");

pub(super) struct Buckets {
    segments: [Segment; SEGMENTS],
}

/// Where a segment is, or that there is none. Kept as the address at which bucket 0 would lie if the segment reached
/// down to it, so that a bucket's index is added as it is; and odd, so that it is not null.
struct Segment(AtomicPtr<Bucket>);

impl Segment {
    /// The first bucket of segment number `number`, or null.
    fn base(&self, number: usize, ordering: Ordering) -> *mut Bucket {
        let origin = self.0.load(ordering);
        if origin.is_null() { ptr::null_mut() } else { bucket_at(origin, first_of(number)) }
    }
}

/// Wrapping, because an origin lies outside of its segment: the way there and back keeps the segment's provenance.
#[inline]
fn bucket_at(origin: *mut Bucket, index: usize) -> *mut Bucket {
    origin.wrapping_byte_sub(1).wrapping_add(index)
}

fn origin_of(base: *mut Bucket, number: usize) -> *mut Bucket {
    base.wrapping_sub(first_of(number)).wrapping_byte_add(1)
}

/// Which segment a bucket is in: what doubles at [`FIRST`] begins the next one.
#[inline]
fn segment_of(index: usize) -> usize {
    ((index << 1 | (2 * FIRST - 1)).ilog2() - FIRST_BITS) as usize
}

/// First bucket of a segment.
fn first_of(segment: usize) -> usize {
    if segment == 0 { 0 } else { FIRST << (segment - 1) }
}

/// Number of buckets in a segment.
fn len_of(segment: usize) -> usize {
    if segment == 0 { FIRST } else { FIRST << (segment - 1) }
}

impl Buckets {
    /// The first segment, with bucket 0 in place as the head of an empty list.
    pub(super) fn new() -> Self {
        let buckets = Self { segments: std::array::from_fn(|_| Segment(AtomicPtr::new(ptr::null_mut()))) };
        buckets.add_segment(0);
        // Relaxed: nobody else has the table yet.
        buckets.get(0).next.store(Link::END, Ordering::Relaxed);
        buckets
    }

    /// The bucket at `index`, which must be at most the table's mask.
    #[inline]
    pub(super) fn get(&self, index: usize) -> &Bucket {
        let segment = segment_of(index);
        // Acquire: pairs with the Release in `add_segment`; the zeroed buckets are visible.
        let origin = self.segments[segment].0.load(Ordering::Acquire);
        debug_assert!(!origin.is_null(), "bucket {index} is beyond the mask");
        // SAFETY: invariant 6: segments up to the mask's are allocated before the mask says so and are freed only
        // when the table is dropped. The index lies in this segment, so the address is that of one of its buckets.
        unsafe { &*bucket_at(origin, index) }
    }

    /// Whether the segment that begins with bucket `first` exists, or makes it. `first` is a power of two.
    pub(super) fn add_segment(&self, first: usize) {
        let segment = segment_of(first);
        // Relaxed: only asked whether there is one.
        if !self.segments[segment].0.load(Ordering::Relaxed).is_null() {
            return;
        }
        let fresh = allocate(len_of(segment));
        // Release: pairs with the Acquire in `get`. Relaxed on failure: the other thread's segment is not read here.
        let added = self.segments[segment].0.compare_exchange(
            ptr::null_mut(),
            origin_of(fresh, segment),
            Ordering::Release,
            Ordering::Relaxed,
        );
        if added.is_err() {
            // SAFETY: `fresh` was allocated above with this length and never shared.
            unsafe { deallocate(fresh, len_of(segment)) };
        }
    }

    /// The index of a bucket of this table, from its address alone. Slow: for the rare walk that passes the end of
    /// its own bucket.
    pub(super) fn index_of(&self, bucket: *const Bucket) -> usize {
        for (number, segment) in self.segments.iter().enumerate() {
            // Relaxed: the address is compared, not followed; that the bucket was found in the list means that its
            // segment's address is visible.
            let base = segment.base(number, Ordering::Relaxed).addr();
            let offset = bucket.addr().wrapping_sub(base) / size_of::<Bucket>();
            if base != 0 && bucket.addr() >= base && offset < len_of(number) {
                return first_of(number) + offset;
            }
        }
        unreachable!("a sentinel of the list that is in no segment")
    }
}

impl Drop for Buckets {
    fn drop(&mut self) {
        for (number, segment) in self.segments.iter().enumerate() {
            // Relaxed: `&mut self` orders everything before.
            let base = segment.base(number, Ordering::Relaxed);
            if !base.is_null() {
                // SAFETY: allocated by `add_segment` with this length; nobody else has the table any more.
                unsafe { deallocate(base, len_of(number)) };
            }
        }
    }
}

/// `len` buckets that nobody has begun to put into the list. Zeroed memory comes from the system without being
/// touched, so that a large segment costs its pages one by one as they are used: no pause.
#[cfg(not(any(tenure_loom, tenure_shuttle)))]
fn allocate(len: usize) -> *mut Bucket {
    let layout = std::alloc::Layout::array::<Bucket>(len).expect("fewer than 2^44 buckets");
    // SAFETY: `len` is at least 1 and a bucket is not zero-sized.
    let memory = unsafe { std::alloc::alloc_zeroed(layout) };
    if memory.is_null() {
        std::alloc::handle_alloc_error(layout);
    }
    // All zero is `Link::UNINIT`.
    memory.cast()
}

/// # Safety
/// `base` came from `allocate(len)` and is not used again.
#[cfg(not(any(tenure_loom, tenure_shuttle)))]
unsafe fn deallocate(base: *mut Bucket, len: usize) {
    let layout = std::alloc::Layout::array::<Bucket>(len).expect("as when allocated");
    // SAFETY: the caller's contract; a bucket has no destructor.
    unsafe { std::alloc::dealloc(base.cast(), layout) };
}

/// Loom's and shuttle's atomics are not plain memory: they are made one by one.
#[cfg(any(tenure_loom, tenure_shuttle))]
fn allocate(len: usize) -> *mut Bucket {
    let buckets: Box<[Bucket]> = (0..len).map(|_| Bucket { next: AtomicLink::new(Link::UNINIT) }).collect();
    Box::into_raw(buckets).cast()
}

/// # Safety
/// `base` came from `allocate(len)` and is not used again.
#[cfg(any(tenure_loom, tenure_shuttle))]
unsafe fn deallocate(base: *mut Bucket, len: usize) {
    let buckets = ptr::slice_from_raw_parts_mut(base, len);
    // SAFETY: the caller's contract.
    drop(unsafe { Box::from_raw(buckets) });
}

#[cfg(test)]
mod tests {
    use super::{FIRST, first_of, len_of, segment_of};

    #[test]
    fn every_index_has_one_place() {
        for index in 0..4 * FIRST + 1000 {
            let segment = segment_of(index);
            assert!(index >= first_of(segment), "{index}");
            assert!(index - first_of(segment) < len_of(segment), "{index}");
        }
        assert_eq!(segment_of(FIRST), 1);
        assert_eq!(first_of(1), FIRST);
    }
}
