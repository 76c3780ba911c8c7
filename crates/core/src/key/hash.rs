//! How keys are hashed: both hashes in one pass over the parts, seeded at random once per process.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use ahash::RandomState;

/// One seed for the whole process: a key made anywhere can be looked up in every table.
static SEED: OnceLock<RandomState> = OnceLock::new();

fn seed() -> RandomState {
    // A schedule that shuttle has found is to lead to the same place in another process.
    if cfg!(tenure_shuttle) { RandomState::with_seeds(1, 2, 3, 4) } else { RandomState::new() }
}

/// The two hashes of a key, computed when the key is made.
///
/// All 64 bits of both are good. They are seeded at random when the process starts: they mean nothing to another
/// process and nothing on disk, and nobody outside can choose keys that collide.
///
/// ```
/// use tenure_core::KeyRef;
///
/// let thread = KeyRef::new("telegram", "bot_1", "chat_123", Some("t_9")).hashes();
/// let room = KeyRef::for_room("telegram", "bot_1", "chat_123").hashes();
/// assert_eq!(thread.room, room.full);
/// assert_eq!(room.room, room.full);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHashes {
    /// The hash of the whole key.
    pub full: u64,
    /// The hash of the key's room scope. A room-scope key has the same value in `full`.
    pub room: u64,
}

impl KeyHashes {
    /// Hashes the parts without joining them.
    ///
    /// The lengths go in first, so that moving a byte from one part to its neighbor changes the hash. Folding them
    /// into one word is unambiguous below 2 MiB a part; beyond that it could only cost speed, never a right answer.
    #[inline]
    pub(super) fn of(channel: &str, bridge: &str, room: &str, thread: Option<&str>) -> Self {
        let mut state = SEED.get_or_init(seed).build_hasher();
        let lengths = [channel.len() as u64, bridge.len() as u64, room.len() as u64];
        state.write_u64(lengths[0] ^ lengths[1].rotate_left(21) ^ lengths[2].rotate_left(42));
        write(&mut state, channel);
        write(&mut state, bridge);
        write(&mut state, room);
        let room = state.finish();
        // The length comes first here too: a thread of no characters is a different key from no thread.
        let full = thread.map_or(room, |thread| {
            state.write_u64(thread.len() as u64);
            write(&mut state, thread);
            state.finish()
        });
        Self { full, room }
    }

    /// The hashes of the room scope of the key that has these.
    pub(super) fn room_scope(self) -> Self {
        Self { full: self.room, room: self.room }
    }
}

/// Takes in a text whose length has been taken in before: the first and the last bytes, which overlap, cover a short one.
/// So each text of up to 16 bytes is one step of the hash, without those of `write`, which takes in the length as well.
#[inline(always)]
fn write(state: &mut impl Hasher, text: &str) {
    let text = text.as_bytes();
    let (first, last) = match text.len() {
        8..=16 => (u64::from_le_bytes(first(text)), u64::from_le_bytes(last(text))),
        4..8 => (u32::from_le_bytes(first(text)).into(), u32::from_le_bytes(last(text)).into()),
        0 => (0, 0),
        1..4 => (u64::from(text[0]) | u64::from(text[text.len() / 2]) << 8, u64::from(text[text.len() - 1])),
        _ => {
            let before = text[..text.len() - 1].as_chunks().0;
            for chunk in before {
                state.write_u128(u128::from_le_bytes(*chunk));
            }
            state.write_u128(u128::from_le_bytes(last(text)));
            return;
        }
    };
    state.write_u128(u128::from(first) | u128::from(last) << 64);
}

/// The first bytes, of which there are so many.
#[inline(always)]
fn first<const N: usize>(text: &[u8]) -> [u8; N] {
    *text.first_chunk().expect("as many by their number")
}

/// The last bytes, of which there are so many.
#[inline(always)]
fn last<const N: usize>(text: &[u8]) -> [u8; N] {
    *text.last_chunk().expect("as many by their number")
}

/// The hash of one text by itself, under the same seed: of a session's code.
#[inline]
pub(crate) fn hash_text(text: &[u8]) -> u64 {
    let mut state = SEED.get_or_init(seed).build_hasher();
    state.write(text);
    state.finish()
}
