//! What the gateway must come to, computed as simply as can be: no table, no clock, no owner.

use std::collections::HashMap;
use std::time::Duration;

use crate::Outcome;
use crate::log::{Kind, Log};
use crate::options::Options;
use crate::report::{Routes, Sessions};
use crate::tally::Resolved;

/// A route's key in the model: place, thread.
type Key = (u32, Option<u32>);

/// One partition as simply as can be: keys with their deadlines, the one set longest ago first.
#[derive(Default)]
struct Model {
    ttl: u64,
    bound: usize,
    records: Vec<(Key, u64)>,
    evicted: u64,
    pruned: u64,
}

impl Model {
    fn is_fresh(&self, key: Key, now: u64) -> bool {
        self.records.iter().any(|(this, deadline)| *this == key && now < *deadline)
    }

    /// Removes the record if it has expired, and says so.
    fn expire(&mut self, key: Key, now: u64) -> bool {
        let before = self.records.len();
        self.records.retain(|(this, deadline)| *this != key || now < *deadline);
        self.pruned += (before - self.records.len()) as u64;
        before > self.records.len()
    }

    fn prune(&mut self, now: u64) {
        let before = self.records.len();
        self.records.retain(|(_, deadline)| now < *deadline);
        self.pruned += (before - self.records.len()) as u64;
    }

    fn set(&mut self, key: Key, now: u64) {
        self.records.retain(|(this, _)| *this != key);
        self.records.push((key, now + self.ttl));
        while self.records.len() > self.bound {
            let expired = self.records.iter().position(|(_, deadline)| *deadline <= now);
            self.records.remove(expired.unwrap_or(0));
            *(if expired.is_some() { &mut self.pruned } else { &mut self.evicted }) += 1;
        }
    }

    /// Resolves a message's key with its room's route as the fallback, and counts.
    fn resolve(&mut self, (place, thread): Key, now: u64, resolve: &mut Resolved) {
        let key = (place, thread);
        let mut stale = self.expire(key, now);
        if self.is_fresh(key, now) {
            resolve.exact += 1;
            return;
        }
        let room_expired = thread.is_some() && self.expire((place, None), now);
        if thread.is_some() && self.is_fresh((place, None), now) {
            resolve.room += 1;
        } else {
            resolve.provided += 1;
            stale |= room_expired;
        }
        resolve.stale += u64::from(stale);
        self.set(key, now);
    }
}

/// What the gateway must come to, by the words of its description.
pub(crate) fn expected(log: &Log, options: &Options) -> Outcome {
    let mut model = Model { ttl: millis(options.ttl), bound: options.max_entries, ..Model::default() };
    let mut events = [0; 4];
    let mut resolve = Resolved::default();
    let mut sessions = Sessions { created: 0, already_exists: 0, ended_by_owner: 0, live: 0 };
    let mut connected: HashMap<u32, bool> = HashMap::new();
    let mut last_prune = None;
    for event in &log.events {
        let now = event.at.as_millis();
        let last = *last_prune.get_or_insert(now);
        if now - last >= millis(options.prune_interval) {
            model.prune(now);
            last_prune = Some(now);
        }
        let connected = connected.entry(event.nick).or_default();
        match event.kind {
            Kind::Message => {
                events[0] += 1;
                sessions.created += u64::from(!*connected);
                *connected = true;
                model.resolve((event.place, event.thread), now, &mut resolve);
                model.set((event.place, None), now);
            }
            Kind::Join => {
                events[1] += 1;
                *(if *connected { &mut sessions.already_exists } else { &mut sessions.created }) += 1;
                *connected = true;
            }
            Kind::Quit => {
                events[2] += 1;
                sessions.ended_by_owner += u64::from(*connected);
                *connected = false;
            }
            Kind::Rename => events[3] += 1,
        }
    }
    sessions.live = connected.values().filter(|connected| **connected).count() as u64;
    let end = log.events.last().map_or(0, |event| event.at.as_millis());
    let live = model.records.iter().filter(|(_, deadline)| end < *deadline).count() as u64;
    Outcome {
        events,
        resolve,
        routes: Routes { live, evicted: model.evicted, pruned: model.pruned },
        sessions,
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).expect("a test's span is short")
}
