use super::{Cell, Slot};
use crate::raw::lend::{Tracked, both};
use crate::{
    raw::{Guard, advance, pin},
    sync::{Arc, model, thread},
};

fn replace(cell: &Cell<Tracked>, new: u64, guard: &Guard) -> (u64, bool) {
    let old = cell.load(guard);
    let seen = old.read();
    (seen, cell.replace(old, Tracked::new(new), guard).is_ok())
}

/// A guard of the thread that waits for the others: they read, and do not drive the reclaimer.
struct Lent(*const Guard);
// SAFETY: only read under, and kept until the threads have ended.
unsafe impl Send for Lent {}

#[test]
fn loom_a_cell_is_read_whole_while_it_is_replaced() {
    model(|| {
        let cell = Arc::new(Cell::new(Tracked::new(1)));
        let guard = pin();
        let lent = Lent(&raw const guard);
        let (ones, others) = (Arc::clone(&cell), Arc::clone(&cell));
        both(
            move || assert_eq!(replace(&ones, 2, &pin()), (1, true)),
            move || {
                let lent = lent;
                // SAFETY: kept until this thread has ended.
                let guard = unsafe { &*lent.0 };
                assert!(matches!(others.load(guard).read(), 1 | 2));
            },
        );
        assert_eq!(cell.load(&guard).read(), 2);
    });
}

#[test]
fn loom_of_two_replacements_of_a_cell_one_wins() {
    model(|| {
        let cell = Arc::new(Cell::new(Tracked::new(1)));
        let guard = pin();
        let theirs = Arc::clone(&cell);
        let other = thread::spawn(move || replace(&theirs, 2, &pin()));
        let mine = replace(&cell, 3, &guard);
        let last = match (other.join().expect("no assertion failed"), mine) {
            ((1, true), (1, false)) | ((3, true), (1, true)) => 2,
            ((1, false), (1, true)) | ((1, true), (2, true)) => 3,
            wrong => panic!("{wrong:?}"),
        };
        assert_eq!(cell.load(&guard).read(), last);
    });
}

#[test]
fn loom_a_cells_old_value_outlives_its_readers() {
    model(|| {
        let cell = Arc::new(Cell::new(Tracked::new(1)));
        let theirs = Arc::clone(&cell);
        let other = thread::spawn(move || {
            replace(&theirs, 2, &pin());
            advance();
        });
        assert!(matches!(cell.load(&pin()).read(), 1 | 2));
        other.join().expect("no assertion failed");
    });
}

#[test]
fn loom_what_is_put_into_a_slot_is_had_by_one() {
    model(|| {
        let slot = Arc::new(Slot::empty());
        let (ones, others) = (Arc::clone(&slot), Arc::clone(&slot));
        let work = |value: Box<Tracked>, more| {
            value.write(value.read() + more);
            value.read()
        };
        let (one, (other, left)) = both(
            move || ones.put(Box::new(Tracked::new(1))).map(|value| work(value, 10)),
            move || {
                let out = others.put(Box::new(Tracked::new(2))).map(|value| work(value, 20));
                (out, others.take().map(|value| work(value, 30)))
            },
        );
        let rest = slot.take().map(|value| work(value, 40));
        let wanted = [
            (None, Some(21), Some(32), None),
            (Some(12), None, Some(31), None),
            (None, None, Some(32), Some(41)),
        ];
        assert!(wanted.contains(&(one, other, left, rest)), "{one:?} {other:?} {left:?} {rest:?}");
    });
}

#[test]
fn loom_what_is_taken_and_put_back_hands_the_work_on() {
    model(|| {
        let slot = Arc::new(Slot::empty());
        assert!(slot.put(Box::new(Tracked::new(0))).is_none());
        let (ones, others) = (Arc::clone(&slot), Arc::clone(&slot));
        let work = |slot: &Slot<Tracked>| {
            let Some(value) = slot.take() else { return 0 };
            value.write(value.read() + 1);
            assert!(slot.put(value).is_none(), "only one has it");
            1
        };
        let (one, other) = both(move || work(&ones), move || work(&others));
        assert!(one + other >= 1, "one of two finds it there");
        assert_eq!(slot.take().map(|value| value.read()), Some(one + other));
    });
}
