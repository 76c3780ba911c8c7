//! Histories: were the answers of a concurrent run possible, had each operation happened at one instant?
//!
//! A run records when each operation began and ended and what it answered. The [`Checker`] then looks for instants,
//! one or more for each operation and each between its beginning and its end, at which a plain sequential model gives
//! just these answers. If there are none, the run was wrong, whatever the tests beside it say.
//!
//! | part | is |
//! | --- | --- |
//! | [`Specification`] | the model: a state, and what one step of an operation makes of it |
//! | [`Recorder`] | the stamps that order a run |
//! | [`Checker`] | the search |
//! | [`routes`], [`sessions`] | the two models of Tenure, and what drives the tables to be compared with them |
//!
//! ```
//! use tenure_proof::history::{Around, Outcomes, Record, Specification, check};
//!
//! /// A number that is written and read.
//! struct Register;
//!
//! #[derive(Clone, Debug)]
//! enum Operation {
//!     Write(u32),
//!     Read,
//! }
//!
//! impl Specification for Register {
//!     type State = u32;
//!     type Operation = Operation;
//!     type Answer = Option<u32>;
//!     type Progress = ();
//!
//!     fn initial(&self) -> u32 {
//!         0
//!     }
//!
//!     fn step(&self, at: &Around<'_, Self>, outcomes: &mut Outcomes<Self>) {
//!         match (at.operation, at.answer) {
//!             (Operation::Write(value), None) => outcomes.done(*value),
//!             (Operation::Read, Some(value)) if value == at.state => outcomes.done(*value),
//!             _ => {}
//!         }
//!     }
//! }
//!
//! // Thread 0 writes 1 from instant 1 to 2; thread 1 reads 0 from 3 to 4: too late for the old value.
//! let write = Record { thread: 0, began: 1, ended: 2, operation: Operation::Write(1), answer: None };
//! let late = Record { thread: 1, began: 3, ended: 4, operation: Operation::Read, answer: Some(0) };
//! assert!(check(&Register, &[write.clone(), late]).is_err());
//! let overlapping = Record { thread: 1, began: 1, ended: 4, operation: Operation::Read, answer: Some(0) };
//! assert!(check(&Register, &[write, overlapping]).is_ok());
//! ```

mod check;
mod record;
pub mod routes;
pub mod sessions;
mod threads;

pub use check::{Checked, Checker, Violation, check};
pub use record::{Record, Recorder};
pub use threads::together;

use std::{fmt::Debug, hash::Hash};

/// A sequential model of what is checked.
///
/// Most operations take one step. One that promises less, because it does several things at several instants, takes
/// several, and what it has found so far is its [`Progress`](Self::Progress).
pub trait Specification {
    /// What all threads share.
    type State: Clone + Eq + Hash + Debug;
    /// What is asked, with its arguments.
    type Operation: Debug;
    /// What is answered.
    type Answer: Debug;
    /// How far an operation of several steps has come.
    type Progress: Clone + Eq + Hash + Debug + Default;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// Says what may come of the next step of one operation that is known to have given this answer. No outcome: the
    /// step is not possible now.
    fn step(&self, at: &Around<'_, Self>, outcomes: &mut Outcomes<Self>);
}

/// Where a step is taken.
#[derive(Debug)]
pub struct Around<'a, S: Specification + ?Sized> {
    /// The state.
    pub state: &'a S::State,
    /// How far the operation has come.
    pub progress: &'a S::Progress,
    /// The operation.
    pub operation: &'a S::Operation,
    /// The answer that it gave in the end.
    pub answer: &'a S::Answer,
    /// The operations that are under way and have not taken their last step, with this one.
    pub under_way: &'a [&'a S::Operation],
    /// The operations that have begun and not returned, with this one; some may have taken their last step.
    pub unreturned: &'a [&'a S::Operation],
}

/// What may come of a step.
#[derive(Debug)]
pub struct Outcomes<S: Specification + ?Sized>(Vec<(S::State, Option<S::Progress>)>);

impl<S: Specification + ?Sized> Default for Outcomes<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S: Specification + ?Sized> Outcomes<S> {
    /// That was the operation's last step, and it leaves this state.
    pub fn done(&mut self, state: S::State) {
        self.add(state, None);
    }

    /// The operation has more to do.
    pub fn goes_on(&mut self, state: S::State, progress: S::Progress) {
        self.add(state, Some(progress));
    }

    /// What was said so far.
    pub fn iter(&self) -> impl Iterator<Item = &(S::State, Option<S::Progress>)> {
        self.0.iter()
    }

    /// Takes out what was said so far.
    pub fn drain(&mut self) -> impl Iterator<Item = (S::State, Option<S::Progress>)> {
        self.0.drain(..)
    }

    fn add(&mut self, state: S::State, progress: Option<S::Progress>) {
        let outcome = (state, progress);
        if !self.0.contains(&outcome) {
            self.0.push(outcome);
        }
    }
}
