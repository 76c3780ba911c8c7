//! A sender that says something else than it sends: the receiver notices, and has no file.

use futures_util::{SinkExt as _, StreamExt as _};
use process::{Relay, soon};
use tenure_relay::{
    envelope::{Envelope, FileBegins, FileEnds},
    wire::{ClientMessage, RelayMessage, Secret},
};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

mod process;

/// Claims `code` and sends `envelopes`. What the other side answers in envelopes.
async fn lie(relay: &Relay, code: &str, envelopes: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let stream = soon("connecting", TcpStream::connect(relay.address())).await.expect("the relay listens");
    let url = format!("ws://{}/v1/pair", relay.address());
    let shaken = soon("the handshake", tokio_tungstenite::client_async(url, stream)).await;
    let (mut socket, _) = shaken.expect("it speaks WebSocket");
    let claim = ClientMessage::Claim { code: Secret(code.to_owned()), resumable: false };
    socket.send(Message::text(claim.to_text())).await.expect("it listens");
    let mut envelopes = Some(envelopes);
    let mut answers = Vec::new();
    while let Some(Ok(message)) = soon("an answer, or the end", socket.next()).await {
        match message {
            Message::Text(text) => {
                if let Ok(RelayMessage::Paired { .. }) = RelayMessage::parse(&text) {
                    for envelope in envelopes.take().expect("paired once") {
                        socket.send(Message::Binary(envelope.into())).await.expect("it listens");
                    }
                }
            }
            Message::Binary(frame) => answers.push(frame.to_vec()),
            _ => {}
        }
    }
    answers
}

fn file(chunk: &[u8], sha256: &str, size: u64) -> Vec<Vec<u8>> {
    let begins =
        FileBegins { id: 3, name: "file".to_owned(), size: Some(size), mime: "text/plain".to_owned() };
    let ends = FileEnds { id: 3, sha256: sha256.to_owned(), size };
    let envelopes = [Envelope::Begins(begins), Envelope::Chunk { id: 3, bytes: chunk }, Envelope::Ends(ends)];
    envelopes.iter().map(Envelope::encode).collect()
}

#[tokio::test]
async fn a_wrong_sum_a_wrong_size_and_nonsense_end_the_receiver_each_with_its_code() {
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let relay = Relay::start();
    let folder = tempfile::tempdir().expect("a folder");
    let lies = [
        (file(b"abd", ABC, 3), 9, "the sum sent is ba78"),
        (file(b"abc", ABC, 4), 9, "4 bytes were sent, 3 arrived"),
        (vec![b"\xffnonsense".to_vec()], 10, "not understood"),
    ];
    for (envelopes, code, said) in lies {
        let mut receiver = relay.receive(&["-o", folder.path().to_str().expect("a plain name")]);
        let answers = lie(&relay, &receiver.code(), envelopes).await;
        receiver.end().with(code, said);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        let told =
            matches!(answers.last().map(|frame| Envelope::decode(frame)), Some(Ok(Envelope::Failed(_))));
        assert_eq!(told, code == 9, "{answers:?}");
    }
    // The same, and true.
    let mut receiver = relay.receive(&["-o", folder.path().to_str().expect("a plain name")]);
    let answers = lie(&relay, &receiver.code(), file(b"abc", ABC, 3)).await;
    receiver.end().with(0, ABC);
    assert!(
        matches!(Envelope::decode(&answers[0]), Ok(Envelope::Received(received)) if received.sha256 == ABC)
    );
}
