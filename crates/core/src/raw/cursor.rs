//! A pass over the whole table that can be put aside and taken up again.

use super::{
    buckets::Bucket,
    link::{Link, Managed},
    node::{NODE, Node, precedes},
    reclaim::Guard,
    table::{Entry, Table},
};
use crate::sync::Ordering;
use std::mem::offset_of;

/// So many buckets before a pass comes to it, a bucket's second node is fetched, and the first as many before that. More
/// nodes than two has one bucket in fourteen.
const AHEAD: usize = 16;
/// A pass over fewer buckets fetches nothing ahead: their nodes are in the processor's caches, or as good as there.
const SMALL: usize = 1 << 13;

/// How far a pass has come. No growth and no removal makes it invalid.
///
/// A pass goes from bucket to bucket by their numbers, as they lie in memory, and not along the list, on which
/// neighbors are far apart in memory. The buckets are those that the table had when the pass began; if there are more by
/// now, several of them make up one of the pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Number of buckets of the pass, less one.
    mask: usize,
    /// The hash whose run was visited last, or the index of the bucket come to.
    after: Option<u64>,
}

/// Where the part of the list is that belongs to a bucket of a pass.
#[derive(Clone, Copy)]
struct Run {
    index: usize,
    mask: usize,
    /// The walk began at the very bucket.
    own: bool,
}

impl Run {
    fn holds(self, position: u64) -> bool {
        position as usize & self.mask == self.index
    }

