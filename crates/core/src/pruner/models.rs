use super::*;
use crate::sync::{AtomicU64, model};

#[test]
fn loom_work_is_seen_by_the_last_look_or_the_thread_is_roused() {
    model(|| {
        let shared = sync::Arc::new((Asleep(sync::AtomicUsize::new(0)), AtomicU64::new(0)));
        let other = sync::Arc::clone(&shared);
        let worker = sync::thread::spawn(move || {
            other.1.store(1, Ordering::Relaxed);
            other.0.rouse()
        });
        shared.0.lie_down();
        let seen = shared.1.load(Ordering::Relaxed) == 1;
        assert!(worker.join().unwrap() || seen, "it would sleep although there is work");
    });
}

#[test]
fn loom_who_comes_after_one_who_has_stopped_rouses_the_thread() {
    model(|| {
        let asleep = sync::Arc::new(Asleep(sync::AtomicUsize::new(0)));
        asleep.lie_down();
        let other = sync::Arc::clone(&asleep);
        // It is stopped before it comes to the system call.
        let stopped = sync::thread::spawn(move || other.rouse());
        let (second, third) = (asleep.rouse(), asleep.rouse());
        assert!(stopped.join().unwrap() || second);
        assert!(second || third, "nobody makes the system call");
    });
}
