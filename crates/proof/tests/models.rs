//! `docs/testing.md` lists every file that holds loom models, and none that holds none.

use std::{collections::BTreeSet, fs, path::Path};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The files below `folder` that hold a model, by their names from `sources`.
fn models(sources: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a folder of sources").path();
        if path.is_dir() {
            models(sources, &path, found);
        } else if fs::read_to_string(&path).expect("a source").contains("fn loom_") {
            let name = path.strip_prefix(sources).expect("it lies there").to_string_lossy();
            found.insert(name.replace('\\', "/"));
        }
    }
}

#[test]
fn the_table_of_models_names_their_files() {
    let text = fs::read_to_string(root().join("docs/testing.md")).expect("the document is there");
    let section =
        text.split("\n## ").find(|section| section.starts_with("The loom models")).expect("a section");
    let rows = section.lines().filter(|line| line.starts_with('|'));
    let listed: BTreeSet<String> = rows
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter(|code| code.split_once('.').is_some_and(|(_, end)| end == "rs"))
        .map(str::to_owned)
        .collect();
    let sources = root().join("crates/core/src");
    let mut found = BTreeSet::new();
    models(&sources, &sources, &mut found);
    assert!(found.len() > 20, "only {found:?} hold models");
    let missing: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not in the table: {missing:?}\nwithout models: {gone:?}");
}
