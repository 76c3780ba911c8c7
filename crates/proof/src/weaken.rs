//! Weakens the memory orderings of the shipping sources, one step at a time, and sees which model notices.
//!
//! [`operations`] finds every atomic operation in the sources; [`Scratch`] makes a copy of the core in which every
//! ordering is asked for at run time, and compiles it once with its loom models; [`Trial`] runs the models with one
//! ordering weakened; [`Document`] is the table `docs/orderings.md`.

mod cache;
mod document;
mod operation;
mod scratch;
mod source;
mod step;
mod trial;
mod visit;

pub use cache::Cache;
pub use document::{Document, Row};
pub use operation::{Argument, Operation, Strength};
pub use scratch::Scratch;
pub use source::operations;
pub use step::{Mutant, mutants};
pub use trial::{Model, Outcome, Trial};
