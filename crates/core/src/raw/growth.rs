//! Growing: the mask doubles at once, the new buckets are put into the list one by one.

use super::{buckets::MOST, link::Link, list::settle, node::NODE, reclaim::Guard, table::Table};
use crate::sync::Ordering;

/// New buckets that each insertion puts into the list after a doubling. More than two, which there are for each entry,
/// so that a doubling is worked off before the next is due.
const SPLITS_PER_INSERT: usize = 4;

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Table<K, V> {
    /// Does an insertion's share of growing, now that there are `len` entries.
    pub(super) fn grow(&self, len: isize, guard: &Guard) {
        // Acquire: as in `start`.
        let mask = self.mask.load(Ordering::Acquire);
        if 2 * len > mask.cast_signed() && mask < MOST - 1 {
            self.buckets.add_segment(mask + 1);
            // Release: pairs with the Acquire of every reader of the mask; the segment is there. Relaxed on failure:
            // another thread has grown it.
            let _ = self.mask.compare_exchange(mask, 2 * mask + 1, Ordering::Release, Ordering::Relaxed);
        }
        for _ in 0..SPLITS_PER_INSERT {
            // Relaxed: a hint which bucket is next. One that is skipped, or whose thread is stopped, is put into the
            // list by the first writer that wants it, or stays with its ancestor.
            if self.split.load(Ordering::Relaxed) > mask {
                break;
            }
            let index = self.split.fetch_add(1, Ordering::Relaxed);
            if index <= mask {
                self.ensure_bucket(index, guard);
            }
        }
    }

    /// Puts a bucket into the list unless it is there or another thread is about it. `index` is at most the mask.
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
