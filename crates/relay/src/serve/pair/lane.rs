//! The way of the frames from one side to the other.

use axum::body::Bytes;
use tokio::{
    sync::{Mutex, MutexGuard, mpsc},
    time::Instant,
};

/// Room for one frame between who reads it from one socket and who writes it to the other.
///
/// A connection asks for the room before it reads, so it reads nothing that it could not hand on. In each direction a
/// pair has at most two frames in hand: the one here, and the one that is being written. Besides them there are the two
/// WebSockets' buffers, a frame and 16 KiB for what is read and a frame for what is written, and what the kernel holds
/// (twice `--socket-buffer` for each socket and direction, as Linux counts it).
#[derive(Debug)]
pub(super) struct Lane {
    sender: mpsc::Sender<Frame>,
    /// Locked by the one connection that writes to the other side, for as long as it does.
    receiver: Mutex<mpsc::Receiver<Frame>>,
}

/// A binary frame, and when it was read.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) bytes: Bytes,
    pub(super) read: Instant,
}

impl Lane {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        Self { sender, receiver: Mutex::new(receiver) }
    }

    /// Waits for room; none if nothing is passed on any more.
    pub(super) async fn room(&self) -> Option<mpsc::Permit<'_, Frame>> {
        self.sender.reserve().await.ok()
    }

    /// The end where frames come out. Waits for the connection that had it before.
    pub(super) async fn exit(&self) -> MutexGuard<'_, mpsc::Receiver<Frame>> {
        self.receiver.lock().await
    }
}
