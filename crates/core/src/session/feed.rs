//! Who reads what happens, and what they have not read yet.
//!
//! Readers stand in a table, under the hash of the code that they watch, or under one hash of their own if they watch
//! all, or under another if they wait for the others. Who changes a session looks there and leaves the event in each reader's *box*: a stack with a count. Nobody
//! takes a lock or waits; while nobody reads, a change pays one load more.
//!
//! # The end of a session is not lost
//! | who begins to watch | who ends the session |
//! | --- | --- |
//! | enters itself | removes the session from the table |
//! | fence | fence (in `Bells::ring`) |
//! | looks whether the session is there | looks for readers |
//!
//! Both fences are `SeqCst`, so one comes first: either the watcher finds the session gone, and says so, or it is
//! found. And a box always has room for the end of the one session that it is for. The same two fences order putting
//! an event into a box and looking for who sleeps before it, against sleeping and looking into the box.

use super::{Code, cell::Life};
use crate::{
    clock::Tick,
    event::{OwnedEvent, OwnedWhat, Received, SessionEvent},
    panics::TameWaker,
    raw::{Cursor, Entry, Fresh, Guard, Query, Slot, Stack, Table, pin},
    sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence},
};
use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Under this hash stand those who watch all.
const ALL: u64 = 0;
/// Under this hash those who wait until all others have read what they had, and who get nothing to read themselves.
const IDLE: u64 = 1;

/// The readers of a map.
pub(super) struct Feed {
    readers: Table<u64, Arc<Mailbox>>,
    /// How many there are, or are about to be.
    count: AtomicUsize,
    numbers: AtomicU64,
    /// Given to each event that somebody reads.
    sequence: AtomicU64,
    /// Ends of sessions whose places are free and that are to be told still.
    pub(super) untold: AtomicUsize,
    /// Whether somebody may wait until all has been read.
    awaited: AtomicBool,
}

/// What one reader has not read yet.
struct Mailbox {
    number: u64,
    /// The one session it is for; none if for all.
    life: Option<u64>,
    capacity: usize,
    letters: Stack<Letter>,
    /// Letters that are in it, about to be, or taken and not read yet: so never too low.
    unread: AtomicUsize,
    lost: AtomicU64,
    sleeper: Slot<TameWaker>,
}

/// An event in a box.
struct Letter {
    sequence: u64,
    at: Tick,
    code: Code,
    kind: SessionEvent,
    /// How many the reader had lost when it was put there.
    lost_before: u64,
}

/// A question for a reader by its number.
struct Number {
    hash: u64,
    number: u64,
}

impl Query<u64> for Number {
    fn hash(&self) -> u64 {
        self.hash
    }

    fn matches(&self, number: &u64) -> bool {
        self.number == *number
    }
}

impl Feed {
    pub(super) fn new() -> Self {
        Self {
            readers: Table::new(),
            count: AtomicUsize::new(0),
            numbers: AtomicU64::new(0),
            sequence: AtomicU64::new(0),
            untold: AtomicUsize::new(0),
            awaited: AtomicBool::new(false),
        }
    }

