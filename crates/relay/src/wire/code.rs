//! The code that two people tell each other.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// What a code is made of: no `0`, `O`, `1`, `I`.
const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LENGTH: usize = 8;

/// A code: eight signs out of 32, shown in two groups.
///
/// It is a secret until it was claimed, so `Debug` does not show it.
///
/// ```
/// use tenure_relay::wire::PairCode;
///
/// let code: PairCode = " k7qx2m9p ".parse()?;
/// assert_eq!(code.to_string(), "K7QX-2M9P");
/// assert_eq!(code.key(), "K7QX2M9P");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PairCode([u8; LENGTH]);

impl PairCode {
    /// The eight signs: what the session is filed under.
    pub fn key(&self) -> &str {
        // Always whole: its bytes are signs.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Hyphens, blanks and case do not matter.
impl FromStr for PairCode {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        let mut signs = [0; LENGTH];
        let mut found = 0;
        for byte in text.bytes().filter(|byte| !matches!(byte, b'-' | b' ' | b'\t')) {
            let sign = byte.to_ascii_uppercase();
            if !SIGNS.contains(&sign) {
                return Err(InvalidCode);
            }
            *signs.get_mut(found).ok_or(InvalidCode)? = sign;
            found += 1;
        }
        if found == LENGTH { Ok(Self(signs)) } else { Err(InvalidCode) }
    }
}

impl fmt::Display for PairCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.key().split_at_checked(LENGTH / 2).unwrap_or_default();
        write!(f, "{first}-{second}")
    }
}

impl fmt::Debug for PairCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairCode(secret)")
    }
}

impl Serialize for PairCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PairCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A text is no code. It is not repeated: it may be a code with a slip in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCode;

impl fmt::Display for InvalidCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no code: that is eight letters and digits such as K7QX-2M9P, without 0, O, 1 and I")
    }
}

impl std::error::Error for InvalidCode {}
