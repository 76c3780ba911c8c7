//! What a lookup takes: an owned or a borrowed key.

use super::{KeyHashes, KeyParts, KeyRef, SessionKey};

/// Keeps [`AsKey`] to the keys of this crate, so that it can grow. What a table asks: it stores a key's parts, and has
/// compared the hash when it comes to compare them.
pub trait Sealed {
    /// Are these the key's parts?
    fn is_stored_as(&self, parts: &KeyParts, _: Asker) -> bool;

    /// Are these the parts of the key's room scope?
    fn room_is_stored_as(&self, parts: &KeyParts, _: Asker) -> bool;

    /// The key's parts. May allocate, see [`SessionKey::new`].
    fn to_stored(&self, _: Asker) -> KeyParts;
}

/// Who asks. Made in this crate alone, so that nobody else does: the methods of a sealed trait can be called by whoever
/// takes an [`AsKey`].
#[derive(Clone, Copy, Debug)]
pub struct Asker(());

/// A table.
pub(crate) const TABLE: Asker = Asker(());

/// What a lookup takes: a [`&SessionKey`](SessionKey) or a [`KeyRef`].
///
/// It answers what a table needs to find a stored key, without an allocation. It cannot be implemented outside of
/// this crate.
///
/// ```
/// use tenure_core::{AsKey, KeyRef, SessionKey};
///
/// fn found(asked: impl AsKey, stored: &SessionKey) -> bool {
///     asked.hashes().full == stored.hashes().full && asked.is(stored)
/// }
///
/// let stored = SessionKey::for_room("telegram", "bot_1", "chat_123");
/// assert!(found(&stored.clone(), &stored));
/// assert!(found(KeyRef::for_room("telegram", "bot_1", "chat_123"), &stored));
///
/// let thread = KeyRef::new("telegram", "bot_1", "chat_123", Some("t_9"));
/// assert!(!found(thread, &stored) && !AsKey::is_room_scope(&thread));
/// assert!(thread.room_scope_is(&stored));
/// assert_eq!(AsKey::room_scope(&thread), stored);
/// assert_eq!(AsKey::to_session_key(&thread).key_ref(), thread);
/// ```
pub trait AsKey: Sealed {
    /// Both hashes. Computes nothing.
    fn hashes(&self) -> KeyHashes;

    /// Is `key` this key? Equal parts, the thread included.
    #[inline(always)]
    fn is(&self, key: &SessionKey) -> bool {
        // The parts alone decide: two keys of one hash are few, and who asks has most often compared the hashes.
        self.is_stored_as(&key.parts, TABLE)
    }

    /// Is `key` exactly this key's room scope? Its thread is none, the other three parts are equal.
    #[inline(always)]
    fn room_scope_is(&self, key: &SessionKey) -> bool {
        self.room_is_stored_as(&key.parts, TABLE)
    }

    /// Is the thread none?
    fn is_room_scope(&self) -> bool;

    /// The same key, with borrowed parts. Hashes nothing anew.
    fn key_ref(&self) -> KeyRef<'_>;

    /// The same key, owned. Hashes nothing anew; may allocate, see [`SessionKey::new`].
    fn to_session_key(&self) -> SessionKey;

    /// The key without its thread, owned. Hashes nothing anew; may allocate, see [`SessionKey::new`].
    fn room_scope(&self) -> SessionKey;
}

impl Sealed for SessionKey {
    #[inline(always)]
    fn is_stored_as(&self, parts: &KeyParts, _: Asker) -> bool {
        self.parts == *parts
    }

    #[inline(always)]
    fn room_is_stored_as(&self, parts: &KeyParts, _: Asker) -> bool {
        parts.is_room_of(&self.parts)
    }

    fn to_stored(&self, _: Asker) -> KeyParts {
        self.parts.clone()
    }
}

impl AsKey for SessionKey {
    #[inline]
    fn hashes(&self) -> KeyHashes {
        self.hashes
    }

    #[inline]
    fn is_room_scope(&self) -> bool {
        self.is_room_scope()
    }

    fn key_ref(&self) -> KeyRef<'_> {
        KeyRef::borrowing(self)
    }

    fn to_session_key(&self) -> SessionKey {
        self.clone()
    }

    fn room_scope(&self) -> SessionKey {
        self.room_scope()
    }
}

impl<T: AsKey + ?Sized> Sealed for &T {
    #[inline(always)]
    fn is_stored_as(&self, parts: &KeyParts, table: Asker) -> bool {
        (**self).is_stored_as(parts, table)
    }

    #[inline(always)]
    fn room_is_stored_as(&self, parts: &KeyParts, table: Asker) -> bool {
        (**self).room_is_stored_as(parts, table)
    }

    fn to_stored(&self, table: Asker) -> KeyParts {
        (**self).to_stored(table)
    }
}

impl<T: AsKey + ?Sized> AsKey for &T {
    #[inline]
    fn hashes(&self) -> KeyHashes {
        (**self).hashes()
    }

    #[inline]
    fn is_room_scope(&self) -> bool {
        (**self).is_room_scope()
    }

    fn key_ref(&self) -> KeyRef<'_> {
        (**self).key_ref()
    }

    fn to_session_key(&self) -> SessionKey {
        (**self).to_session_key()
    }

    fn room_scope(&self) -> SessionKey {
        (**self).room_scope()
    }
}
