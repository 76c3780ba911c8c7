//! Keys that borrow their parts: [`KeyRef`], and [`MessageContext`], from which one is made.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::as_key::{Asker, Sealed};
use super::{AsKey, KeyHashes, KeyParts, SessionKey, text};

/// A session key made of borrowed parts: what a lookup takes, without an allocation.
///
/// It is ordered and hashed like the [`SessionKey`] of the same parts. Making one costs hashing the parts, about
/// 10 ns for four short ones on the machine it was written on; copying it hashes nothing, so make it once and ask
/// with it as often as you like.
///
/// ```
/// use tenure_core::{KeyRef, SessionKey};
///
/// let asked = KeyRef::new("telegram", "bot_1", "chat_123", Some("t_9"));
/// let stored = SessionKey::new("telegram", "bot_1", "chat_123", Some("t_9"));
/// assert_eq!(asked, KeyRef::from(&stored));
/// assert_eq!((asked.to_session_key(), asked.hashes()), (stored.clone(), stored.hashes()));
/// assert_eq!((asked.channel(), asked.bridge(), asked.room()), ("telegram", "bot_1", "chat_123"));
/// assert_eq!(asked.thread(), Some("t_9"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyRef<'a> {
    // First, because the derived equality compares in this order.
    hashes: KeyHashes,
    channel: &'a str,
    bridge: &'a str,
    room: &'a str,
    thread: Option<&'a str>,
}

impl<'a> KeyRef<'a> {
    /// The key of these parts. Any text will do, the empty one too; a thread of no characters is not the same as none.
    ///
    /// ```
    /// use tenure_core::KeyRef;
    ///
    /// let key = KeyRef::new("telegram", "bot_1", "chat_123", None);
    /// assert_ne!(key, KeyRef::new("telegram", "bot_1", "chat_123", Some("")));
    /// assert_eq!(key, KeyRef::for_room("telegram", "bot_1", "chat_123"));
    /// ```
    #[inline]
    #[must_use]
    pub fn new(channel: &'a str, bridge: &'a str, room: &'a str, thread: Option<&'a str>) -> Self {
        Self { hashes: KeyHashes::of(channel, bridge, room, thread), channel, bridge, room, thread }
    }

    /// The room-scope key of these parts: one without a thread.
    #[inline]
    #[must_use]
    pub fn for_room(channel: &'a str, bridge: &'a str, room: &'a str) -> Self {
        Self::new(channel, bridge, room, None)
    }

    pub(super) fn borrowing(key: &'a SessionKey) -> Self {
        let ([channel, bridge, room], thread) = key.parts.texts();
        Self { hashes: key.hashes, channel, bridge, room, thread }
    }

    /// The channel: the kind of network, such as `telegram`.
    #[inline]
    #[must_use]
    pub fn channel(self) -> &'a str {
        self.channel
    }

    /// The bridge: which connection to that network.
    #[inline]
    #[must_use]
    pub fn bridge(self) -> &'a str {
        self.bridge
    }

    /// The room on that bridge.
    #[inline]
    #[must_use]
    pub fn room(self) -> &'a str {
        self.room
    }

    /// The thread in that room, or none for a room-scope key.
    #[inline]
    #[must_use]
    pub fn thread(self) -> Option<&'a str> {
        self.thread
    }

    /// Both hashes, which were computed when the key was made.
    #[inline]
    #[must_use]
    pub fn hashes(self) -> KeyHashes {
        self.hashes
    }

    /// The key without its thread. Hashes nothing anew.
    ///
    /// ```
    /// use tenure_core::KeyRef;
    ///
    /// let key = KeyRef::new("telegram", "bot_1", "chat_123", Some("t_9"));
    /// assert_eq!(key.to_room(), KeyRef::for_room("telegram", "bot_1", "chat_123"));
    /// ```
    #[inline]
    #[must_use]
    pub fn to_room(self) -> Self {
        Self { hashes: self.hashes.room_scope(), thread: None, ..self }
    }

    /// The owned key of the same parts. Hashes nothing anew; allocates once where the parts are longer than 59 bytes
    /// together.
    #[must_use]
    pub fn to_session_key(self) -> SessionKey {
        SessionKey { hashes: self.hashes, parts: self.to_parts() }
    }

    fn to_parts(self) -> KeyParts {
        KeyParts::new([self.channel, self.bridge, self.room], self.thread)
    }

    fn parts(self) -> (&'a str, &'a str, &'a str, Option<&'a str>) {
        (self.channel, self.bridge, self.room, self.thread)
    }
}

