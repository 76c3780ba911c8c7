use super::*;
use crate::{
    key::{AsKey, SessionKey, TABLE},
    raw::pin,
};

/// As a table stores the key.
fn parts(key: impl AsKey) -> KeyParts {
    key.to_stored(TABLE)
}

#[test]
fn a_survey_is_paid_for_by_half_of_the_one_before_it_however_large_the_table_was_once() {
    let (order, table, guard) = (Order::new(), Table::<KeyParts, Record<()>>::new(), pin());
    for number in 1..=10_000 {
        let key = SessionKey::for_room("irc", "libera", &number.to_string());
        let record = Record::new((), Tick::ZERO, Tick::MAX, order.draw());
        let fresh = table.fresh(key.hashes().full, parts(&key), record);
        assert!(table.insert(fresh, || number, &guard).is_ok());
    }
    let usual = order.begin(&table, 10_000);
    assert_eq!((usual.length, usual.step), (10_000 / SHARE, STEP));
    for left in [1, SHORTEST, 100, 1_000] {
        let draft = order.begin(&table, left);
        assert!(draft.length >= left.min(1_000), "{} of {left} records", draft.length);
        assert!(draft.length / 2 * draft.step >= table.bucket_count(), "{left} records");
    }
}
