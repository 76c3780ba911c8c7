//! The owner's word as a value: what it may become, without threads.

/// Where an owner is in its life.
///
/// Two bits are used. The others are kept for an owner that is suspended until a deadline (44 bits of it), which is
/// alive and will be a flag beside the phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State(u64);

const PHASE: u64 = 0b11;
const ALIVE: u64 = 0;
/// Somebody has won the right to end it and is writing down why. Still alive for everybody else.
const DYING: u64 = 1;
const DEAD: u64 = 2;

impl State {
    pub(crate) const NEW: Self = Self(ALIVE);

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// Whether its sessions are visible.
    #[inline]
    pub(crate) fn is_alive(self) -> bool {
        self.0 & PHASE != DEAD
    }

    /// Somebody wants to end it: none if another has already won that.
    #[must_use]
    pub(crate) fn doom(self) -> Option<Self> {
        (self.0 & PHASE == ALIVE).then_some(Self(self.0 & !PHASE | DYING))
    }

    /// The one who doomed it ends it.
    #[must_use]
    pub(crate) fn die(self) -> Self {
        debug_assert_eq!(self.0 & PHASE, DYING, "only what is doomed dies");
        Self(self.0 & !PHASE | DEAD)
    }
}
