//! A session with the other side, over a link: pairing, envelopes both ways, and how it ends.

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::Bytes;

use super::{In, Link, Out};
use crate::{
    envelope::{Envelope, FileFailed, HEADER},
    exit::Ending,
    wire::{ClientMessage, ErrorCode, PairCode, Reason, ReasonCode, RelayMessage, Secret},
};

/// The first step: which side makes the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Ask the relay for a code, which the other side claims.
    Create,
    /// Claim the code that the other side was given.
    Claim(String),
}

/// Something that a person should be told while it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The code that the relay gave, for the other side.
    Code(PairCode),
    /// Both sides are there.
    Paired,
    /// The other side's connection is gone, and it may come back; in the relay's words.
    Away(String),
    /// It came back.
    Back,
}

/// One side of a session. Every method may be given up halfway; [`Session::leave`] then still ends it in good order.
pub struct Session {
    link: Link,
    /// Largest frame that the relay takes, in bytes.
    max_frame: usize,
    paired: bool,
    /// Frames that came while something was being sent.
    early: VecDeque<Bytes>,
    notify: Box<dyn FnMut(Notice) + Send>,
}

impl Session {
    /// A session over `link`, not paired yet. `notify` is told what a person may want to know.
    pub fn new(link: Link, notify: impl FnMut(Notice) + Send + 'static) -> Self {
        Self { link, max_frame: 1, paired: false, early: VecDeque::new(), notify: Box::new(notify) }
    }

    /// Waits until the other side is there.
    ///
    /// # Errors
    ///
    /// How it ended before that.
    pub async fn pair(&mut self, start: Start) -> Result<(), Ending> {
        let first = match start {
            Start::Create => ClientMessage::Create { resumable: false },
            Start::Claim(code) => ClientMessage::Claim { code: Secret(code), resumable: false },
        };
        // If it cannot be handed over, the reason is waiting in the other queue.
        _ = self.link.outgoing.send(Out::Message(first)).await;
        loop {
            let came = self.link.incoming.recv().await;
            if let Some(In::Message(RelayMessage::Paired { max_frame, .. })) = &came {
                self.max_frame = *max_frame;
                self.paired = true;
                (self.notify)(Notice::Paired);
                return Ok(());
            }
            self.take(came)?;
        }
    }

    /// How many bytes a frame may have, of which a chunk takes [`HEADER`] for itself.
    pub fn max_frame(&self) -> usize {
        self.max_frame
    }

    /// How many bytes of a file fit into a frame.
    pub fn chunk_bytes(&self) -> usize {
        self.max_frame.saturating_sub(HEADER).max(1)
    }

    /// Sends an envelope: waits while the other side is slow. What comes meanwhile is kept for [`Session::next`], unless
    /// it says that the other side has failed: that is the answer then.
    ///
    /// # Errors
    ///
    /// How the session ended.
    pub async fn send(&mut self, envelope: &Envelope<'_>) -> Result<(), Ending> {
        let frame = Bytes::from(envelope.encode());
        let outgoing = self.link.outgoing.clone();
        let mut place = std::pin::pin!(outgoing.reserve());
        loop {
            tokio::select! {
                biased;
                came = self.link.incoming.recv() => {
                    if let Some(frame) = self.take(came)? {
                        self.keep(frame)?;
                    }
                }
                place = &mut place => {
                    if let Ok(place) = place {
                        place.send(Out::Data(frame));
                        return Ok(());
                    }
                    // The link is gone, and why is still in the other queue.
                    loop {
                        let came = self.link.incoming.recv().await;
                        self.take(came)?;
                    }
                }
            }
        }
    }

    /// The next frame of the other side's: an envelope.
    ///
    /// # Errors
    ///
    /// How the session ended.
    pub async fn next(&mut self) -> Result<Bytes, Ending> {
        if let Some(frame) = self.early.pop_front() {
            return Ok(frame);
        }
        loop {
            let came = self.link.incoming.recv().await;
            if let Some(frame) = self.take(came)? {
                return Ok(frame);
            }
        }
    }

