//! Why sessions end and why the relay refuses, as programs and as people read it.

use serde::{Deserialize, Serialize};

/// Why a side, or a session, is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs.
    pub code: ReasonCode,
    /// For people: a plain sentence.
    pub text: String,
}

/// Why a side, or a session, is gone: for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// The other side has said that it leaves.
    Left,
    /// The other side's connection was closed in order.
    Closed,
    /// The other side's connection broke.
    Lost,
    /// The other side gave no sign of life.
    Heartbeat,
    /// Nobody claimed the code in time, or who was lost did not come back in time.
    Expired,
    /// The relay is shutting down.
    Shutdown,
    /// A side did not take what it was sent.
    TooSlow,
    /// Anything else.
    Ended,
}

impl ReasonCode {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Left,
        Self::Closed,
        Self::Lost,
        Self::Heartbeat,
        Self::Expired,
        Self::Shutdown,
        Self::TooSlow,
        Self::Ended,
    ];

    /// As in a message.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Closed => "closed",
            Self::Lost => "lost",
            Self::Heartbeat => "heartbeat",
            Self::Expired => "expired",
            Self::Shutdown => "shutdown",
            Self::TooSlow => "too_slow",
            Self::Ended => "ended",
        }
    }
}

/// Why the relay refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// What was said is no message, or not one for this moment.
    BadMessage,
    /// There is no such code, or it was used: who guesses learns nothing.
    NoSuchCode,
    /// Too many claims, by this address or by all.
    TooManyAttempts,
    /// There are as many sessions as there may be.
    LimitReached,
    /// A frame is too large.
    TooLarge,
    /// Frames come too fast.
    TooFast,
    /// Nobody is away who has this token: it is too late, or somebody is back already.
    StaleToken,
    /// The relay takes no new sessions.
    ShuttingDown,
    /// The page that asks is not one of the relay's own.
    BadOrigin,
}

impl ErrorCode {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::BadMessage,
        Self::NoSuchCode,
        Self::TooManyAttempts,
        Self::LimitReached,
        Self::TooLarge,
        Self::TooFast,
        Self::StaleToken,
        Self::ShuttingDown,
        Self::BadOrigin,
    ];

    /// The number with which a WebSocket is closed after this refusal.
    ///
    /// ```
    /// assert_eq!(tenure_relay::wire::ErrorCode::NoSuchCode.close_code(), 4002);
    /// ```
    pub fn close_code(self) -> u16 {
        4001 + self as u16
    }

    /// As in a message.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadMessage => "bad_message",
            Self::NoSuchCode => "no_such_code",
            Self::TooManyAttempts => "too_many_attempts",
            Self::LimitReached => "limit_reached",
            Self::TooLarge => "too_large",
            Self::TooFast => "too_fast",
            Self::StaleToken => "stale_token",
            Self::ShuttingDown => "shutting_down",
            Self::BadOrigin => "bad_origin",
        }
    }
}
