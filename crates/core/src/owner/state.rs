//! The owner's word as a value: what it may become, without threads.

use crate::clock::Tick;

/// Where an owner is in its life.
///
/// | bits | hold |
/// | --- | --- |
/// | 0, 1 | the phase |
/// | 2 | whether it is suspended |
/// | 3 to 19 | how often it was, less whole rounds: so that no word comes back while somebody holds an old one |
/// | 20 to 63 | until when it is, a [`Tick`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State(u64);

const PHASE: u64 = 0b11;
const ALIVE: u64 = 0;
const DEAD: u64 = 1;
/// Suspended, and not resumed in time. As dead as can be, and the reason goes without saying.
const LAPSED: u64 = 2;
const SUSPENDED: u64 = 1 << 2;
const ROUND: u64 = 1 << 3;
const ROUNDS: u64 = (1 << 20) - ROUND;
const UNTIL: u32 = 20;

impl State {
    pub(crate) const NEW: Self = Self(ALIVE);

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// Whether its sessions are visible, and go on being so whatever the time is.
    #[inline]
    pub(crate) fn is_steady(self) -> bool {
        self.0 & (PHASE | SUSPENDED) == ALIVE
    }

    /// Whether it has come to its end. (One that is suspended, and late, has not while nobody has said so.)
    pub(crate) fn is_over(self) -> bool {
        self.0 & PHASE != ALIVE
    }

    pub(crate) fn has_lapsed(self) -> bool {
        self.0 & PHASE == LAPSED
    }

    /// Until when it is suspended, if it is.
    pub(crate) fn suspended_until(self) -> Option<Tick> {
        (self.0 & (PHASE | SUSPENDED) == ALIVE | SUSPENDED).then(|| Tick::from_millis(self.0 >> UNTIL))
    }

    /// Somebody ends it: none if it has come to its end before.
    #[must_use]
    pub(crate) fn die(self) -> Option<Self> {
        (!self.is_over()).then_some(Self(self.0 & !PHASE | DEAD))
    }

    /// Suspended until then: none if it is suspended already, or at its end.
    #[must_use]
    pub(crate) fn suspend(self, until: Tick) -> Option<Self> {
        let round = (self.0 & ROUNDS).wrapping_add(ROUND) & ROUNDS;
        self.is_steady().then_some(Self(until.as_millis() << UNTIL | round | SUSPENDED | ALIVE))
    }

    /// Not suspended any more: none if it is not now, or too late.
    #[must_use]
    pub(crate) fn resume(self, now: Tick) -> Option<Self> {
        self.suspended_until().filter(|&until| now < until).map(|_| Self(self.0 & ROUNDS | ALIVE))
    }

    /// The time is over: none if it is not, or if it is not suspended.
    #[must_use]
    pub(crate) fn lapse(self, now: Tick) -> Option<Self> {
        self.suspended_until().filter(|&until| until <= now).map(|_| Self(self.0 & ROUNDS | LAPSED))
    }
}
