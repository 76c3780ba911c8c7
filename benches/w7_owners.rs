//! W7: an owner with many sessions dies; many owners with one session each die.
//!
//! Two figures for each: how long until none of its sessions is to be seen, and the time for each session until all is
//! freed.

use crate::{session_peers::Sessions, w6_sessions::code};
use std::time::Instant;

/// A store in which others' sessions stand all the time.
pub(crate) struct Deaths<S: Sessions> {
    store: S,
    _others: Vec<S::Owner>,
    /// The first code that nobody has used.
    next: usize,
}

impl<S: Sessions> Deaths<S> {
    pub(crate) fn new(others: usize) -> Self {
        let store = S::new();
        let owner = store.owner();
        for number in 0..others {
            assert!(store.create(&code(number), &owner), "{}: code {number} is taken", S::PEER);
        }
        Self { store, _others: vec![owner], next: others }
    }

    fn codes(&mut self, count: usize) -> Vec<String> {
        // The same ones each time: they are gone by then.
        (self.next..self.next + count).map(code).collect()
    }

    /// Nanoseconds until the owner of `count` sessions is seen dead; nanoseconds per session until all is freed.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub(crate) fn one_owner(&mut self, count: usize) -> Vec<f64> {
        let codes = self.codes(count);
        let owner = self.store.owner();
        assert!(codes.iter().all(|code| self.store.create(code, &owner)), "{}", S::PEER);
        let start = Instant::now();
        self.store.end(owner);
        let unseen = start.elapsed();
        assert!(!codes.iter().step_by(97).any(|code| self.store.get(code)), "{} shows the dead", S::PEER);
        let again = Instant::now();
        self.store.free();
        let freed = unseen + again.elapsed();
        vec![unseen.as_nanos() as f64, freed.as_nanos() as f64 / count as f64]
    }

    /// The same for `count` owners of one session each; both figures are for each owner.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub(crate) fn many_owners(&mut self, count: usize) -> Vec<f64> {
        let codes = self.codes(count);
        let owners: Vec<S::Owner> = codes.iter().map(|_| self.store.owner()).collect();
        assert!(codes.iter().zip(&owners).all(|(code, owner)| self.store.create(code, owner)), "{}", S::PEER);
        let start = Instant::now();
        owners.into_iter().for_each(|owner| self.store.end(owner));
        let unseen = start.elapsed();
        assert!(!codes.iter().step_by(97).any(|code| self.store.get(code)), "{} shows the dead", S::PEER);
        let again = Instant::now();
        self.store.free();
        let freed = unseen + again.elapsed();
        vec![unseen.as_nanos() as f64 / count as f64, freed.as_nanos() as f64 / count as f64]
    }
}
