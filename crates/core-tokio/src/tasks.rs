//! Owners that live as long as a task.

use std::{
    error::Error,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};
use tenure_core::{DeathReason, Owner, OwnerRef};
use tenure_std::Thrown;
use tokio::{
    sync::oneshot,
    task::{AbortHandle, JoinError, JoinHandle},
    time::sleep,
};

/// How often it is asked whether the task of an abort handle has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Spawns a task that the owner lives as long as, and gives the closure the owner's name. No further task is spawned.
///
/// When the future is done, the owner is dead with the reason [`Finished`](DeathReason::Finished); if it panics, with
/// the panic's message, and the panic goes on to whoever joins the task; if it is aborted, or its runtime goes, with
/// [`Cancelled`](DeathReason::Cancelled). It is dead before the task can be joined.
///
/// # Panics
/// Outside of a runtime, as `tokio::spawn` does. The owner is then dropped.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let sessions = map.clone();
/// let worker = tenure_tokio::spawn_owned(map.owner(), async move |owner: tenure_core::OwnerRef| {
///     sessions.create("K7QX", (), &owner).expect("a free code");
///     owner
/// });
/// let owner = worker.await?;
/// assert_eq!(owner.reason(), Some(DeathReason::Finished));
/// assert!(map.get("K7QX").is_none());
/// # Ok(())
/// # }
/// ```
pub fn spawn_owned<T, F, W>(owner: Owner, work: W) -> JoinHandle<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
    W: FnOnce(OwnerRef) -> F + Send + 'static,
{
    let name = owner.name().clone();
    let mut owned = Owned(Some(owner));
    tokio::spawn(async move {
        let answer = owned.run(async move { work(name).await }).await;
        owned.release(DeathReason::Finished);
        answer
    })
}

/// The owner of a task that may be dropped at any point: then it was cancelled.
pub(crate) struct Owned(pub(crate) Option<Owner>);

impl Owned {
    pub(crate) fn release(&mut self, reason: DeathReason) {
        if let Some(owner) = self.0.take() {
            owner.release(reason);
        }
    }

    /// What the future answers. If it panics, so does this, and the owner has died of that before.
    async fn run<F: Future>(&mut self, future: F) -> F::Output {
        let mut run = pin!(future);
        let ended = poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(thrown) => Poll::Ready(Err(thrown)),
        })
        .await;
        ended.unwrap_or_else(|thrown| {
            self.release(DeathReason::of_panic(&*thrown));
            resume_unwind(thrown)
        })
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.release(DeathReason::Cancelled);
    }
}

/// Makes the owner live as long as a task that somebody else has spawned.
///
/// One small task awaits the handle; there is nothing cheaper that tells its end. The reason is
/// [`Finished`](DeathReason::Finished), [`Panicked`](DeathReason::Panicked) with the message, or
/// [`Cancelled`](DeathReason::Cancelled) for one that is aborted or whose runtime goes. What the task returns is passed
/// on to what this returns.
///
/// # Panics
/// Outside of a runtime. The owner is then dropped.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let watched = tenure_tokio::own_task(map.owner(), tokio::spawn(std::future::pending::<()>()));
/// map.create("K7QX", (), watched.name())?;
/// let name = watched.name().clone();
/// watched.abort();
/// assert!(matches!(watched.await, Err(tenure_tokio::TaskError::Cancelled)));
/// assert_eq!(name.reason(), Some(DeathReason::Cancelled));
/// # Ok(())
/// # }
/// ```
pub fn own_task<T: Send + 'static>(owner: Owner, handle: JoinHandle<T>) -> Monitored<T> {
    let (sender, result) = oneshot::channel();
    let (name, abort) = (owner.name().clone(), handle.abort_handle());
    let mut owned = Owned(Some(owner));
    tokio::spawn(async move {
        let ended = handle.await.map_err(TaskError::from);
        owned.release(match &ended {
            Ok(_) => DeathReason::Finished,
            Err(TaskError::Cancelled) => DeathReason::Cancelled,
            Err(TaskError::Panicked(thrown)) => thrown.reason().clone(),
        });
        // An error: nobody wants it.
        let _ = sender.send(ended);
    });
    Monitored { result, abort, name }
}

/// A task whose end is its owner's: what [`own_task`] returns. It is a future of what the task returns; when it is
/// ready, the owner is dead. Cancel safe: dropping it changes nothing, and the task runs on.
///
/// ```
/// use tenure_core::SessionMap;
/// use tenure_tokio::Monitored;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let task: Monitored<i32> = tenure_tokio::own_task(map.owner(), tokio::spawn(async { 7 }));
/// let name = task.name().clone();
/// assert_eq!(task.await?, 7);
/// assert!(!name.is_alive());
///
/// let task = tenure_tokio::own_task(map.owner(), tokio::spawn(std::future::pending::<()>()));
/// task.abort();
/// assert!(task.await.is_err());
/// # Ok(())
/// # }
/// ```
pub struct Monitored<T> {
    result: oneshot::Receiver<Result<T, TaskError>>,
    abort: AbortHandle,
    name: OwnerRef,
}

