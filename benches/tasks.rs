//! The workloads whose rounds are many short operations: which there are, and where each is.

use crate::{
    load::{Dist, Load},
    peers::Routes,
    w1_resolve, w2_fallback, w3_set, w4_mixed, w5_hot,
    world::World,
};

/// One thread's part of a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) lane: usize,
    pub(crate) round: usize,
    /// How often it goes over its slice of names.
    pub(crate) passes: usize,
}

/// What is done in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// W1: resolve an exact hit by a prebuilt key.
    Resolve(Dist),
    /// W1p: from the parts of a message.
    ResolveParts(Dist),
    /// W1o: an owned answer.
    ResolveOwned(Dist),
    /// W2: a thread without a record of its own, answered by its room's.
    Fallback,
    /// W2w: the same, written down.
    Learn,
    /// W3: set the route that is there.
    Renew(Dist),
    /// W3p: the same from the parts of a message.
    RenewParts(Dist),
    /// W3: set another route.
    Change(Dist),
    /// W3o: set another route that was made for this call.
    Replace(Dist),
    /// W4: mostly resolve, some sets, a few of them new, at the bound.
    Mixed(Dist),
    /// W5: everybody resolves the same key.
    Hot,
    /// W6: a session's whole life.
    SessionCycle,
    /// W6g: look at a session.
    SessionGet,
}

impl Task {
    /// Whether doing it again is the same work.
    pub(crate) fn may_repeat(self) -> bool {
        !matches!(self, Self::Learn | Self::Replace(_))
    }

    /// One thread's part of a round; how many operations.
    pub(crate) fn work<R: Routes>(self, world: &World<R>, load: &Load, turn: Turn) -> usize {
        match self {
            Self::Resolve(dist) => w1_resolve::prebuilt(world, load, turn, dist),
            Self::ResolveParts(dist) => w1_resolve::parts(world, load, turn, dist),
            Self::ResolveOwned(dist) => w1_resolve::owned(world, load, turn, dist),
            Self::Fallback => w2_fallback::peek(world, load, turn),
            Self::Learn => w2_fallback::learn(world, load, turn),
            Self::Renew(dist) => w3_set::renew(world, load, turn, dist),
            Self::RenewParts(dist) => w3_set::renew_parts(world, load, turn, dist),
            Self::Change(dist) => w3_set::change(world, load, turn, dist),
            Self::Replace(dist) => w3_set::replace(world, load, turn, dist),
            Self::Mixed(dist) => w4_mixed::mixed(world, load, turn, dist),
            Self::Hot => w5_hot::hot(world, load, turn),
            Self::SessionCycle | Self::SessionGet => unreachable!("a table of routes holds no sessions"),
        }
    }
}
