//! What two paired clients say to each other: the inside of a binary frame. The relay never looks into it.
//!
//! The first byte is the kind, the rest its content.
//!
//! | kind | content |
//! | --- | --- |
//! | 0 | a text: its number (four bytes, big endian), then UTF-8 |
//! | 1 | a file begins: JSON, [`FileBegins`] |
//! | 2 | a chunk of a file: its number (four bytes, big endian), then bytes |
//! | 3 | a file ends: JSON, [`FileEnds`] |
//! | 4 | a file was received, and its sum is right: JSON, [`FileReceived`] |
//! | 5 | a file or a text was refused or has failed: JSON, [`FileFailed`] |
//! | 6 | a text was received: its number |

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt;

// Named, so that the fuzz target can use this file alone.
#[cfg(test)]
#[path = "envelope/tests.rs"]
mod tests;

/// How many bytes of a frame a chunk, or a text, needs for itself.
pub const HEADER: usize = 5;

/// The inside of a binary frame. What is large is borrowed.
///
/// ```
/// use tenure_relay::envelope::Envelope;
///
/// let frame = Envelope::Chunk { id: 7, bytes: b"abc" }.encode();
/// assert_eq!(frame, b"\x02\0\0\0\x07abc");
/// assert_eq!(Envelope::decode(&frame)?, Envelope::Chunk { id: 7, bytes: b"abc" });
/// # Ok::<(), tenure_relay::envelope::BadEnvelope>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope<'a> {
    /// A text.
    Text {
        /// A number that its sender gives it, once in a session; no file has it.
        id: u32,
        /// What it says.
        text: &'a str,
    },
    /// A file begins.
    Begins(FileBegins),
    /// More of a file.
    Chunk {
        /// Which file.
        id: u32,
        /// The bytes that come next.
        bytes: &'a [u8],
    },
    /// A file ends.
    Ends(FileEnds),
    /// A file was received, whole.
    Received(FileReceived),
    /// A file or a text was refused, or has failed.
    Failed(FileFailed),
    /// A text was received, and shown or written.
    TextReceived {
        /// Which.
        id: u32,
    },
}

/// A file begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileBegins {
    /// A number that its sender gives it, once in a session.
    pub id: u32,
    /// What it is called there. Whoever receives it does not trust this: [`safe_name`].
    pub name: String,
    /// How many bytes it will have, where that is known.
    pub size: Option<u64>,
    /// Its media type.
    #[serde(default = "unknown_type")]
    pub mime: String,
}

/// A file ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEnds {
    /// Which.
    pub id: u32,
    /// The SHA-256 sum of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// How many bytes it had.
    pub size: u64,
}

/// A file was received: all of it, and the sum is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReceived {
    /// Which.
    pub id: u32,
    /// The sum of what was received.
    pub sha256: String,
}

/// A file or a text was refused, or has failed, on either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFailed {
    /// Which.
    pub id: u32,
    /// Why, for people.
    pub message: String,
}

fn unknown_type() -> String {
    "application/octet-stream".to_owned()
}

impl<'a> Envelope<'a> {
    /// The binary frame. One allocation, for what is not JSON.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Text { id, text } => [&[0], &id.to_be_bytes()[..], text.as_bytes()].concat(),
            Self::Begins(begins) => json(1, begins),
            Self::Chunk { id, bytes } => [&[2], &id.to_be_bytes()[..], bytes].concat(),
            Self::Ends(ends) => json(3, ends),
            Self::Received(received) => json(4, received),
            Self::Failed(failed) => json(5, failed),
            Self::TextReceived { id } => [&[6], &id.to_be_bytes()[..]].concat(),
        }
    }

    /// Reads a binary frame. Copies what is JSON, and borrows the rest.
    ///
    /// # Errors
    /// It is empty, its kind is not known, or its content is not what its kind has.
    pub fn decode(frame: &'a [u8]) -> Result<Self, BadEnvelope> {
        let (kind, content) = frame.split_first().ok_or(BadEnvelope::Empty)?;
        match kind {
            0 => {
                let (id, text) = numbered(0, content)?;
                let text = std::str::from_utf8(text).map_err(|_| BadEnvelope::Content { kind: 0 })?;
                Ok(Self::Text { id, text })
            }
            1 => parse(1, content).map(Self::Begins),
            2 => {
                let (id, bytes) = numbered(2, content)?;
                Ok(Self::Chunk { id, bytes })
            }
            3 => parse(3, content).map(Self::Ends),
            4 => parse(4, content).map(Self::Received),
            5 => parse(5, content).map(Self::Failed),
            6 => match numbered(6, content)? {
                (id, []) => Ok(Self::TextReceived { id }),
                _ => Err(BadEnvelope::Content { kind: 6 }),
            },
            &kind => Err(BadEnvelope::Kind { kind }),
        }
    }
}

/// What is here has text for keys and numbers that are finite, so it can be written.
fn json(kind: u8, content: &impl Serialize) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.append(&mut serde_json::to_vec(content).unwrap_or_default());
    frame
}

/// A number and what follows it.
fn numbered(kind: u8, content: &[u8]) -> Result<(u32, &[u8]), BadEnvelope> {
    let (id, rest) = content.split_first_chunk().ok_or(BadEnvelope::Content { kind })?;
    Ok((u32::from_be_bytes(*id), rest))
}

fn parse<T: DeserializeOwned>(kind: u8, content: &[u8]) -> Result<T, BadEnvelope> {
    serde_json::from_slice(content).map_err(|_| BadEnvelope::Content { kind })
}

/// The last part of a name that somebody else has given, such that it names a file in the folder that is meant: no
/// separators, no control signs, no dots to begin with, at most 200 bytes; `file` if nothing is left.
///
/// ```
/// use tenure_relay::envelope::safe_name;
///
/// assert_eq!(safe_name("../../etc/passwd"), "passwd");
/// assert_eq!(safe_name(r"C:\Windows\..\.ssh"), "ssh");
/// assert_eq!(safe_name(". ."), "file");
/// ```
pub fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String =
        last.chars().filter(|sign| !sign.is_control() && !":*?\"<>|".contains(*sign)).collect();
    let mut kept = kept.trim_start_matches(|sign: char| sign == '.' || sign.is_whitespace()).trim_end();
    while kept.len() > 200 {
        let mut signs = kept.chars();
        signs.next_back();
        kept = signs.as_str().trim_end();
    }
    if kept.is_empty() { "file".to_owned() } else { kept.to_owned() }
}

/// A binary frame says nothing that is understood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadEnvelope {
    /// It has no first byte.
    Empty,
    /// Its first byte is none of those that are known.
    Kind {
        /// The byte.
        kind: u8,
    },
    /// What follows is not what its kind has.
    Content {
        /// The kind.
        kind: u8,
    },
}

impl fmt::Display for BadEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty frame; its first byte should say what it is"),
            Self::Kind { kind } => write!(f, "a frame of the kind {kind}; 0 to 6 are known"),
            Self::Content { kind } => write!(f, "a frame of the kind {kind} whose content is something else"),
        }
    }
}

impl std::error::Error for BadEnvelope {}
