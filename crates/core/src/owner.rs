//! Owners: what sessions live as long as.
//!
//! Whoever holds an [`Owner`] decides when it dies. Its death is one store to one word, and every look-up of a session
//! reads that word, or a count that says that it need not (`wards.rs`): so all of an owner's sessions disappear at once, however many there are. Freeing them comes
//! after. An owner knows its sessions only by *hints*, the hashes of their codes: the table says what is true, a hint
//! says where to look.

use crate::{clock::Tick, event::DeathReason, panics::in_destructor, sync::Ordering};
use std::{
    fmt,
    hash::{Hash, Hasher},
    num::NonZeroU64,
    ops::Deref,
    sync::{Arc, Weak},
    time::Duration,
};

mod backlog;
mod core;
mod hints;
mod state;
#[cfg(test)]
mod tests;
mod token;
mod wards;

pub(crate) use backlog::Backlog;
pub(crate) use core::OwnerCore;
use hints::Hints;
pub use token::{NoToken, ParseTokenError, ResumeError, SuspendError, SuspendErrorKind, Token};
pub(crate) use wards::{Ward, Wards};

/// Gives every owner of the process its number. No part of any model: std's atomic.
static INCARNATIONS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

/// The number of one owner: unique in the process, never reused, growing in the order of creation.
///
/// It is what tells the owner of yesterday's connection from that of today's, although both stand for the same peer.
///
/// ```
/// use tenure_core::{Pairing, SessionMap};
///
/// let map = SessionMap::<Pairing>::new();
/// let (first, second) = (map.owner(), map.owner());
/// assert!(first.incarnation() < second.incarnation());
/// assert!(first.incarnation().get() > 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Incarnation(NonZeroU64);

impl Incarnation {
    fn next() -> Self {
        // Relaxed: each number is given once, which is all that is asked for. At a billion owners a second it lasts
        // for 584 years; then the fallback would give the last number again.
        let number = INCARNATIONS.fetch_add(1, Ordering::Relaxed);
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MAX))
    }

    /// The bare number.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The table that owners are made by, as far as they know it.
pub(crate) trait Home: Send + Sync {
    /// The owner is dead: free what it has left, now or soon.
    fn bury(&self, owner: &OwnerRef);

    /// The time, for those that are suspended.
    fn now(&self) -> Tick;

    /// Suspends the owner until then: keeps its name for who resumes it, and buries it if nobody does. False if it is
    /// dead.
    fn suspend(&self, owner: &OwnerRef, until: Tick) -> bool;

    /// Tells everybody whom it concerns that the owner is suspended until then.
    fn tell_suspended(&self, owner: &OwnerRef, until: Tick);
}

/// A handle that keeps an owner alive: when it is dropped, also by unwinding, the owner is dead.
///
/// There is one such handle for each owner, made by [`SessionMap::owner`](crate::SessionMap::owner). When dropping it
/// (or [`release`](Owner::release)) returns, none of the owner's sessions is visible any more. A few sessions (64) are
/// freed by then as well; more are freed by the map's background thread soon after, or by the next call that prunes
/// it. So are all of an owner that is ended by an observer or a waker that was told of another's end, eight of those inside
/// each other. It derefs to [`OwnerRef`], which names the owner without keeping it alive.
///
/// ```
/// use tenure_core::{Pairing, SessionMap};
///
/// let map = SessionMap::new();
/// let owner = map.owner();
/// map.create("K7QX", Pairing::sending(), &owner)?;
/// assert!(map.get("K7QX").is_some());
/// drop(owner);
/// assert!(map.get("K7QX").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an owner that is dropped at once is dead at once"]
pub struct Owner {
    name: OwnerRef,
    /// Whether its drop does nothing: the owner lives on without a handle.
    let_go: bool,
}

impl Owner {
    pub(crate) fn new(home: Weak<dyn Home>, wards: Arc<Wards>) -> Self {
        Self { name: OwnerRef { core: Arc::new(OwnerCore::new(home, wards)) }, let_go: false }
    }

    /// The handle of an owner that has none: it was just resumed.
    pub(crate) fn of(name: OwnerRef) -> Self {
        Self { name, let_go: false }
    }

