//! A route in one run of text: each part with its length before it.
//!
//! In order: the external room; channel, bridge, room, thread; the number of attributes; name and value of each.
//! A length is written in digits of six bits, the lowest first, each but the last with bit 6 set. So every digit is an
//! ASCII character and the whole run is text: reading a part needs no check of its encoding. The length of a part that
//! may be missing is one more than it is, and zero stands for missing.

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use arrayvec::ArrayString;

/// Runs of up to so many bytes lie in the route itself: room for all parts of an ordinary route.
pub(super) const INLINE: usize = 80;

/// A run of text. One of up to [`INLINE`] bytes is always inline and a longer one never.
#[derive(Clone)]
pub(super) enum Text {
    Inline(ArrayString<INLINE>),
    Shared(Arc<str>),
}

impl Text {
    #[inline]
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Inline(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Inline(ours), Self::Inline(theirs)) => same(ours.as_bytes(), theirs.as_bytes()),
            (Self::Shared(ours), Self::Shared(theirs)) => Arc::ptr_eq(ours, theirs) || ours == theirs,
            _ => false,
        }
    }
}

/// Compares in wide steps, the last of which overlaps with the one before it, without the call that comparing slices
/// costs.
#[inline]
fn same(ours: &[u8], theirs: &[u8]) -> bool {
    const WIDE: usize = 16;
    if ours.len() != theirs.len() {
        return false;
    }
    let (Some(last), Some(their_last)) = (ours.last_chunk::<WIDE>(), theirs.last_chunk()) else {
        return ours == theirs;
    };
    last == their_last && ours.as_chunks::<WIDE>().0.iter().zip(theirs.as_chunks().0).all(|(a, b)| a == b)
}

impl Eq for Text {}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        ArrayString::from(text).map_or_else(|_| Self::Shared(text.into()), Self::Inline)
    }
}

const DIGIT_BITS: u32 = 6;
const MORE: u8 = 1 << DIGIT_BITS;

/// The one run that stands for these parts.
pub(super) fn write(external_room: &str, optional: [Option<&str>; 4], attributes: &[(&str, &str)]) -> Text {
    let mut run = String::new();
    push(&mut run, external_room);
    for part in optional {
        push_length(&mut run, part.map_or(0, |part| part.len() + 1));
        run.push_str(part.unwrap_or_default());
    }
    push_length(&mut run, attributes.len());
    for (name, value) in attributes {
        push(&mut run, name);
        push(&mut run, value);
    }
    run.as_str().into()
}

fn push(run: &mut String, part: &str) {
    push_length(run, part.len());
    run.push_str(part);
}

fn push_length(run: &mut String, mut length: usize) {
    loop {
        let digit = length as u8 & (MORE - 1);
        length >>= DIGIT_BITS;
        if length == 0 {
            return run.push(char::from(digit));
        }
        run.push(char::from(digit | MORE));
    }
}

/// Reads a run from its start.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(run: &'a str) -> Self {
        Self { rest: run }
    }

    #[inline]
    pub(super) fn external_room(mut self) -> &'a str {
        self.part()
    }

    /// The part `index` of channel, bridge, room, thread.
    pub(super) fn optional(mut self, index: usize) -> Option<&'a str> {
        self.part();
        for _ in 0..index {
            self.optional_part();
        }
        self.optional_part()
    }

    pub(super) fn attributes(mut self) -> RouteAttributes<'a> {
        self.part();
        for _ in 0..4 {
            self.optional_part();
        }
        let left = self.length();
        RouteAttributes { reader: self, left }
    }

    #[inline]
    fn part(&mut self) -> &'a str {
        let length = self.length();
        self.take(length)
    }

    fn optional_part(&mut self) -> Option<&'a str> {
        let length = self.length().checked_sub(1)?;
        Some(self.take(length))
    }

    #[inline]
    fn take(&mut self, length: usize) -> &'a str {
        let (part, rest) = self.rest.split_at(length);
        self.rest = rest;
        part
    }

    #[inline]
    fn length(&mut self) -> usize {
        // Nearly every length has one digit.
        match self.rest.as_bytes() {
            &[digit, ..] if digit & MORE == 0 => {
                self.take(1);
                usize::from(digit)
            }
            _ => self.long_length(),
        }
    }

    fn long_length(&mut self) -> usize {
        let (mut length, mut digits) = (0, 0);
        for digit in self.rest.bytes() {
            length |= usize::from(digit & (MORE - 1)) << (DIGIT_BITS * digits);
            digits += 1;
            if digit & MORE == 0 {
                break;
            }
        }
        self.take(digits as usize);
        length
    }
}

/// The attributes of a route, see [`Route::attributes`](super::Route::attributes). Knows how many are left.
#[derive(Clone)]
pub struct RouteAttributes<'a> {
    reader: Reader<'a>,
    left: usize,
}

impl<'a> Iterator for RouteAttributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some((self.reader.part(), self.reader.part()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for RouteAttributes<'_> {}

impl FusedIterator for RouteAttributes<'_> {}

/// Shows the attributes that are left, as a map.
impl fmt::Debug for RouteAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}
