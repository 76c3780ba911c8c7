//! What a connection learns of its session and of the other side: by watching both entries.

use super::{Side, link::Link, open, sides, words};
use crate::wire::{Reason, ReasonCode, RelayMessage, Role};
use std::time::Duration;
use tenure_core::{DeathReason, EndCause, OwnedWhat, Received, Session, SessionEvent, Status};
use tenure_tokio::{EventStream, Watcher};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// Why a session is over, as its connection learns it.
pub(super) enum Learned {
    /// For this reason, which the client is told.
    Over(Reason),
    /// Nobody has claimed the code.
    Unclaimed,
    /// This side gave no sign of life: the monitor has ended its owner, or suspended it.
    Silent,
}

pub(super) struct Observer<'a, 'l> {
    link: &'l Link<'a>,
    tell: mpsc::Sender<RelayMessage>,
    own: EventStream<Side>,
    other: Option<EventStream<Side>>,
    /// Whether the client was told that the other side is away.
    away: bool,
}

impl<'a, 'l> Observer<'a, 'l> {
    /// Begins to watch. An error is why the session is over already.
    pub(super) fn new(
        link: &'l Link<'a>,
        tell: mpsc::Sender<RelayMessage>,
        away: bool,
    ) -> Result<Self, Learned> {
        let map = sides(link.relay, link.party.role);
        match Watcher::new(map).watch(link.party.code.key()) {
            Ok(own) => Ok(Self { link, tell, own, other: None, away }),
            // Only the relay can have ended it: it is shutting down.
            Err(_) => Err(Learned::Over(link.of_this_side(ReasonCode::Shutdown))),
        }
    }

    /// Watches until the session is over.
    pub(super) async fn observe(mut self) -> Learned {
        let link = self.link;
        let own = self.own_entry();
        let age =
            own.as_ref().map_or(Duration::ZERO, |own| link.relay.now().saturating_since(own.created.tick));
        let expires = Instant::now() + link.relay.args.pairing.code_ttl.saturating_sub(age);
        if own.as_ref().is_some_and(|own| own.suspended_until.is_some()) {
            return Learned::Silent;
        }
        // Claimed before it was watched: it was resumed.
        let claimed = own.is_some_and(|own| own.status != Status::Pending);
        if (link.party.role == Role::Claimer || claimed)
            && let Err(over) = self.meet().await
        {
            return over;
        }
        loop {
            let learned = tokio::select! {
                event = self.own.recv() => self.of_own(event).await,
                event = of_other(&mut self.other) => self.of_other(event).await,
                () = sleep_until(expires), if self.other.is_none() => Err(Learned::Unclaimed),
            };
            if let Err(over) = learned {
                return over;
            }
        }
    }

    async fn of_own(&mut self, event: Option<Received>) -> Result<(), Learned> {
        match session_event(event) {
            Some(SessionEvent::Ended(EndCause::OwnerDied(DeathReason::HeartbeatMissed))) => {
                return Err(Learned::Silent);
            }
            Some(SessionEvent::Ended(cause)) => {
                return Err(Learned::Over(self.link.of_this_side(words::reason_of(&cause))));
            }
            _ => {}
        }
        // Some events may have been lost: what is so counts. Without an entry its end is yet to be read.
        let Some(own) = self.own_entry() else { return Ok(()) };
        if own.suspended_until.is_some() {
            return Err(Learned::Silent);
        }
        if self.other.is_none() && own.status != Status::Pending {
            self.tell(open::paired(self.link.relay, &self.link.party)).await;
            return self.meet().await;
        }
        Ok(())
    }

    fn own_entry(&self) -> Option<Session<Side>> {
        sides(self.link.relay, self.link.party.role).get(self.link.party.code.key())
    }

    async fn of_other(&mut self, event: Option<Received>) -> Result<(), Learned> {
        if let Some(SessionEvent::Ended(cause)) = session_event(event) {
            return Err(Learned::Over(self.link.of_the_other(words::reason_of(&cause))));
        }
        self.look().await;
        Ok(())
    }

    /// Begins to watch the other side.
    async fn meet(&mut self) -> Result<(), Learned> {
        let link = self.link;
        let code = link.party.code;
        if let Ok(other) = Watcher::new(sides(link.relay, link.party.role.other())).watch(code.key()) {
            self.other = Some(other);
            self.look().await;
            return Ok(());
        }
        // It went while this side was away, or before it was seen, and has left word of why; unless it gave no sign of life
        // or did not come back: then that is remembered.
        let bereaved = self.own_entry().and_then(|own| own.payload.bereaved);
        let remembered = || {
            let removal = link.relay.why_gone(link.party.role.other(), code.key());
            link.of_the_other(
                removal.map_or(ReasonCode::Ended, |removal| words::reason_of_removal(&removal.cause)),
            )
        };
        Err(Learned::Over(bereaved.unwrap_or_else(remembered)))
    }

    /// Looks whether the other side is away, and tells the client if that has changed.
    async fn look(&mut self) {
        let link = self.link;
        let Some(other) = sides(link.relay, link.party.role.other()).get(link.party.code.key()) else {
            // It has ended, which is the next that is read.
            return;
        };
        let away = other.suspended_until;
        if away.is_some() == self.away {
            return;
        }
        self.away = away.is_some();
        let message = match away {
            Some(until) => RelayMessage::PeerAway {
                reason: other.payload.lost.unwrap_or_else(|| link.of_the_other(ReasonCode::Heartbeat)),
                until_ms: until.saturating_since(link.relay.now()).as_millis() as u64,
            },
            None => RelayMessage::PeerBack,
        };
        self.tell(message).await;
    }

    async fn tell(&self, message: RelayMessage) {
        // An error: nothing is written any more, because the connection has ended.
        let _ = self.tell.send(message).await;
    }
}

/// What happened to a session; none if some of it was lost, or it is over.
fn session_event(event: Option<Received>) -> Option<SessionEvent> {
    match event? {
        Received::Event(event) => match event.what {
            OwnedWhat::Session { kind, .. } => Some(kind),
            _ => None,
        },
        Received::Lagged(_) => None,
    }
}

async fn of_other(other: &mut Option<EventStream<Side>>) -> Option<Received> {
    match other {
        Some(other) => other.recv().await,
        None => std::future::pending().await,
    }
}
