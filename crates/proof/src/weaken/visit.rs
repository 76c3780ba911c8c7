//! Finds the atomic operations of one file in its syntax tree.

use super::operation::{Argument, Operation, Strength};
use proc_macro2::Span;
use std::{collections::HashMap, ops::Range};
use syn::{
    Attribute, Expr, Token,
    punctuated::Punctuated,
    spanned::Spanned,
    visit::{self, Visit},
};

/// Every operation of a file, in its order.
pub(super) fn operations(file: &str, text: &str) -> syn::Result<Vec<Operation>> {
    let parsed = syn::parse_file(text)?;
    let mut finder = Finder {
        file,
        text,
        lines: text.lines().collect(),
        functions: Vec::new(),
        types: Vec::new(),
        consumed: Vec::new(),
        found: Vec::new(),
        trouble: None,
    };
    finder.visit_file(&parsed);
    if let Some(error) = finder.trouble {
        return Err(error);
    }
    let mut found = finder.found;
    found.sort_by_key(|(at, _)| *at);
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (_, operation) in &mut found {
        let nth = seen.entry(operation.key()).or_default();
        operation.nth = *nth;
        *nth += 1;
    }
    Ok(found.into_iter().map(|(_, operation)| operation).collect())
}

/// Whether an item is compiled for tests only.
pub(super) fn only_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        if attribute.path().is_ident("test") {
            return true;
        }
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let condition: String = list.tokens.to_string().split_whitespace().collect();
        attribute.path().is_ident("cfg")
            && (condition == "test" || condition.starts_with("all(") && condition.contains("(test"))
    })
}

struct Finder<'a> {
    file: &'a str,
    text: &'a str,
    lines: Vec<&'a str>,
    functions: Vec<String>,
    types: Vec<String>,
    /// Where the orderings begin that belong to an operation that was met.
    consumed: Vec<usize>,
    /// With the place in the file by which they are ordered.
    found: Vec<(usize, Operation)>,
    trouble: Option<syn::Error>,
}

/// The ordering that an expression names.
fn strength(expression: &Expr) -> Option<Strength> {
    let Expr::Path(path) = expression else { return None };
    let mut segments = path.path.segments.iter().rev();
    let last = segments.next()?.ident.to_string().parse().ok()?;
    (segments.next()?.ident == "Ordering").then_some(last)
}

fn bytes(span: Span) -> Range<usize> {
    span.byte_range()
}

/// How many of the last arguments of an atomic operation are orderings; at least one, also where it is not known.
fn orderings_of(call: &str) -> usize {
    match call {
        "compare_exchange" | "compare_exchange_weak" => 2,
        _ => 1,
    }
}

impl Finder<'_> {
    fn call(
        &mut self,
        receiver: Option<&Expr>,
        call: &str,
        callee: Span,
        arguments: &Punctuated<Expr, Token![,]>,
    ) {
        if !arguments.iter().any(|argument| strength(argument).is_some()) {
            return;
        }
        let last = arguments.len() - orderings_of(call);
        let mut orderings = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            let span = bytes(argument.span());
            if let Some(strength) = strength(argument) {
                self.consumed.push(span.start);
                orderings.push(Argument::Written(strength, span));
            } else if index >= last && call.starts_with("compare_exchange") {
                orderings.push(Argument::Passed(self.text[span].to_owned()));
            }
        }
        let receiver = receiver.map_or_else(String::new, |receiver| {
            self.text[bytes(receiver.span())].split_whitespace().collect::<Vec<_>>().concat()
        });
        self.add(receiver, call, callee, orderings);
    }

    fn add(&mut self, receiver: String, call: &str, callee: Span, arguments: Vec<Argument>) {
        let mut function = self.types.last().map_or_else(String::new, |name| format!("{name}::"));
        function.push_str(self.functions.last().map_or("", String::as_str));
        let operation = Operation {
            file: self.file.to_owned(),
            function,
            receiver,
            call: call.to_owned(),
            callee: bytes(callee),
            arguments,
            nth: 0,
            comment: self.comment_above(callee.start().line),
        };
        self.found.push((bytes(callee).start, operation));
    }

    /// The nearest comment above a line (from 1), if no more than a few lines of code are in between.
    fn comment_above(&self, line: usize) -> String {
        let is_comment = |at: usize| {
            let line = self.lines[at].trim_start();
            line.starts_with("//") && !line.starts_with("///") && !line.starts_with("//!")
        };
        let Some(end) = (line.saturating_sub(6)..line).rev().find(|&at| is_comment(at)) else {
            return String::new();
        };
        let start = (0..=end).rev().take_while(|&at| is_comment(at)).last().unwrap_or(end);
        let words =
            self.lines[start..=end].iter().map(|line| line.trim_start().trim_start_matches('/').trim());
        words.collect::<Vec<_>>().join(" ")
    }

    fn inside(&mut self, name: &syn::Ident, walk: impl FnOnce(&mut Self)) {
        self.functions.push(name.to_string());
        walk(self);
        self.functions.pop();
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Const(item) => &item.attrs,
            syn::Item::Static(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !only_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.inside(&item.sig.ident, |this| visit::visit_item_fn(this, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !only_tests(&item.attrs) {
            self.inside(&item.sig.ident, |this| visit::visit_impl_item_fn(this, item));
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.inside(&item.sig.ident, |this| visit::visit_trait_item_fn(this, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            _ => None,
        };
        self.types.push(name.unwrap_or_default());
        visit::visit_item_impl(self, item);
        self.types.pop();
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.types.push(item.ident.to_string());
        visit::visit_item_trait(self, item);
        self.types.pop();
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.call(Some(&call.receiver), &call.method.to_string(), call.method.span(), &call.args);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && let Some(last) = path.path.segments.last()
        {
            self.call(None, &last.ident.to_string(), path.span(), &call.args);
        }
        visit::visit_expr_call(self, call);
    }

    /// An ordering that is handed to no call.
    fn visit_expr(&mut self, expression: &'ast Expr) {
        if let Some(strength) = strength(expression)
            && !self.consumed.contains(&bytes(expression.span()).start)
        {
            let argument = Argument::Written(strength, bytes(expression.span()));
            self.add(String::new(), "value", expression.span(), vec![argument]);
        }
        visit::visit_expr(self, expression);
    }

    /// Most macros take expressions. One that does not, and names an ordering, would hide an operation.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Ok(arguments) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            for argument in &arguments {
                Visit::visit_expr(self, argument);
            }
        } else if call.tokens.to_string().contains("Ordering ::") {
            let error =
                syn::Error::new(call.span(), "an ordering in a macro whose arguments are no expressions");
            self.trouble.get_or_insert(error);
        }
    }
}
