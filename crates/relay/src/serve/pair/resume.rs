//! The first message of a connection that comes back: its session is taken up again, or it is told why that is over.

use super::{
    Party, Side,
    open::{Begun, Opened, Refusal},
    sides,
    token::{Ticket, same},
    words,
};
use crate::{
    serve::{client::Address, relay::Relay},
    wire::{ErrorCode, Reason, ReasonCode, RelayMessage, Role, Secret, State},
};
use std::{sync::Arc, time::Duration};
use tenure_core::{
    DeathReason, EndCause, Owner, RemovalCause, ResumeError, Session, SessionMap, Status, View, WaitError,
};
use tenure_tokio::Watcher;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// A connection that is in the way of its successor goes within this.
const ROOM_WITHIN: Duration = Duration::from_secs(2);

/// Why a side was not taken up again.
#[derive(Debug, PartialEq, Eq)]
enum Missed {
    /// It is over, and this is why. Perhaps since just now, so that nobody was told yet.
    Over(EndCause),
    /// It is over, and was before this call looked: that was told, and may be remembered.
    Before,
    /// Another connection stands for it, and has not made room.
    Busy,
}

/// Takes a session up again, from another connection if that one is still there.
pub(super) async fn resume(relay: &Relay, address: Address, token: &Secret) -> Result<Begun, Refusal> {
    let begun = Instant::now();
    let Some(ticket) = relay.tickets.take(token) else {
        return Err(refuse(relay, address, begun, "this token is none that this relay has given").await);
    };
    let missed = match take_up(sides(relay, ticket.role), &ticket).await {
        Ok((owner, side)) => match opened(relay, ticket, owner, &side) {
            Some(opened) => return Ok(Begun::Opened(opened)),
            None => Missed::Before,
        },
        Err(missed) => missed,
    };
    if let Some(reason) = why_over(relay, ticket, &missed) {
        return Ok(Begun::Over(reason));
    }
    let message = if missed == Missed::Busy {
        "the connection that has this session is still there, and does not make room: close it, or wait"
    } else {
        "the session is over, and was for so long that why is not remembered any more"
    };
    let refusal = refuse(relay, address, begun, message).await;
    // If it was being told of at that moment, it is remembered by now.
    why_over(relay, ticket, &missed).map(Begun::Over).ok_or(refusal)
}

/// Refuses, after as long as a claim that fails. Guessing counts as claiming does; who has a token that is too old is
/// answered all the same.
async fn refuse(relay: &Relay, address: Address, begun: Instant, message: &str) -> Refusal {
    let _ = relay.claims.count(address);
    sleep_until(begun + relay.args.pairing.refuse_after).await;
    Refusal::new(ErrorCode::StaleToken, message)
}

/// Takes up the owner of this side again, and answers its entry as it was left.
async fn take_up(map: &SessionMap<Side>, ticket: &Ticket) -> Result<(Owner, Session<Side>), Missed> {
    let code = ticket.code.key();
    let is_ours = |side: &Side| side.token.is_some_and(|held| same(held, ticket.token));
    let left = map.get(code).filter(|session| is_ours(&session.payload));
    let (error, left) = match (map.resume(&ticket.token), left) {
        (Ok(owner), Some(left)) => return Ok((owner, left)),
        // Not without its entry, which only its end takes away.
        (Ok(_), None) => return Err(Missed::Before),
        (Err(error), left) => (error, left),
    };
    // Nobody sees an entry any more from the instant that its time was over; its end is told up to a second later. But its
    // owner knows.
    if let ResumeError::OwnerDead { .. } = error {
        return Err(Missed::Over(EndCause::OwnerDied(end_of_the_suspended(map))));
    }
    let Some(left) = left else { return Err(Missed::Before) };
    // Its connection does not know yet that it is lost.
    left.payload.displace.notify_one();
    let away = |view: &View<'_, Side>| view.suspended_until().is_some();
    match Watcher::new(map).wait_until(code, away, ROOM_WITHIN).await {
        Ok(left) if is_ours(&left.payload) => match map.resume(&ticket.token) {
            Ok(owner) => Ok((owner, left)),
            Err(ResumeError::OwnerDead { .. }) => {
                Err(Missed::Over(EndCause::OwnerDied(end_of_the_suspended(map))))
            }
            // Another was quicker.
            Err(_) => Err(Missed::Busy),
        },
        Err(WaitError::Ended { cause, .. }) => Err(Missed::Over(cause)),
        Err(WaitError::TimedOut { .. }) => Err(Missed::Busy),
        _ => Err(Missed::Before),
    }
}

/// Of what a suspended owner has died: nobody has its handle, so there is nothing else.
fn end_of_the_suspended(map: &SessionMap<Side>) -> DeathReason {
    if map.is_draining() { DeathReason::Shutdown } else { DeathReason::NotResumed }
}

/// The side again, from its new connection; none if it has ended at this moment.
fn opened(relay: &Relay, ticket: Ticket, owner: Owner, left: &Session<Side>) -> Option<Opened> {
    let (code, map) = (ticket.code, sides(relay, ticket.role));
    // If the monitor has suspended it, its connection may not have seen that yet.
    left.payload.displace.notify_one();
    let displace = Arc::new(Notify::new());
    let status = map.update(code.key(), |edit| {
        let side = edit.payload_mut();
        (side.displace, side.lost) = (Arc::clone(&displace), None);
        edit.status()
    });
    let paired = ticket.role == Role::Claimer || status.ok()? != Status::Pending;
    let peer = sides(relay, ticket.role.other()).get(code.key());
    let greeting = RelayMessage::Resumed {
        code,
        role: ticket.role,
        state: if paired { State::Paired } else { State::Waiting },
        peer_away: paired && peer.is_some_and(|peer| peer.suspended_until.is_some()),
    };
    let pair = Arc::clone(&left.payload.pair);
    let party = Party { code, role: ticket.role, pair, token: Some(ticket.token), displace };
    Some(Opened { party, owner, greeting })
}

/// Why the session of this ticket is over, if it is and that is known: for who was there, as the ticket's mark says. A
/// guesser of codes learns nothing of it.
fn why_over(relay: &Relay, ticket: Ticket, missed: &Missed) -> Option<Reason> {
    if *missed == Missed::Busy {
        return None;
    }
    let (cause, age) = match (relay.why_gone(ticket.role, ticket.code.key()), missed) {
        (Some(told), _) => (told.cause.clone(), told.age(relay.now())),
        (None, Missed::Over(cause)) => (RemovalCause::Ended(cause.clone()), Duration::ZERO),
        (None, _) => return None,
    };
    let pairing = &relay.args.pairing;
    let reason = if cause == RemovalCause::Ended(EndCause::OwnerDied(DeathReason::NotResumed)) {
        let text = format!("This side did not come back within {:?}.", pairing.grace);
        Reason { code: ReasonCode::Expired, text }
    } else {
        match words::reason_of_removal(&cause) {
            // By the other side.
            ReasonCode::Ended => {
                let other = relay.why_gone(ticket.role.other(), ticket.code.key());
                let code = other.map_or(ReasonCode::Ended, |other| words::reason_of_removal(&other.cause));
                words::of_the_other(code, pairing.dead_after, pairing.grace)
            }
            code => words::of_this_side(code, pairing.stall_after, pairing.code_ttl),
        }
    };
    let text = format!("{} {}", reason.text, words::ago(age));
    Some(Reason { text, ..reason })
}

#[cfg(test)]
mod tests;
