//! Shutting a map down: nothing new, everything released, everybody told.

use super::{Asked, Inner, Payload, SessionMap, feed::Inbox, sweep::ENTRIES, wait::block_on};
use crate::{
    event::{DeathReason, EndCause},
    raw::{Cursor, pin},
    sync::{Ordering, fence},
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// What came of draining a map.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{Drained, SessionMap};
///
/// let map = SessionMap::<()>::new();
/// let owner = map.owner();
/// map.create("A", (), &owner)?;
/// let Drained { sessions, owners, unseen, .. } = map.wait_drained(Duration::from_secs(1));
/// assert_eq!((sessions, owners, unseen), (1, 1, 0));
/// assert!(map.is_draining());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Sessions that were there.
    pub sessions: usize,
    /// Owners that were released.
    pub owners: usize,
    /// Readers of events that have something to read still, and those who wait for a session and have not been told.
    pub unseen: usize,
}

/// Waits until everybody has seen the end: what [`SessionMap::drain`] returns.
///
/// Cancel safe: the map is drained whether or not it is polled; dropping it stops the waiting only, and leaves nothing
/// behind.
///
/// ```
/// use tenure_core::{Drain, SessionMap};
///
/// let map = SessionMap::<()>::new();
/// map.create("A", (), None)?;
/// let mut events = map.events(8);
/// let drain: Drain<()> = map.drain(); // or `.await` it
/// assert_eq!(drain.so_far().unseen, 1); // the end of A waits to be read
/// while events.try_recv().is_some() {}
/// assert_eq!(drain.so_far().unseen, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the map is drained; polling it tells when everybody has seen that"]
pub struct Drain<P: Payload> {
    map: SessionMap<P>,
    drained: Drained,
    idle: Inbox,
}

impl<P: Payload> fmt::Debug for Drain<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("drained", &self.drained).finish_non_exhaustive()
    }
}

impl<P: Payload> SessionMap<P> {
    /// Shuts the map down: from now on no session is created, every owner that has sessions is released with the
    /// reason [`Shutdown`](DeathReason::Shutdown), and sessions without owner end as
    /// [`Drained`](EndCause::Drained).
    ///
    /// When it returns, no session is there any more, and none comes; everybody who waits or reads events has been
    /// woken. What it returns is a future, ready once all of them have seen it: readers of [`Events`](super::Events) have read all
    /// that they had, and waiters ([`until`](SessionMap::until), [`gone`](SessionMap::gone)) are done. An owner that
    /// has no session at that time is released when it is next given one.
    ///
    /// Costs a look at every session.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{CreateErrorKind, DeathReason, SessionMap};
    ///
    /// let map = SessionMap::<()>::new();
    /// let owner = map.owner();
    /// map.create("A", (), &owner)?;
    /// map.create("B", (), None)?;
    /// let drained = map.wait_drained(Duration::from_secs(1));
    /// assert_eq!((drained.sessions, drained.owners, drained.unseen), (2, 1, 0));
    /// assert_eq!(owner.reason(), Some(DeathReason::Shutdown));
    /// assert_eq!(*map.create("C", (), None).unwrap_err().kind(), CreateErrorKind::Draining);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&self) -> Drain<P> {
        let (sessions, owners) = self.inner.release_all();
        self.prune();
        self.inner.feed.rouse();
        let drained = Drained { sessions, owners, unseen: 0 };
        Drain { map: self.clone(), drained, idle: self.inner.feed.enter_idle() }
    }

    /// As [`drain`](SessionMap::drain), and blocks until everybody has seen it, or the limit has passed. Says how many
    /// have not.
    pub fn wait_drained(&self, limit: Duration) -> Drained {
        let mut drain = self.drain();
        block_on(&mut drain, limit).unwrap_or_else(|| drain.so_far())
    }

    /// Whether the map was drained: no session is created any more.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    ///
    /// let map = SessionMap::<()>::new();
    /// assert!(!map.is_draining());
    /// drop(map.drain()); // nobody has to wait
    /// assert!(map.is_draining());
    /// ```
    pub fn is_draining(&self) -> bool {
        self.inner.is_draining()
    }
}

