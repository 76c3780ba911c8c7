//! A bound that changes while others check that it is kept.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many there may be at the moment. Changed by one thread, checked by all.
#[derive(Debug)]
pub(crate) struct Limit {
    /// Counts the raisings: a check during which one begins says nothing.
    raised: AtomicU64,
    allowed: AtomicUsize,
}

impl Limit {
    pub(crate) fn new(allowed: usize) -> Self {
        Self { raised: AtomicU64::new(0), allowed: AtomicUsize::new(allowed) }
    }

    /// Around a change: what was allowed stays allowed until the call that lowers the bound has returned.
    pub(crate) fn change(&self, from: usize, to: usize, change: impl FnOnce()) {
        self.raise(from.max(to));
        change();
        // Release: pairs with the Acquire in `observe`: the bound has been lowered.
        self.allowed.store(to, Ordering::Release);
    }

    /// From now on so many are allowed, more than before.
    fn raise(&self, to: usize) {
        self.allowed.store(to, Ordering::Release);
        // SeqCst, with the loads in `observe`: a check that sees the effect of the raised bound sees it announced.
        self.raised.fetch_add(1, Ordering::SeqCst);
    }

    /// What `look` sees and what was allowed then; none if the bound was raised meanwhile.
    pub(crate) fn observe(&self, look: impl FnOnce() -> usize) -> Option<(usize, usize)> {
        let raised = self.raised.load(Ordering::SeqCst);
        let allowed = self.allowed.load(Ordering::Acquire);
        let seen = look();
        (self.raised.load(Ordering::SeqCst) == raised).then_some((seen, allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::Limit;

    #[test]
    fn a_check_counts_unless_the_bound_is_raised_under_it() {
        let limit = Limit::new(5);
        assert_eq!(limit.observe(|| 6), Some((6, 5)));
        limit.change(5, 3, || assert_eq!(limit.observe(|| 5), Some((5, 5))));
        assert_eq!(limit.observe(|| 5), Some((5, 3)));
        let raised_under_it = || {
            limit.change(3, 9, || ());
            9
        };
        assert_eq!(limit.observe(raised_under_it), None);
    }
}
