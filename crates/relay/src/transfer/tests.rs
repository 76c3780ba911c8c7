//! Two sides over channels: no relay, no socket.

use std::path::Path;

use proptest::prelude::*;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_tungstenite::tungstenite::Bytes;

use super::*;
use crate::{
    envelope::{Envelope, FileBegins, FileEnds, FileFailed, FileReceived},
    exit::Ending,
    wire::{ClientMessage, ErrorCode, Reason, ReasonCode, RelayMessage, Role},
};

/// Small, so that a test's file has many chunks.
const MAX_FRAME: usize = 64;

/// One side of a session and the other ends of its channels.
struct Side {
    session: Session,
    out: mpsc::Receiver<Out>,
    into: mpsc::Sender<In>,
}

fn code() -> crate::wire::PairCode {
    "K7QX-2M9P".parse().expect("a code")
}

fn paired_message() -> In {
    In::Message(RelayMessage::Paired {
        code: code(),
        role: Role::Creator,
        token: None,
        grace_ms: 1,
        max_frame: MAX_FRAME,
    })
}

fn gone(code: ReasonCode) -> In {
    In::Message(RelayMessage::Gone { reason: Reason { code, text: "because".to_owned() } })
}

impl Side {
    fn new() -> Self {
        let (link, out, into) = Link::in_memory();
        Self { session: Session::new(link, |_| {}), out, into }
    }

    async fn paired() -> Self {
        let mut side = Self::new();
        side.into.send(paired_message()).await.expect("a place");
        side.session.pair(Start::Create).await.expect("paired");
        assert!(matches!(
            side.out.recv().await,
            Some(Out::Message(ClientMessage::Create { resumable: false }))
        ));
        side
    }

    async fn hears(&self, envelope: Envelope<'_>) {
        self.into.send(In::Data(Bytes::from(envelope.encode()))).await.expect("a place");
    }
}

/// Passes frames on as a relay does, each changed by `change`, until the sender leaves; then it says so.
fn relay(
    mut from: mpsc::Receiver<Out>,
    to: mpsc::Sender<In>,
    mut change: impl FnMut(Bytes) -> Option<Bytes> + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(out) = from.recv().await {
            let passed = match out {
                Out::Data(frame) => change(frame).map(In::Data),
                Out::Message(ClientMessage::Leave) => Some(gone(ReasonCode::Left)),
                Out::Message(_) => None,
            };
            if let Some(passed) = passed
                && to.send(passed).await.is_err()
            {
                return;
            }
        }
    })
}

/// Sends `content` from one side to the other, into `folder`; chunks pass through `change`.
async fn transfer(
    content: &[u8],
    folder: &Path,
    change: impl FnMut(Bytes) -> Option<Bytes> + Send + 'static,
) -> (Result<(u64, String), Ending>, Result<Arrived, Ending>) {
    let (mut sender, mut receiver) = (Side::paired().await, Side::paired().await);
    relay(sender.out, receiver.into, change);
    relay(receiver.out, sender.into, Some);
    let target = Target::Folder(folder.to_owned());
    let progress = Progress::new(true);
    let source = Source { name: "../a file".to_owned(), size: None, reader: content };
    tokio::join!(
        async {
            let sent = send_file(&mut sender.session, source, &progress).await;
            sender.session.leave().await;
            sent
        },
        async {
            let arrived = receive_one(&mut receiver.session, &target, false, &progress).await;
            receiver.session.leave().await;
            arrived
        }
    )
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("a folder").count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_sent_is_what_arrives(content in proptest::collection::vec(any::<u8>(), 0..1000)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let (sent, arrived) = runtime.block_on(transfer(&content, folder.path(), Some));
        let (bytes, sum) = sent.expect("sent");
        let arrived = arrived.expect("received");
        prop_assert_eq!((bytes, arrived.bytes), (content.len() as u64, content.len() as u64));
        prop_assert_eq!(arrived.sum, Some(sum));
        let path = arrived.path.expect("a file");
        prop_assert_eq!(&path, &folder.path().join("a file"));
        prop_assert_eq!(std::fs::read(path).expect("readable"), content);
        prop_assert_eq!(files_in(folder.path()), 1);
    }
}

/// Changes the chunk with this number by `change`.
fn nth_chunk(
    number: usize,
    change: impl Fn(Vec<u8>) -> Option<Vec<u8>> + Send + 'static,
) -> impl FnMut(Bytes) -> Option<Bytes> + Send + 'static {
    let mut chunks = 0;
    move |frame| {
        if !matches!(Envelope::decode(&frame), Ok(Envelope::Chunk { .. })) {
            return Some(frame);
        }
        chunks += 1;
        if chunks == number { change(frame.to_vec()).map(Bytes::from) } else { Some(frame) }
    }
}