    /// Ends the owner with a reason of your choice, which observers and waiters are told.
    ///
    /// The first reason stands: an owner that is already dead keeps the one it has.
    ///
    /// ```
    /// use tenure_core::{DeathReason, Pairing, SessionMap};
    ///
    /// let map = SessionMap::<Pairing>::new();
    /// let owner = map.owner();
    /// let name = owner.name().clone();
    /// owner.release(DeathReason::PeerClosed);
    /// assert_eq!(name.reason(), Some(DeathReason::PeerClosed));
    /// ```
    pub fn release(self, reason: DeathReason) {
        self.name.end(reason);
    }

    /// The token with which it can be resumed after having been suspended.
    ///
    /// Drawn at the first call, and the same at every further one.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    ///
    /// ```
    /// use tenure_core::{NoToken, SessionMap};
    ///
    /// let map = SessionMap::<()>::new();
    /// let owner = map.owner();
    /// let token = owner.token()?;
    /// assert_eq!(owner.token()?, token);
    /// # Ok::<(), NoToken>(())
    /// ```
    pub fn token(&self) -> Result<Token, NoToken> {
        let draw = || getrandom::u64().map_err(|error| error.to_string());
        let secret = self.name.core.secret(draw).map_err(|why| NoToken { why })?;
        Ok(Token::new(self.incarnation(), secret))
    }

    /// Suspends the owner for so long: the connection is lost, and the peer may come back.
    ///
    /// Its sessions stay as they are and are marked as suspended. If
    /// [`SessionMap::resume`](crate::SessionMap::resume) is called with its token in time, the owner has a handle
    /// again and nothing has happened. If not, it is dead from that tick on, by the map's clock, with the reason
    /// [`NotResumed`](DeathReason::NotResumed), and its sessions are gone. Meanwhile it may be given sessions like any
    /// other.
    ///
    /// When it returns, whoever waits for one of its sessions has been woken, and whoever reads events has
    /// [`Suspended`](crate::SessionEvent::Suspended) for each of them. While nobody does either, that costs nothing;
    /// else a look-up for each session of the owner, and a look at the whole map if somebody else creates, deletes or
    /// moves sessions of the owner at the same moment.
    ///
    /// # Errors
    /// The owner is dead, its map is gone, or there is nothing to draw a token from: the handle is given back.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenure_core::{DeathReason, ManualClock, SessionMap};
    ///
    /// let clock = ManualClock::new();
    /// let map = SessionMap::builder().clock(clock.clone()).build()?;
    /// let owner = map.owner();
    /// map.create("K7QX", "state", &owner)?;
    ///
    /// let token = owner.suspend(Duration::from_secs(30))?; // the connection is lost
    /// clock.advance(Duration::from_secs(29));
    /// assert!(map.get("K7QX").unwrap().suspended_until.is_some());
    /// let owner = map.resume(&token)?; // the peer is back
    /// assert!(map.get("K7QX").unwrap().suspended_until.is_none());
    ///
    /// let name = owner.name().clone();
    /// owner.suspend(Duration::from_secs(30))?;
    /// clock.advance(Duration::from_secs(30));
    /// assert!(map.get("K7QX").is_none() && map.resume(&token).is_err());
    /// assert_eq!(name.reason(), Some(DeathReason::NotResumed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn suspend(mut self, grace: Duration) -> Result<Token, SuspendError> {
        let token = match self.token() {
            Ok(token) => token,
            Err(error) => return Err(SuspendError { kind: SuspendErrorKind::NoToken(error), owner: self }),
        };
        let Some(home) = self.name.core.home() else {
            return Err(SuspendError { kind: SuspendErrorKind::MapGone, owner: self });
        };
        let until = home.now().saturating_add(grace);
        // The one handle is here, so nobody else suspends it.
        if !home.suspend(&self.name, until) {
            let kind = SuspendErrorKind::OwnerDead { incarnation: self.incarnation().get() };
            return Err(SuspendError { kind, owner: self });
        }
        // From here on it lives without its handle, also where user code that is told unwinds.
        self.let_go = true;
        home.tell_suspended(&self.name, until);
        Ok(token)
    }

    /// The owner's name, which can be cloned and does not keep it alive.
    pub fn name(&self) -> &OwnerRef {
        &self.name
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if !self.let_go {
            self.name.end(DeathReason::Dropped);
        }
    }
}

