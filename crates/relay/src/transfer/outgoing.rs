//! The sending side: a file or a stream goes out in chunks, its sum at the end, and the other side's answer is awaited.

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{Progress, Session, decode, hex, session::peer_failed};
use crate::{
    envelope::{Envelope, FileBegins, FileEnds, FileFailed, FileReceived},
    exit::Ending,
};

/// The one file of a session of the command line's.
const FILE: u32 = 1;
/// Or its one text.
const TEXT: u32 = 2;

/// What is to be sent.
pub struct Source<R> {
    /// What the receiver may call it.
    pub name: String,
    /// How many bytes there are, if that is known.
    pub size: Option<u64>,
    /// The bytes.
    pub reader: R,
}

impl<R> std::fmt::Debug for Source<R> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Source").field("name", &self.name).field("size", &self.size).finish_non_exhaustive()
    }
}

/// Sends everything that `source` has, and waits until the other side says that it has it all: then both have the
/// same sum. Returns the number of bytes and the sum.
///
/// # Errors
///
/// How the session ended before that; [`Ending::Local`] if the source cannot be read, which the other side is told.
pub async fn send_file<R: AsyncRead + Unpin>(
    session: &mut Session,
    source: Source<R>,
    progress: &Progress,
) -> Result<(u64, String), Ending> {
    let Source { name, size, mut reader } = source;
    progress.begin(&name, size);
    let mime = "application/octet-stream".to_owned();
    session.send(&Envelope::Begins(FileBegins { id: FILE, name: name.clone(), size, mime })).await?;
    let mut sum = Sha256::new();
    let mut sent = 0_u64;
    let mut chunk = vec![0; session.chunk_bytes()];
    loop {
        // A pipe may say nothing for hours: that the other side is gone must not wait for it.
        let read = tokio::select! {
            biased;
            ending = session.over() => return Err(ending),
            read = reader.read(&mut chunk) => read,
        };
        let read = match read {
            Ok(0) => break,
            Ok(read) => read,
            Err(why) => return Err(cannot_read(session, &name, &why).await),
        };
        sum.update(&chunk[..read]);
        session.send(&Envelope::Chunk { id: FILE, bytes: &chunk[..read] }).await?;
        sent += read as u64;
        progress.advance(read);
    }
    let sum = hex(&sum.finalize());
    session.send(&Envelope::Ends(FileEnds { id: FILE, sha256: sum.clone(), size: sent })).await?;
    let theirs = loop {
        match decode(&session.next().await?)? {
            Envelope::Received(FileReceived { id: FILE, sha256 }) => break sha256,
            Envelope::Failed(FileFailed { id: FILE, message }) => return Err(peer_failed(&message)),
            _ => {}
        }
    };
    progress.end();
    if theirs == sum {
        Ok((sent, sum))
    } else {
        Err(Ending::WrongSum(format!("this side sent {sum}, the other one has {theirs}")))
    }
}

/// Sends a text, and waits until the other side says that it has it.
///
/// # Errors
///
/// How the session ended before that; [`Ending::Local`] if the text does not fit into a frame.
pub async fn send_text(session: &mut Session, text: &str) -> Result<(), Ending> {
    let room = session.chunk_bytes();
    if text.len() > room {
        return Err(Ending::Local(format!(
            "the text has {} bytes, and the relay takes {room} at once: send it as a file or through standard input",
            text.len()
        )));
    }
    session.send(&Envelope::Text { id: TEXT, text }).await?;
    loop {
        match decode(&session.next().await?)? {
            Envelope::TextReceived { id: TEXT } => return Ok(()),
            Envelope::Failed(FileFailed { id: TEXT, message }) => return Err(peer_failed(&message)),
            _ => {}
        }
    }
}

/// Tells the other side that the source failed; it is told what the person here is told.
async fn cannot_read(session: &mut Session, name: &str, why: &std::io::Error) -> Ending {
    let message = format!("cannot read {name}: {why}");
    // If the session is over as well, the file is still what failed first.
    _ = session.send(&Envelope::Failed(FileFailed { id: FILE, message: message.clone() })).await;
    Ending::Local(message)
}
