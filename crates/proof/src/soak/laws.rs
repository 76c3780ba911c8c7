//! What must hold, and what did not.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// So many violations are kept; what follows the first is mostly its consequence.
const KEPT: usize = 20;

/// Collects violations and has everybody stop at the first.
#[derive(Debug, Default)]
pub(crate) struct Laws {
    broken: AtomicBool,
    violations: Mutex<Vec<String>>,
}

impl Laws {
    /// Notes a violation unless the law holds.
    #[inline]
    pub(crate) fn hold(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.break_with(otherwise());
        }
    }

    #[cold]
    pub(crate) fn break_with(&self, violation: String) {
        let mut violations = self.violations.lock().unwrap_or_else(PoisonError::into_inner);
        if violations.len() < KEPT {
            violations.push(violation);
        }
        // Relaxed: only a flag to stop by; the list has its lock.
        self.broken.store(true, Ordering::Relaxed);
    }

    pub(crate) fn are_broken(&self) -> bool {
        // Relaxed: as above.
        self.broken.load(Ordering::Relaxed)
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