    fn comes_before(self, position: u64) -> bool {
        !self.holds(position) && precedes(self.index as u64, position)
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Table<K, V> {
    /// Goes on by `limit` entries and buckets, and the rest of the last entry's run of equal hashes, and visits the
    /// entries; true when the pass is complete, and the cursor is then back at the beginning.
    ///
    /// An entry that is present during the whole pass is seen exactly once, one that comes or goes meanwhile at most
    /// once; one that is replaced meanwhile may be seen as it was, as it is, or both.
    pub(crate) fn scan<'g>(
        &'g self,
        cursor: &mut Cursor,
        limit: usize,
        guard: &'g Guard,
        mut visit: impl FnMut(Entry<'g, K, V>),
    ) -> bool {
        let (limit, mut walked) = (limit.max(1), 0);
        // Relaxed: only a number here; whoever goes to a bucket by it reads the mask again, with Acquire.
        let mask = if cursor.after.is_some() { cursor.mask } else { self.mask.load(Ordering::Relaxed) };
        let mut from = cursor.after;
        for index in from.map_or(0, |from| from as usize & mask)..=mask {
            // Buckets count as well: a table that was large once is not walked through in one step.
            if walked >= limit {
                *cursor = Cursor { mask, after: Some(index as u64) };
                return false;
            }
            walked += 1;
            if mask >= SMALL {
                self.expect_nth(index + 2 * AHEAD, 0, guard);
                self.expect_nth(index + AHEAD, 1, guard);
            }
            if let Some(last) = self.scan_run(index, mask, from.take(), limit, &mut walked, guard, &mut visit)
            {
                *cursor = Cursor { mask, after: Some(last) };
                return false;
            }
        }
        *cursor = Cursor::default();
        true
    }

    /// Visits what belongs to one bucket of a pass and comes after `from`. If the limit is reached before the end, the
    /// hash that was visited last.
    #[allow(clippy::too_many_arguments, reason = "the state of a pass, which lives in registers")]
    #[inline]
    fn scan_run<'g>(
        &'g self,
        index: usize,
        mask: usize,
        from: Option<u64>,
        limit: usize,
        walked: &mut usize,
        guard: &'g Guard,
        visit: &mut impl FnMut(Entry<'g, K, V>),
    ) -> Option<u64> {
        let (mut cur, run) = self.begin_run(index, mask, from);
        let mut last = None;
        loop {
            if cur.is_sentinel() {
                cur = self.within(run, cur)?;
                continue;
            }
            // SAFETY: invariants 1 and 5: reached under the guard, and no sentinel, so a node.
            let node = unsafe { &*cur.pointee::<Managed<Node<K, V>>>() };
            let hash = node.value.hash;
            let new = run.holds(hash) && from.is_none_or(|from| precedes(from, hash));
            if new {
                // Not before there is progress: the cursor cannot stand between a bucket and its first entry.
                if *walked >= limit && last.is_some_and(|last| last != hash) {
                    return last;
                }
                *walked += 1;
                last = Some(hash);
            } else if run.comes_before(hash) {
                return None;
            }
            // Acquire: pairs with the Release of the exchange that put the successor there. Read before the visit,
            // so that a visit that replaces the node is not led to its replacement, and so on for ever.
            let next = node.value.next.load(Ordering::Acquire);
            if new && !next.is_marked() {
                visit(Entry::new(self, node, guard));
            }
            cur = next.unmarked();
        }
    }

    /// The first link of a bucket of a pass, or the nearest one before it and before what comes after `from`.
    #[inline]
    fn begin_run(&self, index: usize, mask: usize, from: Option<u64>) -> (Link, Run) {
        // Acquire: as in `bucket_of`.
        let own = from.is_none() && self.mask.load(Ordering::Acquire) == mask;
        if own {
            // Acquire: pairs with the Release in `settle`, and with that of the exchange that put the successor there.
            let link = self.buckets.get(index).next.load(Ordering::Acquire);
            if link.is_ready() {
                return (link, Run { index, mask, own });
            }
        }
        (self.head_before(from.unwrap_or(index as u64)), Run { index, mask, own: false })
    }

    /// What follows a sentinel, unless it ends the run.
    fn within(&self, run: Run, sentinel: Link) -> Option<Link> {
        // Relaxed: as in `ends_run`.
        let ends = run.own && self.mask.load(Ordering::Relaxed) == run.mask;
        if ends || sentinel.is_end() {
            return None;
        }
        if run.comes_before(self.buckets.index_of(sentinel.pointee()) as u64) {
            return None;
        }
        // SAFETY: invariant 1: not the end, so a bucket of this table.
        let bucket = unsafe { &*sentinel.pointee::<Bucket>() };
        // Acquire: pairs with the Release of the exchange that put the successor there.
        Some(bucket.next.load(Ordering::Acquire).settled())
    }

    /// An entry with this hash will be asked for soon: has the processor fetch the first node of its bucket.
    #[inline]
    pub(crate) fn expect(&self, hash: u64) {
        // Acquire: as in `bucket_of`.
        let index = hash as usize & self.mask.load(Ordering::Acquire);
        // No step of a model, since nothing comes of it.
        if cfg!(not(any(tenure_loom, tenure_shuttle))) {
            // Relaxed: nothing is read through it.
            fetch::<K, V>(self.buckets.get(index).next.load(Ordering::Relaxed));
        }
    }

    /// A pass will soon come to this bucket, if there is one of that number: has the processor fetch a node of it, the
    /// first being number 0. Those before it are walked over, so they should be there by now.
    #[inline]
    fn expect_nth(&self, index: usize, nth: usize, _guard: &Guard) {
        // No step of a model, since nothing comes of it. Acquire: as in `bucket_of`.
        if cfg!(any(tenure_loom, tenure_shuttle)) || index > self.mask.load(Ordering::Acquire) {
            return;
        }
        // Acquire: pairs with the Release in `settle`, and with that of the exchange that put the successor there.
        let mut link = self.buckets.get(index).next.load(Ordering::Acquire);
        if !link.is_ready() {
            return;
        }
        for _ in 0..nth {
            if link.is_sentinel() {
                return;
            }
            // SAFETY: invariants 1 and 5: reached under the guard, and no sentinel, so a node.
            let node = unsafe { &*link.pointee::<Managed<Node<K, V>>>() };
            // Acquire: pairs with the Release of the exchange that put the successor there.
            link = node.value.next.load(Ordering::Acquire).unmarked();
        }
        fetch::<K, V>(link);
    }

    /// Every entry whose key has this hash.
    pub(crate) fn with_hash<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
    ) -> impl Iterator<Item = Entry<'g, K, V>> {
        let hash = hash | NODE;
        let start = self.start(hash);
        // Acquire: pairs with the Release of the exchange that put the successor there.
        let mut cur = start.bucket.next.load(Ordering::Acquire).settled();
        std::iter::from_fn(move || {
            loop {
                if cur.is_sentinel() {
                    // A table that was large once is not to be walked to its end.
                    if self.ends_run(cur, hash, start.own) {
                        return None;
                    }
                    cur = self.beyond(cur, hash)?;
                    continue;
                }
                // SAFETY: invariants 1 and 5: reached under the guard, and no sentinel, so a node.
                let node = unsafe { &*cur.pointee::<Managed<Node<K, V>>>() };
                // Acquire: pairs with the Release of the exchange that put the successor there.
                let next = node.value.next.load(Ordering::Acquire);
                if precedes(hash, node.value.hash) {
                    return None;
                }
                cur = next.unmarked();
                if node.value.hash == hash && !next.is_marked() {
                    return Some(Entry::new(self, node, guard));
                }
            }
        })
    }
}

/// Has the processor fetch what a pass reads of a node: the beginnings of the node and of its value.
#[inline]
fn fetch<K, V>(node: Link) {
    node.prefetch(offset_of!(Managed<Node<K, V>>, value.value));
}

#[cfg(test)]
mod tests;
