//! A log as what matters to the choice of what goes: which key is asked for when.

use std::collections::HashMap;

use tenure_core::Tick;

use crate::log::{Kind, Log};

/// A message: its key is asked for, then its room's key is set. The keys are numbers without gaps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) at: Tick,
    pub(crate) key: u32,
    pub(crate) room: u32,
}

/// The messages of a log.
#[derive(Debug)]
pub(crate) struct Requests {
    pub(crate) all: Vec<Request>,
    /// How many different keys there are.
    pub(crate) keys: usize,
    /// Messages in a conversation.
    pub(crate) in_threads: u64,
}

impl Requests {
    pub(crate) fn of(log: &Log) -> Self {
        let mut numbers = HashMap::new();
        let mut number = |key: (u32, Option<u32>)| {
            let next = numbers.len() as u32;
            *numbers.entry(key).or_insert(next)
        };
        let messages = log.events.iter().filter(|event| event.kind == Kind::Message);
        let all: Vec<_> = messages
            .map(|event| Request {
                at: event.at,
                key: number((event.place, event.thread)),
                room: number((event.place, None)),
            })
            .collect();
        let in_threads = all.iter().filter(|request| request.key != request.room).count() as u64;
        Self { all, keys: numbers.len(), in_threads }
    }
}
