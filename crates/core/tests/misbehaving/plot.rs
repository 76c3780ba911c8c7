//! When user code misbehaves, and how.

use crate::patience::until;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::SystemTime,
};
use tenure_core::{Clock, Destination, ManualClock, Tick};

/// The kinds of user code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    Clone,
    Eq,
    IsValid,
    Drop,
    Observer,
    Clock,
    Closure,
    Predicate,
    Wake,
}

type Act = Arc<dyn Fn() + Send + Sync>;

/// What is to happen at one call of one kind, and how many payloads there are.
#[derive(Default)]
pub(crate) struct Plot {
    armed: Mutex<Option<(Hook, usize, Act)>>,
    /// Whether it happens at all later calls as well.
    goes_on: AtomicBool,
    fired: AtomicU64,
    /// How often it is happening at this moment: another test's thread may have come to drop a payload of ours.
    acting: AtomicU64,
    alive: AtomicI64,
    /// Payloads that were dropped twice.
    twice: AtomicU64,
}

impl Plot {
    /// At the `nth` call from now on, from 1.
    pub(crate) fn arm(&self, hook: Hook, nth: usize, act: Act) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some((hook, nth, act));
    }

    /// What happens, happens at every later call as well.
    pub(crate) fn go_on(&self) {
        self.goes_on.store(true, Ordering::SeqCst);
    }

    /// When it returns, nothing happens any more.
    pub(crate) fn disarm(&self) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        until("what has begun to misbehave has done it", || self.acting.load(Ordering::SeqCst) == 0);
    }

    /// How often something has happened.
    pub(crate) fn fired(&self) -> u64 {
        self.fired.load(Ordering::SeqCst)
    }

    /// How many payloads there are.
    pub(crate) fn alive(&self) -> i64 {
        assert_eq!(self.twice.load(Ordering::SeqCst), 0, "dropped twice");
        self.alive.load(Ordering::SeqCst)
    }

    pub(crate) fn call(&self, hook: Hook) {
        let act = {
            let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *armed {
                Some((expected, nth, act)) if *expected == hook => {
                    *nth -= 1;
                    if *nth == 0 {
                        self.acting.fetch_add(1, Ordering::SeqCst);
                        let act = Arc::clone(act);
                        if self.goes_on.load(Ordering::SeqCst) {
                            *nth = 1;
                        } else {
                            *armed = None;
                        }
                        Some((act, Acting(&self.acting)))
                    } else {
                        None
                    }
                }
                _ => None,
            }
        };
        if let Some((act, _acting)) = act {
            self.fired.fetch_add(1, Ordering::SeqCst);
            act();
        }
    }
}

/// Counted for as long as it lasts, also where it ends by unwinding.
struct Acting<'a>(&'a AtomicU64);

impl Drop for Acting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A payload whose every trait is the user's.
pub(crate) struct Wild {
    pub(crate) number: u32,
    plot: Arc<Plot>,
    dropped: bool,
}

impl Wild {
    pub(crate) fn new(number: u32, plot: &Arc<Plot>) -> Self {
        plot.alive.fetch_add(1, Ordering::SeqCst);
        Self { number, plot: Arc::clone(plot), dropped: false }
    }
}

impl Clone for Wild {
    fn clone(&self) -> Self {
        self.plot.call(Hook::Clone);
        Self::new(self.number, &self.plot)
    }
}

impl PartialEq for Wild {
    fn eq(&self, other: &Self) -> bool {
        self.plot.call(Hook::Eq);
        self.number == other.number
    }
}

impl Destination for Wild {
    fn is_valid(&self) -> bool {
        self.plot.call(Hook::IsValid);
        self.number != 0
    }
}

impl Drop for Wild {
    fn drop(&mut self) {
        self.plot.twice.fetch_add(u64::from(self.dropped), Ordering::SeqCst);
        self.dropped = true;
        self.plot.alive.fetch_sub(1, Ordering::SeqCst);
        self.plot.call(Hook::Drop);
    }
}

/// A manual clock that misbehaves when it is asked for the time.
#[derive(Clone)]
pub(crate) struct WildClock {
    pub(crate) time: ManualClock,
    pub(crate) plot: Arc<Plot>,
}

impl std::fmt::Debug for WildClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WildClock")
    }
}

impl Clock for WildClock {
    fn now(&self) -> Tick {
        self.plot.call(Hook::Clock);
        self.time.now()
    }

    fn wall(&self) -> SystemTime {
        self.plot.call(Hook::Clock);
        self.time.wall()
    }
}

/// Thrown by user code on purpose.
#[derive(Debug)]
pub(crate) struct Thrown;

/// Does something that may throw what was planted, and nothing else; whether it has.
pub(crate) fn survives(act: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(()) => true,
        Err(thrown) if thrown.is::<Thrown>() => false,
        Err(other) => std::panic::resume_unwind(other),
    }
}

/// Throws without a word on the terminal.
pub(crate) fn throw() {
    std::panic::resume_unwind(Box::new(Thrown));
}
