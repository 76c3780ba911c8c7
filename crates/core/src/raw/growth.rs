//! Growing: the mask doubles at once, the new buckets are put into the list one by one.

use super::{
    buckets::MOST,
    link::Link,
    list::{parent, settle},
    node::NODE,
    reclaim::Guard,
    table::Table,
};
use crate::sync::Ordering;

/// New buckets that each insertion puts into the list after a doubling. Far more than two, which there are for each
/// entry, so that a doubling is worked off long before the next is due: until then, walks are longer.
#[cfg(not(any(tenure_loom, tenure_shuttle)))]
const SPLITS_PER_INSERT: usize = 8;
#[cfg(any(tenure_loom, tenure_shuttle))]
const SPLITS_PER_INSERT: usize = 4;

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Table<K, V> {
    /// Does an insertion's share of growing, now that there are about so many entries.
    pub(super) fn grow(&self, entries: usize, guard: &Guard) {
        // Acquire: as in `bucket_of`.
        let mask = self.mask.load(Ordering::Acquire);
        if 2 * entries > mask && mask < MOST - 1 {
            self.buckets.add_segment(mask + 1);
            // Release: pairs with the Acquire of every reader of the mask; the segment is there. Relaxed on failure:
            // another thread has grown it.
            let _ = self.mask.compare_exchange(mask, 2 * mask + 1, Ordering::Release, Ordering::Relaxed);
        }
        // Relaxed, throughout: which buckets are next. Who meets one's sentinel in the list, with Acquire, has seen this
        // move on past it; `ends_run` relies on that. A bucket whose thread is stopped is put into the list by the first
        // writer that wants it, or stays with its ancestor.
        let first = self.split.load(Ordering::Relaxed);
        let next = (first + SPLITS_PER_INSERT).min(mask + 1);
        if first > mask
            || self.split.compare_exchange(first, next, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            // There are none, or another thread is about them.
            return;
        }
        for index in first..next {
            self.expect_split(index + SPLITS_PER_INSERT, mask);
        }
        for index in first..next {
            self.ensure_bucket(index, guard);
        }
    }

    /// An insertion will soon put this bucket into the list: has the processor fetch the node where its parent's run
    /// begins, in which it will be put.
    #[inline]
    fn expect_split(&self, index: usize, mask: usize) {
        // No step of a model, since nothing comes of it.
        if cfg!(not(any(tenure_loom, tenure_shuttle))) && index <= mask {
            // Relaxed: nothing is read through it.
            self.buckets.get(parent(index)).next.load(Ordering::Relaxed).prefetch(0);
        }
    }

    /// Puts a bucket into the list unless it is there or another thread is about it. `index` is below `split`, or was
    /// answered by `bucket_of`: who meets its sentinel in the run of an ancestor relies on that.
    pub(super) fn ensure_bucket(&self, index: usize, guard: &Guard) {
        let bucket = self.buckets.get(index);
        // Relaxed: only whether somebody has begun; nothing is read through it.
        if bucket.next.load(Ordering::Relaxed) != Link::UNINIT {
            return;
        }
        // Relaxed: claims the right to write, publishes nothing.
        let claimed =
            bucket.next.compare_exchange(Link::UNINIT, Link::CLAIMED, Ordering::Relaxed, Ordering::Relaxed);
        if claimed.is_err() {
            return;
        }
        debug_assert!(index as u64 & NODE == 0, "bucket indices are below 2^44");
        loop {
            let at = self.search(index as u64, |_| false, guard);
            // Relaxed: who reads this link without having come through the list (`start`, as an ancestor) does not
            // follow it while it is pending; who comes through the list has acquired the exchange below.
            bucket.next.store(at.cur.pending(), Ordering::Relaxed);
            // Release: pairs with the Acquire of every walk; the bucket's link is visible.
            let linked = at.prev.compare_exchange(
                at.cur,
                Link::to_bucket(bucket),
                Ordering::Release,
                Ordering::Relaxed,
            );
            if linked.is_ok() {
                settle(bucket);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
