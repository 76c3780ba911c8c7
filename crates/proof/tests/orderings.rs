//! `docs/orderings.md` lists the operations of the sources, with the orderings that stand there, and names tests that
//! exist. (That those tests notice is what `just weaken` finds out.)

use std::{collections::BTreeSet, fs, path::Path};
use tenure_proof::weaken::{Document, operations};

const REFRESH: &str = "\n\nrefresh the table by `just weaken --docs`, and write what is asked for by hand";

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn document() -> Document {
    Document::parse(&fs::read_to_string(root().join("docs/orderings.md")).expect("the table is there"))
}

#[test]
fn the_table_and_the_sources_list_the_same_operations() {
    let line = |key: String, orderings: &str| format!("{key}: {orderings}");
    let found = operations(root()).expect("the sources can be read");
    assert!(found.len() > 100, "the sources hold more than {} operations", found.len());
    let found: BTreeSet<String> = found.iter().map(|found| line(found.key(), &found.orderings())).collect();
    let listed: BTreeSet<String> =
        document().rows.iter().map(|row| line(row.key(), &row.orderings)).collect();
    let missing: Vec<&String> = found.difference(&listed).collect();
    let gone: Vec<&String> = listed.difference(&found).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "not in the table: {missing:#?}\nnot in the sources: {gone:#?}{REFRESH}"
    );
}

#[test]
fn every_row_has_its_reasons() {
    let open = document().open_ends();
    assert!(open.is_empty(), "{open:#?}{REFRESH}");
}

#[test]
fn every_test_that_the_table_names_exists() {
    let mut sources = String::new();
    gather(&root().join("crates/core/src"), &mut sources);
    let document = document();
    let tests = document.tests();
    assert!(tests.len() > 40, "only {} orderings are noticed", tests.len());
    let gone: BTreeSet<&str> =
        tests.into_iter().filter(|test| !sources.contains(&format!("fn {test}()"))).collect();
    assert!(gone.is_empty(), "{gone:#?}{REFRESH}");
}

fn gather(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a folder of sources").path();
        if path.is_dir() {
            gather(&path, text);
        } else {
            text.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}

/// What the finder must not miss, and must not take for an operation of a shipping source.
#[test]
fn the_finder_sees_what_is_there() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("finder");
    let source = folder.join("crates/sample/src");
    fs::create_dir_all(&source).expect("a folder to write to");
    fs::write(folder.join("crates/sample/Cargo.toml"), "").expect("a file to write");
    let text = r#"
        fn plain() { fence(Ordering::SeqCst); WORD.store(1, atomic::Ordering::Release); }
        impl<T> Thing<T> {
            fn method(&self, order: Ordering) {
                debug_assert!(self.word.load(Ordering::Acquire) > 0, "in a macro");
                let _ = self.word.compare_exchange(0, 1, order, Ordering::Relaxed);
                let _ = self.word.load(Ordering::Acquire);
            }
        }
        /// WORD.load(Ordering::Relaxed) in a comment
        fn compared() -> bool { 1.cmp(&2) == Ordering::Less }
        #[cfg(test)] mod tests { fn test() { WORD.load(Ordering::SeqCst); } }
        #[cfg(test)] mod elsewhere;
    "#;
    fs::write(source.join("lib.rs"), text).expect("a file to write");
    let found = operations(&folder).expect("valid sources");
    let found: Vec<String> = found
        .iter()
        .map(|found| format!("{} {}: {}", found.function, found.what(), found.orderings()))
        .collect();
    assert_eq!(
        found,
        [
            "plain fence: SeqCst",
            "plain WORD.store: Release",
            "Thing::method self.word.load: Acquire",
            "Thing::method self.word.compare_exchange: order, Relaxed",
            "Thing::method self.word.load (2): Acquire",
        ]
    );
}
