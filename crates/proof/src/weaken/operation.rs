//! An atomic operation as it stands in the sources.

use std::{fmt, ops::Range, str::FromStr};

/// A memory ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "they are the language's own")]
pub enum Strength {
    Relaxed,
    Acquire,
    Release,
    AcqRel,
    SeqCst,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Strength {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "Relaxed" => Ok(Self::Relaxed),
            "Acquire" => Ok(Self::Acquire),
            "Release" => Ok(Self::Release),
            "AcqRel" => Ok(Self::AcqRel),
            "SeqCst" => Ok(Self::SeqCst),
            _ => Err(()),
        }
    }
}

/// An ordering handed to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Written there: which, and the bytes of the file that say so.
    Written(Strength, Range<usize>),
    /// A value that the function was handed itself, by name.
    Passed(String),
}

impl Argument {
    /// The ordering, where it is written there.
    pub fn strength(&self) -> Option<Strength> {
        match self {
            Self::Written(strength, _) => Some(*strength),
            Self::Passed(_) => None,
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(strength, _) => strength.fmt(f),
            Self::Passed(name) => f.write_str(name),
        }
    }
}

/// One atomic operation, or one call that is handed an ordering.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The file, from the root of the workspace.
    pub file: String,
    /// The function it is in, with its type.
    pub function: String,
    /// What it is done to, as written, without white space; empty for a fence.
    pub receiver: String,
    /// The method, or `fence`.
    pub call: String,
    /// The bytes of the file that name what is called, where that is a path.
    pub callee: Range<usize>,
    /// Its orderings.
    pub arguments: Vec<Argument>,
    /// Which of those that are alike in all of the above but the orderings, in the order of the file.
    pub nth: usize,
    /// The comment above it, where there is one.
    pub comment: String,
}

impl Operation {
    /// What is done to what: `self.head.swap`, and ` (2)` behind it for the second of the same function.
    pub fn what(&self) -> String {
        let dot = if self.receiver.is_empty() { "" } else { "." };
        let nth = if self.nth == 0 { String::new() } else { format!(" ({})", self.nth + 1) };
        format!("{}{dot}{}{nth}", self.receiver, self.call)
    }

    /// Its orderings, as a table shows them.
    pub fn orderings(&self) -> String {
        self.arguments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// A name that is unique in the workspace and does not change with the lines around it.
    pub fn key(&self) -> String {
        format!("{} {} {}", self.file, self.function, self.what())
    }
}
