//! Walking the list: the reader's walk, which writes nothing, and the writer's search, which unlinks what is marked.

use super::{
    buckets::Bucket,
    link::{AtomicLink, Link, Managed},
    node::{NODE, Node, precedes},
    reclaim::Guard,
    table::{Query, Table},
};
use crate::sync::Ordering;

/// Where a walk begins.
pub(super) struct Start<'g> {
    pub(super) bucket: &'g Bucket,
    /// The bucket's index, if it is the key's own: then the next sentinel ends the walk.
    pub(super) own: Option<usize>,
}

/// Where something stands in the list, or would stand.
pub(super) struct Position<'g, K, V> {
    /// The link that leads there,
    pub(super) prev: &'g AtomicLink,
    /// and what it held: unmarked and settled.
    pub(super) cur: Link,
    pub(super) found: Option<&'g Managed<Node<K, V>>>,
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Table<K, V> {
    /// The unmarked node asked for. Writes nothing, waits for nobody.
    #[inline(always)]
    pub(super) fn find<'g, Q: Query<K> + ?Sized>(
        &'g self,
        query: &Q,
        _guard: &'g Guard,
    ) -> Option<&'g Managed<Node<K, V>>> {
        let hash = query.hash() | NODE;
        let index = self.bucket_of(hash);
        // Acquire, here and below: pairs with the Release of the exchange that put the successor there, and with the
        // Release in `settle`: a bucket that is ready is in the list.
        let link = self.buckets.get(index).next.load(Ordering::Acquire);
        let (mut cur, own) =
            if link.is_ready() { (link, Some(index)) } else { (self.first_link(hash), None) };
        loop {
            if cur.is_sentinel() {
                if self.ends_run(cur, hash, own) {
                    return None;
                }
                cur = self.beyond(cur, hash)?;
                continue;
            }
            // SAFETY: invariants 1 and 5: reached under the guard, and no sentinel, so a node.
            let node = unsafe { &*cur.pointee::<Managed<Node<K, V>>>() };
            let next = node.value.next.load(Ordering::Acquire);
            if node.value.hash == hash {
                // The link was read unmarked: at that moment the node was present (invariant 3: the only one).
                if !next.is_marked() && query.matches(&node.value.key) {
                    return Some(node);
                }
            } else if precedes(hash, node.value.hash) {
                return None;
            }
            cur = next.unmarked();
        }
    }

    /// Where `hash` stands or would stand: at the node whose key `is` the one asked for, else behind all of this
    /// hash. Unlinks every marked node on the way, and so starts again whenever another thread was faster.
    pub(super) fn search<'g>(
        &'g self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        _guard: &'g Guard,
    ) -> Position<'g, K, V> {
        'again: loop {
            let start = self.start(hash);
            let mut prev = &start.bucket.next;
            let mut cur = settle(start.bucket);
            loop {
                if cur.is_sentinel() {
                    if self.ends_run(cur, hash, start.own) || self.beyond(cur, hash).is_none() {
                        return Position { prev, cur, found: None };
                    }
                    // SAFETY: invariant 1: a sentinel that is not the end (`beyond` has seen to that) is a bucket of
                    // this table (invariant 6: as long as the table).
                    let bucket = unsafe { &*cur.pointee::<Bucket>() };
                    prev = &bucket.next;
                    cur = settle(bucket);
                    continue;
                }
                // SAFETY: invariants 1 and 5: reached under the guard, and no sentinel, so a node.
                let node = unsafe { &*cur.pointee::<Managed<Node<K, V>>>() };
                // Acquire: pairs with the Release of the exchange that put the successor there.
                let next = node.value.next.load(Ordering::Acquire);
                if next.is_marked() {
                    // Release: passes on the successor, which this thread acquired from the marked link. Relaxed on
                    // failure: the search begins again.
                    let next = next.unmarked();
                    if prev.compare_exchange(cur, next, Ordering::Release, Ordering::Relaxed).is_err() {
                        continue 'again;
                    }
                    // SAFETY: invariant 5: the exchange that unlinks a node succeeds once.
                    unsafe { self.graveyard.retire(cur.pointee()) };
                    cur = next;
                } else if node.value.hash == hash && is(&node.value.key) {
                    return Position { prev, cur, found: Some(node) };
                } else if precedes(hash, node.value.hash) {
                    return Position { prev, cur, found: None };
                } else {
                    prev = &node.value.next;
                    cur = next;
                }
            }
        }
    }

    /// The bucket in which the walk for `hash` begins. While the table grows, one that growth has not come to yet is left
    /// aside for the bucket that it will be split from.
    #[inline]
    pub(super) fn bucket_of(&self, hash: u64) -> usize {
        // Acquire: pairs with the Release in `grow`; the segments that the mask covers are there.
        let mask = self.mask.load(Ordering::Acquire);
        let index = hash as usize & mask;
        // Relaxed: where a walk begins is a matter of speed alone.
        let split = self.split.load(Ordering::Relaxed);
        if split > mask { index } else { before_split(index, split, mask) }
    }

    /// The nearest bucket before `hash` that is in the list: the hash's own, else an ancestor.
    #[inline]
    pub(super) fn start(&self, hash: u64) -> Start<'_> {
        // A sentinel's own position (no NODE bit) is looked for from an ancestor, past other sentinels.
        let is_node = hash & NODE != 0;
        let mut index = if is_node { self.bucket_of(hash) } else { hash as usize };
        let bucket = self.buckets.get(index);
        // Relaxed, here and below: only whether the bucket is in the list. Who goes on from there reads the link again,
        // with Acquire, and reads this value or a later one, which pairs with the Release in `settle`.
        if is_node && bucket.next.load(Ordering::Relaxed).is_ready() {
            return Start { bucket, own: Some(index) };
        }
        loop {
            // The parent: the bucket that this one was split from. Bucket 0 is in the list from the beginning.
            index = parent(index);
            let bucket = self.buckets.get(index);
            if index == 0 || bucket.next.load(Ordering::Relaxed).is_ready() {
                return Start { bucket, own: None };
            }
        }
    }

    /// The first link of a bucket that is in the list and does not come after `hash`.
    #[cold]
    pub(super) fn first_link(&self, hash: u64) -> Link {
        // Acquire: pairs with the Release of the exchange that put the successor there.
        self.start(hash).bucket.next.load(Ordering::Acquire).settled()
    }

    /// Whether nothing of the bucket's run comes behind this sentinel, for a walk for `hash` that began at its `own`.
    #[inline]
    pub(super) fn ends_run(&self, sentinel: Link, hash: u64, own: Option<usize>) -> bool {
        // A sentinel inside the own bucket's run is put there after `split` has moved past it, and this thread has just
        // read the link to it with Acquire: if the bucket is still the own one, this sentinel ends the run.
        sentinel.is_end() || own == Some(self.bucket_of(hash))
    }

    /// What follows a sentinel that is not the end, if the walk for `hash` goes on behind it.
    #[cold]
    pub(super) fn beyond(&self, sentinel: Link, hash: u64) -> Option<Link> {
        let bucket = sentinel.pointee::<Bucket>();
        if precedes(hash, self.buckets.index_of(bucket) as u64) {
            return None;
        }
        // SAFETY: invariant 1: not the end, as the caller has seen, so a bucket of this table.
        let bucket = unsafe { &*bucket };
        // Acquire: pairs with the Release of the exchange that put the successor there.
        Some(bucket.next.load(Ordering::Acquire).settled())
    }
}

/// This bucket, or while growth has not come to it the one that it will be split from.
#[cold]
fn before_split(index: usize, split: usize, mask: usize) -> usize {
    if index < split { index } else { index & mask >> 1 }
}

/// The bucket that this one is split from; bucket 0 is its own.
pub(super) fn parent(index: usize) -> usize {
    index.checked_ilog2().map_or(0, |top| index & !(1 << top))
}

/// Takes the tag `PENDING` off a bucket that was reached through the list, or is bucket 0 or ready; returns its link.
#[inline]
pub(super) fn settle(bucket: &Bucket) -> Link {
    loop {
        // Acquire: pairs with the Release of the exchange that put the successor there.
        let link = bucket.next.load(Ordering::Acquire);
        if !link.is_pending() {
            return link;
        }
        // Release: pairs with the Acquire of who starts there: who sees the bucket ready sees that it is in the list.
        // Relaxed on failure: another thread has settled it; the link is read again.
        let _ = bucket.next.compare_exchange(link, link.settled(), Ordering::Release, Ordering::Relaxed);
    }
}
