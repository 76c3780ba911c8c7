//! Keys, values and visits that misbehave: the table stays correct, and nothing is leaked.

use super::laws::{Drops, Token, fresh, insert, value};
use crate::patience::until;
use crate::raw::{Counted, Cursor, Fresh, Table, pin};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Maintains until everything removed is dropped. Other tests of this process may hold guards for a moment.
fn clear<K: Send + Sync + 'static, V: Send + Sync + 'static>(table: &Table<K, V>) {
    until("what was removed is dropped", || {
        table.maintain();
        table.garbage() == 0
    });
}

#[test]
fn a_panicking_destructor_costs_nobody_else_anything() {
    struct Grim(bool, #[expect(dead_code, reason = "counts its drops")] Option<Token>);
    impl Drop for Grim {
        fn drop(&mut self) {
            assert!(!self.0, "planted");
        }
    }
    let drops = Drops::default();
    let table = Counted::new();
    for key in 0..20 {
        insert(&table, key, Grim(key % 2 == 0, Some(drops.token())));
    }
    {
        let guard = pin();
        for key in 0..10 {
            assert!(table.get(&key, &guard).expect("inserted").remove());
        }
    }
    clear(&table);
    assert_eq!(table.graveyard.panics().get(), 5);
    drop(table);
    assert_eq!(drops.seen(), 20);
}

#[test]
fn what_a_destructor_throws_may_throw_again() {
    struct Thrown(Token);
    impl Drop for Thrown {
        fn drop(&mut self) {
            panic_any(Inner(Token::of(&self.0)));
        }
    }
    /// What the payload throws when it is dropped, and that throws again.
    struct Inner(#[expect(dead_code, reason = "counts its drops")] Token);
    impl Drop for Inner {
        fn drop(&mut self) {
            panic_any("planted, the third");
        }
    }
    struct Grim(Token);
    impl Drop for Grim {
        fn drop(&mut self) {
            panic_any(Thrown(Token::of(&self.0)));
        }
    }
    let drops = Drops::default();
    let table = Counted::new();
    for key in 0..4 {
        assert!(insert(&table, key, Grim(drops.token())));
    }
    for key in 0..3 {
        let guard = pin();
        assert!(table.get(&key, &guard).expect("inserted").remove());
    }
    clear(&table);
    assert_eq!(table.drop_panics(), 3);
    assert!(drops.seen() >= 3, "the values' own content was dropped");
    drop(table);
}

#[test]
fn a_key_whose_eq_panics_is_not_leaked() {
    struct Key(#[expect(dead_code, reason = "counts its drops")] Token);
    impl PartialEq for Key {
        fn eq(&self, _: &Self) -> bool {
            panic_any("planted")
        }
    }
    impl Eq for Key {}
    let drops = Drops::default();
    let table = Counted::new();
    assert!(table.insert(Fresh::new(1, Key(drops.token()), drops.token()), &pin()).is_ok());
    let second = || table.insert(Fresh::new(1, Key(drops.token()), drops.token()), &pin()).is_ok();
    assert!(catch_unwind(AssertUnwindSafe(second)).is_err());
    assert_eq!(drops.seen(), 2, "key and value of the second");
    assert_eq!(table.len(), 1);
    drop(table);
    assert_eq!(drops.seen(), 4);
}

#[test]
fn a_visit_that_panics_leaves_the_table_and_the_cursor_usable() {
    let table = Counted::new();
    for key in 0..10 {
        assert!(insert(&table, key, key));
    }
    let mut cursor = Cursor::default();
    let guard = pin();
    let visit = || table.scan(&mut cursor, 4, &guard, |_| panic_any("planted"));
    assert!(catch_unwind(AssertUnwindSafe(visit)).is_err());
    let mut seen = 0;
    assert!(table.scan(&mut cursor, usize::MAX, &guard, |_| seen += 1));
    assert_eq!(seen, 10);
}

#[test]
fn a_visit_may_replace_what_it_visits() {
    let table = Counted::new();
    for key in 0..100 {
        assert!(insert(&table, key, 0));
    }
    let guard = pin();
    for limit in [1, 7, usize::MAX] {
        let (mut cursor, mut visits) = (Cursor::default(), 0);
        while !table.scan(&mut cursor, limit, &guard, |entry| {
            visits += 1;
            assert!(visits <= 100, "once each, and not its replacements");
            assert!(entry.replace(fresh(*entry.key(), entry.value() + 1)).is_ok());
        }) {}
        assert_eq!(visits, 100);
    }
    assert!((0..100).all(|key| value(&table, key) == Some(3)));
}

#[test]
fn a_visit_may_insert() {
    let table = Counted::new();
    assert!(insert(&table, 0, 0));
    let guard = pin();
    let mut visits = 0_u64;
    assert!(table.scan(&mut Cursor::default(), usize::MAX, &guard, |_| {
        visits += 1;
        // Of what comes meanwhile, the pass may see some or all; so the visit is what must end.
        if visits <= 200 {
            insert(&table, visits, visits);
        }
    }));
    assert!((0..=200.min(visits)).all(|key| value(&table, key) == Some(key)));
}

#[test]
fn a_destructor_may_maintain_the_table_it_came_from() {
    struct Maintains(
        Weak<Counted<u64, Maintains>>,
        Arc<AtomicUsize>,
        #[expect(dead_code, reason = "counts its drops")] Token,
    );
    thread_local! {
        static DEPTH: Cell<usize> = const { Cell::new(0) };
    }
    impl Drop for Maintains {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() + 1);
            self.1.fetch_max(DEPTH.get(), Ordering::SeqCst);
            if let Some(table) = self.0.upgrade() {
                table.maintain();
            }
            DEPTH.set(DEPTH.get() - 1);
        }
    }
    const ENTRIES: u64 = 10_000;
    let (drops, deepest) = (Drops::default(), Arc::new(AtomicUsize::new(0)));
    let table = Arc::new(Counted::new());
    {
        // A backlog of many batches, so that each flush finds more that is due.
        let guard = pin();
        for key in 0..ENTRIES {
            let value = Maintains(Arc::downgrade(&table), Arc::clone(&deepest), drops.token());
            assert!(insert(&table, key, value));
            assert!(table.get(&key, &guard).expect("inserted").remove());
            table.collect();
        }
    }
    clear(&table);
    assert_eq!(drops.seen(), ENTRIES as usize);
    assert_eq!(deepest.load(Ordering::SeqCst), 1, "destructors are run one after the other");
}

#[test]
fn a_destructor_may_change_the_table_it_came_from() {
    /// Puts a successor with one life less into the table and removes it.
    struct Reborn(Weak<Counted<u64, Reborn>>, u64, Token);
    impl Drop for Reborn {
        fn drop(&mut self) {
            let Some(table) = self.0.upgrade() else { return };
            let Some(lives) = self.1.checked_sub(1) else { return };
            let guard = pin();
            let next = Reborn(Weak::clone(&self.0), lives, Token::of(&self.2));
            let Ok(entry) = table.insert(fresh(lives, next), &guard) else { panic!("{lives} is free") };
            assert!(entry.remove());
            table.maintain();
        }
    }
    let drops = Drops::default();
    let table = Arc::new(Counted::new());
    for key in 1_000..1_010 {
        // One after the other: each line of descendants uses the same keys.
        let first = Reborn(Arc::downgrade(&table), 20, drops.token());
        assert!(insert(&table, key, first));
        assert!(table.get(&key, &pin()).expect("inserted").remove());
        clear(&table);
    }
    assert_eq!(table.drop_panics(), 0);
    assert_eq!(drops.seen(), 10 * 21);
}
