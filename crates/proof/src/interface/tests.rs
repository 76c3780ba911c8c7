//! That what may break others is seen, and nothing else.

use super::*;

fn lines(source: &str) -> BTreeSet<String> {
    let mut lines = Lines { text: source.to_owned(), ..Lines::default() };
    for item in syn::parse_file(source).unwrap().items {
        lines.item(&item, true);
    }
    lines.all
}

const BEFORE: &str = "
    pub use table::{Table, Kind as Sort};
    #[derive(Clone)] pub struct Table<K> { pub len: usize, inner: K }
    impl<K: Eq> Table<K> { pub fn get(&self, key: &K) -> bool { true } fn private(&self) {} }
    impl<K> Drop for Table<K> { fn drop(&mut self) {} }
    pub enum Kind { A, B(u32) }
    #[non_exhaustive] pub enum Open { A }
    pub trait Look { fn look(&self); fn again(&self) {} }
    pub(crate) fn inner() {}
";

/// What is gone of [`BEFORE`] after an edit.
fn gone(from: &str, to: &str) -> Vec<String> {
    assert!(BEFORE.contains(from));
    lines(BEFORE).difference(&lines(&BEFORE.replace(from, to))).cloned().collect()
}

#[test]
fn what_may_break_others_is_gone() {
    assert_eq!(
        gone("get(&self, key: &K)", "get(&self, key: K)"),
        ["Table<K>::fn get(&self, key: &K) -> bool"]
    );
    assert_eq!(gone("pub len", "len"), ["Table.len: usize"]);
    assert_eq!(gone("#[derive(Clone)]", ""), ["Table derives Clone"]);
    assert_eq!(gone("B(u32)", "B(u64)"), ["Kind::B.0: u32"]);
    assert_eq!(gone("A, B(u32)", "A, B(u32), C"), ["Kind is nothing but A, B"]);
    assert_eq!(gone("fn again(&self) {}", "fn again(&self);"), ["Look demands look"]);
    assert_eq!(gone("Kind as Sort", "Kind"), ["exports Sort"]);
    assert_eq!(gone("impl<K> Drop for Table<K> { fn drop(&mut self) {} }", ""), ["Table<K> is Drop"]);
}

#[test]
fn what_is_new_or_inside_breaks_nobody() {
    for (from, to) in [
        ("inner: K", "inner: Option<K>"),
        ("Open { A }", "Open { A, B }"),
        ("fn private(&self) {}", "pub fn more(&self) {}"),
        ("pub(crate) fn inner() {}", "pub fn inner() {}"),
        ("fn again(&self) {}", "fn again(&self) {} fn more(&self) {}"),
    ] {
        assert_eq!(gone(from, to), [""; 0], "{to}");
    }
}
