//! Waiting for a session.
//!
//! The futures, and the calls that block, as `wait/block.rs` has them do. How a waiter is woken: `wait/bells.rs`.

use super::{Code, Payload, Session, SessionMap, Standing, View, cell::Life};
use crate::{
    event::EndCause,
    owner::OwnerRef,
    raw::{Guard, Strong, pin},
    sync::Ordering,
};
use std::{
    error::Error,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

mod bells;
mod block;
mod rounds;

pub(super) use bells::Bells;
use bells::Seat;
pub(super) use block::block_on;
pub(super) use rounds::Sight;

/// Waiting has ended without what was waited for.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{SessionMap, WaitError};
///
/// let map = SessionMap::<()>::new();
/// let refused = map.wait_gone("K7QX", Duration::from_secs(1)).unwrap_err();
/// assert_eq!(refused, WaitError::NotFound { code: "K7QX".into() });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// There was no session under this code when the waiting began.
    NotFound {
        /// The code.
        code: Code,
    },
    /// The session is gone, and why.
    Ended {
        /// The code.
        code: Code,
        /// Why it is gone.
        cause: EndCause,
    },
    /// The time limit has passed.
    TimedOut {
        /// The code.
        code: Code,
        /// The limit.
        limit: Duration,
    },
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { code } => write!(f, "no session with the code {code:?} to wait for"),
            Self::Ended { code, cause } => write!(f, "the session with the code {code:?} is gone: {cause}"),
            Self::TimedOut { code, limit } => {
                write!(f, "waited for the session with the code {code:?} for {limit:?} without success")
            }
        }
    }
}

impl Error for WaitError {}

/// How the session that is waited for stands.
enum Seen<'g, P> {
    There(View<'g, P>),
    Gone(EndCause),
    Never,
}

/// One session that is watched: the one that was there first, not a successor under the same code.
struct Watch<P: Payload> {
    seat: Seat<P>,
    life: Option<Strong<Life>>,
    /// Whether its waiter has been told, so that who drains the map does not wait for it any more.
    told: bool,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Life").field(&self.id).finish()
    }
}

impl<P: Payload> Watch<P> {
    fn new(map: &SessionMap<P>, code: &str) -> Self {
        // Relaxed: a count, for who drains the map; see `tell`.
        map.inner.waiters.fetch_add(1, Ordering::Relaxed);
        let mut watch = Self { seat: Seat::new(map, code), life: None, told: false };
        let guard = pin();
        if let Some(entry) = map.inner.visible(watch.seat.asked(), &guard) {
            watch.life = Some(entry.value().share());
        }
        watch
    }

    /// Takes a seat first, looks then.
    fn look<'g>(&'g mut self, waker: &Waker, guard: &'g Guard) -> Seen<'g, P> {
        self.seat.sit(waker, guard);
        let found = self.seat.map.inner.look(self.seat.asked(), guard);
        let visible = found.filter(|&(_, standing)| standing == Standing::Visible);
        if let (None, Some((entry, _))) = (&self.life, visible) {
            self.life = Some(entry.value().share());
        }
        let Some(life) = &self.life else { return Seen::Never };
        match found {
            Some((entry, standing)) if entry.value().shared().id == life.id => {
                if standing == Standing::Visible {
                    Seen::There(View { code: entry.key(), cell: entry.value() })
                } else {
                    // It stands in the table dead: whoever takes it out says the same.
                    Seen::Gone(life.end(entry.value().cause(standing)).clone())
                }
            }
            _ => Seen::Gone(life.ended().clone()),
        }
    }

    /// What its waiter is told, if it is.
    fn tell<T>(&mut self, poll: Poll<T>) -> Poll<T> {
        if poll.is_ready() && !mem::replace(&mut self.told, true) {
            let inner = &self.seat.map.inner;
            // Relaxed: comes before the fence in `tell_idle`.
            inner.waiters.fetch_sub(1, Ordering::Relaxed);
            inner.feed.tell_idle();
        }
        poll
    }
}

impl<P: Payload> Drop for Watch<P> {
    fn drop(&mut self) {
        let _ = self.tell(Poll::Ready(()));
    }
}

/// Waits until a session meets a condition: what [`SessionMap::until`] returns.
///
/// Cancel safe: dropping it leaves nothing behind.
#[must_use = "futures do nothing unless polled"]
pub struct Until<P: Payload, F> {
    watch: Watch<P>,
    condition: F,
}

impl<P: Payload, F> Unpin for Until<P, F> {}

