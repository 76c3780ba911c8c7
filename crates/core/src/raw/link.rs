//! A link of the list: a pointer and three bits, and the header of what it points to.

use crate::sync::{AtomicPtr, Ordering};
use std::{mem::MaybeUninit, ptr};

/// The node that holds this link is deleted; the link never changes again.
const MARK: usize = 1;
/// The pointee is a bucket (a sentinel), or nothing: the end of the list.
const SENTINEL: usize = 2;
/// The bucket that holds this link is not known to be in the list yet.
const PENDING: usize = 4;
const TAGS: usize = MARK | SENTINEL | PENDING;

/// A value that links point to. Aligned so that a link's tags fit, also where a pointer is smaller.
#[repr(C, align(8))]
pub(super) struct Managed<T> {
    pub(super) value: T,
}

/// Room for one.
pub(super) type Memory<T> = Box<MaybeUninit<Managed<T>>>;

impl<T> Managed<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value }
    }
}

/// A link as read: plain, `Copy`, without meaning of its own for the memory it names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Link(*mut ());

impl Link {
    /// A bucket nobody has begun to put into the list. All zero, so that fresh segments need no writing.
    pub(super) const UNINIT: Self = Self(ptr::null_mut());
    /// A bucket that one thread is putting into the list.
    pub(super) const CLAIMED: Self = Self(ptr::without_provenance_mut(PENDING));
    /// The end of the list.
    pub(super) const END: Self = Self(ptr::without_provenance_mut(SENTINEL));

    #[inline]
    pub(super) fn to_node<T>(node: *mut Managed<T>) -> Self {
        Self(node.cast())
    }

    #[inline]
    pub(super) fn to_bucket<T>(bucket: *const T) -> Self {
        Self(bucket.cast_mut().cast::<()>().map_addr(|a| a | SENTINEL))
    }

    #[inline]
    pub(super) fn is_marked(self) -> bool {
        self.0.addr() & MARK != 0
    }

    /// A bucket, or the end.
    #[inline]
    pub(super) fn is_sentinel(self) -> bool {
        self.0.addr() & SENTINEL != 0
    }

    #[inline]
    pub(super) fn is_end(self) -> bool {
        self.unmarked() == Self::END
    }

    /// Whether a bucket holding this link can be started from: it is in the list.
    #[inline]
    pub(super) fn is_ready(self) -> bool {
        self.0.addr() & PENDING == 0 && self != Self::UNINIT
    }

    #[inline]
    pub(super) fn is_pending(self) -> bool {
        self.0.addr() & PENDING != 0
    }

    #[inline]
    #[must_use]
    pub(super) fn marked(self) -> Self {
        Self(self.0.map_addr(|a| a | MARK))
    }

    #[inline]
    #[must_use]
    pub(super) fn unmarked(self) -> Self {
        Self(self.0.map_addr(|a| a & !MARK))
    }

    #[inline]
    #[must_use]
    pub(super) fn pending(self) -> Self {
        Self(self.0.map_addr(|a| a | PENDING))
    }

    #[inline]
    #[must_use]
    pub(super) fn settled(self) -> Self {
        Self(self.0.map_addr(|a| a & !PENDING))
    }

    /// Has the processor fetch the beginning of the pointee and what is `offset` bytes behind it, if it is a node. A hint,
    /// which may be ignored.
    #[inline]
    pub(super) fn prefetch(self, offset: usize) {
        #[cfg(target_arch = "x86_64")]
        if !self.is_sentinel() {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let node = self.pointee::<i8>();
            // SAFETY: no more than a hint, for any address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(node) };
            // SAFETY: as above.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(node.wrapping_byte_add(offset)) };
        }
    }

    /// The pointee, tags stripped. Of which type it is, `is_sentinel` and `is_end` tell.
    #[inline]
    pub(super) fn pointee<T>(self) -> *mut T {
        self.0.map_addr(|a| a & !TAGS).cast()
    }
}

/// A link in shared memory.
#[repr(transparent)]
pub(super) struct AtomicLink(AtomicPtr<()>);

impl AtomicLink {
    pub(super) fn new(link: Link) -> Self {
        Self(AtomicPtr::new(link.0))
    }

    #[inline]
    pub(super) fn load(&self, ordering: Ordering) -> Link {
        Link(self.0.load(ordering))
    }

    #[inline]
    pub(super) fn store(&self, link: Link, ordering: Ordering) {
        self.0.store(link.0, ordering);
    }

    #[inline]
    pub(super) fn compare_exchange(
        &self,
        current: Link,
        new: Link,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Link, Link> {
        self.0.compare_exchange(current.0, new.0, success, failure).map(Link).map_err(Link)
    }
}
