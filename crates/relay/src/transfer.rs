//! What `send` and `receive` share: the connection, the session over it, files on both ends, and what is shown meanwhile.
//!
//! A session of the command line's carries one file or one text and ends. The page on the other side may do more, and
//! speaks the same [`envelope`](crate::envelope).

mod client;
mod incoming;
mod link;
mod outgoing;
mod progress;
mod session;
mod target;

pub use client::{ClientArgs, run_client};
pub use incoming::{Arrived, receive_one};
pub(crate) use link::{Address, upgrade};
pub use link::{In, Link, Out};
pub use outgoing::{Source, send_file, send_text};
pub use progress::Progress;
pub use session::{Notice, Session, Start, decode};
pub use target::{Sink, Target};

/// Bytes as hexadecimal digits.
///
/// ```
/// assert_eq!(tenure_relay::transfer::hex(&[0, 171, 255]), "00abff");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string does not fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
