//! A route in one run of text: each part with its length before it.
//!
//! In order: the external room; channel, bridge, room, thread; the number of attributes; name and value of each.
//! A length is written in digits of six bits, the lowest first, each but the last with bit 6 set. So every digit is an
//! ASCII character and the whole run is text. The length of a part that may be missing is one more than it is, and zero
//! stands for missing.

use crate::wide::same;
use ascii::{AsciiChar, AsciiStr};
use std::{
    fmt,
    hash::{Hash, Hasher},
    iter::FusedIterator,
    ops::Range,
    sync::Arc,
};

/// Runs of up to so many bytes lie in the route itself: room for all parts of an ordinary route.
pub(super) const INLINE: usize = 79;

/// A run. One of up to [`INLINE`] bytes is always inline and a longer one never, so that equal runs are equal values.
pub(super) enum Text {
    // Zeros follow an inline run. It tells where it ends by its lengths, so that none can be taken for another one.
    /// Nearly every one: known to be text, whatever part of it is read.
    Ascii([AsciiChar; INLINE]),
    Other([u8; INLINE]),
    Shared(Arc<str>),
}

impl Text {
    #[inline]
    pub(super) fn reader(&self) -> Reader<'_> {
        let (run, text) = match self {
            Self::Ascii(run) => (bytes(run).as_slice(), Some(<&AsciiStr>::from(run.as_slice()).as_str())),
            Self::Other(run) => (run.as_slice(), None),
            Self::Shared(text) => (text.as_bytes(), Some(&**text)),
        };
        Reader { run, text, at: 0 }
    }

    /// Out of line, so that the usual copy is one of the whole, and not one of each variant's parts.
    #[inline(never)]
    fn clone_other(&self) -> Self {
        match self {
            Self::Ascii(run) => Self::Ascii(*run),
            Self::Other(run) => Self::Other(*run),
            Self::Shared(text) => Self::Shared(Arc::clone(text)),
        }
    }
}

impl Clone for Text {
    #[inline]
    fn clone(&self) -> Self {
        match self {
            Self::Ascii(run) => Self::Ascii(*run),
            _ => self.clone_other(),
        }
    }
}

#[inline]
fn bytes(run: &[AsciiChar; INLINE]) -> &[u8; INLINE] {
    <&AsciiStr>::from(run.as_slice()).as_bytes().first_chunk().expect("a byte for each")
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ascii(ours), Self::Ascii(theirs)) => same(bytes(ours), bytes(theirs)),
            (Self::Other(ours), Self::Other(theirs)) => same(ours, theirs),
            (Self::Shared(ours), Self::Shared(theirs)) => Arc::ptr_eq(ours, theirs) || ours == theirs,
            _ => false,
        }
    }
}

impl Eq for Text {}

/// The zeros behind an inline run as well: equal runs have as many.
impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.reader().run.hash(state);
    }
}

const DIGIT_BITS: u32 = 6;
const MORE: u8 = 1 << DIGIT_BITS;

/// What a route is made of: the external room; channel, bridge, room, thread; the attributes.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) external_room: &'a str,
    pub(super) optional: [Option<&'a str>; 4],
    pub(super) attributes: &'a [(&'a str, &'a str)],
}

impl Parts<'_> {
    /// The one run that stands for these parts. Allocates nothing where that is inline.
    pub(super) fn write(self) -> Text {
        let mut total = 0_usize;
        // Cannot overflow while each part has its own place in memory. Were one huge text to stand for several parts,
        // the sum stops at the top, and reserving so much fails as every too large reservation does.
        self.each(&mut |piece| total = total.saturating_add(piece.len()));
        if total > INLINE {
            let mut text = String::with_capacity(total);
            self.each(&mut |piece| text.push_str(piece));
            return Text::Shared(text.into());
        }
        let (mut run, mut end) = ([0; INLINE], 0);
        self.each(&mut |piece| {
            let start = end;
            end += piece.len();
            run[start..end].copy_from_slice(piece.as_bytes());
        });
        let Ok(text) = AsciiStr::from_ascii(&run) else { return Text::Other(run) };
        let mut run = [AsciiChar::Null; INLINE];
        run.copy_from_slice(text.as_slice());
        Text::Ascii(run)
    }

    /// The pieces of the run, one after the other.
    fn each(self, put: &mut impl FnMut(&str)) {
        put_part(self.external_room, put);
        for part in self.optional {
            put_length(part.map_or(0, |part| part.len() + 1), put);
            put(part.unwrap_or_default());
        }
        put_length(self.attributes.len(), put);
        for (name, value) in self.attributes {
            put_part(name, put);
            put_part(value, put);
        }
    }
}

fn put_part(part: &str, put: &mut impl FnMut(&str)) {
    put_length(part.len(), put);
    put(part);
}

fn put_length(mut length: usize, put: &mut impl FnMut(&str)) {
    loop {
        let digit = length as u8 & (MORE - 1);
        length >>= DIGIT_BITS;
        let digit = if length == 0 { digit } else { digit | MORE };
        put(char::from(digit).encode_utf8(&mut [0]));
        if length == 0 {
            return;
        }
    }
}

/// Reads a run from its start.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    run: &'a [u8],
    /// The run as text, if that is known. Else each part that is asked for is checked to be text.
    text: Option<&'a str>,
    at: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn external_room(mut self) -> &'a str {
        self.part()
    }

    /// The part `index` of channel, bridge, room, thread.
    pub(super) fn optional(mut self, index: usize) -> Option<&'a str> {
        self.skip_part();
        for _ in 0..index {
            self.skip_optional();
        }
        let length = self.length().checked_sub(1)?;
        Some(self.take(length))
    }

    pub(super) fn attributes(mut self) -> RouteAttributes<'a> {
        self.skip_part();
        for _ in 0..4 {
            self.skip_optional();
        }
        let left = self.length();
        RouteAttributes { reader: self, left }
    }

    #[inline]
    fn part(&mut self) -> &'a str {
        let length = self.length();
        self.take(length)
    }

    fn skip_part(&mut self) {
        let length = self.length();
        self.skip(length);
    }

    fn skip_optional(&mut self) {
        let length = self.length().saturating_sub(1);
        self.skip(length);
    }

    #[inline]
    fn skip(&mut self, length: usize) -> Range<usize> {
        let start = self.at;
        self.at += length;
        start..self.at
    }

    #[inline]
    fn take(&mut self, length: usize) -> &'a str {
        let part = self.skip(length);
        match self.text {
            Some(text) => &text[part],
            None => str::from_utf8(&self.run[part]).expect("the run was copied from strings"),
        }
    }

    #[inline]
    fn length(&mut self) -> usize {
        // Nearly every length has one digit.
        let digit = self.run[self.at];
        if digit & MORE != 0 {
            return self.long_length();
        }
        self.at += 1;
        usize::from(digit)
    }

    fn long_length(&mut self) -> usize {
        let (mut length, mut digits) = (0, 0);
        for digit in &self.run[self.at..] {
            length |= usize::from(digit & (MORE - 1)) << (DIGIT_BITS * digits);
            digits += 1;
            if digit & MORE == 0 {
                break;
            }
        }
        self.at += digits as usize;
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
