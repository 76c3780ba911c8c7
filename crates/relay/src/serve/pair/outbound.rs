//! What is written to a connection.

use super::{lane::Frame, link::Link, open::Refusal, words::Ended};
use crate::wire::{Reason, RelayMessage, Role, State};
use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket},
};
use futures_util::{SinkExt, stream::SplitSink};
use std::sync::atomic::Ordering;
use tokio::{
    sync::{MutexGuard, mpsc, oneshot},
    time::{MissedTickBehavior, interval, timeout},
};

/// The last that is said to a client.
#[derive(Clone, Debug)]
pub(super) enum Farewell {
    /// The session is over.
    Gone(Reason),
    /// It is refused.
    Refused(Refusal),
    /// It knows.
    Bye,
}

/// Where frames come out, once two sides are there.
type Exit<'a> = Option<MutexGuard<'a, mpsc::Receiver<Frame>>>;

pub(super) struct Writer<'a, 'l> {
    pub(super) link: &'a Link<'l>,
    pub(super) sink: &'a mut SplitSink<WebSocket, Message>,
}

impl<'a> Writer<'a, '_> {
    /// Writes what the other side sends and what the relay has to say, until it is to say farewell. An error is how the
    /// connection ended before.
    pub(super) async fn write(
        &mut self,
        mut told: mpsc::Receiver<RelayMessage>,
        mut farewell: oneshot::Receiver<Farewell>,
    ) -> Result<(), Ended> {
        let link = self.link;
        let mut exit: Exit<'_> = None;
        let mut ping = interval(link.relay.args.pairing.ping_every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                last = &mut farewell => {
                    // What was to be said before it is said before it.
                    while let Ok(message) = told.try_recv() {
                        self.tell(message, &mut exit).await?;
                    }
                    // An error: the task is being dropped.
                    return self.say_farewell(last.unwrap_or(Farewell::Bye), exit).await;
                }
                Some(message) = told.recv() => self.tell(message, &mut exit).await?,
                Some(frame) = come_out(&mut exit) => self.hand_over(frame).await?,
                // Even if it was heard just now: one that sends all the time must hear from the relay too, or it would
                // take the relay for dead.
                _ = ping.tick() => self.send(Message::Ping(Bytes::new())).await?,
            }
        }
    }

    /// Says something to the client. Once that is that there are two sides, frames come out.
    async fn tell(&mut self, message: RelayMessage, exit: &mut Exit<'a>) -> Result<(), Ended> {
        let both_there = matches!(
            message,
            RelayMessage::Paired { .. } | RelayMessage::Resumed { state: State::Paired, .. }
        );
        self.send(Message::text(message.to_text())).await?;
        if both_there {
            let link = self.link;
            link.set_paired();
            *exit = Some(link.party.pair.lane_from(link.party.role.other()).exit().await);
        }
        Ok(())
    }

    /// Hands a frame to the socket. If it does not take it for too long, the connection has ended.
    async fn hand_over(&mut self, frame: Frame) -> Result<(), Ended> {
        let length = frame.bytes.len();
        self.send(Message::Binary(frame.bytes)).await?;
        let link = self.link;
        let from = link.party.role.other();
        // Relaxed: a count, ordered with nothing.
        link.party.pair.bytes[from as usize].fetch_add(length as u64, Ordering::Relaxed);
        link.relay.metrics.relayed(from == Role::Claimer, length, frame.read.elapsed());
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), Ended> {
        match timeout(self.link.relay.args.pairing.stall_after, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ended::Lost),
            Err(_) => Err(Ended::TooSlow),
        }
    }

    /// What was read from the other side goes first: it was taken, so it is delivered.
    async fn say_farewell(&mut self, farewell: Farewell, exit: Exit<'_>) -> Result<(), Ended> {
        let (message, code) = match farewell {
            Farewell::Gone(reason) => {
                if let Some(mut exit) = exit {
                    exit.close();
                    while let Some(frame) = exit.recv().await {
                        self.hand_over(frame).await?;
                    }
                }
                (Some(RelayMessage::Gone { reason }), 1000)
            }
            Farewell::Refused(refusal) => (Some(refusal.to_message()), refusal.code.close_code()),
            Farewell::Bye => (None, 1000),
        };
        if let Some(message) = message {
            self.send(Message::text(message.to_text())).await?;
        }
        // An error: the client has closed it before.
        let _ = self.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await;
        Ok(())
    }
}

async fn come_out(exit: &mut Exit<'_>) -> Option<Frame> {
    match exit {
        Some(exit) => exit.recv().await,
        None => std::future::pending().await,
    }
}
