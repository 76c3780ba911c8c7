//! What all handles of one owner share, and its death.
//!
//! # Creation against death
//! A session is created for an owner at the moment in which the owner dies. One of the two must clean up:
//!
//! | the creator | the dying |
//! | --- | --- |
//! | puts the session into the table | |
//! | pushes the hint | stores *dead* |
//! | fence | fence |
//! | reads the word | takes the hints and looks them up in the table |
//!
//! Both fences are `SeqCst`, so one comes first. If it is the creator's, the dying one finds hint and session; if it
//! is the dying one's, the creator reads *dead* and cleans up itself. Handing a session over and tidying the hints
//! follow the same rule, with the same fence ([`OwnerCore::died_meanwhile`]). So does who frees an owner that was not
//! resumed in time: it has read *lapsed* where another would have stored *dead* ([`OwnerCore::has_lapsed`]).
//!
//! # Suspension
//! A suspended owner is alive until its deadline. Whoever is the first to see that passed says so in the word, by an
//! exchange, before it says so to anybody else; resuming is an exchange as well, of the same word. So no owner is
//! seen dead and then resumed.

use super::{Hints, Home, Incarnation, Ward, Wards, state::State};
use crate::{
    clock::Tick,
    event::DeathReason,
    raw::Once,
    sync::{AtomicU64, AtomicUsize, Ordering, after_exchange},
};
use std::sync::{Arc, Weak};

/// What all handles of one owner share.
pub(crate) struct OwnerCore {
    /// A [`State`].
    word: AtomicU64,
    incarnation: Incarnation,
    /// Written by the first who wants to end it, before the word says *dead*; that anybody can say then.
    pub(super) reason: Once<DeathReason>,
    /// Sessions of this owner that stand in the table or have a place reserved.
    live: AtomicUsize,
    /// The hashes of codes under which to look for sessions of this owner.
    pub(crate) hints: Hints,
    /// The number of the sweep that first met a session of this owner after its death; 0 if none has.
    pub(crate) met_by_sweep: AtomicU64,
    /// What its token holds besides its number; 0 while nobody has asked for one.
    secret: AtomicU64,
    home: Weak<dyn Home>,
    /// Those of the same table.
    wards: Arc<Wards>,
}

impl OwnerCore {
    pub(super) fn new(home: Weak<dyn Home>, wards: Arc<Wards>) -> Self {
        Self {
            word: AtomicU64::new(State::NEW.bits()),
            incarnation: Incarnation::next(),
            reason: Once::new(),
            live: AtomicUsize::new(0),
            hints: Hints::new(),
            met_by_sweep: AtomicU64::new(0),
            secret: AtomicU64::new(0),
            home,
            wards,
        }
    }

    pub(super) fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    pub(super) fn home(&self) -> Option<Arc<dyn Home>> {
        self.home.upgrade()
    }

    pub(super) fn lives_at(&self, home: *const ()) -> bool {
        std::ptr::addr_eq(self.home.as_ptr(), home)
    }

    /// Ends the owner; false if it was ended before. Either way it has ended when this returns.
    ///
    /// No session of the owner is visible any more to anybody who knows of the return. Of several who end it at once the
    /// first to write down a reason gives it, and any of them ends it: nobody waits for one that is stopped between.
    /// Who is answered true is to bury it.
    #[inline(always)]
    pub(super) fn kill(&self, reason: DeathReason) -> bool {
        if self.state().is_over() {
            return false;
        }
        self.write_down(reason);
        if !self.change(State::die) {
            return false;
        }
        // SeqCst: pairs with the fence in `died_meanwhile`; see the module's table.
        after_exchange::fence(Ordering::SeqCst);
        true
    }

    /// Writes down why it ends, unless that is written. What most owners end of allocates nothing: sessions are visible
    /// until after this.
    #[inline(always)]
    fn write_down(&self, reason: DeathReason) {
        static DROPPED: DeathReason = DeathReason::Dropped;
        static FINISHED: DeathReason = DeathReason::Finished;
        static PEER_CLOSED: DeathReason = DeathReason::PeerClosed;
        match reason {
            DeathReason::Dropped => self.reason.get_or_set_lasting(&DROPPED),
            DeathReason::Finished => self.reason.get_or_set_lasting(&FINISHED),
            DeathReason::PeerClosed => self.reason.get_or_set_lasting(&PEER_CLOSED),
            reason => self.reason.get_or_set(reason),
        };
    }

    /// Suspends the owner; false if it is at its end, or suspended already.
    pub(crate) fn suspend(&self, until: Tick) -> bool {
        self.change(|state| state.suspend(until))
    }

    /// Takes the owner up again; false if it is not suspended, or its time is over.
    pub(super) fn resume(&self, now: Tick) -> bool {
        self.change(|state| state.resume(now))
    }

