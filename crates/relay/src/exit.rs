//! How a transfer can end, and the exit code of each way.

use std::fmt;

/// How `send` or `receive` ended. Each has an exit code of its own, so that a script can tell them apart.
///
/// ```
/// use tenure_relay::exit::Ending;
///
/// assert_eq!(Ending::Done.code(), 0);
/// assert_eq!(Ending::Interrupted.code(), 130);
/// assert_ne!(Ending::Left(String::new()).code(), Ending::Lost(String::new()).code());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All bytes arrived, and both sides have the same sum.
    Done,
    /// A file here could not be read or written: which one, and why.
    Local(String),
    /// The relay could not be reached: its address, and why.
    Unreachable(String),
    /// The relay knows no such code: mistyped, used or expired.
    NoSuchCode(String),
    /// The relay refused: too many attempts, a limit, a frame that is too large, in the relay's words.
    Refused(String),
    /// The other side ended the session on purpose, by Ctrl-C for instance, before everything had arrived.
    Left(String),
    /// The other side was lost: its process or machine died, or its network is gone.
    Lost(String),
    /// The relay shut down, or the connection to it broke.
    RelayGone(String),
    /// What arrived is not what was sent.
    WrongSum(String),
    /// The other side refused what was sent, or failed to store or read it, in its words.
    PeerFailed(String),
    /// Nobody came in time.
    Expired(String),
    /// Ctrl-C here.
    Interrupted,
    /// SIGTERM here.
    Terminated,
}

/// The table of exit codes that `--help` shows: a line for each, the code first.
pub const TABLE: &str = "\
Exit codes:
  0    everything arrived, and both sides have the same SHA-256 sum
  1    a file here could not be read or written (or exists, and --force was not given)
  2    the command line is wrong
  3    the relay cannot be reached
  4    the relay knows no such code: mistyped, used or expired
  5    the relay refused: too many attempts, or one of its limits
  6    the other side ended it (Ctrl-C there)
  7    the other side was lost (its process, machine or network)
  8    the relay shut down, or the connection to it broke
  9    what arrived is not what was sent: the sums differ
  10   the other side refused or failed, or does not speak as a sender or receiver does
  11   nobody came in time
  130  Ctrl-C here
  143  SIGTERM here";

impl Ending {
    /// The exit code. Code 2, a wrong command line, is clap's and not among these.
    pub fn code(&self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Local(_) => 1,
            Self::Unreachable(_) => 3,
            Self::NoSuchCode(_) => 4,
            Self::Refused(_) => 5,
            Self::Left(_) => 6,
            Self::Lost(_) => 7,
            Self::RelayGone(_) => 8,
            Self::WrongSum(_) => 9,
            Self::PeerFailed(_) => 10,
            Self::Expired(_) => 11,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => out.write_str("done"),
            // Each is a sentence that says what it is.
            Self::Local(what) | Self::Left(what) => out.write_str(what),
            Self::Unreachable(what) => write!(out, "the relay cannot be reached: {what}"),
            Self::NoSuchCode(what) => write!(out, "the relay does not take the code: {what}"),
            Self::Refused(what) => write!(out, "the relay refused: {what}"),
            Self::Lost(what) => write!(out, "the other side was lost: {what}"),
            Self::RelayGone(what) => write!(out, "the connection to the relay is gone: {what}"),
            Self::WrongSum(what) => write!(out, "what arrived is not what was sent: {what}"),
            Self::PeerFailed(what) => write!(out, "the other side says: {what}"),
            Self::Expired(what) => write!(out, "nobody came in time: {what}"),
            Self::Interrupted => out.write_str("interrupted; the other side is told"),
            Self::Terminated => out.write_str("terminated; the other side is told"),
        }
    }
}

impl std::error::Error for Ending {}

#[cfg(test)]
mod tests;
