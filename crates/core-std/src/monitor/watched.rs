//! Owners that live as long as a thread that somebody else has spawned.

use super::Monitor;
use crate::{ThreadError, Thrown, contain::contain, heartbeat::lock};
use std::{
    fmt,
    sync::{
        Mutex,
        mpsc::{Receiver, sync_channel},
    },
    thread::{JoinHandle, Thread},
    time::Duration,
};
use tenure_core::{DeathReason, Owner, OwnerRef};

/// How often the monitor asks what does not tell that it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// What can only be asked whether it has ended.
pub(super) struct Polled {
    /// Each returns whether it is done.
    running: Mutex<Vec<Box<dyn FnMut() -> bool + Send>>>,
}

impl Polled {
    pub(super) fn new() -> Self {
        Self { running: Mutex::new(Vec::new()) }
    }

    /// Looks at all of them; returns when to look again.
    pub(super) fn step(&self) -> Option<Duration> {
        // Not under the lock: ending an owner may run a user's code.
        let mut running = std::mem::take(&mut *lock(&self.running));
        // What a thread has answered is dropped here if nobody wants it. One whose destructor panics is done with, and
        // so is its owner; the others are looked at on.
        running.retain_mut(|look| contain(look) == Some(false));
        let mut all = lock(&self.running);
        all.append(&mut running);
        (!all.is_empty()).then_some(LOOK)
    }

    pub(super) fn drop_all(&self) {
        let all = std::mem::take(&mut *lock(&self.running));
        for one in all {
            contain(|| drop(one));
        }
    }
}

impl Monitor {
    /// Makes the owner live as long as a thread that somebody else has spawned, and takes over joining it.
    ///
    /// The reason is [`Finished`](DeathReason::Finished), or [`Panicked`](DeathReason::Panicked) with the message. The
    /// system does not tell of a thread's end; the monitor's thread looks every 5 ms, while there are such threads.
    /// [`spawn_owned`](crate::spawn_owned) and [`own_current_thread`](crate::own_current_thread) know at once and
    /// cost nothing meanwhile: use this only where you can change neither the spawning nor the thread.
    ///
    /// ```
    /// use tenure_core::{DeathReason, SessionMap};
    ///
    /// let map = SessionMap::<()>::new();
    /// let monitor = tenure_std::Monitor::new()?;
    /// let thread = std::thread::spawn(|| 42);
    /// let watched = monitor.thread(map.owner(), thread);
    /// let name = watched.name().clone();
    /// assert_eq!(watched.join().unwrap(), 42);
    /// assert_eq!(name.reason(), Some(DeathReason::Finished));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread<T: Send + 'static>(&self, owner: Owner, handle: JoinHandle<T>) -> Monitored<T> {
        let (sender, result) = sync_channel(1);
        let (name, thread) = (owner.name().clone(), handle.thread().clone());
        let mut running = Some((owner, handle));
        let look = move || {
            let Some((owner, handle)) = running.take_if(|(_, handle)| handle.is_finished()) else {
                return false;
            };
            let ended = handle.join().map_err(Thrown::from);
            owner.release(match &ended {
                Ok(_) => DeathReason::Finished,
                Err(thrown) => thrown.reason().clone(),
            });
            // An error: nobody wants it.
            let _ = sender.try_send(ended);
            true
        };
        self.ask(look);
        Monitored { result, thread, name }
    }

    /// Asks again and again, until the answer is that it is over.
    pub(super) fn ask(&self, look: impl FnMut() -> bool + Send + 'static) {
        let shared = &self.worker.shared;
        lock(&shared.polled.running).push(Box::new(look));
        shared.poller.wake();
    }
}

/// A thread whose end is its owner's: what [`Monitor::thread`] returns. Dropping it changes nothing.
///
/// ```
/// use std::thread;
/// use tenure_core::SessionMap;
/// use tenure_std::{Monitor, Monitored};
///
/// let map = SessionMap::<()>::new();
/// let handle = thread::Builder::new().name("worker".to_owned()).spawn(|| 7)?;
/// let monitor = Monitor::new()?;
/// let thread: Monitored<i32> = monitor.thread(map.owner(), handle);
/// let name = thread.name().clone();
/// assert_eq!(thread.thread().name(), Some("worker"));
/// assert_eq!(thread.join()?, 7);
/// assert!(!name.is_alive());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Monitored<T> {
    result: Receiver<Result<T, Thrown>>,
    thread: Thread,
    name: OwnerRef,
}

impl<T> Monitored<T> {
    /// The owner's name.
    pub fn name(&self) -> &OwnerRef {
        &self.name
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// Blocks until the thread has ended and its owner is dead.
    ///
    /// # Errors
    /// What the thread has thrown; or that the monitor is gone, and the thread with it out of reach.
    pub fn join(self) -> Result<T, ThreadError> {
        // An error of the channel: the monitor has dropped the thread's handle.
        self.result.recv().map_err(|_| ThreadError::OutOfReach)?.map_err(ThreadError::Panicked)
    }
}

impl<T> fmt::Debug for Monitored<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitored")
            .field("thread", &self.thread)
            .field("owner", &self.name)
            .finish_non_exhaustive()
    }
}