impl<P: Payload> Drain<P> {
    /// What has come of it up to now.
    pub fn so_far(&self) -> Drained {
        Drained { unseen: self.map.inner.unseen(), ..self.drained }
    }
}

impl<P: Payload> Future for Drain<P> {
    type Output = Drained;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Drained> {
        self.idle.sleep(context.waker());
        let so_far = self.so_far();
        if so_far.unseen == 0 { Poll::Ready(so_far) } else { Poll::Pending }
    }
}

impl<P: Payload> Inner<P> {
    /// Whether sessions are refused. A creation asks before, and after the session stands in the table and a fence
    /// has passed: so none is there that was neither seen by `release_all` nor taken back.
    #[inline]
    pub(super) fn is_draining(&self) -> bool {
        // Relaxed: ordered by the fences of those who rely on it.
        self.draining.load(Ordering::Relaxed)
    }

    /// Refuses what comes, ends what is there. Returns how many sessions and how many owners that was.
    pub(super) fn release_all(&self) -> (usize, usize) {
        // Relaxed: before the fence.
        self.draining.store(true, Ordering::Relaxed);
        // SeqCst: pairs with the fence between a creation's insertion and its look at `draining`.
        fence(Ordering::SeqCst);
        let (mut sessions, mut owners) = (0, 0);
        let mut cursor = Cursor::default();
        loop {
            let guard = pin();
            let mut found = Vec::new();
            let complete =
                self.table.scan(&mut cursor, ENTRIES, &guard, |entry| found.extend(self.seen(entry, &guard)));
            for entry in found {
                // Until it is not there any more: meanwhile it may be handed over, to an owner who has come off free.
                while let Some(entry) = self.visible(Asked::of(entry.key(), entry.hash()), &guard) {
                    let Some(owner) = entry.value().settled_holder() else {
                        sessions += usize::from(self.end(entry, EndCause::Drained, &guard));
                        continue;
                    };
                    let has = owner.session_count();
                    if owner.end(DeathReason::Shutdown) {
                        (sessions, owners) = (sessions + has, owners + 1);
                    }
                }
            }
            if complete {
                return (sessions, owners);
            }
        }
    }

    /// Whether nobody will be told of anything any more. To be asked after the reader can be woken.
    pub(super) fn is_over(&self) -> bool {
        // Acquire, first: pairs with the Release in `release_place`. Who sees a place free sees that its session's end is
        // to be told still, if it is.
        self.is_draining() && self.busy.places.load(Ordering::Acquire) == 0
            // Acquire: pairs with the Release in `Telling::drop`: what was told is there to be read.
            && self.feed.untold.load(Ordering::Acquire) == 0
    }

    /// For who has removed a session and is about to tell that, before it gives the place back.
    #[inline]
    pub(super) fn telling(&self) -> Option<Telling<'_, P>> {
        // A hint: who begins to read at this moment need not be told.
        if self.feed.is_quiet() {
            return None;
        }
        // Relaxed: published with the place.
        self.feed.untold.fetch_add(1, Ordering::Relaxed);
        Some(Telling(self))
    }

    /// Wakes those who read from a drained map: maybe there was the last for which they wait.
    #[cold]
    pub(super) fn rouse_if_drained(&self) {
        // SeqCst: pairs with the fence in `release_all`. If that comes first, this sees *draining*; else whoever is woken
        // by the drain sees what was done before this.
        fence(Ordering::SeqCst);
        if self.is_draining() {
            self.feed.rouse();
        }
    }

    fn unseen(&self) -> usize {
        // Relaxed: ordered by the fence in `Inbox::sleep`.
        self.feed.behind() + self.waiters.load(Ordering::Relaxed)
    }
}

/// The end of a session is to be told to readers. When this goes, also by unwinding, it is.
pub(super) struct Telling<'a, P: Payload>(&'a Inner<P>);

impl<P: Payload> Drop for Telling<'_, P> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire in `is_over`.
        self.0.feed.untold.fetch_sub(1, Ordering::Release);
        self.0.rouse_if_drained();
    }
}