impl<P: Payload, F: FnMut(&View<'_, P>) -> bool> Future for Until<P, F> {
    type Output = Result<Session<P>, WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let guard = pin();
        let Self { watch, condition } = &mut *self;
        let code = watch.seat.code.clone();
        let poll = match watch.look(context.waker(), &guard) {
            Seen::There(view) if condition(&view) => Poll::Ready(Ok(view.cell.session(view.code))),
            Seen::There(_) => Poll::Pending,
            Seen::Gone(cause) => Poll::Ready(Err(WaitError::Ended { code, cause })),
            Seen::Never => Poll::Ready(Err(WaitError::NotFound { code })),
        };
        watch.tell(poll)
    }
}

impl<P: Payload, F> fmt::Debug for Until<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Until").field("code", &self.watch.seat.code).finish_non_exhaustive()
    }
}

/// Waits until a session is gone: what [`SessionMap::gone`] returns.
///
/// Cancel safe: dropping it leaves nothing behind.
#[must_use = "futures do nothing unless polled"]
pub struct Gone<P: Payload> {
    watch: Watch<P>,
}

impl<P: Payload> fmt::Debug for Gone<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gone").field("code", &self.watch.seat.code).finish_non_exhaustive()
    }
}

impl<P: Payload> Future for Gone<P> {
    type Output = Result<EndCause, WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let guard = pin();
        let not_found = self.watch.seat.not_found();
        let poll = match self.watch.look(context.waker(), &guard) {
            Seen::There(_) => Poll::Pending,
            Seen::Gone(cause) => Poll::Ready(Ok(cause)),
            Seen::Never => Poll::Ready(Err(not_found)),
        };
        self.watch.tell(poll)
    }
}

/// Waits until there is a session: what [`SessionMap::appears`] returns.
///
/// Cancel safe: dropping it leaves nothing behind.
#[must_use = "futures do nothing unless polled"]
pub struct Appears<P: Payload> {
    seat: Seat<P>,
}

impl<P: Payload> fmt::Debug for Appears<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appears").field("code", &self.seat.code).finish_non_exhaustive()
    }
}

impl<P: Payload> Future for Appears<P> {
    type Output = Session<P>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let guard = pin();
        self.seat.sit(context.waker(), &guard);
        match self.seat.map.inner.visible(self.seat.asked(), &guard) {
            Some(entry) => Poll::Ready(entry.value().session(entry.key())),
            None => Poll::Pending,
        }
    }
}

