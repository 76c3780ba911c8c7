//! The first message of a connection: a code is created or claimed. (Taken up again: `resume.rs`.)

use super::{Pair, Party, Side, resume::resume, token::Ticket};
use crate::{
    serve::{client::Address, relay::Relay},
    wire::{ClientMessage, ErrorCode, PairCode, Reason, RelayMessage, Role, Secret},
};
use axum::extract::ws::{Message, WebSocket};
use std::{sync::Arc, time::Duration};
use tenure_core::{CreateErrorKind, Owner, Status, Token};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};

/// The relay refuses.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) retry: Option<Duration>,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry: None }
    }

    pub(super) fn to_message(&self) -> RelayMessage {
        let retry_ms = self.retry.map(|retry| retry.as_millis() as u64 + 1);
        RelayMessage::Error { code: self.code, message: self.message.clone(), retry_ms }
    }
}

/// A connection that has said what it wants, and has it.
pub(super) struct Opened {
    pub(super) party: Party,
    pub(super) owner: Owner,
    /// What it is told first.
    pub(super) greeting: RelayMessage,
}

/// What a connection has begun with.
pub(super) enum Begun {
    /// It has what it wants.
    Opened(Opened),
    /// It wants a session back that is over, and was there: it is told why.
    Over(Reason),
    /// It went before it had said anything.
    Nothing,
}

/// Reads the first message and does what it asks for.
pub(super) async fn open(
    relay: &Arc<Relay>,
    socket: &mut WebSocket,
    address: Address,
) -> Result<Begun, Refusal> {
    let hello = relay.args.pairing.hello;
    let Ok(first) = timeout(hello, first_text(socket)).await else {
        let message = format!("nothing was said for {hello:?}; say create, claim or resume first");
        return Err(Refusal::new(ErrorCode::BadMessage, message));
    };
    let Some(text) = first? else { return Ok(Begun::Nothing) };
    let message = ClientMessage::parse(&text)
        .map_err(|error| Refusal::new(ErrorCode::BadMessage, error.to_string()))?;
    if relay.stopping.is_cancelled() {
        return Err(shutting_down());
    }
    match message {
        ClientMessage::Create { resumable } => create(relay, address, resumable).map(Begun::Opened),
        ClientMessage::Claim { code, resumable } => {
            claim(relay, address, &code, resumable).await.map(Begun::Opened)
        }
        ClientMessage::Resume { token } => resume(relay, address, &token).await,
        ClientMessage::Leave | ClientMessage::Pong => {
            Err(Refusal::new(ErrorCode::BadMessage, "the first message has to be create, claim or resume"))
        }
    }
}

async fn first_text(socket: &mut WebSocket) -> Result<Option<String>, Refusal> {
    loop {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => return Ok(Some(text.as_str().to_owned())),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => {
                return Err(Refusal::new(
                    ErrorCode::BadMessage,
                    "the first frame has to be a text, not binary",
                ));
            }
            Some(Err(error)) => return super::inbound::refusal_of(error).map_or(Ok(None), Err),
            Some(Ok(Message::Close(_))) | None => return Ok(None),
        }
    }
}

pub(super) fn shutting_down() -> Refusal {
    Refusal::new(ErrorCode::ShuttingDown, "the relay is shutting down; try again later")
}

fn create(relay: &Relay, address: Address, resumable: bool) -> Result<Opened, Refusal> {
    let place = relay.sessions.take(address).map_err(|full| {
        Refusal::new(ErrorCode::LimitReached, format!("there is no room for another session: {full}"))
    })?;
    let owner = relay.creators.owner();
    let token = drawn(&owner, resumable)?;
    let (pair, displace) = (Pair::new(place), Arc::new(Notify::new()));
    let side = side(&pair, &displace, address, token);
    let code = relay.creators.create_with_new_code(side, &owner).map_err(|error| match error.kind() {
        CreateErrorKind::Draining => shutting_down(),
        kind => Refusal::new(ErrorCode::LimitReached, format!("there is no code to be had: {kind}")),
    })?;
    // What the map draws is eight signs of the same alphabet.
    let code: PairCode =
        code.parse().map_err(|_| Refusal::new(ErrorCode::LimitReached, "there is no code to be had"))?;
    let party = Party { code, role: Role::Creator, pair, token, displace };
    let greeting = RelayMessage::Created {
        code,
        token: ticket(relay, &party),
        grace_ms: relay.args.pairing.grace.as_millis() as u64,
        expires_ms: relay.args.pairing.code_ttl.as_millis() as u64,
        max_frame: relay.args.limits.max_frame,
    };
    Ok(Opened { party, owner, greeting })
}

