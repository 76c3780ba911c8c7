//! The control messages between a client and the relay: text frames with a JSON object that has a `type`.
//!
//! Binary frames are data; what they hold is the two clients' business ([`envelope`](crate::envelope)).

use serde::{Deserialize, Serialize};
use std::fmt;

// Named, so that the fuzz target can use this file without all that the relay is built of.
#[path = "wire/code.rs"]
mod code;
#[path = "wire/reason.rs"]
mod reason;
#[cfg(test)]
#[path = "wire/tests.rs"]
mod tests;

pub use code::{InvalidCode, PairCode};
pub use reason::{ErrorCode, Reason, ReasonCode};

/// A text frame may be no longer than this, either way.
pub const MAX_CONTROL: usize = 4 * 1024;

/// A text that is nobody else's business: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// What a client says to the relay.
///
/// ```
/// use tenure_relay::wire::ClientMessage;
///
/// let message = ClientMessage::parse(r#"{"type":"claim","code":"k7qx 2m9p"}"#)?;
/// assert!(matches!(message, ClientMessage::Claim { resumable: false, .. }));
/// assert!(ClientMessage::parse(r#"{"type":"clam"}"#).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Asks for a code. The first message of who begins a session.
    Create {
        /// Whether this connection may come back after it was lost, as a page does that is reloaded.
        #[serde(default)]
        resumable: bool,
    },
    /// Claims a code. The first message of who joins a session.
    Claim {
        /// The code, as a person typed it: [`PairCode`] says what does not matter.
        code: Secret,
        /// As in [`Create`](ClientMessage::Create).
        #[serde(default)]
        resumable: bool,
    },
    /// Comes back. The first message of who was there before.
    Resume {
        /// What the relay gave it when it was there.
        token: Secret,
    },
    /// Ends the session, at once.
    Leave,
    /// Gives a sign of life and says nothing.
    Pong,
}

impl ClientMessage {
    /// Reads a text frame.
    ///
    /// # Errors
    /// It is too long, no JSON, or no message. What it says is not repeated: it may be a secret.
    pub fn parse(text: &str) -> Result<Self, BadMessage> {
        if text.len() > MAX_CONTROL {
            return Err(BadMessage(format!("a message of {} bytes; {MAX_CONTROL} are allowed", text.len())));
        }
        serde_json::from_str(text).map_err(|error| {
            BadMessage(format!(
                "no message, at column {}: it should be a JSON object with a type: create, claim, resume, leave or pong",
                error.column()
            ))
        })
    }

    /// The text frame.
    pub fn to_text(&self) -> String {
        to_text(self)
    }
}

/// A text frame is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadMessage(String);

impl fmt::Display for BadMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadMessage {}

/// Which side of a session a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It has asked for the code.
    Creator,
    /// It has claimed it.
    Claimer,
}

impl Role {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Creator => Self::Claimer,
            Self::Claimer => Self::Creator,
        }
    }
}

/// How far a session is that was resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has claimed it yet.
    Waiting,
    /// Two sides are there.
    Paired,
}

/// What the relay says to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RelayMessage {
    /// Here is the code.
    Created {
        /// The code, as it is shown.
        code: PairCode,
        /// What to come back with; none for who may not.
        token: Option<Secret>,
        /// How long who is lost may take to come back, in milliseconds.
        grace_ms: u64,
        /// How long the code is good for, in milliseconds.
        expires_ms: u64,
        /// How many bytes a binary frame may have.
        max_frame: usize,
    },
    /// The other side is there.
    Paired {
        /// The code.
        code: PairCode,
        /// Which side this is.
        role: Role,
        /// As in [`Created`](RelayMessage::Created).
        token: Option<Secret>,
        /// As in [`Created`](RelayMessage::Created).
        grace_ms: u64,
        /// As in [`Created`](RelayMessage::Created).
        max_frame: usize,
    },
    /// Welcome back.
    Resumed {
        /// The code.
        code: PairCode,
        /// Which side this is.
        role: Role,
        /// How far the session is.
        state: State,
        /// Whether the other side is away at the moment.
        peer_away: bool,
    },
    /// The other side's connection is gone, and it may come back.
    PeerAway {
        /// How its connection ended.
        reason: Reason,
        /// For so many milliseconds more.
        until_ms: u64,
    },
    /// It has come back.
    PeerBack,
    /// The session is over; the relay closes the connection.
    Gone {
        /// Why.
        reason: Reason,
    },
    /// The relay refuses, and closes the connection.
    Error {
        /// What for.
        code: ErrorCode,
        /// In words: what was wrong, and what would be right.
        message: String,
        /// When it may be worth trying again, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
    },
}

impl RelayMessage {
    /// Reads a text frame.
    ///
    /// # Errors
    /// It is no JSON, or no message.
    pub fn parse(text: &str) -> Result<Self, BadMessage> {
        serde_json::from_str(text).map_err(|error| BadMessage(format!("no message of a relay: {error}")))
    }

    /// The text frame.
    pub fn to_text(&self) -> String {
        to_text(self)
    }
}

/// What is here has text for keys and numbers that are finite, so it can be written.
fn to_text(message: &impl Serialize) -> String {
    serde_json::to_string(message).unwrap_or_default()
}
