//! The table: its parts, and what can be done to one entry.

use super::{
    buckets::{Bucket, Buckets, FIRST},
    graveyard::Graveyard,
    link::{Link, Managed},
    list::parent,
    node::{Fresh, NODE, Node},
    reclaim::{self, DropPanics, Guard},
};
use crate::sync::{AtomicUsize, Ordering};

/// A question for a key, which need not be a key itself.
pub(crate) trait Query<K: ?Sized> {
    /// The hash of the key asked for. (The table does not use its highest bit.)
    fn hash(&self) -> u64;
    /// Whether `key`, which has this hash, is the one asked for.
    fn matches(&self, key: &K) -> bool;
}

/// A lock-free hash table. Reads write nothing and wait for nobody; every other operation finishes although any
/// other thread is stopped for ever in the middle of its own.
///
/// The bounds hold because entries are read by several threads at once and dropped by any of them, at any later time.
pub(crate) struct Table<K: Send + Sync + 'static, V: Send + Sync + 'static> {
    /// Number of buckets less one.
    pub(super) mask: AtomicUsize,
    pub(super) buckets: Buckets,
    /// Next bucket that growth puts into the list.
    pub(super) split: AtomicUsize,
    pub(super) graveyard: Graveyard<Node<K, V>>,
}

/// What an insertion met: the entry that is there, and what was to be inserted.
pub(crate) struct Occupied<'g, K: Send + Sync + 'static, V: Send + Sync + 'static> {
    pub(crate) existing: Entry<'g, K, V>,
    pub(crate) fresh: Fresh<K, V>,
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Table<K, V> {
    pub(crate) fn new() -> Self {
        Self::counting(DropPanics::default())
    }

    /// A table that counts the destructors that panic in a place of the caller's.
    pub(crate) fn counting(panics: DropPanics) -> Self {
        Self {
            mask: AtomicUsize::new(FIRST - 1),
            buckets: Buckets::new(),
            split: AtomicUsize::new(1),
            graveyard: Graveyard::new(panics),
        }
    }

    /// The entry asked for, as it is at one moment of the call. Linearizable. Waits for nobody: it takes
    /// the steps of the run it walks, and one more for each replacement of the very key that happens meanwhile.
    #[inline(always)]
    pub(crate) fn get<'g, Q: Query<K> + ?Sized>(
        &'g self,
        query: &Q,
        guard: &'g Guard,
    ) -> Option<Entry<'g, K, V>> {
        let node = self.find(query, guard)?;
        Some(Entry::new(self, node, guard))
    }

    /// Inserts if the key is absent; else says what is there and gives back what was to be inserted.
    ///
    /// Growth goes by `entries`, asked once it is in the table: about how many there are now. The table does not count
    /// them, for its user mostly does. Were the answer too low for ever, walks would be long; too high, there would be
    /// buckets that nobody needs.
    pub(crate) fn insert<'g>(
        &'g self,
        fresh: Fresh<K, V>,
        entries: impl FnOnce() -> usize,
        guard: &'g Guard,
    ) -> Result<Entry<'g, K, V>, Occupied<'g, K, V>>
    where
        K: Eq,
    {
        let hash = fresh.0.value.hash;
        self.ensure_bucket(self.bucket_of(hash), guard);
        let mut fresh = fresh;
        loop {
            let at = self.search(hash, |key| *key == fresh.0.value.key, guard);
            if let Some(existing) = at.found {
                return Err(Occupied { existing: Entry::new(self, existing, guard), fresh });
            }
            // Relaxed: published by the exchange below.
            fresh.0.value.next.store(at.cur, Ordering::Relaxed);
            let node = Box::into_raw(fresh.0);
            // Release: pairs with the Acquire of every walk; the node's content is visible.
            // Relaxed on failure: the search begins again.
            let inserted =
                at.prev.compare_exchange(at.cur, Link::to_node(node), Ordering::Release, Ordering::Relaxed);
            if inserted.is_ok() {
                self.grow(entries(), guard);
                // SAFETY: invariant 5: in the list since the exchange above, under a guard made before.
                return Ok(Entry::new(self, unsafe { &*node }, guard));
            }
            // SAFETY: made by `Box::into_raw` above and not shared.
            fresh = Fresh(unsafe { Box::from_raw(node) });
        }
    }

    /// Unlinks what is marked among the nodes of `hash`.
    fn unlink(&self, hash: u64, guard: &Guard) {
        let _ = self.search(hash, |_| false, guard);
    }

    /// An entry to be offered to this table. Takes the memory of one that this thread has removed before, if it can.
    ///
    /// `hash` must be the hash by which `key` is asked for.
    #[inline]
    pub(crate) fn fresh(&self, hash: u64, key: K, value: V) -> Fresh<K, V> {
        Fresh::within(self.graveyard.spare(), hash, key, value)
    }

    /// Drives reclamation: what was removed or replaced before is dropped now, unless a guard still sees it, or
    /// there is more than one call's share of it in the process.
    pub(crate) fn maintain(&self) {
        self.collect();
        reclaim::advance();
        self.bury();
    }

    /// Hands what was removed or replaced before to the reclaimer, which gives it back once no guard sees it any more.
    pub(crate) fn collect(&self) {
        self.graveyard.collect();
    }

    /// Drops what the reclaimer has given back.
    pub(crate) fn bury(&self) {
        self.graveyard.bury();
    }

    /// How many buckets there are, which a pass walks over besides the entries.
    pub(crate) fn bucket_count(&self) -> usize {
        // Relaxed: only a number.
        self.mask.load(Ordering::Relaxed) + 1
    }

    /// Removed or replaced entries that are not dropped yet.
    pub(crate) fn garbage(&self) -> usize {
        self.graveyard.len()
    }

    /// How many destructors of its entries have panicked, contained.
    pub(crate) fn drop_panics(&self) -> u64 {
        self.graveyard.panics().get()
    }

    /// The first link of a bucket that does not come after this position: a hash, or a bucket's index. The bucket need
    /// not be one of this table: a position may have been taken in a larger one.
    pub(super) fn head_before(&self, position: u64) -> Link {
        if position & NODE != 0 {
            return self.first_link(position);
        }
        // Acquire: as in `bucket_of`.
        let mut index = position as usize & self.mask.load(Ordering::Acquire);
        loop {
            // Acquire: pairs with the Release in `settle`, and with that of the exchange that put the successor there.
            let link = self.buckets.get(index).next.load(Ordering::Acquire);
            if index == 0 || link.is_ready() {
                return link.settled();
            }
            index = parent(index);
        }
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Drop for Table<K, V> {
    fn drop(&mut self) {
        // Relaxed throughout: `&mut self` orders everything before.
        let mut cur = self.buckets.get(0).next.load(Ordering::Relaxed).settled();
        while !cur.is_end() {
            if cur.is_sentinel() {
                // SAFETY: invariant 1: not the end, so a bucket of this table.
                let bucket = unsafe { &*cur.pointee::<Bucket>() };
                cur = bucket.next.load(Ordering::Relaxed).settled();
                continue;
            }
            let node = cur.pointee::<Managed<Node<K, V>>>();
            // SAFETY: invariants 1 and 5: what is still in the list was not retired, and nobody else has the table.
            let next = unsafe { &(*node).value.next };
            cur = next.load(Ordering::Relaxed).unmarked();
            self.graveyard.panics().free(node);
        }
    }
}

/// One entry of the table, as long as the guard lives; it may have been removed or replaced meanwhile.
pub(crate) struct Entry<'g, K: Send + Sync + 'static, V: Send + Sync + 'static> {
    table: &'g Table<K, V>,
    node: &'g Managed<Node<K, V>>,
    guard: &'g Guard,
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Clone for Entry<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Copy for Entry<'_, K, V> {}

impl<'g, K: Send + Sync + 'static, V: Send + Sync + 'static> Entry<'g, K, V> {
    #[inline]
    pub(super) fn new(table: &'g Table<K, V>, node: &'g Managed<Node<K, V>>, guard: &'g Guard) -> Self {
        Self { table, node, guard }
    }

    #[inline]
    pub(crate) fn key(self) -> &'g K {
        &self.node.value.key
    }

    #[inline]
    pub(crate) fn value(self) -> &'g V {
        &self.node.value.value
    }

    /// The hash by which it stands in the table.
    pub(crate) fn hash(self) -> u64 {
        self.node.value.hash
    }

    /// What is to replace it: an entry of the same hash.
    #[inline]
    pub(crate) fn next(self, key: K, value: V) -> Fresh<K, V> {
        self.table.fresh(self.hash(), key, value)
    }

    /// Whether it is still in the table: neither removed nor replaced.
    pub(crate) fn is_current(self) -> bool {
        // Acquire: pairs with the Release of the marking exchange: who sees it gone sees what its remover did before.
        !self.node.value.next.load(Ordering::Acquire).is_marked()
    }

    /// Removes it. True if this call did; of all calls that remove or replace one entry, exactly one succeeds.
    pub(crate) fn remove(self) -> bool {
        let link = &self.node.value.next;
        loop {
            // Acquire: the successor is passed on by the thread that unlinks.
            let next = link.load(Ordering::Acquire);
            if next.is_marked() {
                return false;
            }
            // Release: who sees the mark (`is_current`) sees what this thread did before. Relaxed on failure: again.
            if link.compare_exchange(next, next.marked(), Ordering::Release, Ordering::Relaxed).is_ok() {
                break;
            }
        }
        self.unlink();
        true
    }

    /// Puts `fresh`, which must have the same key, in its place, in one step: readers see the one or the other. Fails
    /// and gives `fresh` back if the entry was removed or replaced meanwhile.
    pub(crate) fn replace(self, fresh: Fresh<K, V>) -> Result<Entry<'g, K, V>, Fresh<K, V>> {
        let entry = self.exchange(fresh)?;
        self.unlink();
        Ok(entry)
    }

    /// The step of `replace` that decides. This entry is to be unlinked then.
    #[inline]
    pub(super) fn exchange(self, fresh: Fresh<K, V>) -> Result<Entry<'g, K, V>, Fresh<K, V>> {
        debug_assert_eq!(
            fresh.0.value.hash, self.node.value.hash,
            "an entry is replaced by one of the same key"
        );
        let old = &self.node.value.next;
        let link = Box::into_raw(fresh.0);
        // SAFETY: this thread's own until the exchange below, then in the list under a guard made before.
        let node = unsafe { &*link };
        loop {
            // Acquire: the successor is passed on by the exchange below.
            let next = old.load(Ordering::Acquire);
            if next.is_marked() {
                // SAFETY: made by `Box::into_raw` above and never shared.
                return Err(Fresh(unsafe { Box::from_raw(link) }));
            }
            // Relaxed: published by the exchange below.
            node.value.next.store(next, Ordering::Relaxed);
            // Release: pairs with the Acquire of every walk; the new node's content is visible. Relaxed on failure:
            // again.
            let new = Link::to_node(link).marked();
            if old.compare_exchange(next, new, Ordering::Release, Ordering::Relaxed).is_ok() {
                return Ok(Entry::new(self.table, node, self.guard));
            }
        }
    }

    /// Unlinks it, which is marked, unless somebody else has.
    #[inline]
    pub(super) fn unlink(self) {
        self.table.unlink(self.node.value.hash, self.guard);
    }
}

#[cfg(test)]
mod tests;
