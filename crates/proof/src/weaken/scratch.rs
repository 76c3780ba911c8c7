//! A copy of the core in which every ordering is decided when it runs.

use super::operation::{Argument, Operation};
use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    process::Command,
};

/// What is added to the copy's `sync.rs`.
const SHIM: &str = include_str!("shim.rs");
/// The package whose models are run.
const CORE: &str = "crates/core";

/// A scratch copy, with its loom models compiled.
#[derive(Debug)]
pub struct Scratch {
    /// Where it lies.
    pub folder: PathBuf,
    /// The test program.
    pub program: PathBuf,
    /// A number that changes with everything that was compiled.
    pub hash: u64,
}

/// Whether the models of the scratch copy can execute this operation.
pub(super) fn is_modeled(operation: &Operation) -> bool {
    operation.file.starts_with(&format!("{CORE}/"))
}

impl Scratch {
    /// Copies the core from the workspace at `root` into `folder`, rewrites it, and compiles it.
    ///
    /// # Errors
    /// Files that cannot be read or written, sources that do not compile.
    pub fn make(root: &Path, folder: &Path, operations: &[Operation]) -> io::Result<Self> {
        let copy = folder.join("copy");
        let mut files = BTreeMap::new();
        gather(root, &root.join(CORE).join("src"), &mut files)?;
        for file in ["README.md", "Cargo.toml", "Cargo.lock", "crates/core/Cargo.toml"] {
            files.insert(file.to_owned(), fs::read_to_string(root.join(file))?);
        }
        if let Ok(readme) = fs::read_to_string(root.join(CORE).join("README.md")) {
            files.insert(format!("{CORE}/README.md"), readme);
        }
        instrument(&mut files, operations)?;
        let mut hasher = DefaultHasher::new();
        files.hash(&mut hasher);
        // What was removed from the sources must not stay in the copy; what is the same is not written, so that it
        // is not compiled again.
        let mut there = BTreeMap::new();
        if copy.is_dir() {
            gather(&copy, &copy, &mut there)?;
        }
        for gone in there.keys().filter(|name| !files.contains_key(*name)) {
            fs::remove_file(copy.join(gone))?;
        }
        for (name, text) in &files {
            // Cargo writes its own lock file there, without the packages that the copy leaves out.
            let same = there.get(name).is_some_and(|old| old == text || name == "Cargo.lock");
            if !same {
                let path = copy.join(name);
                fs::create_dir_all(path.parent().unwrap_or(&copy))?;
                fs::write(path, text)?;
            }
        }
        let program = compile(&copy, &folder.join("build"))?;
        Ok(Self { folder: folder.to_owned(), program, hash: hasher.finish() })
    }
}

/// Reads every file below a folder, by its name from `root`.
fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Puts a call around every ordering, and cuts the workspace down to the core.
fn instrument(files: &mut BTreeMap<String, String>, operations: &[Operation]) -> io::Result<()> {
    let mut edits: BTreeMap<&str, Vec<(std::ops::Range<usize>, String)>> = BTreeMap::new();
    let mut site = 0;
    for operation in operations {
        let of_file = edits.entry(&operation.file).or_default();
        for argument in &operation.arguments {
            let Argument::Written(strength, range) = argument else { continue };
            let replaced = if operation.call == "fence" {
                of_file.push((operation.callee.clone(), "crate::sync::weaken::fence".to_owned()));
                format!("{site}, crate::sync::Ordering::{strength}")
            } else {
                format!("crate::sync::weaken::ord({site}, crate::sync::Ordering::{strength})")
            };
            of_file.push((range.clone(), replaced));
            site += 1;
        }
    }
    for (file, mut edits) in edits {
        let Some(text) = files.get_mut(file) else { continue };
        edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        for (range, with) in edits {
            text.replace_range(range, &with);
        }
    }
    let missing = |what: &str| io::Error::other(format!("{what} is missing"));
    files.get_mut("crates/core/src/sync.rs").ok_or_else(|| missing("sync.rs"))?.push_str(SHIM);
    let workspace = files.get_mut("Cargo.toml").ok_or_else(|| missing("Cargo.toml"))?;
    *workspace = workspace
        .lines()
        .filter(|line| !line.starts_with("exclude"))
        .map(|line| if line.starts_with("members") { "members = [\"crates/core\"]" } else { line })
        .flat_map(|line| [line, "\n"])
        .collect();
    Ok(())
}

/// Compiles the models; answers the test program.
fn compile(copy: &Path, target: &Path) -> io::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "-p", "tenure-core", "--release", "--lib", "--no-run", "--message-format=json"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", target)
        // A count that falls below zero is noticed, and does not go round for ever.
        .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true")
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("RUSTFLAGS", "--cfg tenure_loom --cap-lints allow")
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other("the rewritten copy does not compile (the messages are above)"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let program = text.lines().rev().find_map(|line| {
        let (_, rest) = line.split_once("\"executable\":\"")?;
        rest.split('"').next().map(PathBuf::from)
    });
    program.ok_or_else(|| io::Error::other("cargo names no test program"))
}
