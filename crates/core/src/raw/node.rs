//! A node of the list, and one that is not in it yet.

use super::link::{AtomicLink, Link, Managed, Memory};

/// Set in every node's hash and in no bucket's index: a sentinel sorts before the nodes of its bucket.
pub(super) const NODE: u64 = 1 << 63;

/// Whether `a` comes before `b` in split order: the lowest bit in which they differ is clear in `a`.
#[inline]
pub(super) fn precedes(a: u64, b: u64) -> bool {
    let differ = a ^ b;
    differ != 0 && a & differ & differ.wrapping_neg() == 0
}

/// What a look-up reads comes first and in one run: the link, the hash, the key, the beginning of the value.
#[repr(C)]
pub(super) struct Node<K, V> {
    pub(super) next: AtomicLink,
    /// With [`NODE`] set.
    pub(super) hash: u64,
    pub(super) key: K,
    pub(super) value: V,
}

impl<K, V> Node<K, V> {
    #[inline]
    fn new(hash: u64, key: K, value: V) -> Self {
        Self { next: AtomicLink::new(Link::END), hash: hash | NODE, key, value }
    }
}

/// An entry that no other thread can see yet: made once, offered to the table as often as it takes.
pub(crate) struct Fresh<K, V>(pub(super) Box<Managed<Node<K, V>>>);

impl<K, V> Fresh<K, V> {
    /// `hash` must be the hash by which `key` is asked for.
    pub(crate) fn new(hash: u64, key: K, value: V) -> Self {
        Self::within(None, hash, key, value)
    }

    /// In this memory, if there is some.
    #[inline]
    pub(super) fn within(memory: Option<Memory<Node<K, V>>>, hash: u64, key: K, value: V) -> Self {
        match memory {
            Some(memory) => Self(Box::write(memory, Managed::new(Node::new(hash, key, value)))),
            None => Self::in_new_memory(hash, key, value),
        }
    }

    /// Out of line: where the allocator is called, a node is put together on the stack first, and then copied.
    #[inline(never)]
    fn in_new_memory(hash: u64, key: K, value: V) -> Self {
        Self(Box::new(Managed::new(Node::new(hash, key, value))))
    }

    /// The hash as it stands in the table.
    pub(crate) fn hash(&self) -> u64 {
        self.0.value.hash
    }

    pub(crate) fn key(&self) -> &K {
        &self.0.value.key
    }

    pub(crate) fn value(&self) -> &V {
        &self.0.value.value
    }

    pub(crate) fn value_mut(&mut self) -> &mut V {
        &mut self.0.value.value
    }

    /// Takes it apart again: what was handed in is handed back.
    pub(crate) fn into_parts(self) -> (K, V) {
        let node = self.0.value;
        (node.key, node.value)
    }
}

#[cfg(test)]
mod tests {
    use super::precedes;

    #[test]
    fn precedes_is_the_order_of_reversed_bits() {
        let samples = [0, 1, 2, 3, 4, 6, 0xff, 1 << 62, 1 << 63, u64::MAX, 0x1234_5678_9abc_def0];
        for a in samples {
            for b in samples {
                assert_eq!(precedes(a, b), a.reverse_bits() < b.reverse_bits(), "{a:#x} {b:#x}");
            }
        }
    }
}