    /// Waits until the session is over, or until the other side says that it has failed. What comes meanwhile is kept for
    /// [`Session::next`].
    pub async fn over(&mut self) -> Ending {
        loop {
            let came = self.link.incoming.recv().await;
            let kept = match self.take(came) {
                Ok(Some(frame)) => self.keep(frame),
                Ok(None) => Ok(()),
                Err(ending) => Err(ending),
            };
            if let Err(ending) = kept {
                return ending;
            }
        }
    }

    /// Ends the session, if it has not ended. What was sent before is delivered first.
    pub async fn leave(self) {
        self.link.leave().await;
    }

    /// What came means a frame, a notice, or the end.
    fn take(&mut self, came: Option<In>) -> Result<Option<Bytes>, Ending> {
        match came {
            Some(In::Data(frame)) => return Ok(Some(frame)),
            Some(In::Message(RelayMessage::Created { code, .. })) => (self.notify)(Notice::Code(code)),
            Some(In::Message(RelayMessage::PeerAway { reason, .. })) => {
                (self.notify)(Notice::Away(reason.text));
            }
            Some(In::Message(RelayMessage::PeerBack)) => (self.notify)(Notice::Back),
            Some(In::Message(RelayMessage::Gone { reason })) => return Err(self.ended_by(reason)),
            Some(In::Message(RelayMessage::Error { code, message, .. })) => {
                return Err(refused(code, message));
            }
            Some(In::Message(RelayMessage::Paired { .. } | RelayMessage::Resumed { .. })) => {}
            Some(In::Broken(why)) => return Err(Ending::RelayGone(why)),
            None => return Err(Ending::RelayGone("it was given up".to_owned())),
        }
        Ok(None)
    }

    /// Keeps a frame for later. A side that is sending expects little.
    fn keep(&mut self, frame: Bytes) -> Result<(), Ending> {
        const EARLY: usize = 16;
        if let Envelope::Failed(FileFailed { message, .. }) = decode(&frame)? {
            return Err(peer_failed(&message));
        }
        // More are a page's texts and files, for which this side has no use while it sends.
        if self.early.len() < EARLY {
            self.early.push_back(frame);
        }
        Ok(())
    }

    /// What the end of the session means for this side.
    fn ended_by(&self, Reason { code, text }: Reason) -> Ending {
        match code {
            ReasonCode::Left | ReasonCode::Ended => Ending::Left(text),
            ReasonCode::Expired if !self.paired => Ending::Expired(text),
            ReasonCode::Closed
            | ReasonCode::Lost
            | ReasonCode::Heartbeat
            | ReasonCode::TooSlow
            | ReasonCode::Expired => Ending::Lost(text),
            ReasonCode::Shutdown => Ending::RelayGone(text),
        }
    }
}

/// The envelope in a frame.
///
/// # Errors
///
/// [`Ending::PeerFailed`] if there is none: the other side speaks something else.
pub fn decode(frame: &[u8]) -> Result<Envelope<'_>, Ending> {
    Envelope::decode(frame).map_err(|why| Ending::PeerFailed(format!("what is not understood here ({why})")))
}

impl std::fmt::Debug for Session {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Session")
            .field("link", &self.link)
            .field("max_frame", &self.max_frame)
            .finish_non_exhaustive()
    }
}

/// The other side says that it has failed. Whatever it says is shown to a person here, so it may not be long, and has
/// nothing in it that commands a terminal.
pub(crate) fn peer_failed(message: &str) -> Ending {
    Ending::PeerFailed(message.chars().filter(|letter| !letter.is_control()).take(500).collect())
}

/// What a refusal of the relay's means.
fn refused(code: ErrorCode, message: String) -> Ending {
    match code {
        ErrorCode::NoSuchCode => Ending::NoSuchCode(message),
        ErrorCode::ShuttingDown => Ending::RelayGone(message),
        _ => Ending::Refused(message),
    }
}