/// Claims a code. A claim that fails is answered at a fixed time, whatever it fails for: so a guesser does not learn
/// whether there was such a code.
async fn claim(relay: &Relay, address: Address, code: &Secret, resumable: bool) -> Result<Opened, Refusal> {
    let begun = Instant::now();
    if let Err(wait) = relay.claims.count(address) {
        relay.metrics.claimed("too_many_attempts", begun.elapsed());
        let message = "too many claims; wait, and check the code";
        return Err(Refusal { retry: Some(wait), ..Refusal::new(ErrorCode::TooManyAttempts, message) });
    }
    let claimed = match code.0.parse() {
        Ok(code) => try_claim(relay, address, code, resumable)?,
        Err(_) => None,
    };
    let Some((party, owner)) = claimed else {
        sleep_until(begun + relay.args.pairing.refuse_after).await;
        relay.metrics.claimed("no_such_code", begun.elapsed());
        return Err(Refusal::new(
            ErrorCode::NoSuchCode,
            "there is no such code, or it was used already; check it, or ask for a new one",
        ));
    };
    relay.metrics.claimed("claimed", begun.elapsed());
    let greeting = paired(relay, &party);
    Ok(Opened { party, owner, greeting })
}

/// What both sides are told when a claim has succeeded.
pub(super) fn paired(relay: &Relay, party: &Party) -> RelayMessage {
    RelayMessage::Paired {
        code: party.code,
        role: party.role,
        token: ticket(relay, party),
        grace_ms: relay.args.pairing.grace.as_millis() as u64,
        max_frame: relay.args.limits.max_frame,
    }
}

/// The claimer's entry is there before the claim succeeds, so that the creator finds it when it hears of the claim.
fn try_claim(
    relay: &Relay,
    address: Address,
    code: PairCode,
    resumable: bool,
) -> Result<Option<(Party, Owner)>, Refusal> {
    let Some(session) = relay.creators.get(code.key()).filter(|session| session.status == Status::Pending)
    else {
        return Ok(None);
    };
    let owner = relay.claimers.owner();
    let token = drawn(&owner, resumable)?;
    let (pair, displace) = (session.payload.pair, Arc::new(Notify::new()));
    let side = side(&pair, &displace, address, token);
    if relay.claimers.create(code.key(), side, &owner).is_err() {
        // Somebody else is claiming it.
        return Ok(None);
    }
    // Else it is another session by now, under a code that was drawn again.
    let ours = relay.creators.claim(code.key()).ok().filter(|won| Arc::ptr_eq(&won.payload.pair, &pair));
    Ok(ours.map(|_| (Party { code, role: Role::Claimer, pair, token, displace }, owner)))
}

fn drawn(owner: &Owner, resumable: bool) -> Result<Option<Token>, Refusal> {
    let token = resumable.then(|| owner.token()).transpose();
    token.map_err(|error| Refusal::new(ErrorCode::LimitReached, error.to_string()))
}

pub(super) fn side(pair: &Arc<Pair>, displace: &Arc<Notify>, address: Address, token: Option<Token>) -> Side {
    let (pair, displace) = (Arc::clone(pair), Arc::clone(displace));
    Side { pair, address, token, displace, lost: None, bereaved: None }
}

fn ticket(relay: &Relay, party: &Party) -> Option<Secret> {
    let token = party.token?;
    Some(relay.tickets.give(Ticket { code: party.code, role: party.role, token }))
}
