//! Who is subscribed to what.

use super::Conversation;
use crate::serve::client::Address;
use serde::Serialize;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::broadcast;

/// A message on its way to the subscribers of an external room.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Delivery {
    /// Grows by one with each message of the relay.
    pub(super) seq: u64,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) key: Conversation,
}

/// A subscription, as the table holds it.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Subscriber {
    pub(in crate::serve) external_room: Arc<str>,
    pub(in crate::serve) address: Address,
}

/// The external rooms that somebody is subscribed to.
#[derive(Debug)]
pub(super) struct Rooms {
    backlog: usize,
    open: Arc<Mutex<Open>>,
    sequence: AtomicU64,
}

type Open = HashMap<Arc<str>, broadcast::Sender<Arc<Delivery>>>;

impl Rooms {
    pub(super) fn new(backlog: usize) -> Self {
        Self { backlog, open: Arc::default(), sequence: AtomicU64::new(0) }
    }

    /// Subscribes, until the answer is dropped.
    pub(super) fn subscribe(&self, room: &Arc<str>) -> Subscription {
        let sender = lock(&self.open)
            .entry(Arc::clone(room))
            .or_insert_with(|| broadcast::channel(self.backlog).0)
            .clone();
        let receiver = Some(sender.subscribe());
        Subscription { open: Arc::clone(&self.open), room: Arc::clone(room), receiver }
    }

    /// Delivers to all who are subscribed, and says how many those are.
    pub(super) fn deliver(&self, room: &str, kind: &'static str, text: String, key: Conversation) -> usize {
        let sender = lock(&self.open).get(room).cloned();
        let Some(sender) = sender else { return 0 };
        // Relaxed: numbers, each given once.
        let seq = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        sender.send(Arc::new(Delivery { seq, kind, text, key })).unwrap_or(0)
    }
}

/// What comes to one subscriber.
pub(super) struct Subscription {
    open: Arc<Mutex<Open>>,
    room: Arc<str>,
    receiver: Option<broadcast::Receiver<Arc<Delivery>>>,
}

impl Subscription {
    /// The next message, or how many were lost because they were not taken in time. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Arc<Delivery>, u64> {
        let Some(receiver) = &mut self.receiver else { return std::future::pending().await };
        match receiver.recv().await {
            Ok(delivery) => Ok(delivery),
            Err(broadcast::error::RecvError::Lagged(lost)) => Err(lost),
            // The room is there as long as this is.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        // Under the lock, so that nobody subscribes to a room that is being taken away.
        self.receiver = None;
        if open.get(&self.room).is_some_and(|sender| sender.receiver_count() == 0) {
            open.remove(&self.room);
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Conversation {
        let word = || "x".to_owned();
        Conversation { channel: word(), bridge: word(), room: word(), thread: None }
    }

    #[tokio::test]
    async fn each_subscriber_of_a_room_gets_what_is_delivered_there() {
        let rooms = Rooms::new(4);
        let (mut one, mut two) = (rooms.subscribe(&"a".into()), rooms.subscribe(&"a".into()));
        let mut other = rooms.subscribe(&"b".into());
        assert_eq!(rooms.deliver("a", "message", "hello".to_owned(), key()), 2);
        assert_eq!(rooms.deliver("b", "reply", "hi".to_owned(), key()), 1);
        assert_eq!(rooms.deliver("c", "message", "nobody".to_owned(), key()), 0);
        for subscription in [&mut one, &mut two] {
            assert_eq!(subscription.next().await.unwrap().text, "hello");
        }
        assert_eq!(other.next().await.unwrap().kind, "reply");
    }

    #[tokio::test]
    async fn who_is_too_slow_is_told_how_many_were_lost() {
        let rooms = Rooms::new(2);
        let mut slow = rooms.subscribe(&"a".into());
        for text in ["1", "2", "3", "4", "5"] {
            rooms.deliver("a", "message", text.to_owned(), key());
        }
        assert_eq!(slow.next().await.unwrap_err(), 3);
        assert_eq!(slow.next().await.unwrap().text, "4");
        assert_eq!(slow.next().await.unwrap().text, "5");
    }

    #[test]
    fn a_room_without_subscribers_is_forgotten() {
        let rooms = Rooms::new(2);
        let (one, two) = (rooms.subscribe(&"a".into()), rooms.subscribe(&"a".into()));
        drop(one);
        assert_eq!(lock(&rooms.open).len(), 1);
        drop(two);
        assert!(lock(&rooms.open).is_empty());
    }
}
