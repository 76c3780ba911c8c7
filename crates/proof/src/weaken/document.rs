//! `docs/orderings.md`: one row for each operation, of which a person writes why, and the tool the rest.

use super::{
    operation::Operation,
    scratch::is_modeled,
    step::{Mutant, mutants},
    trial::Outcome,
};
use std::{collections::BTreeMap, fmt::Write, time::Duration};

const HEAD: &str = "| in | operation | ordering | why it suffices | partner | one step weaker, noticed by |\n\
                    | --- | --- | --- | --- | --- | --- |\n";
/// How an argument begins that a weaker ordering would do no harm, or that no model can see it.
const ARGUED: &str = "argued: ";
const SURVIVED: &str = "**SURVIVED**";

/// A row of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The file, from the root of the workspace.
    pub file: String,
    /// The function.
    pub function: String,
    /// The operation and what it is done to.
    pub what: String,
    /// Its orderings.
    pub orderings: String,
    /// Why they suffice, by hand.
    pub why: String,
    /// What it pairs with, by hand.
    pub partner: String,
    /// For each step down, who notices, or why nobody need.
    pub noticed: String,
}

impl Row {
    /// The same for a row and for the operation that it is about.
    pub fn key(&self) -> String {
        format!("{} {} {}", self.file, self.function, self.what)
    }

    /// What it says of one step down: the text behind its label.
    fn verdict(&self, label: &str) -> Option<&str> {
        self.noticed.split("<br>").find_map(|part| part.trim().strip_prefix(label)?.strip_prefix(": "))
    }
}

/// The document, read.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Everything before the first table.
    pub introduction: String,
    /// The rows, in the order of the document.
    pub rows: Vec<Row>,
}

/// What a step down is called in its row.
fn label(operation: &Operation, mutant: &Mutant) -> String {
    let which = if mutant.argument == 1 { "failure " } else { "" };
    let to = if operation.call == "fence" && mutant.to == super::Strength::Relaxed {
        "none".to_owned()
    } else {
        mutant.to.to_string()
    };
    format!("{which}→{to}")
}

/// What was written by hand, if anything was.
fn kept(before: Option<&Row>, column: impl Fn(&Row) -> &String) -> Option<String> {
    before.map(|row| column(row).clone()).filter(|text| !text.is_empty())
}

