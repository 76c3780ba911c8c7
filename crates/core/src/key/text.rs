//! The text form: parts joined by `:`, with `\` before a `:` or `\` that belongs to a part.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use super::{KeyRef, SessionKey};

/// How many characters of a refused text an error message shows.
const SHOWN: usize = 80;

pub(super) fn write(key: KeyRef<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write_part(key.channel(), f)?;
    for part in [Some(key.bridge()), Some(key.room()), key.thread()].into_iter().flatten() {
        f.write_str(":")?;
        write_part(part, f)?;
    }
    Ok(())
}

fn write_part(part: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rest = part;
    while let Some(at) = rest.find([':', '\\']) {
        let (plain, special) = rest.split_at(at);
        f.write_str(plain)?;
        f.write_str(if special.starts_with(':') { "\\:" } else { "\\\\" })?;
        rest = &special[1..];
    }
    f.write_str(rest)
}

/// Reads the text form, in time linear in the text.
///
/// ```
/// use tenure_core::SessionKey;
///
/// let key: SessionKey = r"matrix:@bot\:example.org:!room:".parse()?;
/// assert_eq!(key, SessionKey::new("matrix", "@bot:example.org", "!room", Some("")));
///
/// let refused = "telegram:bot_1".parse::<SessionKey>().unwrap_err();
/// assert_eq!(refused.position(), 14);
/// # Ok::<(), tenure_core::ParseKeyError>(())
/// ```
impl FromStr for SessionKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        let refuse = |(position, kind)| ParseKeyError { text: text.into(), position, kind };
        let Split { parts, count } = split(text).map_err(refuse)?;
        if count < 3 {
            return Err(refuse((text.len(), ParseKeyErrorKind::TooFewParts { found: count })));
        }
        let [channel, bridge, room, thread] = &parts;
        Ok(Self::new(channel, bridge, room, (count == 4).then_some(thread)))
    }
}

/// The parts of a text with their escapes resolved, and how many there are; a part without an escape is borrowed.
struct Split<'a> {
    parts: [Cow<'a, str>; 4],
    count: usize,
}

fn split(text: &str) -> Result<Split<'_>, (usize, ParseKeyErrorKind)> {
    let mut parts = [const { Cow::Borrowed("") }; 4];
    let mut part = 0;
    // The text from here on up to the next special character belongs to the part.
    let mut start = 0;
    while let Some(at) = text[start..].find([':', '\\']).map(|offset| start + offset) {
        append(&mut parts[part], &text[start..at]);
        let mut after = text[at..].chars();
        if after.next() == Some(':') {
            part += 1;
            if part == parts.len() {
                return Err((at, ParseKeyErrorKind::TooManyParts));
            }
            start = at + 1;
            continue;
        }
        match after.next() {
            Some(':' | '\\') => append(&mut parts[part], &text[at + 1..at + 2]),
            Some(escaped) => return Err((at, ParseKeyErrorKind::UnknownEscape { escaped })),
            None => return Err((at, ParseKeyErrorKind::DanglingEscape)),
        }
        start = at + 2;
    }
    append(&mut parts[part], &text[start..]);
    Ok(Split { parts, count: part + 1 })
}

fn append<'a>(part: &mut Cow<'a, str>, piece: &'a str) {
    if part.is_empty() {
        *part = Cow::Borrowed(piece);
    } else if !piece.is_empty() {
        part.to_mut().push_str(piece);
    }
}

/// A text that is no session key: what is wrong with it, and where.
///
/// ```
/// use tenure_core::{ParseKeyErrorKind, SessionKey};
///
/// let refused = r"telegram:bot\1:chat".parse::<SessionKey>().unwrap_err();
/// assert_eq!(refused.text(), r"telegram:bot\1:chat");
/// assert_eq!(refused.position(), 12);
/// assert_eq!(refused.kind(), ParseKeyErrorKind::UnknownEscape { escaped: '1' });
/// assert_eq!(
///     refused.to_string(),
///     r#""telegram:bot\\1:chat" is no session key: at byte 12, `\` stands before '1'; only `:` and `\` are escaped, and a `\` that is meant is written `\\`"#,
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseKeyError {
    text: Box<str>,
    position: usize,
    kind: ParseKeyErrorKind,
}

/// What is wrong with a text that is no session key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseKeyErrorKind {
    /// Fewer than three parts. The position is the end of the text.
    TooFewParts {
        /// How many there are, 1 or 2.
        found: usize,
    },
    /// More than four parts. The position is the `:` that begins the fifth.
    TooManyParts,
    /// A `\` before something other than `:` or `\`. The position is that of the `\`.
    UnknownEscape {
        /// What stands after the `\`.
        escaped: char,
    },
    /// A `\` at the very end. The position is that of the `\`.
    DanglingEscape,
}

impl ParseKeyError {
    /// The text that was refused, all of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where in the text the trouble is, in bytes from its start.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// What the trouble is.
    #[must_use]
    pub fn kind(&self) -> ParseKeyErrorKind {
        self.kind
    }
}

/// Shows the text, cut where it is long, the position, and what would be right.
impl fmt::Display for ParseKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.text.char_indices().nth(SHOWN).map_or(self.text.len(), |(at, _)| at);
        let (shown, hidden) = self.text.split_at(end);
        let cut = if hidden.is_empty() { "" } else { "…" };
        write!(f, "{shown:?}{cut} is no session key: at byte {}, ", self.position)?;
        match self.kind {
            ParseKeyErrorKind::TooFewParts { found } => {
                write!(
                    f,
                    "the text ends after part {found}; `channel:bridge:room` or `channel:bridge:room:thread` is needed"
                )
            }
            ParseKeyErrorKind::TooManyParts => f.write_str(
                "a fifth part begins; there are at most four, and a `:` inside a part is written `\\:`",
            ),
            ParseKeyErrorKind::UnknownEscape { escaped } => {
                write!(
                    f,
                    "`\\` stands before {escaped:?}; only `:` and `\\` are escaped, and a `\\` that is meant is written `\\\\`"
                )
            }
            ParseKeyErrorKind::DanglingEscape => {
                f.write_str("the text ends in a lone `\\`; a `\\` that is meant is written `\\\\`")
            }
        }
    }
}

impl Error for ParseKeyError {}

/// As the text form, in every format: so a key can be the key of a JSON object.
#[cfg(feature = "serde")]
impl serde::Serialize for SessionKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From the text form. The hashes are computed anew: they belong to the process.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for SessionKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Takes any string, borrowed or not, without a copy of its own.
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = SessionKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a session key, `channel:bridge:room` or `channel:bridge:room:thread`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SessionKey, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}