/// Waiting, in two forms: a future that any runtime can poll, and a call that blocks the thread up to a time limit.
///
/// No thread or task is kept for a waiter, and no operation of the map waits for one. A waiter is woken before the call
/// returns that has changed the session. What nobody is there to tell of, the background thread notices about a second
/// later: that a session has expired, or that the thread that has changed it was stopped for ever before it told.
impl<P: Payload> SessionMap<P> {
    /// A future that is ready once the session under this code meets the condition.
    ///
    /// It is about the session that is there now, or at the first poll: if that one ends the answer is
    /// [`WaitError::Ended`], though another was created under its code since. The condition is asked at every wake-up,
    /// which may be for nothing; a state that comes and goes between two polls may be missed. That its owner is suspended
    /// or resumed wakes as every change does.
    ///
    /// ```
    /// use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    /// use tenure_core::{Appears, EndCause, Gone, SessionMap, Status, Until, View};
    ///
    /// let map = SessionMap::<()>::new();
    /// let mut context = Context::from_waker(Waker::noop()); // a runtime does this, and `pin`, at an `.await`
    /// let mut appears: Appears<()> = map.appears("K7QX");
    /// assert!(pin!(&mut appears).poll(&mut context).is_pending());
    /// map.create("K7QX", (), None)?;
    /// assert!(pin!(&mut appears).poll(&mut context).is_ready());
    ///
    /// let connected: Until<(), _> = map.until("K7QX", |view: &View<'_, ()>| view.status() == Status::Connected);
    /// let gone: Gone<()> = map.gone("K7QX");
    /// map.claim("K7QX")?;
    /// assert!(matches!(pin!(connected).poll(&mut context), Poll::Ready(Ok(session)) if session.connected.is_some()));
    /// map.delete("K7QX");
    /// assert_eq!(pin!(gone).poll(&mut context), Poll::Ready(Ok(EndCause::Deleted)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn until<F: FnMut(&View<'_, P>) -> bool>(&self, code: &str, condition: F) -> Until<P, F> {
        Until { watch: Watch::new(self, code), condition }
    }

    /// A future that is ready once the session under this code, the one that is there now or at the first poll, is
    /// gone. It says why. [`until`](SessionMap::until) shows it.
    pub fn gone(&self, code: &str) -> Gone<P> {
        Gone { watch: Watch::new(self, code) }
    }

    /// A future that is ready once there is a session under this code. One that comes and goes between two polls may
    /// be missed. None comes any more in a map that is [drained](SessionMap::drain), which does not wait for this future: it
    /// stays pending then, so drop it, as on every shutdown. [`until`](SessionMap::until) shows it.
    pub fn appears(&self, code: &str) -> Appears<P> {
        Appears { seat: Seat::new(self, code) }
    }

    /// Blocks until the session under this code meets the condition, and returns it as it then is.
    ///
    /// # Errors
    /// [`WaitError::NotFound`] if there is no such session, [`WaitError::Ended`] if it ends first, and
    /// [`WaitError::TimedOut`] after `limit`, which is kept to about 10 ms and never cut short.
    ///
    /// ```
    /// use std::{thread, time::Duration};
    /// use tenure_core::{Pairing, SessionMap, Status};
    ///
    /// let map = SessionMap::<Pairing>::new();
    /// map.create("K7QX", Pairing::sending(), None)?;
    /// let other_side = map.clone();
    /// let claimer = thread::spawn(move || other_side.claim("K7QX").is_ok());
    /// let connected = |view: &tenure_core::View<'_, _>| view.status() == Status::Connected;
    /// let session = map.wait_until("K7QX", connected, Duration::from_secs(10))?;
    /// assert!(session.connected.is_some());
    /// # assert!(claimer.join().unwrap());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_until(
        &self,
        code: &str,
        condition: impl FnMut(&View<'_, P>) -> bool,
        limit: Duration,
    ) -> Result<Session<P>, WaitError> {
        block_on(self.until(code, condition), limit).unwrap_or_else(|| Err(timed_out(code, limit)))
    }

    /// Blocks until there is a session under this code, and returns it.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] after `limit`, as for [`wait_until`](SessionMap::wait_until).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{SessionMap, WaitError};
    ///
    /// let map = SessionMap::<u32>::new();
    /// let limit = Duration::from_millis(1);
    /// let refused = map.wait_for("K7QX", limit).unwrap_err();
    /// assert_eq!(refused, WaitError::TimedOut { code: "K7QX".into(), limit });
    /// map.create("K7QX", 7, None)?;
    /// assert_eq!(map.wait_for("K7QX", limit)?.payload, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for(&self, code: &str, limit: Duration) -> Result<Session<P>, WaitError> {
        block_on(self.appears(code), limit).ok_or_else(|| timed_out(code, limit))
    }

    /// Blocks until the session under this code is gone, and says why.
    ///
    /// # Errors
    /// [`WaitError::NotFound`] if there is no such session, and [`WaitError::TimedOut`] after `limit`, as for
    /// [`wait_until`](SessionMap::wait_until).
    ///
    /// ```
    /// use std::{thread, time::Duration};
    /// use tenure_core::{DeathReason, EndCause, SessionMap};
    ///
    /// let map = SessionMap::<()>::new();
    /// let owner = map.owner();
    /// map.create("K7QX", (), &owner)?;
    /// let connection = thread::spawn(move || owner.release(DeathReason::PeerClosed));
    /// let cause = map.wait_gone("K7QX", Duration::from_secs(10));
    /// # connection.join().unwrap();
    /// // Whether it was gone before the waiting began is up to the scheduler here.
    /// assert!(cause.is_err() || cause == Ok(EndCause::OwnerDied(DeathReason::PeerClosed)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_gone(&self, code: &str, limit: Duration) -> Result<EndCause, WaitError> {
        block_on(self.gone(code), limit).unwrap_or_else(|| Err(timed_out(code, limit)))
    }
}

impl<P: Payload> super::Inner<P> {
    /// What the session under a code is like; none if there is none to be seen.
    fn sight(&self, asked: super::Asked<'_>, guard: &Guard) -> Option<Sight> {
        let cell = self.visible(asked, guard)?.value();
        let holder = cell.held_by();
        let owner = holder.map_or(0, |owner| owner.incarnation().get());
        let suspended = holder.and_then(OwnerRef::suspended_until);
        Some(Sight { id: cell.shared().id, version: cell.stage.version(), owner, suspended })
    }
}

fn timed_out(code: &str, limit: Duration) -> WaitError {
    WaitError::TimedOut { code: Code::new(code), limit }
}