impl Deref for Owner {
    type Target = OwnerRef;

    fn deref(&self) -> &OwnerRef {
        &self.name
    }
}

/// So that `&owner` can be given where a session may have an owner or none.
impl<'a> From<&'a Owner> for Option<&'a OwnerRef> {
    fn from(owner: &'a Owner) -> Self {
        Some(&owner.name)
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owner").field(&self.incarnation().get()).finish()
    }
}

/// The name of an owner: enough to give it sessions and to ask whether it is alive, not to keep it alive.
///
/// Two names are equal if they are of the same [`Incarnation`].
///
/// ```
/// use tenure_core::{DeathReason, Pairing, SessionMap};
///
/// let map = SessionMap::<Pairing>::new();
/// let owner = map.owner();
/// let name = owner.name().clone();
/// map.create("K7QX", Pairing::sending(), &name)?;
/// assert!(name.is_alive() && name.reason().is_none() && name.suspended_until().is_none());
/// assert_eq!((name.incarnation(), name.session_count()), (owner.incarnation(), 1));
/// assert!(name.note_count() >= 1);
/// drop(owner);
/// assert_eq!(name.reason(), Some(DeathReason::Dropped));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OwnerRef {
    core: Arc<OwnerCore>,
}

impl OwnerRef {
    /// Whether it is alive. Once false, false for ever.
    #[inline]
    pub fn is_alive(&self) -> bool {
        self.core.is_alive()
    }

    /// Its number.
    pub fn incarnation(&self) -> Incarnation {
        self.core.incarnation()
    }

    /// How it died; none while it is alive.
    pub fn reason(&self) -> Option<DeathReason> {
        (!self.is_alive()).then(|| self.core.why())
    }

    /// Until when it is suspended, by its map's clock; none if it is not, or is dead.
    pub fn suspended_until(&self) -> Option<Tick> {
        self.core.suspended_until()
    }

    /// How many sessions it has: what the bound per owner counts. While a session is created for it, that one counts
    /// already. After its death it falls to 0 as they are freed.
    pub fn session_count(&self) -> usize {
        self.core.live()
    }

    /// How many notes the owner keeps of where its sessions are: at most about twice as many as it has sessions, and a
    /// few. What was deleted leaves no note for long. For diagnosis.
    pub fn note_count(&self) -> usize {
        self.core.hints.len()
    }

    /// Where to ask first whether it is alive.
    pub(crate) fn ward(&self) -> Ward {
        Ward::of(self.incarnation())
    }

    pub(crate) fn core(&self) -> &OwnerCore {
        &self.core
    }

    /// Ends it, as its handle could. False if another has.
    ///
    /// In line, so that the few instructions before which its sessions are visible lie side by side: owners die seldom,
    /// and each piece of code that no cache has any longer takes as long to come as all the rest.
    #[inline(always)]
    pub(crate) fn end(&self, reason: DeathReason) -> bool {
        let ended = self.core.kill(reason);
        if ended {
            self.bury();
        }
        ended
    }

    #[inline(never)]
    fn bury(&self) {
        // Mostly by its handle's destructor.
        in_destructor(|| {
            if let Some(home) = self.core.home() {
                home.bury(self);
            }
        });
    }

    /// Takes it up again; false if it is not suspended, or its time is over. Who is answered true makes its handle.
    pub(crate) fn resume(&self, now: Tick) -> bool {
        self.core.resume(now)
    }

    /// Whether it was made by this table.
    pub(crate) fn lives_at(&self, home: *const ()) -> bool {
        self.core.lives_at(home)
    }
}

impl PartialEq for OwnerRef {
    fn eq(&self, other: &Self) -> bool {
        self.incarnation() == other.incarnation()
    }
}

impl Eq for OwnerRef {}

impl Hash for OwnerRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.incarnation().hash(state);
    }
}

impl fmt::Debug for OwnerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnerRef")
            .field("incarnation", &self.incarnation().get())
            .field("alive", &self.is_alive())
            .finish_non_exhaustive()
    }
}
