//! Which files ship, and what stands in them: the module tree of every crate, without what only tests compile.

use super::{operation::Operation, visit};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Every atomic operation of the crates that ship (not of this one), in the order of the files' names.
///
/// # Errors
/// A file that cannot be read or is no Rust.
pub fn operations(root: &Path) -> io::Result<Vec<Operation>> {
    let mut files = Vec::new();
    let mut crates: Vec<PathBuf> = fs::read_dir(root.join("crates"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    crates.retain(|path| path.join("Cargo.toml").is_file() && !path.ends_with("proof"));
    for package in crates {
        let source = package.join("src");
        for top in ["lib.rs", "main.rs"] {
            if source.join(top).is_file() {
                follow(&source.join(top), &source, &mut files)?;
            }
        }
        if let Ok(programs) = fs::read_dir(source.join("bin")) {
            for program in programs {
                let path = program?.path();
                if path.extension().is_some_and(|extension| extension == "rs") {
                    follow(&path, &source.join("bin"), &mut files)?;
                }
            }
        }
    }
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    files.dedup_by(|(one, _), (other, _)| one == other);
    let mut all = Vec::new();
    for (path, text) in &files {
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        all.extend(visit::operations(&name, text).map_err(|error| bad(path, &error))?);
    }
    Ok(all)
}

fn bad(path: &Path, error: &syn::Error) -> io::Error {
    io::Error::other(format!("{}:{}: {error}", path.display(), error.span().start().line))
}

/// Reads a module and those it declares, whose files lie in `folder`.
fn follow(path: &Path, folder: &Path, files: &mut Vec<(PathBuf, String)>) -> io::Result<()> {
    let text = fs::read_to_string(path)?;
    let parsed = syn::parse_file(&text).map_err(|error| bad(path, &error))?;
    files.push((path.to_owned(), text));
    declared(&parsed.items, folder, path, files)
}

fn declared(
    items: &[syn::Item],
    folder: &Path,
    parent: &Path,
    files: &mut Vec<(PathBuf, String)>,
) -> io::Result<()> {
    for item in items {
        let syn::Item::Mod(module) = item else { continue };
        if visit::only_tests(&module.attrs) {
            continue;
        }
        let inner = folder.join(module.ident.to_string());
        if let Some((_, items)) = &module.content {
            declared(items, &inner, parent, files)?;
            continue;
        }
        let candidates = [inner.with_extension("rs"), inner.join("mod.rs")];
        let Some(path) = candidates.iter().find(|path| path.is_file()) else {
            let error = format!("{}: no file for `mod {}`", parent.display(), module.ident);
            return Err(io::Error::other(error));
        };
        follow(path, &inner, files)?;
    }
    Ok(())
}
