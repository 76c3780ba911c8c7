//! What a crate lets others rely on, a line each: so that two versions can be compared, and what is gone is seen.
//!
//! Read from the sources: public functions with their signatures, types with their public fields and variants, traits and who
//! implements them, features, and what the root exports. What is gone or different in a later version may break a program that
//! uses it; what is new does not, and where it would (a variant of an enum that may be matched without a rest, a method that a trait
//! demands) the line that lists all of them is different.

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fs, io, path::Path};
use syn::{
    Attribute, Fields, ImplItem, Item, ItemEnum, ItemImpl, ItemTrait, TraitItem, UseTree, Visibility,
    spanned::Spanned,
};

/// The lines of the crate in this folder, each with the crate's name before it.
///
/// # Errors
/// A file cannot be read, or is no Rust.
pub fn interface(folder: &Path) -> io::Result<BTreeSet<String>> {
    let manifest = fs::read_to_string(folder.join("Cargo.toml"))?;
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let name = manifest.lines().find(|line| line.starts_with("name = ")).and_then(quoted).unwrap_or_default();
    let mut lines = Lines::default();
    for line in manifest
        .lines()
        .skip_while(|line| *line != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
    {
        if let Some((feature, _)) = line.split_once(" = ") {
            lines.add(format!("feature {feature}"));
        }
    }
    lines.read(&folder.join("src"), true)?;
    Ok(lines.all.into_iter().map(|line| format!("{name}: {line}")).collect())
}

#[derive(Default)]
struct Lines {
    all: BTreeSet<String>,
    text: String,
}

impl Lines {
    fn add(&mut self, line: impl AsRef<str>) {
        self.all.insert(line.as_ref().split_whitespace().collect::<Vec<_>>().join(" "));
    }

    fn read(&mut self, folder: &Path, is_root: bool) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if name == "tests" || name == "models" {
                continue;
            }
            if path.is_dir() {
                self.read(&path, false)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                self.text = fs::read_to_string(&path)?;
                let why = |error| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
                };
                for item in syn::parse_file(&self.text).map_err(why)?.items {
                    self.item(&item, is_root && name == "lib");
                }
            }
        }
        Ok(())
    }

    /// The source of something.
    fn source(&self, of: &impl Spanned) -> String {
        self.text.get(of.span().byte_range()).unwrap_or_default().to_owned()
    }

    fn item(&mut self, item: &Item, is_root: bool) {
        match item {
            Item::Fn(it) if public(&it.vis) => self.add(self.source(&it.sig)),
            Item::Const(it) if public(&it.vis) => {
                self.add(format!("const {}: {}", it.ident, self.source(&it.ty)));
            }
            Item::Type(it) if public(&it.vis) => {
                self.add(self.source(it).split("type ").last().unwrap_or_default());
            }
            Item::Struct(it) if public(&it.vis) => {
                let name = it.ident.to_string();
                self.kind(&format!("struct {name}{}", self.source(&it.generics)), &name, &it.attrs);
                self.fields(&name, &it.fields, false);
                let open = it.fields.iter().any(|field| !public(&field.vis));
                if !open && !it.fields.is_empty() && !non_exhaustive(&it.attrs) {
                    let fields =
                        it.fields.iter().filter_map(|field| field.ident.as_ref().map(ToString::to_string));
                    self.add(format!(
                        "{name} has no more fields than {}",
                        fields.collect::<Vec<_>>().join(", ")
                    ));
                }
            }
            Item::Enum(it) if public(&it.vis) => self.of_enum(it),
            Item::Trait(it) if public(&it.vis) => self.of_trait(it),
            Item::Impl(it) => self.of_impl(it),
            Item::Use(it) if is_root && public(&it.vis) => self.exports(&it.tree, ""),
            _ => {}
        }
    }

    fn kind(&mut self, line: &str, name: &str, attrs: &[Attribute]) {
        self.add(line);
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("derive")) {
            _ = attr.parse_nested_meta(|meta| {
                self.add(format!("{name} derives {}", self.source(&meta.path)));
                Ok(())
            });
        }
    }

    fn fields(&mut self, name: &str, fields: &Fields, all: bool) {
        for (index, field) in fields.iter().enumerate().filter(|(_, field)| all || public(&field.vis)) {
            let field_name = field.ident.as_ref().map_or(index.to_string(), ToString::to_string);
            self.add(format!("{name}.{field_name}: {}", self.source(&field.ty)));
        }
    }

    fn of_enum(&mut self, it: &ItemEnum) {
        let name = it.ident.to_string();
        self.kind(&format!("enum {name}{}", self.source(&it.generics)), &name, &it.attrs);
        for variant in &it.variants {
            let variant_name = format!("{name}::{}", variant.ident);
            self.fields(&variant_name, &variant.fields, true);
            self.add(variant_name);
        }
        if !non_exhaustive(&it.attrs) {
            let names: Vec<_> = it.variants.iter().map(|variant| variant.ident.to_string()).collect();
            self.add(format!("{name} is nothing but {}", names.join(", ")));
        }
    }

    fn of_trait(&mut self, it: &ItemTrait) {
        let (name, mut demanded) = (it.ident.to_string(), Vec::new());
        self.add(format!("trait {name}{}: {}", self.source(&it.generics), self.source(&it.supertraits)));
        for item in &it.items {
            if let TraitItem::Fn(function) = item {
                self.add(format!("{name}::{}", self.source(&function.sig)));
                demanded.extend(function.default.is_none().then(|| function.sig.ident.to_string()));
            }
        }
        self.add(format!("{name} demands {}", demanded.join(", ")));
    }

    fn of_impl(&mut self, it: &ItemImpl) {
        let kind = self.source(&it.self_ty);
        if let Some((of, _)) = &it.trait_ {
            self.add(format!("{kind} is {}", self.source(of)));
            return;
        }
        for item in &it.items {
            match item {
                ImplItem::Fn(function) if public(&function.vis) => {
                    self.add(format!("{kind}::{}", self.source(&function.sig)));
                }
                ImplItem::Const(constant) if public(&constant.vis) => {
                    self.add(format!("{kind}::{}: {}", constant.ident, self.source(&constant.ty)));
                }
                _ => {}
            }
        }
    }

    /// Under which names, whatever the modules are called in which they stand.
    fn exports(&mut self, tree: &UseTree, from: &str) {
        match tree {
            UseTree::Path(path) => self.exports(&path.tree, &path.ident.to_string()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.exports(tree, from)),
            UseTree::Name(name) => self.add(format!("exports {}", name.ident)),
            UseTree::Rename(name) => self.add(format!("exports {}", name.rename)),
            UseTree::Glob(_) => self.add(format!("exports {from}::*")),
        }
    }
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn non_exhaustive(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("non_exhaustive"))
}
