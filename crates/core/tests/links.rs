//! Every link from one document of the repository to another, or to a source, leads somewhere; so does every mark in it. Every
//! table has a head, without which it is shown as text.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const FOLDERS: [&str; 11] = [
    ".",
    "docs",
    "docs/benchmarks",
    "crates/core",
    "crates/core/examples",
    "crates/core-std",
    "crates/core-std/examples",
    "crates/core-tokio",
    "crates/core-tokio/examples",
    "crates/relay",
    "crates/proof",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn documents() -> Vec<PathBuf> {
    let entries = FOLDERS.iter().filter_map(|folder| fs::read_dir(root().join(folder)).ok());
    let paths = entries.flatten().map(|entry| entry.expect("an entry").path());
    let mut documents: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    documents.sort();
    documents
}

/// The text without what stands in code, where brackets are no links.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            prose.extend(line.split('`').step_by(2));
            prose.push('\n');
        }
    }
    prose
}

/// The targets of `[text](target)` and `![text](target)`.
fn targets(prose: &str) -> Vec<&str> {
    let after = prose.split("](").skip(1);
    after.filter_map(|rest| rest.split([')', '\n']).next()).collect()
}

/// The marks that the headings make, as GitHub makes them.
fn marks(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|title| title.chars().filter(|letter| kept(*letter)).collect::<String>().replace(' ', "-"))
        .collect()
}

/// What is wrong with one document's links.
fn broken(document: &Path, text: &str) -> Vec<String> {
    let folder = document.parent().expect("a document is in a folder");
    let mut broken = Vec::new();
    for target in targets(&prose(text)) {
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, mark) = target.split_once('#').unwrap_or((target, ""));
        let to = if path.is_empty() { document.to_owned() } else { folder.join(path) };
        let is_marked = || fs::read_to_string(&to).is_ok_and(|text| marks(&text).contains(mark));
        if !to.exists() || (!mark.is_empty() && !is_marked()) {
            broken.push(format!("{}: {target}", document.display()));
        }
    }
    broken
}

/// The first lines of tables that have no line of dashes under them.
fn headless(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |at: &usize| lines[*at].starts_with('|') && (*at == 0 || !lines[*at - 1].starts_with('|'));
    let has_head = |at: usize| lines.get(at + 1).is_some_and(|next| next.starts_with("| ---"));
    (0..lines.len()).filter(begins).filter(|at| !has_head(*at)).map(|at| lines[at]).collect()
}

#[test]
fn every_table_has_a_head() {
    for path in documents() {
        let text = fs::read_to_string(&path).expect("a document is text");
        assert_eq!(headless(&text), [""; 0], "{}", path.display());
    }
    assert_eq!(headless("a\n\n| b |\n| c |\n"), ["| b |"]);
    assert_eq!(headless("| b |\n| --- |\n| c |"), [""; 0]);
}

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    assert!(documents.len() > 12, "{documents:?}");
    let read = |path: &PathBuf| fs::read_to_string(path).expect("a document is text");
    let all: Vec<_> = documents.iter().flat_map(|path| broken(path, &read(path))).collect();
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn every_document_can_be_found_from_the_reading_order() {
    let index = fs::read_to_string(root().join("docs/README.md")).expect("the reading order");
    for document in
        documents().iter().filter(|path| path.parent().is_some_and(|folder| folder.ends_with("docs")))
    {
        let name = document.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(
            name == "README.md" || index.contains(&format!("]({name})")),
            "docs/README.md does not name {name}"
        );
    }
}

#[test]
fn planted_broken_links_are_found() {
    let document = root().join("docs/README.md");
    let of = |text: &str| broken(&document, text).len();
    assert_eq!(of("[a](guarantees.md) [b](../README.md#quick-start) `[c](no.md)` [d](https://x.y/z)"), 0);
    assert_eq!(of("```text\n[a](no.md)\n```"), 0);
    assert_eq!(of("[a](no.md)"), 1);
    assert_eq!(of("![a](guarantees.md#no-such-mark)"), 1);
    assert_eq!(of("[a](#no-such-mark)"), 1);
}
