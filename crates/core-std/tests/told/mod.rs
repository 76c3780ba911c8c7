//! An observer that passes on why sessions have ended. Both crates' tests use it.

use tenure_core::{EndCause, Event, Observer, SessionEvent, What};

/// Tells by this function.
pub(crate) struct Told<F>(pub(crate) F);

impl<F: Fn(EndCause) + Send + Sync + 'static> Observer for Told<F> {
    fn observe(&self, event: &Event<'_>) {
        if let What::Session { kind: SessionEvent::Ended(cause), .. } = &event.what {
            (self.0)(cause.clone());
        }
    }
}