impl Sealed for KeyRef<'_> {
    #[inline(always)]
    fn is_stored_as(&self, parts: &KeyParts, _: Asker) -> bool {
        parts.has([self.channel, self.bridge, self.room], self.thread)
    }

    #[inline(always)]
    fn room_is_stored_as(&self, parts: &KeyParts, _: Asker) -> bool {
        parts.has([self.channel, self.bridge, self.room], None)
    }

    fn to_stored(&self, _: Asker) -> KeyParts {
        self.to_parts()
    }
}

impl AsKey for KeyRef<'_> {
    #[inline]
    fn hashes(&self) -> KeyHashes {
        self.hashes
    }

    #[inline]
    fn is_room_scope(&self) -> bool {
        self.thread.is_none()
    }

    #[inline]
    fn key_ref(&self) -> KeyRef<'_> {
        *self
    }

    fn to_session_key(&self) -> SessionKey {
        (*self).to_session_key()
    }

    fn room_scope(&self) -> SessionKey {
        self.to_room().to_session_key()
    }
}

impl<'a> From<&'a SessionKey> for KeyRef<'a> {
    fn from(key: &'a SessionKey) -> Self {
        Self::borrowing(key)
    }
}

impl<'a> From<MessageContext<'a>> for KeyRef<'a> {
    fn from(context: MessageContext<'a>) -> Self {
        context.key_ref()
    }
}

/// Like the owned key: equal keys hash alike.
impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hashes.full);
    }
}

/// By channel, bridge, room and thread, in that order; none comes before every thread.
impl Ord for KeyRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for KeyRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The text form, see [`SessionKey`].
impl fmt::Display for KeyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(*self, f)
    }
}

/// The text form in quotes, control characters escaped.
impl fmt::Debug for KeyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRef").field(&self.to_string()).finish()
    }
}

/// What is known about an incoming message, borrowed: enough to say which session it belongs to.
///
/// ```
/// use tenure_core::{KeyRef, MessageContext};
///
/// let mut message = MessageContext {
///     channel: "telegram",
///     bridge: "bot_1",
///     internal_room: Some("room-17"),
///     external_room: "chat_123",
///     thread: None,
/// };
/// assert_eq!(message.key_ref(), KeyRef::for_room("telegram", "bot_1", "room-17"));
///
/// message.internal_room = None;
/// assert_eq!(message.room(), "chat_123");
/// assert_eq!(message.key_ref(), KeyRef::for_room("telegram", "bot_1", "chat_123"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageContext<'a> {
    /// The kind of network.
    pub channel: &'a str,
    /// The connection to it.
    pub bridge: &'a str,
    /// Our own id of the room, where it has been resolved. An empty one names no room and counts as not resolved.
    pub internal_room: Option<&'a str>,
    /// The network's id of the room.
    pub external_room: &'a str,
    /// The thread, taken as it is: an empty one is a thread, none is the room itself.
    pub thread: Option<&'a str>,
}

impl<'a> MessageContext<'a> {
    /// The room of the key: the internal id where there is one, else the external one.
    #[must_use]
    pub fn room(&self) -> &'a str {
        self.internal_room.filter(|id| !id.is_empty()).unwrap_or(self.external_room)
    }

    /// The session key of this message.
    #[must_use]
    pub fn key_ref(&self) -> KeyRef<'a> {
        KeyRef::new(self.channel, self.bridge, self.room(), self.thread)
    }
}
