//! All sessions of an owner in the model: handed over one by one, each at an instant of its own.

use super::{Answer, At, CODES, Out, Progress, Standing};

/// How far that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moving {
    /// What the old owner had at the beginning: when the call returns, none of it may have stayed.
    owed: [Option<Standing>; CODES],
    moved: usize,
}

/// The next step of a call that hands over the sessions of one owner to another.
pub(super) fn step(at: &At<'_>, (from, to): (usize, usize), outcomes: &mut Out) {
    let theirs = |standing: &Standing| standing.owner == Some(from);
    let moving = match *at.progress {
        Progress::Begun if from == to => {
            if *at.answer == Answer::Moved(0) {
                outcomes.done(at.state.clone());
            }
            return;
        }
        Progress::Begun => {
            // Who is refused owes nothing: whatever has stayed has stayed for that.
            let refused = *at.answer == Answer::OwnerDead;
            let owed = at.state.codes.map(|standing| standing.filter(|one| !refused && theirs(one)));
            outcomes.goes_on(at.state.clone(), Progress::Moving(Moving { owed, moved: 0 }));
            return;
        }
        Progress::Moving(moving) => moving,
        Progress::Looked => return,
    };
    for now in at.operation.since..=at.state.now {
        // Who sees here that the old owner was not resumed in time says so to all.
        let state = &if at.state.is_dead(from, now) { at.state.without(from) } else { at.state.clone() };
        let stayed = |code: usize| {
            let pair = state.codes[code].zip(moving.owed[code]);
            pair.is_some_and(|(standing, before)| standing.has_stayed(before))
        };
        if *at.answer == Answer::Moved(moving.moved) && !(0..CODES).any(stayed) {
            outcomes.done(state.clone());
        }
        let next = match *at.answer {
            Answer::Moved(moved) if moving.moved < moved => Moving { moved: moving.moved + 1, ..moving },
            // How many it has moved before it was refused is not told.
            Answer::OwnerDead => moving,
            _ => continue,
        };
        for code in 0..CODES {
            let Some(standing) = state.codes[code].filter(theirs) else { continue };
            if *at.answer == Answer::OwnerDead {
                outcomes.goes_on(state.clone(), Progress::Looked);
            }
            if !state.is_dead(to, now) {
                outcomes.goes_on(state.with(code, Some(standing.moved_to(to))), Progress::Moving(next));
            }
        }
    }
}
