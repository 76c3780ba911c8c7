//! A chat log in memory: what happened when, every text kept once.

use std::collections::HashMap;
use std::time::Duration;

use tenure_core::Tick;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Join,
    Quit,
    Rename,
}

impl Kind {
    pub(crate) const ALL: [(&'static str, Self); 4] =
        [("message", Self::Message), ("join", Self::Join), ("quit", Self::Quit), ("rename", Self::Rename)];
}

/// One event. The numbers say which of the log's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Since the first event.
    pub(crate) at: Tick,
    pub(crate) kind: Kind,
    pub(crate) place: u32,
    pub(crate) nick: u32,
    /// The conversation of a message, or none.
    pub(crate) thread: Option<u32>,
}

/// A room on a bridge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) bridge: Box<str>,
    pub(crate) room: Box<str>,
}

/// One event, with its texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// Unix seconds.
    pub(crate) time: u64,
    pub(crate) bridge: &'a str,
    pub(crate) room: &'a str,
    pub(crate) nick: &'a str,
    pub(crate) kind: Kind,
    pub(crate) thread: Option<&'a str>,
}

/// The events in order, and their texts.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) events: Vec<Event>,
    pub(crate) places: Vec<Place>,
    /// `bridge/nick` each: the code of that nick's session.
    pub(crate) codes: Vec<Box<str>>,
    pub(crate) threads: Vec<Box<str>>,
    /// The time of the first event, in Unix seconds.
    pub(crate) start: u64,
}

/// A log in the making.
#[derive(Debug, Default)]
pub(crate) struct LogBuilder {
    log: Log,
    last: u64,
    places: HashMap<Place, u32>,
    codes: HashMap<Box<str>, u32>,
    threads: HashMap<Box<str>, u32>,
    code: String,
}

impl LogBuilder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds the next event, or says why it cannot be the next.
    pub(crate) fn push(&mut self, line: Line<'_>) -> Result<(), String> {
        if self.log.events.is_empty() {
            (self.log.start, self.last) = (line.time, line.time);
        }
        if line.time < self.last {
            return Err(format!(
                "the time {} is before the time {} of the event before it; events must be in time order",
                line.time, self.last
            ));
        }
        let since = Duration::from_secs(line.time - self.log.start);
        if since >= Duration::from_millis(Tick::MAX.as_millis()) {
            return Err(format!(
                "the time {} is {} seconds after the first event; a log may span {} (557 years)",
                line.time,
                since.as_secs(),
                Tick::MAX.as_millis() / 1_000
            ));
        }
        self.last = line.time;
        let place = Place { bridge: line.bridge.into(), room: line.room.into() };
        self.code.clear();
        self.code.extend([line.bridge, "/", line.nick]);
        let event = Event {
            at: Tick::ZERO.saturating_add(since),
            kind: line.kind,
            place: number(&mut self.places, &mut self.log.places, place)?,
            nick: number_of_text(&mut self.codes, &mut self.log.codes, &self.code)?,
            thread: match line.thread {
                Some(thread) => Some(number_of_text(&mut self.threads, &mut self.log.threads, thread)?),
                None => None,
            },
        };
        self.log.events.push(event);
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.log.events.len()
    }

    pub(crate) fn finish(self) -> Log {
        self.log
    }
}

fn number_of_text(
    numbers: &mut HashMap<Box<str>, u32>,
    all: &mut Vec<Box<str>>,
    text: &str,
) -> Result<u32, String> {
    match numbers.get(text) {
        Some(number) => Ok(*number),
        None => number(numbers, all, text.into()),
    }
}

fn number<T: Clone + Eq + std::hash::Hash>(
    numbers: &mut HashMap<T, u32>,
    all: &mut Vec<T>,
    item: T,
) -> Result<u32, String> {
    if let Some(number) = numbers.get(&item) {
        return Ok(*number);
    }
    let number =
        u32::try_from(all.len()).map_err(|_| "the log has more than 2^32 different names".to_owned())?;
    all.push(item.clone());
    numbers.insert(item, number);
    Ok(number)
}
