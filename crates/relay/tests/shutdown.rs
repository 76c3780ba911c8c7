//! SIGTERM of a relay under load: nothing that it has taken is lost, everybody is told, and it ends in order.

use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use process::{Relay, soon};
use rustix::process::Signal;
use tenure_relay::wire::{ClientMessage, ReasonCode, RelayMessage, Secret};
use tokio::{net::TcpStream, sync::watch};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Bytes, Message},
};

mod process;
mod talk;

type Socket = WebSocketStream<TcpStream>;

/// Pairs under load.
const PAIRS: usize = 4;
/// Bytes in a frame, of which the first eight are its number.
const FRAME: usize = 4096;
/// Frames that the relay has taken of each sender when it is told to end.
const TAKEN: u64 = 16;

async fn connect(relay: &Relay, first: ClientMessage) -> Socket {
    let stream = soon("connecting", TcpStream::connect(relay.address())).await.expect("the relay listens");
    let url = format!("ws://{}/v1/pair", relay.address());
    let shaken = soon("the handshake", tokio_tungstenite::client_async(url, stream)).await;
    let (mut socket, _) = shaken.expect("it speaks WebSocket");
    soon("sending", socket.send(Message::text(first.to_text()))).await.expect("it listens");
    socket
}

async fn hear(socket: &mut Socket) -> RelayMessage {
    loop {
        match soon("a message", socket.next()).await.expect("it is open").expect("it works") {
            Message::Text(text) => return RelayMessage::parse(&text).expect("a message"),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn pair(relay: &Relay) -> (Socket, Socket) {
    let mut creator = connect(relay, ClientMessage::Create { resumable: false }).await;
    let RelayMessage::Created { code, .. } = hear(&mut creator).await else { panic!("no code") };
    let code = Secret(code.to_string());
    let mut claimer = connect(relay, ClientMessage::Claim { code, resumable: false }).await;
    for socket in [&mut creator, &mut claimer] {
        assert!(matches!(hear(socket).await, RelayMessage::Paired { .. }));
    }
    (creator, claimer)
}

/// Sends numbered frames as fast as the relay takes them, a ping after each: whoever answers the ping has read the frame.
async fn send(mut sink: SplitSink<Socket, Message>) {
    for number in 0_u64.. {
        let mut frame = vec![0; FRAME];
        frame[..8].copy_from_slice(&number.to_be_bytes());
        let ping = Message::Ping(Bytes::copy_from_slice(&number.to_be_bytes()));
        // An error: the relay has closed.
        if sink.send(Message::Binary(frame.into())).await.is_err() || sink.send(ping).await.is_err() {
            return;
        }
    }
}

/// Counts the frames that the relay has read, until it says that it is over, and why.
async fn count_taken(mut stream: SplitStream<Socket>, taken: watch::Sender<u64>) -> Option<ReasonCode> {
    let mut told = None;
    while let Some(Ok(message)) = soon("an answer to a ping, or the end", stream.next()).await {
        match message {
            Message::Pong(number) => {
                let number: [u8; 8] = number.as_ref().try_into().expect("one of ours");
                taken.send_replace(u64::from_be_bytes(number) + 1);
            }
            Message::Text(text) => told = reason_in(&text).or(told),
            _ => {}
        }
    }
    told
}

fn reason_in(text: &str) -> Option<ReasonCode> {
    match RelayMessage::parse(text) {
        Ok(RelayMessage::Gone { reason }) => Some(reason.code),
        _ => None,
    }
}

/// How many frames come, which must be the first ones, each once and whole; and what the relay says at the end.
async fn receive(mut socket: Socket) -> (u64, Option<ReasonCode>) {
    let (mut came, mut told) = (0_u64, None);
    while let Some(Ok(message)) = soon("a frame, or the end", socket.next()).await {
        match message {
            Message::Binary(frame) => {
                assert_eq!((frame.len(), &frame[..8]), (FRAME, &came.to_be_bytes()[..]));
                assert_eq!(told, None, "data after the end");
                came += 1;
            }
            Message::Text(text) => told = reason_in(&text).or(told),
            _ => {}
        }
    }
    (came, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_frame_that_the_relay_has_read_is_lost_when_it_is_told_to_end() {
    let relay = Relay::with(&["--dead-after", "20s", "--control-rate", "10000000"]);
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let (sender, receiver) = pair(&relay).await;
        let (sink, stream) = sender.split();
        let (taken, mut seen) = watch::channel(0);
        tokio::spawn(send(sink));
        let counts = tokio::spawn(count_taken(stream, taken));
        // The receiver has read nothing yet: all of it is in the relay or in a socket's buffer.
        let taken = soon("the relay to take frames", seen.wait_for(|taken| *taken >= TAKEN)).await;
        drop(taken.expect("the sender goes on"));
        pairs.push((receiver, seen, counts));
    }
    relay.program.signal(Signal::TERM);
    for (receiver, seen, counts) in pairs {
        let (came, told) = soon("what the relay has taken, and its end", receive(receiver)).await;
        let sender_told = soon("the sender to be told", counts).await.expect("no panic");
        let taken = *seen.borrow();
        assert!(came >= taken, "{taken} frames were taken and {came} came");
        assert_eq!((told, sender_told), (Some(ReasonCode::Shutdown), Some(ReasonCode::Shutdown)));
    }
    relay.program.end().with(0, "");
}

#[test]
fn both_sides_of_a_transfer_say_that_the_relay_is_gone_and_leave_no_file() {
    let relay = Relay::start();
    let folder = tempfile::tempdir().expect("a folder");
    let mut sender = relay.send(&["--name", "file"]);
    let mut receiver = relay.receive(&[&sender.code(), "-o", folder.path().to_str().expect("a plain name")]);
    receiver.line_with("paired");
    sender.write(&vec![7; 8 << 20]);
    relay.program.signal(Signal::TERM);
    sender.end().with(8, "shutting down");
    receiver.end().with(8, "shutting down");
    relay.program.end().with(0, "");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