/// What a comment says that the operation pairs with.
fn partner(comment: &str) -> String {
    let Some((_, rest)) = comment.split_once("airs with ") else { return "–".to_owned() };
    // Not in the middle of a path, nor of a file's name.
    let end = [": ", "; ", ". ", ", "].iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    rest[..end].trim_start_matches("the ").trim_end_matches('.').to_owned()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

impl Document {
    /// Reads the document.
    pub fn parse(text: &str) -> Self {
        let mut document = Self::default();
        let mut file = None;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("## `").and_then(|rest| rest.strip_suffix('`')) {
                file = Some(name.to_owned());
            } else if let Some(file) = &file {
                let Some(inner) = line.strip_prefix("| `") else { continue };
                let inner = inner.strip_suffix(" |").unwrap_or(inner).replace("\\|", "\u{0}");
                let mut cells = inner.split(" | ").map(|cell| cell.replace('\u{0}', "|").trim().to_owned());
                let mut next = || cells.next().unwrap_or_default();
                document.rows.push(Row {
                    file: file.clone(),
                    function: next().trim_end_matches('`').to_owned(),
                    what: next().trim_matches('`').to_owned(),
                    orderings: next(),
                    why: next(),
                    partner: next(),
                    noticed: next(),
                });
            } else {
                document.introduction.push_str(line);
                document.introduction.push('\n');
            }
        }
        document
    }

    /// The document as text.
    pub fn print(&self) -> String {
        let mut text = self.introduction.trim_end().to_owned();
        text.push('\n');
        let mut file = "";
        for row in &self.rows {
            if row.file != file {
                file = &row.file;
                let _ = write!(text, "\n## `{file}`\n\n{HEAD}");
            }
            let cells = [&row.orderings, &row.why, &row.partner, &row.noticed].map(|text| cell(text));
            let _ = writeln!(text, "| `{}` | `{}` | {} |", row.function, cell(&row.what), cells.join(" | "));
        }
        text
    }

    /// The document for these operations: what was written by hand is kept, a new row begins with the comment in the
    /// source, and a step down says who noticed, as far as that is known.
    #[must_use]
    pub fn refreshed(&self, operations: &[Operation], outcomes: &BTreeMap<String, Outcome>) -> Self {
        let old: BTreeMap<String, &Row> = self.rows.iter().map(|row| (row.key(), row)).collect();
        let mut rows = Vec::new();
        for (index, operation) in operations.iter().enumerate() {
            let before = old.get(&operation.key()).copied();
            let steps = mutants(operations).into_iter().filter(|mutant| mutant.operation == index);
            let verdicts: Vec<String> = steps
                .map(|mutant| {
                    let label = label(operation, &mutant);
                    let written = before.and_then(|row| row.verdict(&label)).unwrap_or(SURVIVED);
                    let verdict = match outcomes.get(&verdict_key(operation, &label)) {
                        Some(Outcome::Noticed(test, _)) => format!("`{test}`"),
                        // What a test had noticed is not noticed any more.
                        Some(_) if !written.starts_with(ARGUED) => SURVIVED.to_owned(),
                        _ => written.to_owned(),
                    };
                    format!("{label}: {verdict}")
                })
                .collect();
            rows.push(Row {
                file: operation.file.clone(),
                function: operation.function.clone(),
                what: operation.what(),
                orderings: operation.orderings(),
                why: kept(before, |row| &row.why).unwrap_or_else(|| operation.comment.clone()),
                partner: kept(before, |row| &row.partner).unwrap_or_else(|| partner(&operation.comment)),
                noticed: if verdicts.is_empty() { "–".to_owned() } else { verdicts.join("<br>") },
            });
        }
        Self { introduction: self.introduction.clone(), rows }
    }

    /// The steps down that nothing notices and nobody has argued for, and the rows that lack a reason.
    pub fn open_ends(&self) -> Vec<String> {
        let unexplained = self.rows.iter().flat_map(|row| {
            row.noticed.split("<br>").filter(|part| part.contains(SURVIVED)).map(|part| {
                let what = part.trim_end_matches(SURVIVED).trim_end_matches(": ");
                format!("{}: {what}: nothing notices, and no reason is given", row.key())
            })
        });
        let unreasoned = self.rows.iter().filter(|row| row.why.is_empty());
        let unreasoned =
            unreasoned.map(|row| format!("{}: why its ordering suffices is not said", row.key()));
        unexplained.chain(unreasoned).collect()
    }

    /// The outcomes as [`refreshed`](Self::refreshed) wants them. What no model can execute has none.
    pub fn outcomes(
        operations: &[Operation],
        tried: &[(Mutant, Outcome, Duration)],
    ) -> BTreeMap<String, Outcome> {
        let modeled = tried.iter().filter(|(mutant, ..)| is_modeled(&operations[mutant.operation]));
        let keyed = modeled.map(|(mutant, outcome, _)| {
            let operation = &operations[mutant.operation];
            (verdict_key(operation, &label(operation, mutant)), outcome.clone())
        });
        keyed.collect()
    }

    /// Whether the document gives a reason why this step down need not be noticed.
    pub fn is_argued(&self, operation: &Operation, mutant: &Mutant) -> bool {
        let row = self.rows.iter().find(|row| row.key() == operation.key());
        let verdict = row.and_then(|row| row.verdict(&label(operation, mutant)));
        verdict.is_some_and(|verdict| verdict.starts_with(ARGUED))
    }

    /// The tests that are named.
    pub fn tests(&self) -> Vec<&str> {
        let parts = self.rows.iter().flat_map(|row| row.noticed.split("<br>"));
        parts.filter_map(|part| part.split_once(": `")?.1.strip_suffix('`')).collect()
    }
}

/// By what a step down is known to [`Document::refreshed`].
fn verdict_key(operation: &Operation, label: &str) -> String {
    format!("{} {label}", operation.key())
}
