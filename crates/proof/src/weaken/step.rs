//! What one step weaker is.

use super::operation::{Operation, Strength};
use std::fmt;

/// One ordering, weakened by one step.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Which operation, by its place in the list.
    pub operation: usize,
    /// Which of its orderings.
    pub argument: usize,
    /// The ordering's number among all that are written in the sources.
    pub site: usize,
    /// What is written there.
    pub from: Strength,
    /// What is tried instead. A relaxed fence is none at all.
    pub to: Strength,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}→{}", self.from, self.to)
    }
}

/// All mutants of these operations. What is relaxed has none.
pub fn mutants(operations: &[Operation]) -> Vec<Mutant> {
    let mut all = Vec::new();
    let mut site = 0;
    for (index, operation) in operations.iter().enumerate() {
        for (argument, ordering) in operation.arguments.iter().enumerate() {
            let Some(from) = ordering.strength() else { continue };
            for &to in weaker(&operation.call, argument, from) {
                all.push(Mutant { operation: index, argument, site, from, to });
            }
            site += 1;
        }
    }
    all
}

/// One step down, which the operation must still allow: a load cannot release, a store cannot acquire.
fn weaker(call: &str, argument: usize, from: Strength) -> &'static [Strength] {
    // The second ordering of an exchange or an update is that of a load.
    let loads = call == "load" || argument == 1;
    match from {
        Strength::Relaxed => &[],
        Strength::Acquire | Strength::Release => &[Strength::Relaxed],
        Strength::AcqRel => &[Strength::Acquire, Strength::Release],
        Strength::SeqCst if loads => &[Strength::Acquire],
        Strength::SeqCst if call == "store" => &[Strength::Release],
        Strength::SeqCst => &[Strength::AcqRel],
    }
}

#[cfg(test)]
mod tests {
    use super::{Strength, weaker};

    #[test]
    fn a_step_is_one_and_legal() {
        assert_eq!(weaker("load", 0, Strength::SeqCst), [Strength::Acquire]);
        assert_eq!(weaker("store", 0, Strength::SeqCst), [Strength::Release]);
        assert_eq!(weaker("fence", 0, Strength::SeqCst), [Strength::AcqRel]);
        assert_eq!(weaker("compare_exchange", 0, Strength::AcqRel), [Strength::Acquire, Strength::Release]);
        assert_eq!(weaker("compare_exchange", 1, Strength::SeqCst), [Strength::Acquire]);
        assert_eq!(weaker("compare_exchange", 1, Strength::Acquire), [Strength::Relaxed]);
        assert!(weaker("load", 0, Strength::Relaxed).is_empty());
    }
}
