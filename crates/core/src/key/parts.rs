//! The parts of a key in one run of bytes: channel, bridge, room, thread. Short runs are stored in the key itself,
//! longer ones in one shared allocation. It is all that a table of routes stores of a key: the hash stands beside it.

use super::KeyRef;
use crate::wide::{WIDE, same};
use std::{ptr, sync::Arc};

#[cfg(test)]
mod tests;

/// How many bytes of text fit into the key itself: what 64 bytes leave beside the tag and the four ends.
pub(super) const INLINE: usize = 59;

/// Stands for the end of the thread of an inline key that has none.
const NO_THREAD: u8 = u8::MAX;

/// The run of parts, in 64 bytes.
///
/// A run of up to [`INLINE`] bytes is always inline and a longer one never, so that equal runs are equal values. Public in
/// name alone, for the sealed trait has methods that take it, and nobody else can call those.
#[derive(Clone, Debug, Eq)]
pub enum KeyParts {
    Inline(Packed),
    // Here the ends of the first three parts take 48 bits each, cut in two so that they pack: more than a process
    // can address. The thread is what follows them.
    Heap { threaded: bool, low: [u32; 3], high: [u16; 3], text: Arc<str> },
}

/// Where each part ends, the last being [`NO_THREAD`] without a thread; then the run, then zeros. Equal keys have equal
/// arrays, and two arrays compare in a few wide loads.
type Packed = [u8; ENDS + INLINE];
const ENDS: usize = 4;

/// A run with the ends of its first three parts; the thread is what follows them.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) ends: [usize; 3],
    pub(super) threaded: bool,
}

impl<'a> Run<'a> {
    /// The bytes of the room scope: a prefix.
    #[inline]
    pub(super) fn room_scope(self) -> &'a [u8] {
        &self.bytes[..self.ends[2]]
    }

    /// The parts, for ordering: the order of UTF-8 bytes is the order of the text.
    pub(super) fn parts(self) -> ([&'a [u8]; 3], Option<&'a [u8]>) {
        let Self { bytes, ends: [a, b, c], threaded } = self;
        ([&bytes[..a], &bytes[a..b], &bytes[b..c]], threaded.then(|| &bytes[c..]))
    }
}

impl PartialEq for KeyParts {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Inline(ours), Self::Inline(theirs)) => same(ours, theirs),
            (Self::Heap { .. }, Self::Heap { .. }) => self.heap_eq(other),
            _ => false,
        }
    }
}

/// Compares parts, which are short, without the call that comparing slices costs: the first and the last bytes, which
/// overlap, cover them.
#[inline]
fn same_part(stored: &[u8], part: &str) -> bool {
    let part = part.as_bytes();
    if stored.len() != part.len() {
        return false;
    }
    match stored.len() {
        8..=16 => ends_alike::<8>(stored, part),
        4..8 => ends_alike::<4>(stored, part),
        17..=32 => ends_alike::<16>(stored, part),
        0 => true,
        1..4 => ends_alike::<1>(stored, part) && stored[stored.len() / 2] == part[part.len() / 2],
        _ => stored == part,
    }
}

/// Whether the first `N` bytes and the last `N` are the same; both have at least as many.
#[inline]
fn ends_alike<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    a.first_chunk::<N>() == b.first_chunk::<N>() && a.last_chunk::<N>() == b.last_chunk::<N>()
}

/// Whether an inline run has these parts: all lengths at once, then the text.
#[inline(always)]
fn has(packed: &Packed, [channel, bridge, room]: [&str; 3], thread: Option<&str>) -> bool {
    let text = thread.unwrap_or_default();
    // No text is so long that a sum overflows where the one before it is an inline end, and else it decides nothing.
    let a = channel.len();
    let b = a.wrapping_add(bridge.len());
    let c = b.wrapping_add(room.len());
    let total = c.wrapping_add(text.len());
    let (ends, bytes) = packed.split_first_chunk::<ENDS>().expect("longer than the ends");
    let last = if thread.is_some() { total as u8 } else { NO_THREAD };
    a <= INLINE
        && b <= INLINE
        && c <= INLINE
        && total <= INLINE
        && *ends == [a as u8, b as u8, c as u8, last]
        && same_part(&bytes[..a], channel)
        && same_part(&bytes[a..b], bridge)
        && same_part(&bytes[b..c], room)
        && same_part(&bytes[c..total], text)
}

/// Where the last of the bytes begin that are compared at once.
const LAST: usize = ENDS + INLINE - WIDE;

/// As many set bytes as a run is long, and as many clear ones: a window of it covers the beginning of a run.
const COVER: [u8; 2 * (ENDS + INLINE)] = {
    let mut cover = [0; 2 * (ENDS + INLINE)];
    let mut at = 0;
    while at < ENDS + INLINE {
        cover[at] = u8::MAX;
        at += 1;
    }
    cover
};