    /// Moves the word on, as soon as nobody else does, and answers whether it has. It has not where that move does not
    /// exist.
    #[inline(always)]
    fn change(&self, to: impl Fn(State) -> Option<State>) -> bool {
        // Who has nothing to change writes nothing; and having seen the owner's end finds its ward disturbed.
        if to(self.state()).is_none() {
            return false;
        }
        let ward = Ward::of(self.incarnation);
        self.wards.raise(ward);
        let moved = self.exchange(to);
        // What is over: this raise, unless the owner is restless from now on, and the one that stood for it before.
        let restless = |state: State| usize::from(!state.is_steady());
        let over = moved.map_or(1, |(before, now)| 1 + restless(before) - restless(now));
        if over > 0 {
            self.wards.lower(ward, over);
        }
        moved.is_some()
    }

    /// The exchange of the word: what it was and what it is.
    fn exchange(&self, to: impl Fn(State) -> Option<State>) -> Option<(State, State)> {
        // Acquire: as in `state`.
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            let next = to(State::from_bits(seen))?;
            // Release: pairs with the Acquire in `state`: who sees it dead sees the reason, and its ward disturbed.
            // Acquire, here and on failure, for the same reason; and so that raises of a ward are lowered after they
            // were made.
            let won = self.word.compare_exchange_weak(seen, next.bits(), Ordering::AcqRel, Ordering::Acquire);
            match won {
                Ok(_) => return Some((State::from_bits(seen), next)),
                Err(actual) => seen = actual,
            }
        }
    }

    fn state(&self) -> State {
        // Acquire: pairs with the Release in `exchange`: who sees it dead sees the reason.
        State::from_bits(self.word.load(Ordering::Acquire))
    }

    /// Until when it is suspended, if it is.
    pub(super) fn suspended_until(&self) -> Option<Tick> {
        self.is_alive().then(|| self.state().suspended_until()).flatten()
    }

    /// For who has just pushed a hint: whether the owner is dead, and the hint may have come too late for its death.
    pub(crate) fn died_meanwhile(&self) -> bool {
        // SeqCst: pairs with the fence in `kill` and in `has_lapsed`; see the module's table.
        after_exchange::fence(Ordering::SeqCst);
        !self.is_alive()
    }

    /// For who is about to free its sessions: whether it was suspended and was not resumed in time.
    pub(crate) fn has_lapsed(&self) -> bool {
        let lapsed = !self.is_alive() && self.state().has_lapsed();
        // SeqCst: pairs with the fence in `died_meanwhile`; see the module's table.
        after_exchange::fence(Ordering::SeqCst);
        lapsed
    }

    /// Whether it is alive. Writes nothing, unless it is the first to see that a suspended owner's time is over.
    #[inline]
    pub(crate) fn is_alive(&self) -> bool {
        let state = self.state();
        state.is_steady() || self.is_alive_at_least(state)
    }

    #[cold]
    fn is_alive_at_least(&self, state: State) -> bool {
        if state.is_over() {
            return false;
        }
        if state.suspended_until().is_none() {
            return true;
        }
        // Without its table nobody can resume it.
        let now = self.home.upgrade().map_or(Tick::MAX, |home| home.now());
        // Whoever resumes it meanwhile, or ends it, has won the word; then it is as that one says.
        !self.change(|state| state.lapse(now)) && !self.state().is_over()
    }

    /// What its token holds, drawing it if this is the first call to ask.
    pub(super) fn secret(&self, draw: impl FnOnce() -> Result<u64, String>) -> Result<u64, String> {
        // Relaxed, here and below: a number, drawn once, which orders nothing.
        let known = self.secret.load(Ordering::Relaxed);
        if known != 0 {
            return Ok(known);
        }
        // 0 means *none yet*.
        let drawn = draw()?.max(1);
        match self.secret.compare_exchange(0, drawn, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Ok(drawn),
            Err(known) => Ok(known),
        }
    }

    /// Whether this is what its token holds.
    pub(crate) fn knows(&self, secret: u64) -> bool {
        // Relaxed: as in `secret`.
        secret != 0 && self.secret.load(Ordering::Relaxed) == secret
    }

    /// Takes a place for one more session, if fewer than `bound` are taken. Exact: no two callers get the last one.
    pub(crate) fn reserve(&self, bound: usize) -> bool {
        let more = |live: usize| (live < bound).then_some(live + 1);
        // Relaxed, both: the count alone decides, and it publishes nothing.
        self.live.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Gives a place back.
    pub(crate) fn release_place(&self) {
        // Relaxed: as in `reserve`.
        let before = self.live.fetch_sub(1, Ordering::Relaxed);
        debug_assert!(before > 0, "a place was given back twice");
    }

    pub(crate) fn live(&self) -> usize {
        // Relaxed: as in `reserve`.
        self.live.load(Ordering::Relaxed)
    }

    /// Whether more than half of the hints lead nowhere, so that tidying pays.
    pub(crate) fn is_untidy(&self) -> bool {
        self.hints.len() > 2 * self.live() + 32
    }

    pub(crate) fn why(&self) -> DeathReason {
        if self.state().has_lapsed() {
            return DeathReason::NotResumed;
        }
        // Only asked for after it was seen dead, so it is there.
        self.reason.get().cloned().unwrap_or(DeathReason::Dropped)
    }
}

impl Drop for OwnerCore {
    fn drop(&mut self) {
        // No session names it any more.
        if !self.state().is_steady() {
            self.wards.lower(Ward::of(self.incarnation), 1);
        }
    }
}
