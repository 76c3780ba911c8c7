//! One connection of a session, from its first message to its end.

use super::{
    Party,
    inbound::{self, Unread},
    observe::{Learned, Observer},
    open::{self, Begun, Opened, Refusal},
    outbound::{Farewell, Writer},
    sides,
    words::{self, Ended},
};
use crate::{
    serve::{
        client::{Address, Client},
        relay::Relay,
    },
    wire::{Reason, ReasonCode, RelayMessage},
};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{SinkExt, Stream, StreamExt, stream::SplitStream};
use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tenure_core::Owner;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// A client has so long to read the last that was said to it before the connection is closed under it.
const LINGER: Duration = Duration::from_secs(2);
/// Messages of the relay that wait to be written.
const TOLD: usize = 8;

/// One connection of a session.
pub(super) struct Link<'a> {
    pub(super) relay: &'a Relay,
    pub(super) client: &'a Client,
    pub(super) party: Party,
    paired: AtomicBool,
}

impl Link<'_> {
    /// Whether there are two sides, and this one was told.
    pub(super) fn is_paired(&self) -> bool {
        // Relaxed: set and read by the same task.
        self.paired.load(Ordering::Relaxed)
    }

    pub(super) fn set_paired(&self) {
        // Relaxed: as above.
        self.paired.store(true, Ordering::Relaxed);
    }

    pub(super) fn of_the_other(&self, code: ReasonCode) -> Reason {
        let pairing = &self.relay.args.pairing;
        words::of_the_other(code, pairing.dead_after, pairing.grace)
    }

    pub(super) fn of_this_side(&self, code: ReasonCode) -> Reason {
        let pairing = &self.relay.args.pairing;
        words::of_this_side(code, pairing.stall_after, pairing.code_ttl)
    }
}

/// How a link is over.
enum Over {
    /// The connection has ended.
    Ended(Ended),
    /// What the client has said is refused.
    Refused(Refusal),
    /// The session has ended.
    Gone(Reason),
    /// Another connection stands for this side from now on.
    Displaced,
}

/// Serves a connection to its end.
pub(in crate::serve) async fn run(
    relay: Arc<Relay>,
    mut socket: WebSocket,
    client: Client,
    address: Address,
) {
    let opened = relay.stopping.run_until_cancelled(open::open(&relay, &mut socket, address)).await;
    match opened.unwrap_or_else(|| Err(open::shutting_down())) {
        Ok(Begun::Opened(opened)) => link(&relay, socket, &client, opened).await,
        Ok(Begun::Over(reason)) => dismiss(socket, &RelayMessage::Gone { reason }, 1000).await,
        Ok(Begun::Nothing) => {}
        Err(refusal) => {
            relay.metrics.refused(refusal.code.as_str());
            tracing::debug!(code = refusal.code.as_str(), %address, "refused");
            dismiss(socket, &refusal.to_message(), refusal.code.close_code()).await;
        }
    }
}

/// Says the only thing that there is to say, and closes.
async fn dismiss(mut socket: WebSocket, message: &RelayMessage, code: u16) {
    let close = CloseFrame { code, reason: "".into() };
    let told = async {
        socket.send(Message::text(message.to_text())).await?;
        socket.send(Message::Close(Some(close))).await
    };
    if matches!(timeout(LINGER, told).await, Ok(Ok(()))) {
        linger(&mut socket).await;
    }
}

/// Reads and forgets until the client has closed: closing a connection with something unread in it would make the
/// client's system forget what it has not read yet.
async fn linger(stream: &mut (impl Stream<Item = Result<Message, axum::Error>> + Unpin)) {
    // An error: it has had its time.
    let _ = timeout(LINGER, async { while let Some(Ok(_)) = stream.next().await {} }).await;
}