/// Whether `room`, which has no thread, is the room scope of the key that `of` is. Without a branch or a call: how long
/// a room is differs from key to key, and cannot be guessed.
#[inline(always)]
fn is_room_of(room: &Packed, of: &Packed) -> bool {
    // What is behind the room does not matter, and the end of the thread is compared as none.
    let end = ENDS + usize::from(of[2]).min(INLINE);
    let covered: &Packed = COVER[ENDS + INLINE - end..].first_chunk().expect("twice as long");
    let wide = |bytes: &Packed, at: usize| {
        u128::from_le_bytes(*bytes[at..].first_chunk().expect("there are so many bytes"))
    };
    let thread = u128::from(u8::MAX) << (8 * (ENDS - 1));
    let differ = |at| (wide(room, at) ^ wide(of, at)) & wide(covered, at);
    // The last two overlap by a byte.
    let ends = differ(0) & !thread;
    room[3] == NO_THREAD && ends | differ(WIDE) | differ(2 * WIDE) | differ(LAST) == 0
}

impl KeyParts {
    /// Whether this is the room scope of `of`.
    #[inline(always)]
    pub(super) fn is_room_of(&self, of: &Self) -> bool {
        match (self, of) {
            (Self::Inline(room), Self::Inline(of)) => is_room_of(room, of),
            _ => self.is_long_room_of(of),
        }
    }

    /// Where one of the two is long. The room of a long key may be short.
    #[inline(never)]
    fn is_long_room_of(&self, of: &Self) -> bool {
        let (room, of) = (self.run(), of.run());
        !room.threaded && room.ends == of.ends && room.bytes == of.room_scope()
    }

    /// Are these the parts?
    #[inline(always)]
    pub(super) fn has(&self, room: [&str; 3], thread: Option<&str>) -> bool {
        match self {
            Self::Inline(packed) => has(packed, room, thread),
            Self::Heap { .. } => self.long_has(room, thread),
        }
    }

    #[inline(never)]
    fn long_has(&self, room: [&str; 3], thread: Option<&str>) -> bool {
        self.run().parts() == (room.map(str::as_bytes), thread.map(str::as_bytes))
    }

    #[inline(never)]
    fn heap_eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.run(), other.run());
        // Clones share their text.
        ours.ends == theirs.ends
            && ours.threaded == theirs.threaded
            && (ptr::eq(ours.bytes, theirs.bytes) || ours.bytes == theirs.bytes)
    }

    pub(super) fn new([channel, bridge, room]: [&str; 3], thread: Option<&str>) -> Self {
        let threaded = thread.is_some();
        let thread = thread.unwrap_or_default();
        // Cannot overflow while each part has its own place in memory. Were one huge text to stand for several parts,
        // the sum stops at the top, and reserving so much fails as every too large reservation does.
        let a = channel.len();
        let b = a.saturating_add(bridge.len());
        let c = b.saturating_add(room.len());
        let total = c.saturating_add(thread.len());
        if total > INLINE {
            let mut text = String::with_capacity(total);
            for part in [channel, bridge, room, thread] {
                text.push_str(part);
            }
            let (low, high) = ([a, b, c].map(low), [a, b, c].map(high));
            return Self::Heap { threaded, low, high, text: text.into() };
        }
        let mut packed = [0; ENDS + INLINE];
        let (ends, bytes) = packed.split_at_mut(ENDS);
        // All ends are at most `INLINE`, which a byte holds.
        let last = if threaded { total as u8 } else { NO_THREAD };
        ends.copy_from_slice(&[a as u8, b as u8, c as u8, last]);
        bytes[..a].copy_from_slice(channel.as_bytes());
        bytes[a..b].copy_from_slice(bridge.as_bytes());
        bytes[b..c].copy_from_slice(room.as_bytes());
        bytes[c..total].copy_from_slice(thread.as_bytes());
        Self::Inline(packed)
    }

    #[inline]
    pub(super) fn threaded(&self) -> bool {
        match self {
            Self::Inline(packed) => packed[3] != NO_THREAD,
            Self::Heap { threaded, .. } => *threaded,
        }
    }

    #[inline]
    pub(super) fn run(&self) -> Run<'_> {
        match self {
            Self::Inline(packed) => {
                let ([a, b, c, last], bytes) = packed.split_first_chunk().expect("longer than the ends");
                let threaded = *last != NO_THREAD;
                let total = usize::from(if threaded { *last } else { *c });
                Run { bytes: &bytes[..total], ends: [*a, *b, *c].map(usize::from), threaded }
            }
            Self::Heap { threaded, low, high, text } => {
                let ends = std::array::from_fn(|i| join(low[i], high[i]));
                Run { bytes: text.as_bytes(), ends, threaded: *threaded }
            }
        }
    }

    /// The key of these parts. Hashes them.
    pub(crate) fn key_ref(&self) -> KeyRef<'_> {
        let ([channel, bridge, room], thread) = self.texts();
        KeyRef::new(channel, bridge, room, thread)
    }

    /// The parts as text. Costs a check of the text where it is inline, of at most [`INLINE`] bytes.
    pub(super) fn texts(&self) -> ([&str; 3], Option<&str>) {
        let Run { bytes, ends: [a, b, c], threaded } = self.run();
        let text = match self {
            Self::Inline(_) => str::from_utf8(bytes).expect("the run was copied from strings"),
            Self::Heap { text, .. } => text,
        };
        ([&text[..a], &text[a..b], &text[b..c]], threaded.then(|| &text[c..]))
    }
}

fn low(end: usize) -> u32 {
    end as u32
}

fn high(end: usize) -> u16 {
    (end as u64 >> 32) as u16
}

#[inline]
fn join(low: u32, high: u16) -> usize {
    ((u64::from(high) << 32) | u64::from(low)) as usize
}