    /// Whether nobody reads. To be asked after the fence in `Bells::ring`.
    #[inline]
    pub(super) fn is_quiet(&self) -> bool {
        // Relaxed: ordered by that fence, which pairs with the one in `enter`.
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Leaves an event with everybody whom it concerns.
    #[cold]
    pub(super) fn publish(
        &self,
        code: &Code,
        hash: u64,
        life: &Life,
        at: Tick,
        kind: &SessionEvent,
        guard: &Guard,
    ) {
        // Relaxed: numbers, each given once.
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        // The hash of a code may be that of all.
        let of_one =
            self.readers.with_hash(hash, guard).filter(|reader| reader.value().life == Some(life.id));
        let of_all = self.readers.with_hash(ALL, guard).filter(|reader| reader.value().life.is_none());
        for reader in of_one.chain(of_all) {
            reader.value().drop_in(sequence, at, code, kind);
        }
    }

    /// Enters a reader: of one session under a code with this hash, or of all.
    pub(super) fn enter(self: &Arc<Self>, watched: Option<(u64, u64)>, capacity: usize) -> Inbox {
        let (hash, life) = watched.map_or((ALL, None), |(hash, life)| (hash, Some(life)));
        self.enter_under(hash, life, capacity)
    }

    /// Enters somebody who is to be woken when a reader has read all that it had.
    pub(super) fn enter_idle(self: &Arc<Self>) -> Inbox {
        // Relaxed: comes before the fence in `sleep`, as entering does.
        self.awaited.store(true, Ordering::Relaxed);
        self.enter_under(IDLE, None, 1)
    }

    fn enter_under(self: &Arc<Self>, hash: u64, life: Option<u64>, capacity: usize) -> Inbox {
        // Relaxed, both: a number that is given once; a count that comes before the fence below, as the entry does.
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let readers = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mailbox = Arc::new(Mailbox {
            number,
            life,
            capacity: capacity.max(1),
            letters: Stack::new(),
            unread: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            sleeper: Slot::empty(),
        });
        let guard = pin();
        let fresh = Fresh::new(hash, number, Arc::clone(&mailbox));
        let entered = self.readers.insert(fresh, || readers, &guard);
        debug_assert!(entered.is_ok(), "no number is given twice");
        // SeqCst: pairs with the fence in `Bells::ring`; see the module's table.
        fence(Ordering::SeqCst);
        Inbox { feed: Arc::clone(self), mailbox, hash, taken: VecDeque::new(), lost: 0 }
    }

    /// Readers that have something to read still.
    pub(super) fn behind(&self) -> usize {
        let guard = pin();
        let mut behind = 0;
        let mut cursor = Cursor::default();
        // Relaxed: ordered by the fence in `Inbox::sleep`.
        while !self.readers.scan(&mut cursor, 256, &guard, |reader| {
            behind += usize::from(reader.value().unread.load(Ordering::Relaxed) > 0);
        }) {}
        behind
    }

    /// Wakes every reader that sleeps: there is nothing more to come.
    pub(super) fn rouse(&self) {
        let guard = pin();
        let mut cursor = Cursor::default();
        // SeqCst: pairs with the fence in `Inbox::sleep`: either the reader sees what was done, or it is woken here.
        fence(Ordering::SeqCst);
        while !self.readers.scan(&mut cursor, 256, &guard, |reader| reader.value().rouse()) {}
    }

    /// Somebody may have been the last to be waited for.
    pub(super) fn tell_idle(&self) {
        // SeqCst: pairs with the fence in `Inbox::sleep`: either who waits sees what was read, or its waker is found here.
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence.
        if self.awaited.load(Ordering::Relaxed) {
            let guard = pin();
            self.readers.with_hash(IDLE, &guard).for_each(|idle| idle.value().rouse());
        }
    }

    /// Hands readers that are gone to the reclaimer.
    pub(super) fn collect(&self) {
        self.readers.collect();
    }

    /// Drops those that the reclaimer has given back; whether some are left.
    pub(super) fn bury(&self) -> bool {
        self.readers.bury();
        self.readers.garbage() > 0
    }
}

impl Mailbox {
    fn drop_in(&self, sequence: u64, at: Tick, code: &Code, kind: &SessionEvent) {
        let is_last = self.life.is_some() && matches!(kind, SessionEvent::Ended(_));
        let more = |unread: usize| (is_last || unread < self.capacity).then_some(unread + 1);
        // Relaxed, all: counts, which order nothing.
        if self.unread.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok() {
            let lost_before = self.lost.load(Ordering::Relaxed);
            self.letters.push(Letter { sequence, at, code: code.clone(), kind: kind.clone(), lost_before });
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        // SeqCst: pairs with the fence in `Inbox::sleep`: either the reader sees the letter, or its waker is found here.
        fence(Ordering::SeqCst);
        self.rouse();
    }

    fn rouse(&self) {
        if let Some(waker) = self.sleeper.take() {
            waker.wake();
        }
    }
}

/// A reader's end of its box. What is in it goes when it is dropped.
pub(super) struct Inbox {
    feed: Arc<Feed>,
    mailbox: Arc<Mailbox>,
    hash: u64,
    /// In the order in which they came.
    taken: VecDeque<Letter>,
    /// How many losses were announced.
    lost: u64,
}

impl Inbox {
    /// The next thing to read, if there is one.
    pub(super) fn try_recv(&mut self, table: &Arc<str>) -> Option<Received> {
        if self.taken.is_empty() {
            self.taken.extend(self.mailbox.letters.take_all());
            // The last one came out first. Those that several threads have left at one moment may lie in any order.
            self.taken.make_contiguous().sort_unstable_by_key(|letter| letter.sequence);
        }
        // Relaxed: a count. Without a letter there, whatever was lost was lost before the next.
        let lost = self
            .taken
            .front()
            .map_or_else(|| self.mailbox.lost.load(Ordering::Relaxed), |letter| letter.lost_before);
        if lost > self.lost {
            let news = lost - self.lost;
            self.lost = lost;
            return Some(Received::Lagged(news));
        }
        let letter = self.taken.pop_front()?;
        // Relaxed: as in `drop_in`.
        if self.mailbox.unread.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.feed.tell_idle();
        }
        let what = OwnedWhat::Session { code: Arc::from(&*letter.code), kind: letter.kind };
        let (at, sequence) = (letter.at, letter.sequence);
        Some(Received::Event(OwnedEvent { table: Arc::clone(table), at, sequence, what }))
    }

    /// The next thing to read; if there is none, the task is woken by the next that comes.
    pub(super) fn poll(&mut self, table: &Arc<str>, context: &Context<'_>) -> Poll<Received> {
        if let Some(next) = self.try_recv(table) {
            return Poll::Ready(next);
        }
        self.sleep(context.waker());
        self.try_recv(table).map_or(Poll::Pending, Poll::Ready)
    }

    /// To be woken by the next news. To be called before looking.
    pub(super) fn sleep(&self, waker: &Waker) {
        // The one of an earlier poll is not needed any more.
        drop(self.mailbox.sleeper.put(Box::new(TameWaker::new(waker))));
        // SeqCst: pairs with the fences in `drop_in`, `rouse` and `tell_idle`.
        fence(Ordering::SeqCst);
    }

    /// Nothing more is read: nobody leaves anything here from now on, and nobody waits for this reader.
    pub(super) fn leave(&mut self) {
        let guard = pin();
        let me = Number { hash: self.hash, number: self.mailbox.number };
        if self.feed.readers.get(&me, &guard).is_some_and(Entry::remove) {
            // Relaxed: a count; nobody relies on its fall.
            self.feed.count.fetch_sub(1, Ordering::Relaxed);
            drop(self.mailbox.sleeper.take());
            self.feed.tell_idle();
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests;
