use super::*;
use crate::{
    raw::lend::both,
    session::{SessionMap, models::map},
    sync::model_within,
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Wake, Waker},
};

const UNTIL: Tick = Tick::from_millis(7);

#[derive(Default)]
struct Woken(std::sync::atomic::AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Suspends an owner while somebody comes to stay in the way that is given: either they see that, or they are seen.
///
/// The word and the telling alone: where the suspended stand in their table follows from a number of the process.
fn who_comes_sees_it_or_is_seen<T: Send + 'static>(
    come: impl Fn(&SessionMap<()>) -> T + Copy + Send + Sync + 'static,
) {
    model_within(Some(2), move || {
        let map = map();
        let owner = map.owner();
        let (other, theirs, name) = (map.clone(), owner.name().clone(), owner.name().clone());
        let suspender = move || {
            assert!(theirs.core().suspend(UNTIL));
            other.inner.is_anybody_there()
        };
        let coming = map.clone();
        let comer = move || {
            let stays = come(&coming);
            (name.suspended_until().is_some(), stays)
        };
        let (told, (seen, _stays)) = both(suspender, comer);
        assert!(told || seen, "nobody would tell");
    });
}

#[test]
fn loom_who_comes_to_wait_sees_the_suspension_or_is_seen() {
    who_comes_sees_it_or_is_seen(|map| {
        let mut appears = map.appears("A");
        assert!(Pin::new(&mut appears).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        appears
    });
}

#[test]
fn loom_who_comes_to_read_sees_the_suspension_or_is_seen() {
    who_comes_sees_it_or_is_seen(|map| map.events(1));
}

#[test]
fn loom_who_waits_for_a_suspension_sees_it_or_is_woken() {
    model_within(Some(1), || {
        let map = map();
        let owner = map.owner();
        map.create("A", (), &owner).unwrap();
        let (other, name) = (map.clone(), owner.name().clone());
        let suspender = move || {
            assert!(name.core().suspend(UNTIL));
            other.inner.announce(&name, Some(UNTIL));
        };
        let woken = Arc::<Woken>::default();
        let (waiting, waker) = (map.clone(), Waker::from(Arc::clone(&woken)));
        let waiter = move || {
            let mut until = waiting.until("A", |view| view.suspended_until().is_some());
            let seen = Pin::new(&mut until).poll(&mut Context::from_waker(&waker)).is_ready();
            (seen, until)
        };
        let ((), (seen, _until)) = both(suspender, waiter);
        assert!(seen || woken.0.load(Ordering::Relaxed), "it would sleep for ever");
        drop(owner);
    });
}
