//! Why something ended, in the words of the protocol.

use crate::wire::{Reason, ReasonCode};
use std::{sync::Arc, time::Duration};
use tenure_core::{DeathReason, EndCause, RemovalCause};

/// The reasons that the library has no word for. They are put in the owner's death in these words.
const TOO_SLOW: &str = "too slow";
const EXPIRED: &str = "not claimed in time";
const REFUSED: &str = "refused";

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It has said that it leaves.
    Left,
    /// It was closed in order.
    Closed,
    /// It broke.
    Lost,
    /// It gave no sign of life.
    Silent,
    /// It did not take what it was sent.
    TooSlow,
    /// Nobody has claimed its code in time.
    Expired,
    /// It has said something that it may not.
    Refused,
    /// The session has ended, by the other side or by the relay.
    Over,
}

impl Ended {
    /// What its owner dies of.
    pub(super) fn death(self) -> DeathReason {
        match self {
            Self::Left => DeathReason::Released,
            Self::Closed => DeathReason::PeerClosed,
            Self::Lost => DeathReason::PeerReset,
            Self::Silent => DeathReason::HeartbeatMissed,
            Self::TooSlow => DeathReason::Other(Arc::from(TOO_SLOW)),
            Self::Expired => DeathReason::Other(Arc::from(EXPIRED)),
            Self::Refused => DeathReason::Other(Arc::from(REFUSED)),
            Self::Over => DeathReason::Finished,
        }
    }

    /// Whether it may come back from there.
    pub(super) fn may_come_back(self) -> bool {
        matches!(self, Self::Closed | Self::Lost | Self::Silent)
    }

    pub(super) fn code(self) -> ReasonCode {
        reason_of(&EndCause::OwnerDied(self.death()))
    }
}

/// The protocol's word for the end of an entry.
pub(in crate::serve) fn reason_of(cause: &EndCause) -> ReasonCode {
    match cause {
        EndCause::OwnerDied(death) => match death {
            DeathReason::Released => ReasonCode::Left,
            DeathReason::PeerClosed => ReasonCode::Closed,
            DeathReason::PeerReset => ReasonCode::Lost,
            DeathReason::HeartbeatMissed => ReasonCode::Heartbeat,
            DeathReason::NotResumed => ReasonCode::Expired,
            DeathReason::Shutdown => ReasonCode::Shutdown,
            DeathReason::Other(words) if **words == *TOO_SLOW => ReasonCode::TooSlow,
            DeathReason::Other(words) if **words == *EXPIRED => ReasonCode::Expired,
            _ => ReasonCode::Ended,
        },
        EndCause::Expired => ReasonCode::Expired,
        EndCause::Drained => ReasonCode::Shutdown,
        _ => ReasonCode::Ended,
    }
}

/// The protocol's word for why an entry is gone.
pub(super) fn reason_of_removal(cause: &RemovalCause) -> ReasonCode {
    match cause {
        RemovalCause::Ended(cause) => reason_of(cause),
        _ => ReasonCode::Ended,
    }
}

/// How long something has been over, for people.
pub(super) fn ago(age: Duration) -> String {
    match age.as_secs() {
        0 => "That was just now.".to_owned(),
        seconds @ 1..120 => format!("That was {seconds} s ago."),
        seconds => format!("That was {} min ago.", seconds / 60),
    }
}

/// What became of the other side, for people.
pub(super) fn of_the_other(code: ReasonCode, dead_after: Duration, grace: Duration) -> Reason {
    let text = match code {
        ReasonCode::Left => "The other side has ended the session.".to_owned(),
        ReasonCode::Closed => "The other side has closed its connection.".to_owned(),
        ReasonCode::Lost => "The connection of the other side broke.".to_owned(),
        ReasonCode::Heartbeat => format!("The other side gave no sign of life for {dead_after:?}."),
        ReasonCode::Expired => format!("The other side did not come back within {grace:?}."),
        ReasonCode::Shutdown => "The relay is shutting down.".to_owned(),
        ReasonCode::TooSlow => "The other side did not take what it was sent.".to_owned(),
        ReasonCode::Ended => "The session has ended.".to_owned(),
    };
    Reason { code, text }
}

/// What became of this side, for people.
pub(super) fn of_this_side(code: ReasonCode, stall_after: Duration, code_ttl: Duration) -> Reason {
    let text = match code {
        ReasonCode::Expired => format!("Nobody has claimed the code within {code_ttl:?}."),
        ReasonCode::TooSlow => format!("This side has not taken a frame for {stall_after:?}."),
        ReasonCode::Shutdown => "The relay is shutting down.".to_owned(),
        ReasonCode::Left => "This side has ended the session.".to_owned(),
        _ => "The session has ended.".to_owned(),
    };
    Reason { code, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_of_a_connection_reaches_the_other_side_as_its_own_word() {
        let told = [
            (Ended::Left, ReasonCode::Left),
            (Ended::Closed, ReasonCode::Closed),
            (Ended::Lost, ReasonCode::Lost),
            (Ended::Silent, ReasonCode::Heartbeat),
            (Ended::TooSlow, ReasonCode::TooSlow),
            (Ended::Expired, ReasonCode::Expired),
            (Ended::Refused, ReasonCode::Ended),
        ];
        for (ended, word) in told {
            assert_eq!(ended.code(), word);
        }
        assert_eq!(reason_of(&EndCause::OwnerDied(DeathReason::NotResumed)), ReasonCode::Expired);
        assert_eq!(reason_of(&EndCause::OwnerDied(DeathReason::Shutdown)), ReasonCode::Shutdown);
        assert_eq!(reason_of(&EndCause::Deleted), ReasonCode::Ended);
    }

    #[test]
    fn a_time_is_told_in_seconds_and_then_in_minutes() {
        let told = [
            (0, "just now"),
            (999, "just now"),
            (1_000, "1 s ago"),
            (119_999, "119 s ago"),
            (180_000, "3 min ago"),
        ];
        for (millis, words) in told {
            assert_eq!(ago(Duration::from_millis(millis)), format!("That was {words}."));
        }
    }
}
