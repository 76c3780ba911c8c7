//! Codes: the names of sessions, and where new ones come from.

use crate::{key::hash_text, raw::Query};
use std::{
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

/// So many bytes lie in the code itself.
const INLINE: usize = 22;

/// The name of a session: any text.
///
/// Up to 22 bytes lie in the code itself, so that making and cloning a short one allocates nothing; a longer one is
/// allocated once and shared by its clones. It derefs to `str`. Look-ups take a plain `&str`.
///
/// ```
/// use tenure_core::Code;
///
/// let code = Code::new("K7QX-M2PD");
/// assert_eq!(code, *"K7QX-M2PD");
/// assert_eq!((code.as_str(), code.len()), ("K7QX-M2PD", 9));
/// ```
#[derive(Clone)]
pub struct Code(Text);

#[derive(Clone)]
enum Text {
    Inline { len: u8, bytes: [u8; INLINE] },
    Shared(Arc<str>),
}

impl Code {
    /// The code with this text.
    pub fn new(text: &str) -> Self {
        let mut bytes = [0; INLINE];
        match bytes.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                Self(Text::Inline { len: text.len() as u8, bytes })
            }
            None => Self(Text::Shared(Arc::from(text))),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // Always whole: it was copied from a `str`. Checking 22 bytes is what safe code pays to say so.
            Text::Inline { .. } => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Text::Shared(text) => text,
        }
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Text::Shared(text) => text.as_bytes(),
        }
    }
}

impl Deref for Code {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Code {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Code {}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // UTF-8 sorts as its bytes do.
        self.as_bytes().cmp(other.as_bytes())
    }
}

/// As `str` hashes, so that it can be looked up by one.
impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl From<&str> for Code {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Code {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<&String> for Code {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

impl From<Arc<str>> for Code {
    fn from(text: Arc<str>) -> Self {
        if text.len() > INLINE { Self(Text::Shared(text)) } else { Self::new(&text) }
    }
}

impl From<&Code> for Code {
    fn from(code: &Code) -> Self {
        code.clone()
    }
}

/// As text.
#[cfg(feature = "serde")]
impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

/// From text, of any kind.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A question for a code.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    text: &'a [u8],
    hash: u64,
}

impl<'a> Asked<'a> {
    #[inline]
    pub(super) fn new(text: &'a str) -> Self {
        Self::bytes(text.as_bytes())
    }

    #[inline]
    fn bytes(text: &'a [u8]) -> Self {
        Self { text, hash: hash_text(text) }
    }

    /// For a code that nobody has asked for yet.
    pub(super) fn first(code: &'a Code) -> Self {
        Self::bytes(code.as_bytes())
    }

    /// For a code whose hash is known.
    pub(super) fn of(code: &'a Code, hash: u64) -> Self {
        Self { text: code.as_bytes(), hash }
    }

    pub(super) fn hash(self) -> u64 {
        self.hash
    }
}

impl Query<Code> for Asked<'_> {
    #[inline]
    fn hash(&self) -> u64 {
        self.hash
    }

    #[inline]
    fn matches(&self, code: &Code) -> bool {
        code.as_bytes() == self.text
    }
}

/// 32 signs, so that five random bits are one sign and none is likelier than another. No `0`, `O`, `1`, `I`.
const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Five bytes are 40 bits are eight signs.
pub(super) const DRAWN_BYTES: usize = 5;
const DRAWN_SIGNS: u32 = 8;

/// Where the random bytes of a new code come from.
pub(super) type Randomness = fn(&mut [u8; DRAWN_BYTES]) -> Result<(), String>;

/// The operating system's secure source.
pub(super) fn from_the_system(bytes: &mut [u8; DRAWN_BYTES]) -> Result<(), String> {
    getrandom::fill(bytes).map_err(|error| error.to_string())
}

/// Draws one code of eight signs, each of the 2^40 as likely as any other.
pub(super) fn draw(randomness: Randomness) -> Result<Code, String> {
    let mut bytes = [0; DRAWN_BYTES];
    randomness(&mut bytes)?;
    let bits = bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let sign = |place: u32| char::from(SIGNS[(bits >> (5 * place)) as usize & 31]);
    Ok(Code::new(&(0..DRAWN_SIGNS).map(sign).collect::<String>()))
}
