//! Waiting for sessions and reading what happens, async.

use futures_core::Stream;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tenure_core::{Code, Drained, EndCause, Events, Payload, Received, Session, SessionMap, View, WaitError};
use tokio::time::timeout;

/// Waits for sessions and reads what happens to them, async. `tenure-std` has the same, blocking.
///
/// A handle to a map; cheap to make and to clone. No task is kept for a waiter. Every future here is cancel safe:
/// dropping it leaves nothing behind and loses nothing. Limits are in the runtime's time. Waiting for the end of
/// something that ends by its age needs the map's background thread.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{SessionMap, Status};
/// use tenure_tokio::Watcher;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let watcher = Watcher::new(&map);
/// let other_side = tokio::spawn({
///     let watcher = watcher.clone();
///     async move { watcher.wait_for("K7QX", Duration::from_secs(10)).await }
/// });
/// map.create("K7QX", (), None)?;
/// assert_eq!(other_side.await??.status, Status::Pending);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Watcher<P: Payload> {
    map: SessionMap<P>,
}

impl<P: Payload> Watcher<P> {
    /// Waits for sessions of this map.
    pub fn new(map: &SessionMap<P>) -> Self {
        Self { map: map.clone() }
    }

    /// Waits until the session under this code meets the condition, and returns it as it then is.
    ///
    /// It is about the session that is there at the first poll: if that one ends, so does the waiting, though another
    /// was created under its code. No change is missed; a state that comes and goes between two polls may be. Cancel
    /// safe.
    ///
    /// # Errors
    /// There is no such session, it has ended (and why), or the limit has passed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{SessionMap, Status};
    /// use tenure_tokio::Watcher;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// let watcher = Watcher::new(&map);
    /// tokio::spawn(async move { map.claim("K7QX").is_ok() });
    /// let session =
    ///     watcher.wait_until("K7QX", |view| view.status() == Status::Connected, Duration::from_secs(10)).await?;
    /// assert!(session.connected.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until(
        &self,
        code: &str,
        condition: impl FnMut(&View<'_, P>) -> bool,
        limit: Duration,
    ) -> Result<Session<P>, WaitError> {
        let until = self.map.until(code, condition);
        timeout(limit, until).await.unwrap_or_else(|_| Err(timed_out(code, limit)))
    }

    /// Waits until there is a session under this code, and returns it. Cancel safe.
    ///
    /// # Errors
    /// The limit has passed.
    pub async fn wait_for(&self, code: &str, limit: Duration) -> Result<Session<P>, WaitError> {
        timeout(limit, self.map.appears(code)).await.map_err(|_| timed_out(code, limit))
    }

    /// Waits until the session under this code, the one that is there at the first poll, is gone, and says why.
    /// Cancel safe.
    ///
    /// # Errors
    /// There is no such session, or the limit has passed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{EndCause, SessionMap};
    /// use tenure_tokio::Watcher;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// let watcher = Watcher::new(&map);
    /// tokio::spawn(async move { map.delete("K7QX") });
    /// assert_eq!(watcher.gone("K7QX", Duration::from_secs(10)).await?, EndCause::Deleted);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn gone(&self, code: &str, limit: Duration) -> Result<EndCause, WaitError> {
        timeout(limit, self.map.gone(code)).await.unwrap_or_else(|_| Err(timed_out(code, limit)))
    }

    /// What happens to the session under this code, up to its end.
    ///
    /// # Errors
    /// There is no such session.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    /// use tenure_tokio::Watcher;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// let mut events = Watcher::new(&map).watch("K7QX")?;
    /// map.claim("K7QX")?;
    /// map.delete("K7QX");
    /// assert!(events.recv().await.is_some()); // claimed
    /// assert!(events.recv().await.is_some()); // ended
    /// assert_eq!(events.recv().await, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self, code: &str) -> Result<EventStream<P>, WaitError> {
        self.map.watch(code).map(|events| EventStream { events })
    }

    /// What happens to all sessions, until the map is drained. Up to `capacity` events wait to be read; a slower
    /// reader reads how many were lost, and goes on.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    /// use tenure_tokio::Watcher;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = SessionMap::<()>::new();
    /// let mut events = Watcher::new(&map).events(64);
    /// map.create("K7QX", (), None)?;
    /// assert!(events.recv().await.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self, capacity: usize) -> EventStream<P> {
        EventStream { events: self.map.events(capacity) }
    }

    /// Shuts the map down: no new sessions, owners released with the reason *shutdown*, everybody told; at the first
    /// poll, in which every session is looked at. Waits until all of them have seen it or the limit has passed, and
    /// says how many had not. Cancel safe.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::SessionMap;
    /// use tenure_tokio::Watcher;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// let drained = Watcher::new(&map).drain(Duration::from_secs(1)).await;
    /// assert_eq!((drained.sessions, drained.unseen, map.is_draining()), (1, 0, true));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drain(&self, limit: Duration) -> Drained {
        let mut drain = self.map.drain();
        let seen = timeout(limit, &mut drain).await;
        seen.unwrap_or_else(|_| drain.so_far())
    }
}

fn timed_out(code: &str, limit: Duration) -> WaitError {
    WaitError::TimedOut { code: Code::new(code), limit }
}

impl<P: Payload> fmt::Debug for Watcher<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("map", &self.map.name()).finish()
    }
}

/// What happens, as a stream: what [`Watcher::watch`] and [`Watcher::events`] return.
///
/// It ends after the end of the one session that is watched, or when the map was drained and all was read.
///
/// ```
/// use tenure_core::SessionMap;
/// use tenure_tokio::{EventStream, Watcher};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let mut events: EventStream<()> = Watcher::new(&map).events(64);
/// assert_eq!(events.get_mut().try_recv(), None); // without waiting
/// map.create("K7QX", (), None)?;
/// assert!(events.recv().await.is_some());
/// # Ok(())
/// # }
/// ```
pub struct EventStream<P: Payload> {
    events: Events<P>,
}

impl<P: Payload> fmt::Debug for EventStream<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("events", &self.events).finish()
    }
}

impl<P: Payload> EventStream<P> {
    /// The next event, or how many were lost before it; none at the end. Cancel safe.
    pub async fn recv(&mut self) -> Option<Received> {
        self.events.recv().await
    }

    /// The events themselves, which can also be read without waiting.
    pub fn get_mut(&mut self) -> &mut Events<P> {
        &mut self.events
    }
}

impl<P: Payload> Stream for EventStream<P> {
    type Item = Received;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Received>> {
        self.events.poll_recv(context)
    }
}