impl<T> Monitored<T> {
    /// The owner's name.
    pub fn name(&self) -> &OwnerRef {
        &self.name
    }

    /// Aborts the task; its owner dies when it has stopped.
    pub fn abort(&self) {
        self.abort.abort();
    }
}

impl<T> Future for Monitored<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // An error: the runtime is gone, and the task that awaited this one with it.
        Pin::new(&mut self.result).poll(context).map(|ended| ended.unwrap_or(Err(TaskError::Cancelled)))
    }
}

impl<T> fmt::Debug for Monitored<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitored").field("owner", &self.name).finish_non_exhaustive()
    }
}

/// A task has ended without an answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// It was aborted, or its runtime is gone.
    Cancelled,
    /// It has panicked, and this was thrown.
    Panicked(Thrown),
}

impl From<JoinError> for TaskError {
    fn from(error: JoinError) -> Self {
        error.try_into_panic().map_or(Self::Cancelled, |thrown| Self::Panicked(thrown.into()))
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Panicked(thrown) => write!(f, "the task {thrown}"),
        }
    }
}

impl Error for TaskError {}

/// Makes the owner live as long as the task of an abort handle, where there is no join handle to be had.
///
/// An abort handle can only be asked whether its task has ended, so one small task asks every 5 ms. The reason is [`Finished`](DeathReason::Finished), whatever it was. Prefer [`own_task`], or
/// [`spawn_owned`].
///
/// # Panics
/// Outside of a runtime with time enabled. The owner is then dropped.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let task = tokio::spawn(async {});
/// let name = tenure_tokio::own_abort_handle(map.owner(), task.abort_handle());
/// map.create("K7QX", (), &name)?;
/// map.gone("K7QX").await?;
/// assert_eq!(name.reason(), Some(DeathReason::Finished));
/// # Ok(())
/// # }
/// ```
pub fn own_abort_handle(owner: Owner, handle: AbortHandle) -> OwnerRef {
    let name = owner.name().clone();
    let mut owned = Owned(Some(owner));
    tokio::spawn(async move {
        while !handle.is_finished() {
            sleep(LOOK).await;
        }
        owned.release(DeathReason::Finished);
    });
    name
}

/// Makes the owner live until the future is ready, and die for the reason that it returns: how to make an owner live
/// as long as anything that can be awaited.
///
/// One small task polls the future. If that panics, the reason is the panic's message; if its runtime goes,
/// [`Cancelled`](DeathReason::Cancelled).
/// Dropping the answer, or aborting, ends the owner as well.
///
/// # Panics
/// Outside of a runtime. The owner is then dropped.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let (hang_up, hung_up) = tokio::sync::oneshot::channel::<()>();
/// let until = tenure_tokio::own_until(map.owner(), async {
///     let _ = hung_up.await;
///     DeathReason::PeerClosed
/// });
/// map.create("K7QX", (), until.name())?;
/// let gone = map.gone("K7QX");
/// drop(hang_up);
/// assert_eq!(gone.await?.to_string(), "its owner died: closed by the peer");
/// # Ok(())
/// # }
/// ```
pub fn own_until<F>(owner: Owner, end: F) -> OwnedUntil
where
    F: Future<Output = DeathReason> + Send + 'static,
{
    let name = owner.name().clone();
    let mut owned = Owned(Some(owner));
    let task = tokio::spawn(async move {
        let reason = owned.run(end).await;
        owned.release(reason);
    });
    OwnedUntil { task: Some(task.abort_handle()), name }
}

/// An owner that lives until a future is ready: what [`own_until`] returns. Dropping it ends the owner, soon.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
/// use tenure_tokio::OwnedUntil;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let until: OwnedUntil = tenure_tokio::own_until(map.owner(), std::future::ready(DeathReason::Finished));
/// map.create("K7QX", (), until.name())?;
/// let (gone, name) = (map.gone("K7QX"), until.detach()); // nobody has to keep it
/// gone.await?;
/// assert_eq!(name.reason(), Some(DeathReason::Finished));
/// # Ok(())
/// # }
/// ```
#[must_use = "an owner whose future is dropped is dead soon"]
pub struct OwnedUntil {
    task: Option<AbortHandle>,
    name: OwnerRef,
}

impl OwnedUntil {
    /// The owner's name.
    pub fn name(&self) -> &OwnerRef {
        &self.name
    }

    /// Lets the owner live until the future is ready, whatever becomes of this.
    pub fn detach(mut self) -> OwnerRef {
        self.task = None;
        self.name.clone()
    }
}

impl Drop for OwnedUntil {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl fmt::Debug for OwnedUntil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedUntil").field("owner", &self.name).finish_non_exhaustive()
    }
}