#[tokio::test]
async fn a_byte_that_is_changed_on_the_way_is_noticed_and_the_sender_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let flip = nth_chunk(2, |mut frame| {
        *frame.last_mut()? ^= 1;
        Some(frame)
    });
    let (sent, arrived) = transfer(&[7; 300], folder.path(), flip).await;
    assert!(matches!(&arrived, Err(Ending::WrongSum(why)) if why.contains("sum")), "{arrived:?}");
    assert!(matches!(&sent, Err(Ending::PeerFailed(why)) if why.contains("not what was sent")), "{sent:?}");
    assert_eq!(files_in(folder.path()), 0);
}

#[tokio::test]
async fn a_chunk_that_is_lost_on_the_way_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (sent, arrived) = transfer(&[7; 300], folder.path(), nth_chunk(2, |_| None)).await;
    assert!(
        matches!(&arrived, Err(Ending::WrongSum(why)) if why.contains("300 bytes were sent")),
        "{arrived:?}"
    );
    assert!(matches!(sent, Err(Ending::PeerFailed(_))), "{sent:?}");
    assert_eq!(files_in(folder.path()), 0);
}

#[tokio::test]
async fn a_file_that_exists_is_refused_before_it_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a file"), "mine").expect("written");
    let (sent, arrived) = transfer(&[7; 300], folder.path(), Some).await;
    assert!(matches!(&arrived, Err(Ending::Local(why)) if why.contains("exists")), "{arrived:?}");
    assert!(matches!(&sent, Err(Ending::PeerFailed(why)) if why.contains("exists")), "{sent:?}");
    assert_eq!(std::fs::read(folder.path().join("a file")).expect("readable"), b"mine");
}

#[tokio::test]
async fn the_sender_compares_the_sum_that_the_receiver_names() {
    let mut sender = Side::paired().await;
    sender.hears(Envelope::Received(FileReceived { id: 1, sha256: "00".to_owned() })).await;
    let source = Source { name: String::new(), size: None, reader: &b"abc"[..] };
    let sent = send_file(&mut sender.session, source, &Progress::new(true)).await;
    assert!(matches!(&sent, Err(Ending::WrongSum(why)) if why.contains("ba7816bf")), "{sent:?}");
}

#[tokio::test]
async fn a_source_that_fails_tells_both_sides() {
    let mut sender = Side::paired().await;
    let source = Source { name: "disk".to_owned(), size: None, reader: broken::Disk };
    let sent = send_file(&mut sender.session, source, &Progress::new(true)).await;
    assert!(matches!(&sent, Err(Ending::Local(why)) if why.contains("cannot read disk")), "{sent:?}");
    let begins = sender.out.recv().await;
    assert!(matches!(begins, Some(Out::Data(_))));
    let Some(Out::Data(frame)) = sender.out.recv().await else { panic!("the other side is told") };
    assert!(matches!(Envelope::decode(&frame), Ok(Envelope::Failed(FileFailed { id: 1, .. }))));
}

mod broken {
    use std::{
        io,
        pin::Pin,
        task::{Context, Poll},
    };
    use tokio::io::{AsyncRead, ReadBuf};

    /// A disk that breaks.
    pub(super) struct Disk;

    impl AsyncRead for Disk {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::Error::other("it is broken")))
        }
    }
}

#[tokio::test]
async fn each_reason_is_an_ending_of_its_own_kind() {
    let reasons: Vec<u8> = {
        let mut codes = Vec::new();
        for code in ReasonCode::ALL {
            let mut side = Side::paired().await;
            side.into.send(gone(code)).await.expect("a place");
            codes.push(side.session.next().await.expect_err("it is over").code());
        }
        codes
    };
    assert_eq!(reasons, [6, 7, 7, 7, 7, 8, 7, 6]);
}

#[tokio::test]
async fn what_happens_before_the_two_are_paired_has_endings_too() {
    let refused = |code| In::Message(RelayMessage::Error { code, message: "no".to_owned(), retry_ms: None });
    let ways = [
        (gone(ReasonCode::Expired), 11),
        (refused(ErrorCode::NoSuchCode), 4),
        (refused(ErrorCode::TooManyAttempts), 5),
        (refused(ErrorCode::ShuttingDown), 8),
        (In::Broken("cut".to_owned()), 8),
    ];
    for (came, code) in ways {
        let mut side = Side::new();
        side.into.send(came).await.expect("a place");
        let ending = side.session.pair(Start::Claim("K7QX2M9P".to_owned())).await.expect_err("not paired");
        assert_eq!(ending.code(), code, "{ending}");
        assert!(matches!(
            side.out.recv().await,
            Some(Out::Message(ClientMessage::Claim { resumable: false, .. }))
        ));
    }
}

