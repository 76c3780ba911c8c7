//! Owners that live as long as a cancellation token, or the other end of a channel.

use crate::{OwnedUntil, own_until, tasks::Owned};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};
use tenure_core::{DeathReason, Owner, OwnerRef};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Makes the owner live until the token is cancelled, and die with the reason
/// [`Cancelled`](DeathReason::Cancelled). One small task waits for it.
///
/// # Panics
/// Outside of a runtime. The owner is then dropped.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let token = CancellationToken::new();
/// let owned = tenure_tokio::own_cancellation(map.owner(), token.clone());
/// map.create("K7QX", (), owned.name())?;
/// let gone = map.gone("K7QX");
/// token.cancel();
/// gone.await?;
/// assert_eq!(owned.name().reason(), Some(DeathReason::Cancelled));
/// # Ok(())
/// # }
/// ```
pub fn own_cancellation(owner: Owner, token: CancellationToken) -> OwnedUntil {
    own_until(owner, async move {
        token.cancelled_owned().await;
        DeathReason::Cancelled
    })
}

/// Makes the owner live as long as the receiving end of this channel, and die with the reason
/// [`PeerClosed`](DeathReason::PeerClosed) when that is closed or dropped. One small task waits for it; no message is
/// touched.
///
/// The answer holds a sender: as long as it lives, the receiver does not see that all senders are gone. Drop it with
/// your own; the owner then dies as well.
///
/// # Panics
/// Outside of a runtime. The owner is then dropped.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let (sender, receiver) = tokio::sync::mpsc::channel::<u8>(1);
/// let owned = tenure_tokio::own_sender(map.owner(), sender.clone());
/// map.create("K7QX", (), owned.name())?;
/// let gone = map.gone("K7QX");
/// drop(receiver);
/// gone.await?;
/// assert_eq!(owned.name().reason(), Some(DeathReason::PeerClosed));
/// # Ok(())
/// # }
/// ```
pub fn own_sender<T: Send + 'static>(owner: Owner, sender: mpsc::Sender<T>) -> OwnedUntil {
    own_until(owner, async move {
        sender.closed().await;
        DeathReason::PeerClosed
    })
}

/// As [`own_sender`], for a channel without bound.
///
/// # Panics
/// Outside of a runtime. The owner is then dropped.
///
/// ```
/// use tenure_core::{DeathReason, EndCause, SessionMap};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<u32>();
/// let owned = tenure_tokio::own_unbounded_sender(map.owner(), sender);
/// map.create("K7QX", (), owned.name())?;
/// let gone = map.gone("K7QX");
/// drop(receiver);
/// assert_eq!(gone.await?, EndCause::OwnerDied(DeathReason::PeerClosed));
/// # Ok(())
/// # }
/// ```
pub fn own_unbounded_sender<T: Send + 'static>(owner: Owner, sender: mpsc::UnboundedSender<T>) -> OwnedUntil {
    own_until(owner, async move {
        sender.closed().await;
        DeathReason::PeerClosed
    })
}

/// Makes the owner live as long as somebody waits at the receiving end of this channel for its one message.
///
/// It dies with the reason [`PeerClosed`](DeathReason::PeerClosed) when the receiver is closed or dropped, with
/// [`Finished`](DeathReason::Finished) when the message is sent by the sender that is answered, and with
/// [`Dropped`](DeathReason::Dropped) when that one is dropped. One small task waits and passes the message on.
///
/// # Panics
/// Outside of a runtime. The owner is then dropped.
///
/// ```
/// use tenure_core::{DeathReason, SessionMap};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let map = SessionMap::<()>::new();
/// let (sender, receiver) = tokio::sync::oneshot::channel();
/// let (sender, name) = tenure_tokio::own_oneshot(map.owner(), sender);
/// sender.send("answer").unwrap();
/// assert_eq!(receiver.await?, "answer");
/// assert_eq!(name.reason(), Some(DeathReason::Finished));
/// # Ok(())
/// # }
/// ```
pub fn own_oneshot<T: Send + 'static>(
    owner: Owner,
    sender: oneshot::Sender<T>,
) -> (oneshot::Sender<T>, OwnerRef) {
    let (given, message) = oneshot::channel();
    let name = owner.name().clone();
    let mut owned = Owned(Some(owner));
    tokio::spawn(async move {
        let (mut sender, mut message) = (sender, pin!(message));
        let sent = poll_fn(|context| match message.as_mut().poll(context) {
            Poll::Ready(sent) => Poll::Ready(Some(sent)),
            Poll::Pending => sender.poll_closed(context).map(|()| None),
        })
        .await;
        match sent {
            // Before the message is there: who has it sees the owner dead.
            Some(Ok(message)) => {
                owned.release(DeathReason::Finished);
                // An error: the receiver has gone at this moment.
                let _ = sender.send(message);
            }
            Some(Err(_)) => owned.release(DeathReason::Dropped),
            None => owned.release(DeathReason::PeerClosed),
        }
    });
    (given, name)
}
