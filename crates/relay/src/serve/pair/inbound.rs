//! What is read from a connection.

use super::{lane::Frame, link::Link, open::Refusal, words::Ended};
use crate::{
    serve::limits::Pace,
    wire::{ClientMessage, ErrorCode},
};
use axum::{
    body::Bytes,
    extract::ws::{Message, WebSocket},
};
use futures_util::{StreamExt, stream::SplitStream};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite;

/// Why nothing more is read.
pub(super) enum Unread {
    Ended(Ended),
    Refused(Refusal),
}

/// Reads until the connection ends.
///
/// The next frame is read only when there is room for it on its way to the other side. So who sends faster than the
/// other side takes is slowed down by TCP. While nothing is read the heart of this side beats by itself, for nothing could
/// be heard of it. That the connection broke is noticed by writing to it.
pub(super) async fn read(link: &Link<'_>, stream: &mut SplitStream<WebSocket>) -> Unread {
    let limits = &link.relay.args.limits;
    let look_every = link.relay.look_every();
    let (mut control, mut frames) = (Pace::new(limits.control_rate), Pace::new(limits.frame_rate));
    let lane = link.party.pair.lane_from(link.party.role);
    loop {
        // Else this session is over, as who watches it is about to say.
        let room = link.client.unheard(look_every, lane.room()).await;
        let Some(room) = room else { return std::future::pending().await };
        match next_frame(link, stream, &mut control).await {
            Ok(bytes) => {
                let read = Instant::now();
                if let Err(next_second) = frames.count(read) {
                    link.client.unheard(look_every, sleep_until(next_second)).await;
                }
                room.send(Frame { bytes, read });
            }
            Err(unread) => return unread,
        }
    }
}

/// The next binary frame; does what text frames ask for.
async fn next_frame(
    link: &Link<'_>,
    stream: &mut SplitStream<WebSocket>,
    control: &mut Pace,
) -> Result<Bytes, Unread> {
    loop {
        let message = next_message(stream).await?;
        if let Message::Binary(bytes) = message {
            return frame(link, bytes);
        }
        if control.count(Instant::now()).is_err() {
            let limit = link.relay.args.limits.control_rate;
            let message = format!("more than {limit} messages in a second, binary frames not counted");
            return Err(Unread::Refused(Refusal::new(ErrorCode::TooFast, message)));
        }
        match message {
            Message::Text(text) => match ClientMessage::parse(text.as_str()) {
                Ok(ClientMessage::Pong) => {}
                Ok(ClientMessage::Leave) => return Err(Unread::Ended(Ended::Left)),
                Ok(_) => {
                    let message = "this connection has a session already; say leave or pong, or open another";
                    return Err(Unread::Refused(Refusal::new(ErrorCode::BadMessage, message)));
                }
                Err(error) => {
                    return Err(Unread::Refused(Refusal::new(ErrorCode::BadMessage, error.to_string())));
                }
            },
            Message::Close(_) => return Err(Unread::Ended(Ended::Closed)),
            Message::Ping(_) | Message::Pong(_) | Message::Binary(_) => {}
        }
    }
}

fn frame(link: &Link<'_>, bytes: Bytes) -> Result<Bytes, Unread> {
    let max = link.relay.args.limits.max_frame;
    let refusal = if !link.is_paired() {
        Refusal::new(
            ErrorCode::BadMessage,
            "nobody is there to send this to: wait until the code was claimed",
        )
    } else if bytes.len() > max {
        Refusal::new(ErrorCode::TooLarge, format!("a frame of {} bytes; {max} are allowed", bytes.len()))
    } else {
        return Ok(bytes);
    };
    Err(Unread::Refused(refusal))
}

/// The next message. That there are no signs of life is for the monitor to see.
async fn next_message(stream: &mut SplitStream<WebSocket>) -> Result<Message, Unread> {
    match stream.next().await {
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => Err(refusal_of(error).map_or(Unread::Ended(Ended::Lost), Unread::Refused)),
        None => Err(Unread::Ended(Ended::Closed)),
    }
}

/// What a client is to be told if reading fails because of what it has sent; none if the connection broke.
pub(super) fn refusal_of(error: axum::Error) -> Option<Refusal> {
    let error = error.into_inner();
    match error.downcast_ref::<tungstenite::Error>()? {
        tungstenite::Error::Capacity(error) => Some(Refusal::new(ErrorCode::TooLarge, error.to_string())),
        tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => None,
        tungstenite::Error::Protocol(error) => {
            Some(Refusal::new(ErrorCode::BadMessage, format!("no WebSocket: {error}")))
        }
        tungstenite::Error::Utf8(_) => {
            Some(Refusal::new(ErrorCode::BadMessage, "a text frame that is not UTF-8"))
        }
        _ => None,
    }
}
