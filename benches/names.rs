//! The keys and routes of the benchmarks: what five networks' conversations look like.
//!
//! The shares and lengths follow a gateway that bridges Telegram, IRC, Discord, Matrix and Slack: numbers of 10 to 19
//! digits, channel names, Matrix room ids. Together the four parts have 25 to 60 bytes. Every sixteenth name is a
//! room's, and the fifteen after it are threads of that room.

use crate::rng::mix;

/// Names per room: the room's own and its threads'.
pub(crate) const PER_ROOM: usize = 16;

/// A key's borrowed parts, as a message brings them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) channel: &'a str,
    pub(crate) bridge: &'a str,
    pub(crate) room: &'a str,
    pub(crate) thread: Option<&'a str>,
}

impl Parts<'_> {
    pub(crate) fn to_room(self) -> Self {
        Self { thread: None, ..self }
    }
}

/// Many names in the order in which they will be asked for, one after the other in memory: a message's parts are in the
/// cache when it is routed, and so are these when they are read.
#[derive(Default)]
pub(crate) struct Names {
    text: String,
    ends: Vec<[u32; 4]>,
}

impl Names {
    pub(crate) fn collect(which: impl Iterator<Item = Name>) -> Self {
        let mut names = Self::default();
        for name in which {
            let owned = name.owned();
            let parts = owned.parts();
            let mut ends = [0; 4];
            let texts = [parts.channel, parts.bridge, parts.room, parts.thread.unwrap_or_default()];
            for (part, end) in texts.into_iter().zip(&mut ends) {
                names.text.push_str(part);
                *end = names.text.len() as u32;
            }
            names.ends.push(ends);
        }
        names
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Parts<'_> {
        let start = if index == 0 { 0 } else { self.ends[index - 1][3] } as usize;
        let [a, b, c, d] = self.ends[index].map(|end| end as usize);
        Parts {
            channel: &self.text[start..a],
            bridge: &self.text[a..b],
            room: &self.text[b..c],
            thread: (c < d).then(|| &self.text[c..d]),
        }
    }
}

/// A key's parts, as long as they are needed.
pub(crate) struct OwnedName {
    channel: &'static str,
    bridge: String,
    room: String,
    thread: Option<String>,
}

impl OwnedName {
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            channel: self.channel,
            bridge: &self.bridge,
            room: &self.room,
            thread: self.thread.as_deref(),
        }
    }
}

/// The name of one conversation, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    room: usize,
    /// 0 is the room itself.
    thread: usize,
}

impl Name {
    /// The name with this number: a room's, or one of its threads'.
    pub(crate) fn numbered(number: usize) -> Self {
        Self { room: number / PER_ROOM, thread: number % PER_ROOM }
    }

    /// A thread of the same room that has no number, so that nobody has stored it; `which` tells them apart.
    pub(crate) fn unknown_thread(number: usize, which: usize) -> Self {
        Self { room: number / PER_ROOM, thread: PER_ROOM + which }
    }

    /// The name of its room.
    pub(crate) fn room(self) -> Self {
        Self { thread: 0, ..self }
    }

    /// A number of its own.
    pub(crate) fn number(self) -> usize {
        self.room * PER_ROOM + self.thread
    }

    pub(crate) fn owned(self) -> OwnedName {
        let seed = mix(self.room as u64);
        let thread = mix(seed ^ self.thread as u64);
        let (channel, bridge, room, thread) = match seed % 20 {
            0..8 => (
                "telegram",
                format!("bot_{}", seed >> 8 & 7),
                format!("-100{:010}", self.room),
                format!("{}", 1000 + thread % 900_000),
            ),
            8..12 => (
                "irc",
                "irc.libera".to_owned(),
                format!("#ubuntu-{:x}", self.room),
                format!("{}", 100 + thread % 60_000),
            ),
            12..16 => (
                "discord",
                format!("guild_{}", seed >> 8 & 15),
                format!("1048{:015}", self.room),
                format!("11{:017}", thread % 100_000_000_000_000_000),
            ),
            16..19 => (
                "matrix",
                format!("hs-{}", seed >> 8 & 3),
                format!("!{:018x}:matrix.org", (self.room as u64) << 20 | seed >> 44),
                format!("${thread:016x}"),
            ),
            _ => (
                "slack",
                format!("T{:08X}", seed as u32 & 0xFF),
                format!("C{:010X}", self.room),
                format!("{}.{:06}", 1_600_000_000 + thread % 99_999_999, thread >> 40 & 0x7FFFF),
            ),
        };
        // The number keeps two threads of a room apart whatever the hash says.
        let thread = (self.thread > 0).then(|| format!("{thread}{:02}", self.thread % 100));
        OwnedName { channel, bridge, room, thread }
    }
}

#[cfg(test)]
mod tests;
