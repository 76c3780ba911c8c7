use super::*;
use crate::{
    raw::lend::both,
    sync::{Arc, model, thread},
};

fn at(millis: u64) -> Tick {
    Tick::from_millis(millis)
}

#[test]
fn loom_the_first_deadline_is_known_before_during_and_after_a_pass() {
    model(|| {
        let earliest = Earliest::never();
        assert_eq!(earliest.get(), Tick::MAX);
        assert!(earliest.expect(at(7)) && earliest.expect(at(5)) && !earliest.expect(at(6)));
        let pass = earliest.begin();
        assert_eq!(earliest.get(), at(5), "what the pass looks for is still there");
        earliest.expect(at(8));
        drop(pass);
        assert_eq!(earliest.get(), at(5), "given up, it has found nothing");
        let (one, two) = (earliest.begin(), earliest.begin());
        one.complete(at(9));
        earliest.expect(at(8));
        assert_eq!(earliest.get(), at(8), "what came during a pass is not raised by it");
        two.complete(at(9));
        earliest.begin().complete(at(8));
        assert_eq!(earliest.get(), at(8));
        earliest.begin().complete(Tick::MAX);
        assert_eq!(earliest.get(), Tick::MAX);
        // One more execution, so that the model has something to explore.
        let earliest = Arc::new(earliest);
        let other = Arc::clone(&earliest);
        let thread = thread::spawn(move || drop(other.begin()));
        earliest.expect(at(1));
        thread.join().unwrap();
        assert_eq!(earliest.get(), at(1));
    });
}

/// A table of one place.
#[test]
fn loom_a_session_that_a_pass_has_not_seen_keeps_the_deadline_low() {
    model(|| {
        let shared = Arc::new((Earliest::never(), AtomicU64::new(0)));
        shared.0.expect(at(1));
        let other = Arc::clone(&shared);
        let creator = thread::spawn(move || {
            other.1.store(5, Ordering::Relaxed);
            other.0.expect(at(5));
        });
        let pass = shared.0.begin();
        let found = shared.1.load(Ordering::Relaxed);
        pass.complete(if found == 0 { Tick::MAX } else { at(found) });
        creator.join().unwrap();
        assert_eq!(shared.0.get(), at(5));
    });
}

#[test]
fn loom_a_deadline_that_a_pass_moves_is_known_all_the_time() {
    model(|| {
        let earliest = Arc::new(Earliest::never());
        earliest.expect(at(5));
        let (ones, others) = (Arc::clone(&earliest), Arc::clone(&earliest));
        let passes = move || drop(ones.begin());
        both(passes, move || assert_eq!(others.get(), at(5)));
    });
}

#[test]
fn loom_a_pass_that_ends_hides_nothing_from_the_next() {
    model(|| {
        let shared = Arc::new((Earliest::never(), AtomicU64::new(0)));
        let (ones, others) = (Arc::clone(&shared), Arc::clone(&shared));
        let passes = move || {
            let pass = ones.0.begin();
            let found = ones.1.load(Ordering::Relaxed);
            pass.complete(at(if found == 0 { 9 } else { found }));
        };
        let creates = move || {
            others.1.store(5, Ordering::Relaxed);
            others.0.expect(at(5));
            drop(others.0.begin());
        };
        both(passes, creates);
        assert_eq!(shared.0.get(), at(5));
    });
}
