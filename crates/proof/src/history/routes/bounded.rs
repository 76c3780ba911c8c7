//! The bound in the model: what an insertion does before it stores.
//!
//! | step | when | and then |
//! | --- | --- | --- |
//! | it counts as set | once, before it stores; or as it stores | it is younger than all that counts already |
//! | it finds all places taken | nothing stands under its key, or others are at work (so that nothing may have stood there); the records, and the other calls that may hold a place each, are as many as the bound | it may make room |
//! | it removes a record that has expired | there is one | it may remove more such |
//! | it evicts | the oldest record is this one, and no other that has expired should go first | it looks for a place again |
//!
//! It stores where another record stands under its key, or where fewer stand than the bound. It gives up where as many
//! other calls may hold a place as there are.

use super::{At, KEYS, State, Stored};

/// Where a record, or a set that has not taken effect, stands in the order of the sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mark {
    /// What is stored under this key.
    Record(usize),
    /// An insertion under way, which knows its number.
    Drawn(u8),
}

/// How far an insertion has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Making {
    /// The number of its mark, if it counts as set already.
    drawn: Option<u8>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    /// It may look for a place.
    #[default]
    Looking,
    /// All places were taken.
    Full {
        /// No expired record had to go first.
        clear: bool,
    },
    /// It has removed what has expired.
    Swept,
}

impl State {
    /// Stores, as the youngest record or where its set has been counted.
    pub(super) fn set(&self, key: usize, stored: Stored, making: Making) -> Self {
        let mut after = self.with(key, None);
        after.records[key] = Some(stored);
        let place = after.order.iter().position(|mark| making.drawn.map(Mark::Drawn) == Some(*mark));
        match place {
            Some(place) => after.order[place] = Mark::Record(key),
            None => after.order.push(Mark::Record(key)),
        }
        after
    }

    /// The insertion ends and has stored nothing.
    pub(super) fn without_mark(&self, making: Making) -> Self {
        let mut after = self.clone();
        after.order.retain(|mark| making.drawn.map(Mark::Drawn) != Some(*mark));
        after
    }

    fn with_mark(&self) -> (Self, u8) {
        let free = (0..=u8::MAX).find(|&number| !self.order.contains(&Mark::Drawn(number)));
        let (mut after, number) = (self.clone(), free.expect("few are under way"));
        after.order.push(Mark::Drawn(number));
        (after, number)
    }

    fn held(&self) -> usize {
        self.records.iter().flatten().count()
    }

    /// The key of the record that was set longest ago.
    fn oldest(&self) -> Option<usize> {
        self.order.iter().find_map(|mark| if let Mark::Record(key) = mark { Some(*key) } else { None })
    }
}

impl At<'_> {
    /// The other calls that have begun and not returned.
    fn others(&self) -> impl Iterator<Item = super::Call> {
        let others = self.unreturned.iter().filter(|other| !std::ptr::eq(**other, self.operation));
        others.map(|other| other.call)
    }

    /// Each may hold a place: one that it has taken and not filled, or emptied and not given back.
    fn holders(&self) -> usize {
        self.others().filter(|call| call.may_hold_a_place()).count()
    }

    fn is_changed_by_others(&self, key: usize) -> bool {
        self.others().any(|call| call.changes() == Some(key))
    }

    /// Whether it may be taken for a record whose deadline comes in the order of the sets: another call is about to
    /// change it, or time has passed during its set.
    fn is_vague(&self, key: usize) -> bool {
        self.state.records[key].is_some_and(|stored| stored.lagged) || self.is_changed_by_others(key)
    }

    /// Whether no record that had expired when the call began has to go before a fresh one.
    fn is_clear(&self) -> bool {
        let expired = |key: &usize| {
            self.state.records[*key].is_some_and(|stored| stored.deadline <= self.operation.since)
        };
        !(0..KEYS).filter(expired).any(|key| !self.is_vague(key))
    }

    /// Whether the insertion may store under this key now.
    pub(super) fn has_place(&self, key: usize, bound: usize) -> bool {
        self.state.records[key].is_some() || self.state.held() < bound
    }

    /// Whether it may be stored and evicted at once.
    pub(super) fn may_vanish(&self, bound: usize) -> bool {
        self.holders() >= bound
    }

    /// All steps but the last of an insertion under this key.
    pub(super) fn make_room(
        &self,
        key: usize,
        making: Making,
        bound: usize,
        mut goes_on: impl FnMut(State, Making),
    ) {
        let state = self.state;
        let to = |stage| Making { stage, ..making };
        // Alone, it counts as it stores.
        if making.drawn.is_none() && self.unreturned.len() > 1 {
            let (after, number) = state.with_mark();
            goes_on(after, Making { drawn: Some(number), ..making });
        }
        match making.stage {
            Stage::Looking => {}
            Stage::Full { clear } => {
                // Fresh, as far as the call may know: an expired one goes below.
                let oldest = state.oldest().filter(|&oldest| {
                    let fresh = state.records[oldest].is_some_and(|s| s.deadline > self.operation.since);
                    fresh && (clear || self.is_vague(oldest) || self.is_clear())
                });
                if let Some(oldest) = oldest {
                    goes_on(state.with(oldest, None), to(Stage::Looking));
                }
                self.sweep(|after| goes_on(after, to(Stage::Swept)));
            }
            Stage::Swept => self.sweep(|after| goes_on(after, to(Stage::Swept))),
        }
        let misses = state.records[key].is_none() || self.unreturned.len() > 1;
        let is_full = state.held() + self.holders() >= bound;
        if misses && is_full && matches!(making.stage, Stage::Looking | Stage::Swept) {
            let clear = self.is_clear() || state.oldest().is_some_and(|oldest| self.is_vague(oldest));
            goes_on(state.clone(), to(Stage::Full { clear }));
        }
    }

    /// Removes one record that has expired.
    fn sweep(&self, mut removed: impl FnMut(State)) {
        let state = self.state;
        for key in 0..KEYS {
            if state.records[key].is_some_and(|stored| stored.deadline <= state.now) {
                removed(state.with(key, None));
            }
        }
    }
}
