//! Reads the sources of this crate and fails, with file and line, where a module names one that it may not.
//!
//! Checked, with comments and the contents of strings left out:
//! - every path through `crate::` or `super::` to another top-level module stands in [`LAYERS`];
//! - the word `unsafe` occurs only below `src/raw`;
//! - `membarrier` is named only in `src/raw/barrier.rs`;
//! - the system is asked for the time only in `clock.rs`.
//!
//! Unit tests (`tests.rs` and folders `tests/`) may name any module and ask for the time; the other two rules bind them
//! too.

use std::{fs, path::Path};

#[path = "layers/lexer.rs"]
mod lexer;
#[path = "layers/paths.rs"]
mod paths;

use lexer::{Token, tokens};
use paths::{Reference, references};

/// Each top-level module and the modules that it may name, leaf to root: a row names only rows above it.
const LAYERS: &[(&str, &[&str])] = &[
    ("sync", &[]),
    ("panics", &[]),
    ("clock", &["sync"]),
    ("wide", &[]),
    ("key", &["wide"]),
    ("error", &["key"]),
    ("stripe", &["sync"]),
    ("raw", &["sync", "panics", "stripe"]),
    ("stats", &["sync", "stripe"]),
    ("event", &["sync", "clock", "key", "error", "panics", "raw"]),
    ("owner", &["sync", "panics", "clock", "error", "raw", "stats", "event"]),
    ("pruner", &["sync", "clock", "panics", "raw"]),
    ("route", &["wide", "sync", "clock", "key", "error", "raw", "stats", "event", "owner", "pruner"]),
    ("observe", &["event", "route"]),
    ("session", &["sync", "panics", "clock", "key", "error", "raw", "stats", "event", "owner", "pruner"]),
];

/// The crate's root: it declares the modules and names all of them.
const ROOT: &str = "lib";

/// What a rule has against one line.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: usize,
    why: String,
}

