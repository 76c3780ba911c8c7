//! Reads the sources of the three libraries and fails, with file and line, where a public item is not shown at work: each function
//! and method must be called in an example of its own or of its type's page, each type have an example or be named in one; and what
//! can be awaited must say what happens when it is dropped.
//!
//! That examples pass is what doctests say, and that errors and panics are described is what clippy says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use syn::{
    Attribute, Expr, ExprLit, ImplItem, ImplItemFn, Item, ItemImpl, ItemTrait, Lit, Meta, Signature,
    TraitItem, Type, Visibility, spanned::Spanned,
};

/// What keeps `AsKey` to the keys of the core stands behind a private module, and what it takes as well: nobody can name
/// them.
const HIDDEN: &[&str] = &["Sealed", "KeyParts", "Asker"];

#[derive(Default)]
struct Crate {
    functions: Vec<Function>,
    types: Vec<Place>,
    /// The examples on the page of each type, those of its methods included.
    pages: BTreeMap<String, String>,
    /// The documentation of each type.
    docs: BTreeMap<String, String>,
    /// Types that are futures.
    futures: BTreeSet<String>,
    examples: String,
}

struct Place {
    name: String,
    at: String,
}

struct Function {
    place: Place,
    /// The type or trait whose page it stands on.
    page: Option<String>,
    docs: String,
    is_async: bool,
}

impl Crate {
    fn read(folder: &Path) -> Self {
        let mut all = Self::default();
        for file in sources(&folder.join("src")) {
            let text = fs::read_to_string(&file).expect("readable");
            let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let name = file.strip_prefix(folder).expect("below it").display().to_string();
            all.examples += &examples(&docs(&parsed.attrs));
            for item in &parsed.items {
                all.item(item, &name);
            }
        }
        all
    }

    fn item(&mut self, item: &Item, file: &str) {
        match item {
            Item::Struct(it) if public(&it.vis) => self.kind(&it.ident, &it.attrs, file),
            Item::Enum(it) if public(&it.vis) => self.kind(&it.ident, &it.attrs, file),
            Item::Type(it) if public(&it.vis) => self.kind(&it.ident, &it.attrs, file),
            Item::Trait(it) if public(&it.vis) => self.of_trait(it, file),
            Item::Fn(it) if public(&it.vis) => self.function(&it.sig, &it.attrs, None, file),
            Item::Impl(it) => self.of_impl(it, file),
            Item::Mod(it) if !is_test(&it.attrs) => {
                for inner in it.content.iter().flat_map(|(_, items)| items) {
                    self.item(inner, file);
                }
            }
            _ => {}
        }
    }

    fn of_trait(&mut self, it: &ItemTrait, file: &str) {
        self.kind(&it.ident, &it.attrs, file);
        for item in &it.items {
            if let TraitItem::Fn(function) = item {
                self.function(&function.sig, &function.attrs, Some(it.ident.to_string()), file);
            }
        }
    }

    fn of_impl(&mut self, it: &ItemImpl, file: &str) {
        let Type::Path(path) = &*it.self_ty else { return };
        let name = path.path.segments.last().expect("a name").ident.to_string();
        if let Some((of, _)) = &it.trait_ {
            if of.segments.last().is_some_and(|last| last.ident == "Future") {
                self.futures.insert(name);
            }
            return;
        }
        for item in &it.items {
            if let ImplItem::Fn(ImplItemFn { vis: Visibility::Public(_), sig, attrs, .. }) = item {
                self.function(sig, attrs, Some(name.clone()), file);
            }
        }
    }

    fn kind(&mut self, ident: &syn::Ident, attrs: &[Attribute], file: &str) {
        let (name, docs) = (ident.to_string(), docs(attrs));
        self.example(Some(&name), &docs);
        self.docs.insert(name.clone(), docs);
        self.types.push(place(name, ident.span(), file));
    }

    fn function(&mut self, sig: &Signature, attrs: &[Attribute], page: Option<String>, file: &str) {
        let docs = docs(attrs);
        self.example(page.as_deref(), &docs);
        let place = place(sig.ident.to_string(), sig.span(), file);
        self.functions.push(Function { place, page, docs, is_async: sig.asyncness.is_some() });
    }

