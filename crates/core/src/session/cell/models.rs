//! The verdict on a hand-over, against the death of the old owner.

use super::{Holder, Move};
use crate::{
    owner::Wards,
    raw::lend::race_of_three,
    session::models::orphan,
    sync::{Arc, model},
};

/// One thread ends the old owner, another sees that and says that the session stays, and the third asks: what it is
/// told is based on a death that it then sees as well.
fn who_knows_that_it_stayed_knows_of_the_death(
    has_stayed: impl Fn(&Move) -> bool + Copy + Send + Sync + 'static,
) {
    model(move || {
        let wards = std::sync::Arc::new(Wards::new());
        let (from, to) = (orphan(&wards), orphan(&wards));
        let name = from.name().clone();
        let moving = Arc::new(Move::new(&Holder::of(name.clone()), to.name().clone()));
        let (theirs, seen) = (Arc::clone(&moving), name.clone());
        let judge = move |_: &_| {
            if !seen.is_alive() {
                theirs.decide(false);
            }
        };
        race_of_three(
            move |_| drop(from),
            judge,
            |_| assert!(!has_stayed(&moving) || !name.is_alive(), "said to stay with an owner that is alive"),
        );
    });
}

#[test]
fn loom_who_reads_that_it_stayed_knows_of_the_death() {
    who_knows_that_it_stayed_knows_of_the_death(|moving| moving.has_moved() == Some(false));
}

#[test]
fn loom_who_is_too_late_to_move_it_knows_of_the_death() {
    who_knows_that_it_stayed_knows_of_the_death(|moving| !moving.decide(true));
}
