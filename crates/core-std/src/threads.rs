//! Owners that live as long as a thread.

use std::{
    cell::RefCell,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread::{Builder, JoinHandle},
};
use tenure_core::{DeathReason, Owner, OwnerRef};

/// Spawns a thread that the owner lives as long as, and gives the closure the owner's name.
///
/// When the closure has returned, the owner is dead with the reason [`Finished`](DeathReason::Finished); if it
/// panics, with the panic's message, and the panic goes on to whoever joins the thread. It is dead before the thread
/// can be joined.
///
/// # Errors
/// The operating system refuses a thread. The owner is then dead.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
///
/// let map = SessionMap::<()>::new();
/// let sessions = map.clone();
/// let worker = tenure_std::spawn_owned(map.owner(), move |owner| {
///     sessions.create("K7QX", (), owner).expect("a free code");
///     owner.clone()
/// })?;
/// let owner = worker.join().unwrap();
/// assert_eq!(owner.reason(), Some(DeathReason::Finished));
/// assert!(map.get("K7QX").is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn spawn_owned<T, F>(owner: Owner, work: F) -> io::Result<JoinHandle<T>>
where
    T: Send + 'static,
    F: FnOnce(&OwnerRef) -> T + Send + 'static,
{
    Builder::new().spawn(move || {
        // The owner is moved in, so that a thread that is not started ends it.
        let name = owner.name().clone();
        match catch_unwind(AssertUnwindSafe(|| work(&name))) {
            Ok(answer) => {
                owner.release(DeathReason::Finished);
                answer
            }
            Err(thrown) => {
                owner.release(DeathReason::of_panic(&*thrown));
                resume_unwind(thrown)
            }
        }
    })
}

/// Makes the owner live as long as the thread that calls this, however that ends; returns the owner's name.
///
/// It dies when the thread's local values are dropped, with the reason [`Finished`](DeathReason::Finished): a thread
/// that ends by a panic cannot be told from another any more by then; [`spawn_owned`] can tell. On some systems the
/// main thread's local values are not dropped when it returns; the process then ends anyway.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
///
/// let map = SessionMap::<()>::new();
/// let owner = map.owner();
/// let thread = std::thread::spawn(move || tenure_std::own_current_thread(owner));
/// let name = thread.join().unwrap();
/// assert_eq!(name.reason(), Some(DeathReason::Finished));
/// ```
pub fn own_current_thread(owner: Owner) -> OwnerRef {
    let name = owner.name().clone();
    // An error: the thread is ending, and its local values are gone. The closure is dropped, and the owner with it.
    let _ = OWNED.try_with(move |owned| owned.borrow_mut().0.push(owner));
    name
}

thread_local! {
    static OWNED: RefCell<Owned> = const { RefCell::new(Owned(Vec::new())) };
}

/// The owners that end with a thread.
struct Owned(Vec<Owner>);

impl Drop for Owned {
    fn drop(&mut self) {
        for owner in self.0.drain(..) {
            owner.release(DeathReason::Finished);
        }
    }
}