    fn example(&mut self, page: Option<&str>, docs: &str) {
        let code = examples(docs);
        self.examples += &code;
        *self.pages.entry(page.unwrap_or_default().to_owned()).or_default() += &code;
    }

    /// Whether this function can be found in the documentation: types that are not public have none.
    fn is_seen(&self, function: &Function) -> bool {
        let known = |page: &String| self.types.iter().any(|kind| kind.name == *page);
        !function.page.as_ref().is_some_and(|page| HIDDEN.contains(&page.as_str()) || !known(page))
    }

    fn not_shown(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for function in self.functions.iter().filter(|function| self.is_seen(function)) {
            let (name, page) = (&function.place.name, function.page.clone().unwrap_or_default());
            if !calls(&self.pages[&page], name) {
                missing.push(format!("{}: no example calls {page}::{name}", function.place.at));
            }
            if function.is_async && !says_cancel_safe(&function.docs) {
                missing.push(format!("{}: {name} does not say whether it is cancel safe", function.place.at));
            }
        }
        for kind in self.types.iter().filter(|kind| !HIDDEN.contains(&kind.name.as_str())) {
            let own = !examples(&self.docs[&kind.name]).is_empty();
            if !own && !words(&self.examples).any(|word| word == kind.name) {
                missing.push(format!("{}: no example names {}", kind.at, kind.name));
            }
            if self.futures.contains(&kind.name) && !says_cancel_safe(&self.docs[&kind.name]) {
                missing.push(format!("{}: {} does not say whether it is cancel safe", kind.at, kind.name));
            }
        }
        missing
    }
}

fn place(name: String, span: proc_macro2::Span, file: &str) -> Place {
    Place { name, at: format!("{file}:{}", span.start().line) }
}

fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("cfg"))
}

fn says_cancel_safe(docs: &str) -> bool {
    docs.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().contains("cancel safe")
}

/// Every source file but those of unit tests and models.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("readable").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if name == "tests" || name == "models" {
        } else if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn docs(attrs: &[Attribute]) -> String {
    let mut text = String::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attr.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value
        {
            text += line.value().as_str();
            text.push('\n');
        }
    }
    text
}

/// What stands between fences.
fn examples(docs: &str) -> String {
    let (mut code, mut inside) = (String::new(), false);
    for line in docs.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            code += line;
            code.push('\n');
        }
    }
    code
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Whether a function of this name is called there, as a method or by a path, or declared, as one of a trait is.
fn calls(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let begins = [".", "::", "fn ", " ", "(", "&", "\n"].iter().any(|start| before.ends_with(start));
        begins && (after.starts_with('(') || after.starts_with("::<"))
    })
}

#[test]
fn every_public_item_is_shown_at_work() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of all crates");
    let mut missing = Vec::new();
    for name in ["core", "core-std", "core-tokio"] {
        let all = Crate::read(&crates.join(name));
        assert!(all.functions.len() > 20 && all.types.len() > 5, "hardly anything was found in {name}");
        missing.extend(all.not_shown().into_iter().map(|line| format!("crates/{name}/{line}")));
    }
    assert!(
        missing.is_empty(),
        "{} of the public items are not shown:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

#[test]
fn an_item_without_example_is_found() {
    let mut planted = Crate::default();
    let source = "
        /// ```
        /// Table::new().get();
        /// ```
        pub struct Table;
        pub struct Other;
        impl Table {
            /// Makes one.
            pub fn new() -> Self { Self }
            pub fn get(&self) {}
            pub fn put(&self) {}
            pub async fn wait(&self) {}
            fn private(&self) {}
        }
        pub(crate) struct Inner;
        impl Inner { pub fn unseen(&self) {} }
    ";
    for item in &syn::parse_file(source).unwrap().items {
        planted.item(item, "src/lib.rs");
    }
    let missing = planted.not_shown().join("\n");
    for name in ["calls Table::put", "calls Table::wait", "wait does not say", "names Other"] {
        assert!(missing.contains(name), "{name} in: {missing}");
    }
    assert_eq!(missing.lines().count(), 4, "{missing}");
}