/// The receiver takes nothing, so the sender's queue is full; that the other side is gone must still reach it.
#[tokio::test]
async fn a_sender_that_waits_for_a_slow_side_hears_that_it_is_gone() {
    let sender = Side::paired().await;
    let source = Source { name: String::new(), size: None, reader: tokio::io::repeat(7) };
    let progress = Progress::new(true);
    let Side { mut session, out, into } = sender;
    let (sent, ()) = tokio::join!(send_file(&mut session, source, &progress), async {
        while out.len() < out.max_capacity() {
            tokio::task::yield_now().await;
        }
        into.send(gone(ReasonCode::Lost)).await.expect("a place");
    });
    assert!(matches!(sent, Err(Ending::Lost(_))), "{sent:?}");
}

/// Nothing comes out of the pipe that is to be sent, and the other side is gone.
#[tokio::test]
async fn a_sender_that_waits_for_its_own_source_hears_that_the_other_side_is_gone() {
    let Side { mut session, mut out, into } = Side::paired().await;
    let (silent, _open) = tokio::io::duplex(1);
    let source = Source { name: String::new(), size: None, reader: silent };
    let progress = Progress::new(true);
    let (sent, ()) = tokio::join!(send_file(&mut session, source, &progress), async {
        assert!(matches!(out.recv().await, Some(Out::Data(_))));
        into.send(gone(ReasonCode::Left)).await.expect("a place");
    });
    assert!(matches!(sent, Err(Ending::Left(_))), "{sent:?}");
}

#[tokio::test]
async fn a_receiver_ends_when_the_sender_is_lost_in_the_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut receiver = Side::paired().await;
    let begins = FileBegins { id: 9, name: "a".to_owned(), size: Some(6), mime: String::new() };
    receiver.hears(Envelope::Begins(begins)).await;
    receiver.hears(Envelope::Chunk { id: 9, bytes: b"abc" }).await;
    receiver.into.send(gone(ReasonCode::Lost)).await.expect("a place");
    let target = Target::Folder(folder.path().to_owned());
    let arrived = receive_one(&mut receiver.session, &target, false, &Progress::new(true)).await;
    assert!(matches!(arrived, Err(Ending::Lost(_))), "{arrived:?}");
    assert_eq!(files_in(folder.path()), 0);
}

#[tokio::test]
async fn chunks_of_another_file_are_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut receiver = Side::paired().await;
    let begins = FileBegins { id: 9, name: "a".to_owned(), size: Some(3), mime: String::new() };
    let sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD".to_owned();
    let ends = FileEnds { id: 9, sha256, size: 3 };
    let target = Target::Folder(folder.path().to_owned());
    let progress = Progress::new(true);
    let into = receiver.into.clone();
    let (arrived, ()) = tokio::join!(receive_one(&mut receiver.session, &target, false, &progress), async {
        let envelopes = [
            Envelope::Chunk { id: 8, bytes: b"early" },
            Envelope::Begins(begins),
            Envelope::Chunk { id: 8, bytes: b"xyz" },
            Envelope::Chunk { id: 9, bytes: b"abc" },
            Envelope::Ends(ends),
        ];
        for envelope in envelopes {
            into.send(In::Data(Bytes::from(envelope.encode()))).await.expect("a place");
        }
    });
    assert_eq!(std::fs::read(arrived.expect("received").path.expect("a file")).expect("readable"), b"abc");
}

#[tokio::test]
async fn a_text_that_does_not_fit_is_refused_with_what_to_do_instead() {
    let mut sender = Side::paired().await;
    // The answer is there before it is asked for.
    sender.hears(Envelope::TextReceived { id: 2 }).await;
    send_text(&mut sender.session, &"x".repeat(MAX_FRAME - crate::envelope::HEADER)).await.expect("it fits");
    let refused = send_text(&mut sender.session, &"x".repeat(MAX_FRAME - crate::envelope::HEADER + 1)).await;
    assert!(matches!(&refused, Err(Ending::Local(why)) if why.contains("as a file")), "{refused:?}");
}

#[tokio::test]
async fn what_is_no_envelope_ends_the_transfer() {
    let mut receiver = Side::paired().await;
    receiver.into.send(In::Data(Bytes::from_static(b"\xffhello"))).await.expect("a place");
    let arrived = receive_one(&mut receiver.session, &Target::Stdout, false, &Progress::new(true)).await;
    assert!(matches!(arrived, Err(Ending::PeerFailed(_))), "{arrived:?}");
}

#[tokio::test]
async fn what_the_other_side_says_cannot_command_the_terminal() {
    let mut sender = Side::paired().await;
    let message = format!("\u{1b}[2Jgone{}", "!".repeat(10_000));
    sender.hears(Envelope::Failed(FileFailed { id: 1, message })).await;
    let source = Source { name: String::new(), size: None, reader: tokio::io::repeat(7) };
    let sent = send_file(&mut sender.session, source, &Progress::new(true)).await;
    let Err(Ending::PeerFailed(said)) = sent else { panic!("{sent:?}") };
    assert!(said.starts_with("[2Jgone!") && said.len() <= 500, "{said}");
}
