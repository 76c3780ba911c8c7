//! Looking at all sessions. Never blocks anybody, and shows each session once.

use super::{Asked, Cell, Code, Inner, Payload, Session, SessionMap, Standing};
use crate::{
    raw::{Cursor, Entry, Guard, pin},
    sync::{Ordering, after_exchange},
};
use std::{fmt, vec};

/// Entries looked at under one guard.
const CHUNK: usize = 256;

impl<P: Payload> SessionMap<P> {
    /// How many sessions there are: those that [`get`](SessionMap::get) would find.
    ///
    /// Sessions of dead owners and expired ones are not counted, freed or not. Exact while nothing changes; a session
    /// that comes or goes meanwhile may count or not. Looks at every session: for a number at no cost see
    /// [`occupied`](SessionMap::occupied).
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// let owner = map.owner();
    /// map.create("A", (), &owner)?;
    /// map.create("B", (), None)?;
    /// assert_eq!((map.count_active(), map.occupied()), (2, 2));
    /// drop(owner);
    /// assert_eq!(map.count_active(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn count_active(&self) -> usize {
        let mut cursor = Cursor::default();
        let mut count = 0;
        while self.inner.chunk(&mut cursor, |_| count += 1) {}
        count
    }

    /// How many places are taken, which is what the capacity bounds: sessions that are there, that are being created
    /// at this moment, or that nobody sees any more but are not freed yet. Costs one load.
    pub fn occupied(&self) -> usize {
        // Relaxed: a count, ordered with nothing.
        self.inner.busy.places.load(Ordering::Relaxed)
    }

    /// All sessions, the newest first; of those created in the same millisecond, the one created last first.
    ///
    /// A session that is there all the while is listed once; one that comes or goes meanwhile may be or not.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.create("A", (), None)?;
    /// map.create("B", (), None)?;
    /// let codes: Vec<_> = map.list_active().into_iter().map(|session| session.code).collect();
    /// assert_eq!(codes, ["B", "A"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn list_active(&self) -> Vec<Session<P>> {
        let mut cursor = Cursor::default();
        let mut all = Vec::new();
        while self.inner.chunk(&mut cursor, |entry| {
            let life = entry.value().shared();
            all.push((life.created.tick, life.id, entry.value().session(entry.key())));
        }) {}
        all.sort_unstable_by_key(|&(created, id, _)| std::cmp::Reverse((created, id)));
        all.into_iter().map(|(.., session)| session).collect()
    }

    /// Every session, in no order, some at a time: it takes little memory, and holds no guard between two answers.
    ///
    /// Each session is as it was at some moment of the iteration. One that is there all the while is seen once.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<u32>::new();
    /// map.create("A", 1, None)?;
    /// map.create("B", 2, None)?;
    /// assert_eq!(map.iter().map(|session| session.payload).sum::<u32>(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> Sessions<'_, P> {
        Sessions { map: self, cursor: Cursor::default(), more: true, chunk: Vec::new().into_iter() }
    }
}

impl<P: Payload> Inner<P> {
    /// Visits the visible sessions among the next entries. False when there are no more.
    fn chunk(&self, cursor: &mut Cursor, mut visit: impl FnMut(Entry<'_, Code, Cell<P>>)) -> bool {
        let guard = pin();
        let mut held: Option<Entry<'_, Code, Cell<P>>> = None;
        let complete = self.table.scan(cursor, CHUNK, &guard, |entry| {
            let Some(entry) = self.seen(entry, &guard) else { return };
            // A session that is changed meanwhile may be seen as it was and as it is, right after each other.
            if let Some(before) = held.replace(entry)
                && before.key() != entry.key()
            {
                visit(before);
            }
        });
        if let Some(last) = held {
            visit(last);
        }
        !complete
    }

    /// The version to be seen of a session that a scan has met.
    pub(super) fn seen<'g>(
        &'g self,
        entry: Entry<'g, Code, Cell<P>>,
        guard: &'g Guard,
    ) -> Option<Entry<'g, Code, Cell<P>>> {
        if self.standing(entry.value()) == Standing::Visible {
            return Some(entry);
        }
        // SeqCst: as in `look`. Not to be seen is final only for an entry that is in its place after that; in the place
        // of this one there may be a version that has another owner.
        after_exchange::fence(Ordering::SeqCst);
        if entry.is_current() {
            return None;
        }
        self.visible(Asked::of(entry.key(), entry.hash()), guard)
    }
}

/// Every session of a map: what [`SessionMap::iter`] returns.
///
/// ```
/// use tenure_core::{SessionMap, Sessions};
///
/// let map = SessionMap::<u32>::new();
/// map.create("A", 1, None)?;
/// let mut sessions: Sessions<'_, u32> = map.iter();
/// assert_eq!(sessions.next().unwrap().code, "A");
/// assert!(sessions.next().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sessions<'a, P: Payload> {
    map: &'a SessionMap<P>,
    cursor: Cursor,
    more: bool,
    chunk: vec::IntoIter<Session<P>>,
}

impl<P: Payload> Iterator for Sessions<'_, P> {
    type Item = Session<P>;

    fn next(&mut self) -> Option<Session<P>> {
        loop {
            if let Some(session) = self.chunk.next() {
                return Some(session);
            }
            if !self.more {
                return None;
            }
            let mut chunk = Vec::new();
            self.more = self
                .map
                .inner
                .chunk(&mut self.cursor, |entry| chunk.push(entry.value().session(entry.key())));
            self.chunk = chunk.into_iter();
        }
    }
}

impl<'a, P: Payload> IntoIterator for &'a SessionMap<P> {
    type Item = Session<P>;
    type IntoIter = Sessions<'a, P>;

    fn into_iter(self) -> Sessions<'a, P> {
        self.iter()
    }
}

impl<P: Payload> fmt::Debug for Sessions<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("map", &self.map.name()).finish_non_exhaustive()
    }
}
