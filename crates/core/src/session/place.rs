//! A place under a bound that is taken for a session not in the table yet.

use super::{Inner, Payload};
use crate::owner::OwnerCore;

/// What bounds how many sessions there are.
pub(super) trait Places {
    fn give_back(&self);
}

/// The sessions of one owner.
impl Places for OwnerCore {
    fn give_back(&self) {
        self.release_place();
    }
}

/// All sessions of a map.
impl<P: Payload> Places for Inner<P> {
    fn give_back(&self) {
        self.release_place();
        self.rouse_if_drained();
    }
}

/// A place that was taken; given back unless kept, also by unwinding.
#[must_use = "a place that is dropped is given back"]
pub(super) struct Place<'a>(Option<&'a dyn Places>);

impl<'a> Place<'a> {
    pub(super) fn of(places: &'a dyn Places) -> Self {
        Self(Some(places))
    }

    /// The session is in the table: it has the place now.
    pub(super) fn keep(&mut self) {
        self.0 = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(places) = self.0 {
            places.give_back();
        }
    }
}
