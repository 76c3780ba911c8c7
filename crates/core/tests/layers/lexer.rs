//! Just enough of Rust's lexical grammar to tell code from comments and strings.

/// One word or mark of code; strings, characters, lifetimes and comments are left out.
#[derive(Debug)]
pub(crate) struct Token {
    /// The word without `r#`, `::` as one mark, any other mark as itself.
    pub(crate) text: String,
    /// From 1.
    pub(crate) line: usize,
}

/// The code of `source`, in order.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (len, token) = next(rest, first);
        if let Some(text) = token {
            found.push(Token { text: text.to_owned(), line });
        }
        line += rest[..len].matches('\n').count();
        rest = &rest[len..];
    }
    found
}

/// The length of what `rest` starts with, and its text if that is a token.
fn next(rest: &str, first: char) -> (usize, Option<&str>) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), None);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), None);
    }
    if let Some(len) = string(rest) {
        return (len, None);
    }
    if first == '\'' {
        return (quote(rest), None);
    }
    if rest.starts_with("::") {
        return (2, Some("::"));
    }
    if is_word(first) {
        let raw = if rest.starts_with("r#") { 2 } else { 0 };
        let len = raw + rest[raw..].find(|c| !is_word(c)).unwrap_or(rest.len() - raw);
        return (len, Some(&rest[raw..len]));
    }
    (first.len_utf8(), (!first.is_whitespace()).then(|| &rest[..first.len_utf8()]))
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The length of the block comment that `rest` starts with; they nest.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        let tail = &rest.as_bytes()[at..];
        if tail.is_empty() {
            return at;
        } else if tail.starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if tail.starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
}

/// The length of the string literal of any kind that `rest` starts with.
fn string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|tail| {
            let body = if prefix.ends_with('r') { tail.trim_start_matches('#') } else { tail };
            body.starts_with('"')
        })
    })?;
    if prefix.ends_with('r') {
        let open = rest.find('"')? + 1;
        let close = format!("\"{}", "#".repeat(open - 1 - prefix.len()));
        return Some(rest[open..].find(&close).map_or(rest.len(), |at| open + at + close.len()));
    }
    let open = prefix.len() + 1;
    Some(open + escaped(&rest[open..], b'"'))
}

/// The length up to and with the first `end` that no backslash escapes.
fn escaped(rest: &str, end: u8) -> usize {
    let mut escape = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escape => escape = false,
            b'\\' => escape = true,
            _ if byte == end => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of the character or lifetime that `rest` starts with: a character is closed by a second quote.
fn quote(rest: &str) -> usize {
    let mut after = rest[1..].chars();
    match (after.next(), after.next()) {
        (Some('\\'), _) => 1 + escaped(&rest[1..], b'\''),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 1 + rest[1..].find(|c| !is_word(c)).unwrap_or(rest.len() - 1),
    }
}
