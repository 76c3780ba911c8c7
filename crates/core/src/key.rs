//! Session keys: whose conversation it is, as an owned [`SessionKey`] or a borrowed [`KeyRef`].

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

mod as_key;
mod borrowed;
mod hash;
mod parts;
#[cfg(test)]
mod tests;
mod text;

pub use as_key::AsKey;
pub(crate) use as_key::TABLE;
pub use borrowed::{KeyRef, MessageContext};
pub use hash::KeyHashes;
pub(crate) use hash::hash_text;
pub(crate) use parts::KeyParts;
pub use text::{ParseKeyError, ParseKeyErrorKind};

/// Whose conversation it is: a channel, a bridge, a room, and a thread or none.
///
/// The key without its thread is its *room scope*; a key whose thread is none is a room-scope key. The parts are
/// text of any kind and any length.
///
/// # Text form
///
/// `telegram:bot_1:chat_123`, or with a thread `telegram:bot_1:chat_123:t_9`. Inside a part, `:` is written `\:` and
/// `\` is written `\\`. [`Display`](fmt::Display) writes it and [`FromStr`](std::str::FromStr) reads it. Every key
/// survives the way to text and back, and no two keys share a text: `a:b:c:` has a thread of no characters, `a:b:c`
/// has none. With the feature `serde`, a key is serialized as this text.
///
/// # Cost
///
/// 80 bytes. Parts of up to 59 bytes together are stored in the key itself, longer ones in one allocation that
/// clones share. Both hashes are computed when the key is made; equality looks at the hash first and then at one run
/// of bytes.
///
/// ```
/// use tenure_core::SessionKey;
///
/// let key = SessionKey::new("telegram", "bot_1", "chat_123", Some("t_9"));
/// assert_eq!(key.to_string(), "telegram:bot_1:chat_123:t_9");
/// assert_eq!(key.room_scope().to_string(), "telegram:bot_1:chat_123");
/// assert!(key.same_room(&key.room_scope()));
///
/// let odd = SessionKey::for_room("irc", "libera:6697", r"#rust\chat");
/// assert_eq!(odd.to_string(), r"irc:libera\:6697:#rust\\chat");
/// assert_eq!(odd.to_string().parse(), Ok(odd));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SessionKey {
    // First, because the derived equality compares in this order.
    hashes: KeyHashes,
    parts: KeyParts,
}

impl SessionKey {
    /// The key of these parts. Any text will do, the empty one too; a thread of no characters is not the same as none.
    ///
    /// Allocates once where the parts are longer than 59 bytes together.
    ///
    /// ```
    /// use tenure_core::SessionKey;
    ///
    /// let key = SessionKey::new("telegram", "bot_1", "chat_123", Some("t_9"));
    /// assert_eq!((key.channel(), key.bridge(), key.room()), ("telegram", "bot_1", "chat_123"));
    /// assert_eq!(key.thread(), Some("t_9"));
    /// assert_eq!(key.hashes().room, key.room_scope().hashes().full);
    /// ```
    #[must_use]
    pub fn new(channel: &str, bridge: &str, room: &str, thread: Option<&str>) -> Self {
        KeyRef::new(channel, bridge, room, thread).to_session_key()
    }

    /// The room-scope key of these parts: one without a thread.
    ///
    /// ```
    /// use tenure_core::SessionKey;
    ///
    /// let key = SessionKey::for_room("telegram", "bot_1", "chat_123");
    /// assert!(key.is_room_scope());
    /// ```
    #[must_use]
    pub fn for_room(channel: &str, bridge: &str, room: &str) -> Self {
        Self::new(channel, bridge, room, None)
    }

    /// The channel: the kind of network, such as `telegram`.
    #[must_use]
    pub fn channel(&self) -> &str {
        self.parts.texts().0[0]
    }

    /// The bridge: which connection to that network.
    #[must_use]
    pub fn bridge(&self) -> &str {
        self.parts.texts().0[1]
    }

    /// The room on that bridge.
    #[must_use]
    pub fn room(&self) -> &str {
        self.parts.texts().0[2]
    }

    /// The thread in that room, or none for a room-scope key.
    #[must_use]
    pub fn thread(&self) -> Option<&str> {
        self.parts.texts().1
    }

    /// Both hashes, which were computed when the key was made.
    #[inline]
    #[must_use]
    pub fn hashes(&self) -> KeyHashes {
        self.hashes
    }

    /// Is the thread none?
    #[inline]
    #[must_use]
    pub fn is_room_scope(&self) -> bool {
        !self.parts.threaded()
    }

    /// Do both keys have the same channel, bridge and room? Their threads do not matter.
    ///
    /// ```
    /// use tenure_core::SessionKey;
    ///
    /// let a = SessionKey::new("telegram", "bot_1", "chat_123", Some("t_9"));
    /// let b = SessionKey::new("telegram", "bot_1", "chat_123", Some("t_10"));
    /// assert!(a.same_room(&b));
    /// assert!(!a.same_room(&SessionKey::for_room("telegram", "bot_2", "chat_123")));
    /// ```
    #[inline]
    #[must_use]
    pub fn same_room(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.parts.run(), other.parts.run());
        self.hashes.room == other.hashes.room
            && ours.ends == theirs.ends
            && ours.room_scope() == theirs.room_scope()
    }

    /// Is this the room scope of the key of these parts?
    pub(crate) fn is_room_of(&self, of: &KeyParts) -> bool {
        self.parts.is_room_of(of)
    }

    /// The key without its thread. Hashes nothing anew; a room-scope key is cloned.
    ///
    /// ```
    /// use tenure_core::SessionKey;
    ///
    /// let key = SessionKey::new("telegram", "bot_1", "chat_123", Some("t_9"));
    /// assert_eq!(key.room_scope(), SessionKey::for_room("telegram", "bot_1", "chat_123"));
    /// ```
    #[must_use]
    pub fn room_scope(&self) -> Self {
        if self.is_room_scope() { self.clone() } else { KeyRef::borrowing(self).to_room().to_session_key() }
    }
}

impl From<KeyRef<'_>> for SessionKey {
    fn from(key: KeyRef<'_>) -> Self {
        key.to_session_key()
    }
}

impl From<MessageContext<'_>> for SessionKey {
    fn from(context: MessageContext<'_>) -> Self {
        context.key_ref().to_session_key()
    }
}

/// Writes the hash that the key carries: one word, however long the key is.
impl Hash for SessionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hashes.full);
    }
}

/// By channel, bridge, room and thread, in that order; none comes before every thread.
impl Ord for SessionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts.run().parts().cmp(&other.parts.run().parts())
    }
}

impl PartialOrd for SessionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The text form.
impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(KeyRef::borrowing(self), f)
    }
}

/// The text form in quotes, control characters escaped.
impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionKey").field(&self.to_string()).finish()
    }
}
