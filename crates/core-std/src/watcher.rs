//! Waiting for sessions and reading what happens, blocking.

use std::{fmt, iter::FusedIterator, time::Duration};
use tenure_core::{Drained, EndCause, Events, Payload, Received, Session, SessionMap, View, WaitError};

/// Waits for sessions and reads what happens to them, blocking. `tenure-tokio` has the same, to be awaited.
///
/// A handle to a map; cheap to make and to clone. No thread is kept for a waiter. Limits are kept to about 10 ms,
/// and never cut short. Waiting for the end of something that ends by its age needs the map's background thread.
///
/// ```
/// use std::time::Duration;
/// use tenure_core::{SessionMap, Status};
/// use tenure_std::Watcher;
///
/// let map = SessionMap::<()>::new();
/// let watcher = Watcher::new(&map);
/// let other_side = std::thread::spawn({
///     let watcher = watcher.clone();
///     move || watcher.wait_for("K7QX", Duration::from_secs(10)).map(|session| session.status)
/// });
/// map.create("K7QX", (), None)?;
/// assert_eq!(other_side.join().unwrap(), Ok(Status::Pending));
/// # Ok::<(), Box<dyn std::error::Error>>(())
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

    /// Blocks until the session under this code meets the condition, and returns it as it then is.
    ///
    /// It is about the session that is there now: if that one ends, so does the waiting, though another was created
    /// under its code. No change is missed; a state that comes and goes between two looks may be.
    ///
    /// # Errors
    /// There is no such session, it has ended (and why), or the limit has passed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{SessionMap, Status};
    /// use tenure_std::Watcher;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// let watcher = Watcher::new(&map);
    /// let other_side = std::thread::spawn(move || map.claim("K7QX").is_ok());
    /// let session = watcher.wait_until("K7QX", |view| view.status() == Status::Connected, Duration::from_secs(10))?;
    /// assert!(session.connected.is_some());
    /// # assert!(other_side.join().unwrap());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_until(
        &self,
        code: &str,
        condition: impl FnMut(&View<'_, P>) -> bool,
        limit: Duration,
    ) -> Result<Session<P>, WaitError> {
        self.map.wait_until(code, condition, limit)
    }

    /// Blocks until there is a session under this code, and returns it.
    ///
    /// # Errors
    /// The limit has passed.
    pub fn wait_for(&self, code: &str, limit: Duration) -> Result<Session<P>, WaitError> {
        self.map.wait_for(code, limit)
    }

    /// Blocks until the session under this code, the one that is there now, is gone, and says why.
    ///
    /// # Errors
    /// There is no such session, or the limit has passed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{SessionMap, WaitError};
    /// use tenure_std::Watcher;
    ///
    /// let map = SessionMap::<()>::new();
    /// let (owner, limit) = (map.owner(), Duration::from_millis(1));
    /// map.create("K7QX", (), &owner)?;
    /// let refused = Watcher::new(&map).gone("K7QX", limit).unwrap_err();
    /// assert_eq!(refused, WaitError::TimedOut { code: "K7QX".into(), limit });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn gone(&self, code: &str, limit: Duration) -> Result<EndCause, WaitError> {
        self.map.wait_gone(code, limit)
    }

    /// What happens to the session under this code, up to its end.
    ///
    /// # Errors
    /// There is no such session.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    /// use tenure_std::Watcher;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// let events = Watcher::new(&map).watch("K7QX")?;
    /// map.claim("K7QX")?;
    /// map.delete("K7QX");
    /// assert_eq!(events.count(), 2); // claimed, ended
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch(&self, code: &str) -> Result<EventIter<P>, WaitError> {
        self.map.watch(code).map(|events| EventIter { events })
    }

    /// What happens to all sessions, until the map is drained. Up to `capacity` events wait to be read; a slower
    /// reader reads how many were lost, and goes on.
    ///
    /// ```
    /// use tenure_core::SessionMap;
    /// use tenure_std::Watcher;
    ///
    /// let map = SessionMap::<()>::new();
    /// let events = Watcher::new(&map).events(64);
    /// map.create("K7QX", (), None)?;
    /// map.drain();
    /// assert_eq!(events.count(), 2); // created, ended
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn events(&self, capacity: usize) -> EventIter<P> {
        EventIter { events: self.map.events(capacity) }
    }

    /// Shuts the map down: no new sessions, owners released with the reason *shutdown*, everybody told. Blocks until
    /// all of them have seen it or the limit has passed, and says how many had not.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::SessionMap;
    /// use tenure_std::Watcher;
    ///
    /// let map = SessionMap::<()>::new();
    /// map.create("K7QX", (), None)?;
    /// let slow = map.watch("K7QX")?;
    /// let drained = Watcher::new(&map).drain(Duration::from_millis(1));
    /// assert_eq!((drained.sessions, drained.unseen), (1, 1));
    /// # drop(slow);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&self, limit: Duration) -> Drained {
        self.map.wait_drained(limit)
    }
}

impl<P: Payload> fmt::Debug for Watcher<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("map", &self.map.name()).finish()
    }
}

/// What happens, as an iterator that blocks: what [`Watcher::watch`] and [`Watcher::events`] return.
///
/// It ends after the end of the one session that is watched, or when the map was drained and all was read.
///
/// ```
/// use tenure_core::SessionMap;
/// use tenure_std::{EventIter, Watcher};
///
/// let map = SessionMap::<()>::new();
/// let mut events: EventIter<()> = Watcher::new(&map).events(64);
/// assert_eq!(events.get_mut().try_recv(), None); // without blocking
/// map.create("K7QX", (), None)?;
/// assert!(events.next().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EventIter<P: Payload> {
    events: Events<P>,
}

impl<P: Payload> fmt::Debug for EventIter<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventIter").field("events", &self.events).finish()
    }
}

impl<P: Payload> EventIter<P> {
    /// The events themselves, which can also be read with a limit, or without blocking.
    pub fn get_mut(&mut self) -> &mut Events<P> {
        &mut self.events
    }
}

impl<P: Payload> Iterator for EventIter<P> {
    type Item = Received;

    fn next(&mut self) -> Option<Received> {
        loop {
            // An error: nothing has come for long. That is no reason not to wait on.
            if let Ok(next) = self.events.recv_timeout(Duration::from_secs(3_600)) {
                return next;
            }
        }
    }
}

impl<P: Payload> FusedIterator for EventIter<P> {}
