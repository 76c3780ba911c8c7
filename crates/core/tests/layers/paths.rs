//! Which top-level modules a file names through `crate::` and `super::`.

use crate::lexer::Token;

/// A top-level module that is named; `*` for all at once, `crate` for the root itself under another name.
pub(crate) struct Reference {
    pub(crate) line: usize,
    pub(crate) name: String,
}

/// What `tokens`, the file of module path `modules`, names at the crate's root.
pub(crate) fn references(tokens: &[Token], modules: &[String]) -> Vec<Reference> {
    let mut reader = Reader { tokens, at: 0, found: Vec::new() };
    // The depth of the module that the current token stands in, and the brace depths that inline modules opened at.
    let (mut braces, mut inline) = (0_usize, Vec::new());
    while reader.at < tokens.len() {
        match reader.text(0) {
            "mod" if reader.text(2) == "{" => {
                inline.push(braces);
                braces += 1;
                reader.at += 3;
            }
            "{" => {
                braces += 1;
                reader.at += 1;
            }
            "}" => {
                braces = braces.saturating_sub(1);
                if inline.last() == Some(&braces) {
                    inline.pop();
                }
                reader.at += 1;
            }
            // The word in `pub(crate)` and `pub(super)` names nothing.
            "crate" | "super" if reader.text(1) != ")" => reader.tree(modules.len() + inline.len()),
            _ => reader.at += 1,
        }
    }
    reader.found
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    found: Vec<Reference>,
}

impl Reader<'_> {
    /// The token `ahead` of the current one; empty past the end.
    fn text(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| &token.text)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |token| token.line)
    }

    /// Reads a path or a use tree that starts here, `depth` modules below the root (0 = at it).
    fn tree(&mut self, mut depth: usize) {
        loop {
            let line = self.line();
            match self.text(0) {
                "crate" => depth = 0,
                "super" => depth = depth.saturating_sub(1),
                "self" => {}
                "{" => return self.group(depth),
                name => {
                    if depth == 0 {
                        let name = name.to_owned();
                        self.found.push(Reference { line, name });
                    }
                    return self.skip_path();
                }
            }
            self.at += 1;
            if self.text(0) == "::" {
                self.at += 1;
            } else {
                if depth == 0 {
                    self.found.push(Reference { line, name: "crate".to_owned() });
                }
                return;
            }
        }
    }

    /// Reads `{a, b::c, …}`, each of which starts `depth` modules below the root.
    fn group(&mut self, depth: usize) {
        self.at += 1;
        while !matches!(self.text(0), "}" | "") {
            self.tree(depth);
            while !matches!(self.text(0), "," | "}" | "") {
                self.at += 1;
            }
            if self.text(0) == "," {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    /// Goes past the rest of a path whose start says enough, with the group that may end it.
    fn skip_path(&mut self) {
        self.at += 1;
        while self.text(0) == "::" {
            match self.text(1) {
                // Type arguments hold paths of their own: they are read as code.
                "<" => return,
                "{" => {
                    self.at += 1;
                    return self.skip_group();
                }
                _ => self.at += 2,
            }
        }
    }

    /// Goes past the group that starts here.
    fn skip_group(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.text(0) {
                "{" => open += 1,
                "}" => open -= 1,
                "" => return,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return;
            }
        }
    }
}
