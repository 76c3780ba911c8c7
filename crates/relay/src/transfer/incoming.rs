//! The receiving side: one file or text comes in, its sum is compared, and the sender is told.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::{Progress, Session, Sink, Target, decode, hex, session::peer_failed};
use crate::{
    envelope::{Envelope, FileBegins, FileEnds, FileFailed, FileReceived, safe_name},
    exit::Ending,
};

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256 sum, in hexadecimal digits; both sides have it. None for a text, which has no sum of its sender's.
    pub sum: Option<String>,
    /// The file's name here; none where it went to standard output.
    pub path: Option<PathBuf>,
}

/// Receives the first thing that the other side sends, a text or a file, into `target`, and tells it that it is here.
/// A file has its real name only when its sum is right; until then, and if it never is, there is nothing under it.
///
/// # Errors
///
/// How the session ended before everything was here; [`Ending::WrongSum`] if it is not what was sent, and
/// [`Ending::Local`] if it cannot be written, both of which the sender is told.
pub async fn receive_one(
    session: &mut Session,
    target: &Target,
    force: bool,
    progress: &Progress,
) -> Result<Arrived, Ending> {
    loop {
        let frame = session.next().await?;
        match decode(&frame)? {
            Envelope::Text { id, text } => {
                let arrived = write_text(text, target, force).await;
                if arrived.is_ok() {
                    // It is here. If the sender is gone by now, it does not know, and that is its ending, not this one.
                    _ = session.send(&Envelope::TextReceived { id }).await;
                }
                return told(session, id, arrived).await;
            }
            Envelope::Begins(begins) => {
                let id = begins.id;
                let arrived = receive_file(session, begins, target, force, progress).await;
                progress.end();
                return told(session, id, arrived).await;
            }
            // Not begun here: a file whose beginning this side has not seen, or an answer to nothing.
            Envelope::Chunk { .. }
            | Envelope::Ends(_)
            | Envelope::Received(_)
            | Envelope::Failed(_)
            | Envelope::TextReceived { .. } => {}
        }
    }
}

/// Tells the sender of what has failed here.
async fn told(session: &mut Session, id: u32, arrived: Result<Arrived, Ending>) -> Result<Arrived, Ending> {
    if let Err(ending @ (Ending::Local(_) | Ending::WrongSum(_) | Ending::PeerFailed(_))) = &arrived {
        let message = ending.to_string();
        // If the session is over as well, what failed first counts.
        _ = session.send(&Envelope::Failed(FileFailed { id, message })).await;
    }
    arrived
}

/// A text goes to standard output, or to the file that was asked for. What could command a terminal stays out of one.
async fn write_text(text: &str, target: &Target, force: bool) -> Result<Arrived, Ending> {
    use std::io::IsTerminal as _;
    let bytes = text.len() as u64;
    if let Target::File(_) = target {
        let mut sink = target.open("text", force)?;
        sink.write(text.as_bytes()).await?;
        return Ok(Arrived { bytes, sum: None, path: sink.finish().await? });
    }
    let shown = if std::io::stdout().is_terminal() {
        text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
    } else {
        text.to_owned()
    };
    let mut sink = Sink::stdout();
    sink.write(shown.as_bytes()).await?;
    sink.write(b"\n").await?;
    sink.finish().await?;
    Ok(Arrived { bytes, sum: None, path: None })
}

async fn receive_file(
    session: &mut Session,
    begins: FileBegins,
    target: &Target,
    force: bool,
    progress: &Progress,
) -> Result<Arrived, Ending> {
    let FileBegins { id, name, size, .. } = begins;
    let mut sink = target.open(&name, force)?;
    progress.begin(&safe_name(&name), size);
    let mut sum = Sha256::new();
    let mut bytes = 0_u64;
    let ends = loop {
        let frame = session.next().await?;
        match decode(&frame)? {
            Envelope::Chunk { id: of, bytes: chunk } if of == id => {
                sum.update(chunk);
                sink.write(chunk).await?;
                bytes += chunk.len() as u64;
                progress.advance(chunk.len());
            }
            Envelope::Ends(ends) if ends.id == id => break ends,
            Envelope::Failed(failed) if failed.id == id => return Err(peer_failed(&failed.message)),
            // Whatever else comes is not of this file, and is not taken.
            _ => {}
        }
    };
    let sum = hex(&sum.finalize());
    compare(&ends, bytes, &sum)?;
    let path = sink.finish().await?;
    // The file is here and right. If the sender is gone by now, it does not know, and that is its ending, not this one.
    _ = session.send(&Envelope::Received(FileReceived { id, sha256: sum.clone() })).await;
    Ok(Arrived { bytes, sum: Some(sum), path })
}

fn compare(ends: &FileEnds, bytes: u64, sum: &str) -> Result<(), Ending> {
    if ends.size != bytes {
        return Err(Ending::WrongSum(format!("{} bytes were sent, {bytes} arrived", ends.size)));
    }
    if !ends.sha256.eq_ignore_ascii_case(sum) {
        return Err(Ending::WrongSum(format!(
            "the sum sent is {}, that of what arrived {sum}",
            printable(&ends.sha256)
        )));
    }
    Ok(())
}

/// As much of what the other side claims as may be shown.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(64).collect()
}