/// Pipes until it is over, then ends the owner or suspends it, and says farewell.
async fn link(relay: &Relay, socket: WebSocket, client: &Client, opened: Opened) {
    let Opened { party, owner, greeting } = opened;
    let peer_away = matches!(greeting, RelayMessage::Resumed { peer_away: true, .. });
    let number = owner.incarnation().get();
    tracing::debug!(owner = number, role = ?party.role, "a side has come");
    let heartbeat = relay.heartbeat(owner, party.resumable());
    client.beats(&heartbeat);
    let (mut sink, mut stream) = socket.split();
    let link = Link { relay, client, party, paired: AtomicBool::new(false) };
    let (tell, told) = mpsc::channel(TOLD);
    let (farewell, last) = oneshot::channel();
    // There is room: nothing was told yet.
    let _ = tell.try_send(greeting);
    let ended = {
        let mut writer = Writer { link: &link, sink: &mut sink };
        let mut outbound = pin!(writer.write(told, last));
        let over = until_over(&link, tell, peer_away, &mut stream, outbound.as_mut()).await;
        // Nothing is read from here on, so nothing can be heard: the owner lives without its heart.
        let owner = heartbeat.into_owner();
        match over {
            Over::Gone(reason) => {
                let ended = if reason.code == ReasonCode::Expired && !link.is_paired() {
                    Ended::Expired
                } else {
                    Ended::Over
                };
                // An error: writing has ended.
                let _ = farewell.send(Farewell::Gone(reason));
                // What was read from the other side is delivered, and then the client is told. An error: too slow.
                let _ = timeout(relay.args.pairing.stall_after, outbound).await;
                part(&link, owner, ended);
                ended
            }
            Over::Ended(ended) => {
                // The other side does not wait for a slow farewell.
                part(&link, owner, ended);
                if ended == Ended::Left {
                    let _ = farewell.send(Farewell::Bye);
                    let _ = timeout(LINGER, outbound).await;
                }
                ended
            }
            Over::Refused(refusal) => {
                relay.metrics.refused(refusal.code.as_str());
                part(&link, owner, Ended::Refused);
                let _ = farewell.send(Farewell::Refused(refusal));
                let _ = timeout(LINGER, outbound).await;
                Ended::Refused
            }
            Over::Displaced => {
                part(&link, owner, Ended::Lost);
                Ended::Lost
            }
        }
    };
    tracing::debug!(owner = number, role = ?link.party.role, ended = ended.code().as_str(), "a side has gone");
    match ended {
        Ended::Lost | Ended::Silent | Ended::TooSlow => {}
        // Answers what the client has closed with.
        Ended::Closed => _ = timeout(LINGER, sink.close()).await,
        Ended::Left | Ended::Over | Ended::Expired | Ended::Refused => linger(&mut stream).await,
    }
}

/// Reads, writes and watches until one of them says that it is over.
async fn until_over(
    link: &Link<'_>,
    tell: mpsc::Sender<RelayMessage>,
    peer_away: bool,
    stream: &mut SplitStream<WebSocket>,
    outbound: Pin<&mut impl Future<Output = Result<(), Ended>>>,
) -> Over {
    let observed = async {
        match Observer::new(link, tell, peer_away) {
            Ok(observer) => observer.observe().await,
            Err(learned) => learned,
        }
    };
    tokio::select! {
        biased;
        learned = observed => match learned {
            Learned::Over(reason) => Over::Gone(reason),
            Learned::Unclaimed => Over::Gone(link.of_this_side(ReasonCode::Expired)),
            Learned::Silent => Over::Ended(Ended::Silent),
        },
        () = link.party.displace.notified() => Over::Displaced,
        unread = inbound::read(link, stream) => match unread {
            Unread::Ended(ended) => Over::Ended(ended),
            Unread::Refused(refusal) => Over::Refused(refusal),
        },
        written = outbound => Over::Ended(written.err().unwrap_or(Ended::Lost)),
    }
}

/// Ends the owner; or suspends it, if it may come back. The other side learns it by that.
fn part(link: &Link<'_>, owner: Option<Owner>, ended: Ended) {
    // Else the monitor has done it: the heart has stopped.
    let Some(owner) = owner else { return };
    let (relay, party) = (link.relay, &link.party);
    let reason = link.of_the_other(ended.code());
    let owner = if party.resumable() && ended.may_come_back() {
        // Before the suspension, which wakes who watches: they tell why. An error: it is over meanwhile.
        let _ = sides(relay, party.role)
            .update(party.code.key(), |edit| edit.payload_mut().lost = Some(reason.clone()));
        match owner.suspend(relay.args.pairing.grace) {
            Ok(_) => return,
            Err(error) => error.into_owner(),
        }
    } else {
        owner
    };
    // The other side is left word, before the end can be seen: it may be away, or not have seen yet that this one came.
    // An error: it is gone as well.
    let _ = sides(relay, party.role.other())
        .update(party.code.key(), |edit| edit.payload_mut().bereaved = Some(reason.clone()));
    owner.release(ended.death());
}
