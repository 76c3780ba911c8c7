//! The one facade over std, loom and shuttle: whatever two threads share goes through here.
//!
//! Under `--cfg tenure_loom` the same names are loom's, so that a model explores every interleaving of the very
//! code that ships. Under `--cfg tenure_shuttle` they are shuttle's, which tries interleavings at random: of whole
//! operations, more than loom has the time for.

#[cfg(not(any(tenure_loom, tenure_shuttle)))]
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};

#[cfg(tenure_loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};

#[cfg(tenure_shuttle)]
pub(crate) use shuttle::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};

/// For fences of a thread of whose writes only *exchanges* (read-modify-writes) are to come before what it does next, or
/// none.
pub(crate) mod after_exchange {
    use super::Ordering;

    /// As [`super::fence`]. On x86 an exchange is a full barrier itself and loads keep their order, so that nothing is
    /// left to do but to keep the compiler from moving anything, where the fence would take 5 ns.
    #[inline(always)]
    pub(crate) fn fence(order: Ordering) {
        if cfg!(all(target_arch = "x86_64", not(any(tenure_loom, tenure_shuttle, miri)))) {
            std::sync::atomic::compiler_fence(order);
        } else {
            super::fence(order);
        }
    }
}

// What only the models need. Those that shuttle runs stand in the crate `proof`.
#[cfg(all(test, not(tenure_loom)))]
pub(crate) use std::{sync::Arc, thread};

#[cfg(all(test, tenure_loom))]
pub(crate) use loom::{sync::Arc, thread};

/// Runs a concurrency scenario: once under std; under loom every interleaving of it within loom's bounds, and more
/// than one, or the model has seen nothing.
#[cfg(test)]
pub(crate) fn model(scenario: impl Fn() + Send + Sync + 'static) {
    model_within(None, scenario);
}

/// As [`model`], with at most so many preemptions: for a scenario that has too many executions with more of them.
#[cfg(test)]
pub(crate) fn model_within(preemptions: Option<usize>, scenario: impl Fn() + Send + Sync + 'static) {
    #[cfg(not(tenure_loom))]
    {
        let _ = preemptions;
        scenario();
    }
    #[cfg(tenure_loom)]
    {
        let runs = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = std::sync::Arc::clone(&runs);
        let mut builder = loom::model::Builder::new();
        // The environment's bound, if that is lower.
        builder.preemption_bound = [builder.preemption_bound, preemptions].into_iter().flatten().min();
        // Steps of one execution: enough to fill a small table before the race.
        builder.max_branches = 10_000;
        builder.check(move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            scenario();
        });
        assert!(runs.load(std::sync::atomic::Ordering::Relaxed) > 1, "only one execution was explored");
    }
}
