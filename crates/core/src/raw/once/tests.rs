use super::Once;
use crate::{
    raw::lend::{Tracked, both},
    sync::{Arc, AtomicU64, Ordering, model, thread},
};

#[test]
fn the_first_value_stands() {
    model(|| {
        // One more thread, for loom wants two executions of anything.
        let once = Arc::new(Once::new());
        let other = Arc::clone(&once);
        let reader = thread::spawn(move || other.get().copied());
        assert_eq!(*once.get_or_set(1), 1);
        assert_eq!(*once.get_or_set(2), 1);
        assert!(matches!(reader.join().unwrap(), None | Some(1)));
    });
}

#[test]
fn loom_two_who_write_at_once_agree_and_see_what_came_before() {
    model(|| {
        let shared = Arc::new((Once::new(), AtomicU64::new(0)));
        let other = Arc::clone(&shared);
        let writer = thread::spawn(move || {
            // As the content of the value, which lies where loom does not look.
            other.1.store(7, Ordering::Relaxed);
            *other.0.get_or_set(1)
        });
        let here = *shared.0.get_or_set(2);
        assert!(here == 2 || shared.1.load(Ordering::Relaxed) == 7);
        assert_eq!(writer.join().unwrap(), here);
        assert_eq!(shared.0.get(), Some(&here));
    });
}

#[test]
fn loom_what_is_written_once_is_read_whole() {
    model(|| {
        let once = Arc::new(Once::new());
        let (ones, others) = (Arc::clone(&once), Arc::clone(&once));
        let writes = move || assert_eq!(ones.get_or_set(Tracked::new(7)).read(), 7);
        let reads = move || assert!(others.get().is_none_or(|value| value.read() == 7));
        both(writes, reads);
    });
}

#[test]
fn loom_one_who_writes_what_lasts_and_one_who_does_not_agree() {
    static LASTING: u64 = 2;
    model(|| {
        let once = Arc::new(Once::new());
        let other = Arc::clone(&once);
        let writer = thread::spawn(move || *other.get_or_set(1));
        let here = *once.get_or_set_lasting(&LASTING);
        assert_eq!(writer.join().unwrap(), here);
        assert_eq!(once.get(), Some(&here));
        assert_eq!(*once.get_or_set_lasting(&LASTING), here);
    });
}
