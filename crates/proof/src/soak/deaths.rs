//! Which owners had died before an operation began: none of their sessions may be its answer.

use std::sync::atomic::{AtomicU64, Ordering};
use tenure_core::Incarnation;

/// So many of the latest owners are remembered: those of some seconds.
const REMEMBERED: u64 = 1 << 16;
/// Bits of a death's number in a place; the rest tells which of the owners of that place it was.
const NUMBER_BITS: u32 = 44;

/// A register of deaths, in the order in which they were complete.
#[derive(Debug)]
pub(crate) struct Deaths {
    complete: AtomicU64,
    places: Box<[AtomicU64]>,
}

impl Deaths {
    pub(crate) fn new() -> Self {
        let places = (0..REMEMBERED).map(|_| AtomicU64::new(0)).collect();
        Self { complete: AtomicU64::new(0), places }
    }

    /// The dropping of this owner, or its release, has returned.
    pub(crate) fn note(&self, owner: Incarnation) {
        let (place, which) = Self::place(owner);
        // AcqRel: who reads a number at least as high in `so_far` sees this death complete.
        let number = self.complete.fetch_add(1, Ordering::AcqRel) + 1;
        // Relaxed: a reader that misses it lets one chance to find a mistake go by.
        self.places[place].store(which << NUMBER_BITS | number, Ordering::Relaxed);
    }

    /// How many deaths are complete: ask before the operation.
    pub(crate) fn so_far(&self) -> u64 {
        // Acquire: pairs with the release in `note`.
        self.complete.load(Ordering::Acquire)
    }

    /// Whether the owner is known to have been dead when `so_far` was asked.
    pub(crate) fn is_before(&self, owner: Incarnation, so_far: u64) -> bool {
        let (place, which) = Self::place(owner);
        let noted = self.places[place].load(Ordering::Relaxed);
        let (noted_which, number) = (noted >> NUMBER_BITS, noted & ((1 << NUMBER_BITS) - 1));
        number != 0 && noted_which == which && number <= so_far
    }

    fn place(owner: Incarnation) -> (usize, u64) {
        let mask = (1 << (64 - NUMBER_BITS)) - 1;
        ((owner.get() % REMEMBERED) as usize, (owner.get() / REMEMBERED) & mask)
    }
}
