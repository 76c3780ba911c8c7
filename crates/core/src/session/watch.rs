//! Reading what happens, to one session or to all, as it happens.

use super::{Asked, Inner, Payload, SessionMap, WaitError, feed::Inbox, wait::block_on};
use crate::{
    event::{OwnedWhat, Received, SessionEvent},
    raw::pin,
};
use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// So many events wait for the reader of one session, besides its end.
const OF_ONE: usize = 64;

/// What happens to one session, or to all: what [`SessionMap::watch`] and [`SessionMap::events`] return.
///
/// Each event has a number, which grows in the order of events, and is one more than the number before unless the
/// reader was too slow, or does not read all sessions. What did not fit is counted and said, as
/// [`Received::Lagged`], in the place where it is missing. Events that several threads cause at the same moment may
/// come in either order.
///
/// No thread or task is kept for a reader, and nobody waits for it. It keeps the map alive.
///
/// ```
/// use std::{task::{Context, Poll, Waker}, time::Duration};
/// use tenure_core::{Events, NothingCame, Received, SessionMap};
///
/// let map = SessionMap::<()>::new();
/// let mut events: Events<()> = map.events(64);
/// let nothing: NothingCame = events.recv_timeout(Duration::from_millis(1)).unwrap_err();
/// assert_eq!(nothing.to_string(), "nothing happened for 1ms");
///
/// map.create("K7QX", (), None)?;
/// assert!(matches!(events.recv_timeout(Duration::from_secs(1))?, Some(Received::Event(_))));
/// assert_eq!((events.try_recv(), events.is_over()), (None, false));
/// let mut context = Context::from_waker(Waker::noop()); // in an async program: `events.recv().await`
/// assert_eq!(events.poll_recv(&mut context), Poll::Pending);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Events<P: Payload> {
    map: SessionMap<P>,
    inbox: Inbox,
    of_one: bool,
    ended: bool,
}

impl<P: Payload> SessionMap<P> {
    /// What happens to the session under this code from now on, its owner's suspension and resumption too, up to its end,
    /// which comes last. A successor under the same code is another session.
    ///
    /// The end is never among what is lost, however slow the reader is; besides it, 64 events wait.
    ///
    /// # Errors
    /// [`WaitError::NotFound`] if there is no such session.
    ///
    /// ```
    /// use tenure_core::{EndCause, OwnedWhat, Received, SessionEvent, SessionMap};
    ///
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// let mut events = map.watch("K7QX")?;
    /// map.claim("K7QX")?;
    /// map.delete("K7QX");
    /// let Some(Received::Event(first)) = events.try_recv() else { panic!() };
    /// assert_eq!(first.what, OwnedWhat::Session { code: "K7QX".into(), kind: SessionEvent::Claimed });
    /// let Some(Received::Event(last)) = events.try_recv() else { panic!() };
    /// let kind = SessionEvent::Ended(EndCause::Deleted);
    /// assert_eq!(last.what, OwnedWhat::Session { code: "K7QX".into(), kind });
    /// assert_eq!(last.sequence, first.sequence + 1);
    /// assert!(events.is_over());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch(&self, code: &str) -> Result<Events<P>, WaitError> {
        let not_found = || WaitError::NotFound { code: super::Code::new(code) };
        let asked = Asked::new(code);
        loop {
            let guard = pin();
            let there = self.inner.visible(asked, &guard).ok_or_else(not_found)?.value().shared().id;
            let inbox = self.inner.feed.enter(Some((asked.hash(), there)), OF_ONE);
            // See feed.rs: if it is still there now, its end will be told.
            let still = self.inner.visible(asked, &guard).ok_or_else(not_found)?.value().shared().id;
            if still == there {
                return Ok(Events { map: self.clone(), inbox, of_one: true, ended: false });
            }
        }
    }

    /// What happens to all sessions from now on. Up to `capacity` events wait for the reader; a capacity of 0 counts
    /// as 1. A loss concerns this reader only.
    ///
    /// ```
    /// use tenure_core::{Received, SessionMap};
    ///
    /// let map = SessionMap::<()>::new();
    /// let mut events = map.events(2);
    /// for code in ["A", "B", "C"] {
    ///     map.create(code, (), None)?;
    /// }
    /// assert!(matches!(events.try_recv(), Some(Received::Event(_))));
    /// assert!(matches!(events.try_recv(), Some(Received::Event(_))));
    /// assert_eq!(events.try_recv(), Some(Received::Lagged(1)));
    /// assert_eq!(events.try_recv(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn events(&self, capacity: usize) -> Events<P> {
        let inbox = self.inner.feed.enter(None, capacity);
        Events { map: self.clone(), inbox, of_one: false, ended: false }
    }
}

impl<P: Payload> Events<P> {
    /// The next event, or how many were lost before the next; none if there is nothing to read now, and after the end of
    /// the one session that is watched.
    pub fn try_recv(&mut self) -> Option<Received> {
        if self.ended {
            return None;
        }
        let name = Arc::clone(&self.map.inner.name);
        let next = self.inbox.try_recv(&name)?;
        Some(self.noted(next))
    }

    /// As [`try_recv`](Events::try_recv); if there is nothing to read, the task is woken by what comes next. None
    /// after the end of the one session that is watched, or when the map was drained and all was read.
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Received>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let name = Arc::clone(&self.map.inner.name);
        match self.inbox.poll(&name, context) {
            Poll::Ready(next) => Poll::Ready(Some(self.noted(next))),
            // Asked after this task can be woken by who drains the map.
            Poll::Pending if self.map.inner.is_over() => {
                let last = self.try_recv();
                if last.is_none() {
                    // As after the end of one session.
                    self.inbox.leave();
                }
                Poll::Ready(last)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Waits for the next event, or for how many were lost before it. None after the end of the one session that is
    /// watched, or when the map was drained and all was read.
    ///
    /// Cancel safe: nothing is lost if the future is dropped before it is ready.
    pub async fn recv(&mut self) -> Option<Received> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// Blocks until there is something to read, for at most so long: then there is an error. `Ok(None)` after the
    /// end of the one session that is watched, or when the map was drained and all was read.
    ///
    /// # Errors
    /// The limit has passed. It is kept to about 10 ms and never cut short.
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<Option<Received>, NothingCame> {
        block_on(poll_fn(|context| self.poll_recv(context)), limit).ok_or(NothingCame { limit })
    }

    /// Whether the session that is watched has ended, and its end was read. False for ever if all are read.
    pub fn is_over(&self) -> bool {
        self.ended
    }

    fn noted(&mut self, next: Received) -> Received {
        if self.of_one
            && let Received::Event(event) = &next
            && let OwnedWhat::Session { kind: SessionEvent::Ended(_), .. } = event.what
        {
            self.ended = true;
            // What is told of before the end by who comes to tell it after that is not waited for.
            self.inbox.leave();
        }
        next
    }
}

impl<P: Payload> fmt::Debug for Events<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("map", &self.map.name())
            .field("of_one", &self.of_one)
            .field("is_over", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Nothing happened within the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingCame {
    limit: Duration,
}

impl fmt::Display for NothingCame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing happened for {:?}", self.limit)
    }
}

impl std::error::Error for NothingCame {}

impl<P: Payload> Inner<P> {
    /// Whether nobody would be told of an event. To be asked after the bell was rung.
    #[inline]
    pub(super) fn nobody_listens(&self) -> bool {
        self.observers.is_empty() && self.feed.is_quiet()
    }
}