/// The path of a file below `src`, taken apart: `raw/node/tests.rs` is modules `["raw", "node", "tests"]`.
fn modules_of(file: &str) -> Vec<String> {
    let mut parts: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// All that is wrong with one file, `file` being its path below `src` with `/` between the parts.
fn check(file: &str, source: &str) -> Vec<Finding> {
    let modules = modules_of(file);
    let top = modules[0].as_str();
    let is_test = modules.iter().any(|part| part == "tests");
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut report = |line, why| found.push(Finding { file: file.to_owned(), line, why });

    if !is_test && top != ROOT {
        match LAYERS.iter().find(|(name, _)| *name == top) {
            None => {
                report(1, format!("module `{top}` has no row in the layer table of tests/layers.rs: add it"));
            }
            Some((_, allowed)) => {
                for Reference { line, name } in references(&tokens, &modules) {
                    if name != top && !allowed.contains(&name.as_str()) {
                        let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
                        report(
                            line,
                            format!("`{top}` names `{name}`; of the crate's modules it may name {allowed}"),
                        );
                    }
                }
            }
        }
    }
    for (at, token) in tokens.iter().enumerate() {
        let line = token.line;
        match token.text.as_str() {
            "unsafe" if top != "raw" => report(line, "`unsafe` outside of src/raw".to_owned()),
            "membarrier" if file != "raw/barrier.rs" => {
                report(line, "`membarrier` is named only in src/raw/barrier.rs".to_owned());
            }
            _ if !is_test && top != "clock" && asks_for_the_time(&tokens[at..]) => {
                report(line, "only clock.rs asks the system for the time: take a `Clock`".to_owned());
            }
            _ => {}
        }
    }
    found.sort();
    found
}

/// Whether `tokens` start by asking the system for the time, or by giving a type that can be asked another name.
fn asks_for_the_time(tokens: &[Token]) -> bool {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    match text(0) {
        "clock_gettime" => true,
        "Instant" | "SystemTime" => text(1) == "as" || (text(1) == "::" && text(2) == "now"),
        _ => false,
    }
}

/// Every `.rs` file below `dir` as (path below `src`, text), in no particular order.
fn sources(dir: &Path, prefix: &str, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().expect("source files have UTF-8 names").to_owned();
        if path.is_dir() {
            sources(&path, &format!("{prefix}{name}/"), into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push((format!("{prefix}{name}"), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn this_crate() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    assert!(files.iter().any(|(file, _)| file == "lib.rs"), "these are not the sources of this crate");
    files
}

#[test]
fn no_module_names_one_that_it_may_not() {
    let found: Vec<String> = this_crate()
        .iter()
        .flat_map(|(file, source)| check(file, source))
        .map(|Finding { file, line, why }| format!("crates/core/src/{file}:{line}: {why}"))
        .collect();
    assert!(found.is_empty(), "{} finding(s):\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_layer_table_is_ordered_and_has_no_row_without_a_module() {
    let files = this_crate();
    for (at, (module, allowed)) in LAYERS.iter().enumerate() {
        for name in *allowed {
            assert!(
                LAYERS[..at].iter().any(|(above, _)| above == name),
                "`{module}` may name `{name}`, not above it"
            );
        }
        let exists = files.iter().any(|(file, _)| modules_of(file)[0] == *module);
        assert!(exists, "the layer table has a row for `{module}`, and there is no such module");
    }
}

/// The lines of `source`, as `file`, that the rules object to, each with what the objection must mention.
#[track_caller]
fn assert_found(file: &str, source: &str, expected: &[(usize, &str)]) {
    let found = check(file, source);
    let lines: Vec<usize> = found.iter().map(|finding| finding.line).collect();
    assert_eq!(lines, expected.iter().map(|(line, _)| *line).collect::<Vec<_>>(), "{file}: {found:#?}");
    for (finding, (_, mention)) in found.iter().zip(expected) {
        assert!(finding.why.contains(mention), "{:?} does not mention {mention:?}", finding.why);
    }
}

#[test]
fn planted_paths_to_forbidden_modules_are_found() {
    assert_found("session.rs", "use crate::route::RouteTable;", &[(1, "names `route`")]);
    assert_found("session/codes.rs", "\nfn f() { crate::route::g() }", &[(2, "names `route`")]);
    assert_found("raw/node.rs", "use super::super::key::SessionKey;", &[(1, "names `key`")]);
    assert_found(
        "raw/mod.rs",
        "use super::{\n  sync::Arc,\n  owner::{self, raw},\n};",
        &[(3, "names `owner`")],
    );
    assert_found(
        "key.rs",
        "use {std::fmt, crate::{clock::Tick, error}};",
        &[(1, "names `clock`"), (1, "names `error`")],
    );
    assert_found(
        "key/text.rs",
        "mod inner {\n use super::super::super::sync::Arc;\n}",
        &[(2, "names `sync`")],
    );
    assert_found(
        "clock.rs",
        "mod inner { use super::super::raw::Map; }\nuse super::key;",
        &[(1, "names `raw`"), (2, "names `key`")],
    );
    assert_found("stats.rs", "macro_rules! m { () => { $crate::event::E } }", &[(1, "names `event`")]);
    assert_found("pruner.rs", "use crate::r#route::X;", &[(1, "names `route`")]);
}

#[test]
fn planted_ways_around_the_table_are_found() {
    assert_found("key.rs", "use crate::*;", &[(1, "names `*`")]);
    assert_found("key.rs", "use super::*;", &[(1, "names `*`")]);
    assert_found("key.rs", "use crate as root;", &[(1, "names `crate`")]);
    assert_found("key.rs", "use super as root;", &[(1, "names `crate`")]);
    assert_found("key.rs", "use crate::{self as root};", &[(1, "names `crate`")]);
    assert_found("raw/node.rs", "use super::super as root;", &[(1, "names `crate`")]);
    assert_found("route.rs", "use crate::Flattened;", &[(1, "names `Flattened`")]);
    assert_found("cache/lru.rs", "fn f() {}", &[(1, "`cache` has no row")]);
}

#[test]
fn planted_breaches_of_the_one_place_rules_are_found() {
    assert_found("route.rs", "fn f() {\n unsafe { g() }\n}", &[(2, "src/raw")]);
    assert_found("lib.rs", "#[unsafe(no_mangle)] fn f() {}", &[(1, "src/raw")]);
    assert_found("route/tests.rs", "unsafe impl Send for X {}", &[(1, "src/raw")]);
    assert_found("raw/node.rs", "unsafe { use membarrier as all; }", &[(1, "barrier.rs")]);
    assert_found("route.rs", "let t = std::time::Instant::now();", &[(1, "clock.rs")]);
    assert_found("pruner.rs", "SystemTime ::\n now();", &[(1, "clock.rs")]);
    assert_found("lib.rs", "use std::time::Instant as I;", &[(1, "clock.rs")]);
    assert_found("owner.rs", "rustix::time::clock_gettime(id)", &[(1, "clock.rs")]);
}

#[test]
fn what_is_allowed_or_is_no_code_passes() {
    for (file, source) in [
        (
            "key.rs",
            "//! [`crate::route::RouteTable`]\n/// `super::route`, unsafe\n/* a /* crate::route */ b */ fn f() {}",
        ),
        (
            "key.rs",
            r##"const S: &str = "// \" crate::route unsafe"; const R: &str = r#"" unsafe "#; const C: char = '"';"##,
        ),
        (
            "key.rs",
            "fn f<'a>(x: &'a str) -> &'a str { let _ = ('\\'', b'\"', '\u{1F600}', b\"unsafe\", c\"unsafe\"); x }",
        ),
        (
            "key.rs",
            "pub(crate) struct A; pub(in crate::key) struct B; pub(super) use self::text::T; use crate::key::K;",
        ),
        ("key.rs", "#![forbid(unsafe_code)] fn is_unsafe() {} fn f(t: std::time::Instant) {}"),
        (
            "key/text.rs",
            "use super::*; use super::{self as key, hash::Full}; mod tests { use super::*; use super::super::K; }",
        ),
        ("raw/barrier.rs", "use rustix::thread::membarrier; unsafe fn f() {}"),
        ("clock.rs", "fn f() { Instant::now(); SystemTime::now(); clock_gettime(); }"),
        ("key/tests.rs", "use crate::route::RouteTable; fn f() { std::time::Instant::now(); }"),
        ("session.rs", "use crate::{clock::{Clock, Tick}, error, owner::Owner, pruner, raw};"),
        ("lib.rs", "mod key; pub use crate::key::SessionKey; pub use route::RouteTable;"),
    ] {
        assert_found(file, source, &[]);
    }
}
