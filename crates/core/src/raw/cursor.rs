//! A pass over the whole table that can be put aside and taken up again.

use super::{
    buckets::Bucket,
    link::Managed,
    node::{NODE, Node, precedes},
    reclaim::Guard,
    table::{Entry, Table},
};
use crate::sync::Ordering;

/// How far a pass has come: a position in split order, which no growth and no removal makes invalid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The hash whose run was visited last, or the index of the bucket come to.
    after: Option<u64>,
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
        let (limit, mut walked, mut progress) = (limit.max(1), 0, false);
        let from = cursor.after;
        let mut last = from.unwrap_or(0);
        let mut cur = self.head_before(last);
        loop {
            if cur.is_sentinel() {
                if cur.is_end() {
                    *cursor = Cursor::default();
                    return true;
                }
                // Buckets count as well: a table that was large once is not walked through in one step.
                if walked >= limit {
                    let index = self.buckets.index_of(cur.pointee()) as u64;
                    // Not one that was passed before, which a walk from an ancestor meets again.
                    if from.is_none_or(|from| precedes(from, index)) {
                        cursor.after = Some(index);
                        return false;
                    }
                }
                walked += 1;
                // SAFETY: invariant 1: not the end, so a bucket of this table.
                let bucket = unsafe { &*cur.pointee::<Bucket>() };
                // Acquire: pairs with the Release of the exchange that put the successor there.
                cur = bucket.next.load(Ordering::Acquire).settled();
                continue;
            }
            // SAFETY: invariants 1 and 5: reached under the guard, and no sentinel, so a node.
            let node = unsafe { &*cur.pointee::<Managed<Node<K, V>>>() };
            let hash = node.value.hash;
            let new = from.is_none_or(|from| precedes(from, hash));
            if new {
                // Not before there is progress: the cursor cannot stand between a bucket and its first entry.
                if walked >= limit && progress && hash != last {
                    cursor.after = Some(last);
                    return false;
                }
                walked += 1;
                progress = true;
                last = hash;
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

    /// Every entry whose key has this hash.
    pub(crate) fn with_hash<'g>(
        &'g self,
        hash: u64,
        guard: &'g Guard,
    ) -> impl Iterator<Item = Entry<'g, K, V>> {
        let hash = hash | NODE;
        let mut cur = self.head_before(hash);
        std::iter::from_fn(move || {
            loop {
                if cur.is_end() {
                    return None;
                }
                if cur.is_sentinel() {
                    // A table that was large once is not to be walked to its end.
                    if precedes(hash, self.buckets.index_of(cur.pointee()) as u64) {
                        return None;
                    }
                    // SAFETY: invariant 1: not the end, so a bucket of this table.
                    let bucket = unsafe { &*cur.pointee::<Bucket>() };
                    // Acquire: pairs with the Release of the exchange that put the successor there.
                    cur = bucket.next.load(Ordering::Acquire).settled();
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

#[cfg(test)]
mod tests;
