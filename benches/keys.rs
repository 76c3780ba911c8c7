//! The keys that people write for a plain map: four strings, one joined string, and one buffer that is hashed and
//! compared part by part.

use crate::names::Parts;
use equivalent::Equivalent;
use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
};

/// A kind of key: how it is kept, and how it is asked for.
pub(crate) trait Kind: Send + Sync + 'static {
    const NAME: &'static str;
    /// What the map keeps, and what a user holds who has prebuilt it.
    type Owned: Eq + Hash + Clone + Send + Sync + 'static;
    /// What a map is asked with.
    type Query<'a>: Copy + Hash + Equivalent<Self::Owned>;
    /// Where a key is put together to ask with it.
    type Buffer: Default + Send;

    fn own(parts: Parts<'_>) -> Self::Owned;
    fn ask(owned: &Self::Owned) -> Self::Query<'_>;
    /// The key of these parts; the second call with the same buffer asks for their room.
    fn build<'a>(parts: Parts<'a>, buffer: &'a mut Self::Buffer) -> Self::Query<'a>;
    /// The key of the same parts' room, after [`build`](Self::build).
    fn build_room<'a>(parts: Parts<'a>, buffer: &'a mut Self::Buffer) -> Self::Query<'a>;
}

/// A kind of key that maps can look up by the standard library's `Borrow`.
pub(crate) trait Plain: Kind {
    type Borrowed: ?Sized + Eq + Hash;

    fn plain(query: Self::Query<'_>) -> &Self::Borrowed
    where
        Self::Owned: Borrow<Self::Borrowed>;
}

/// Four strings in a struct that derives everything.
pub(crate) struct Four;

/// What [`Four`] keeps.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct FourStrings {
    channel: String,
    bridge: String,
    room: String,
    thread: Option<String>,
}

/// A borrowed key of any type, to ask with.
#[derive(PartialEq, Eq)]
pub(crate) struct By<'a, T: ?Sized>(&'a T);

impl<T: ?Sized> Clone for By<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for By<'_, T> {}

impl<T: Hash + ?Sized> Hash for By<'_, T> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Equivalent<FourStrings> for By<'_, FourStrings> {
    #[inline]
    fn equivalent(&self, key: &FourStrings) -> bool {
        self.0 == key
    }
}

impl Equivalent<String> for By<'_, str> {
    #[inline]
    fn equivalent(&self, key: &String) -> bool {
        self.0 == key
    }
}

impl Kind for Four {
    const NAME: &'static str = "four strings";
    type Owned = FourStrings;
    type Query<'a> = By<'a, FourStrings>;
    type Buffer = Option<FourStrings>;

    fn own(parts: Parts<'_>) -> FourStrings {
        FourStrings {
            channel: parts.channel.to_owned(),
            bridge: parts.bridge.to_owned(),
            room: parts.room.to_owned(),
            thread: parts.thread.map(str::to_owned),
        }
    }

    #[inline]
    fn ask(owned: &FourStrings) -> Self::Query<'_> {
        By(owned)
    }

    fn build<'a>(parts: Parts<'a>, buffer: &'a mut Self::Buffer) -> Self::Query<'a> {
        By(buffer.insert(Self::own(parts)))
    }

    fn build_room<'a>(parts: Parts<'a>, buffer: &'a mut Self::Buffer) -> Self::Query<'a> {
        let key = buffer.get_or_insert_with(|| Self::own(parts));
        key.thread = None;
        By(key)
    }
}

impl Plain for Four {
    type Borrowed = FourStrings;

    #[inline]
    fn plain(query: Self::Query<'_>) -> &FourStrings {
        query.0
    }
}

/// The parts in one string, with a separator between them.
pub(crate) struct Joined;

/// No part holds it.
const SEPARATOR: char = '\u{1f}';

impl Kind for Joined {
    const NAME: &'static str = "joined";
    type Owned = String;
    type Query<'a> = By<'a, str>;
    type Buffer = String;

    fn own(parts: Parts<'_>) -> String {
        let mut text = String::new();
        Self::build(parts, &mut text);
        text.shrink_to_fit();
        text
    }

    #[inline]
    fn ask(owned: &String) -> Self::Query<'_> {
        By(owned)
    }

    #[inline]
    fn build<'a>(parts: Parts<'a>, buffer: &'a mut String) -> Self::Query<'a> {
        buffer.clear();
        buffer.push_str(parts.channel);
        buffer.push(SEPARATOR);
        buffer.push_str(parts.bridge);
        buffer.push(SEPARATOR);
        buffer.push_str(parts.room);
        if let Some(thread) = parts.thread {
            buffer.push(SEPARATOR);
            buffer.push_str(thread);
        }
        By(buffer)
    }

    #[inline]
    fn build_room<'a>(parts: Parts<'a>, buffer: &'a mut String) -> Self::Query<'a> {
        By(&buffer[..parts.channel.len() + parts.bridge.len() + parts.room.len() + 2])
    }
}

impl Plain for Joined {
    type Borrowed = str;

    #[inline]
    fn plain(query: Self::Query<'_>) -> &str {
        query.0
    }
}

/// One buffer and where each part ends; a borrowed key is hashed and compared part by part, never joined.
pub(crate) struct ByParts;

/// What [`ByParts`] keeps.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Run {
    text: Box<str>,
    ends: [u16; 3],
    threaded: bool,
}

impl Run {
    #[inline]
    fn parts(&self) -> Parts<'_> {
        let [a, b, c] = self.ends.map(usize::from);
        Parts {
            channel: &self.text[..a],
            bridge: &self.text[a..b],
            room: &self.text[b..c],
            thread: self.threaded.then(|| &self.text[c..]),
        }
    }
}

impl Hash for Run {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl Hash for Parts<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.channel.hash(state);
        self.bridge.hash(state);
        self.room.hash(state);
        // A room and a thread of no name may share a hash.
        self.thread.unwrap_or_default().hash(state);
    }
}

impl Equivalent<Run> for Parts<'_> {
    #[inline]
    fn equivalent(&self, key: &Run) -> bool {
        *self == key.parts()
    }
}

impl Kind for ByParts {
    const NAME: &'static str = "by parts";
    type Owned = Run;
    type Query<'a> = Parts<'a>;
    type Buffer = ();

    fn own(parts: Parts<'_>) -> Run {
        let texts = [parts.channel, parts.bridge, parts.room, parts.thread.unwrap_or_default()];
        let mut end = 0;
        let ends = [0, 1, 2].map(|part| {
            end += texts[part].len();
            u16::try_from(end).expect("parts of fewer than 65,536 bytes")
        });
        Run { text: texts.concat().into(), ends, threaded: parts.thread.is_some() }
    }

    #[inline]
    fn ask(owned: &Run) -> Parts<'_> {
        owned.parts()
    }

    #[inline]
    fn build<'a>(parts: Parts<'a>, (): &'a mut ()) -> Parts<'a> {
        parts
    }

    #[inline]
    fn build_room<'a>(parts: Parts<'a>, (): &'a mut ()) -> Parts<'a> {
        parts.to_room()
    }
}
