//! Who does not take what it is sent stops who sends it, and is neither lost nor waited for without end.

mod process;
mod talk;

use process::Relay;
use std::time::Duration;
use talk::{Client, is_shown};
use tenure_relay::wire::{ClientMessage, ReasonCode};
use tokio_tungstenite::tungstenite::Message;

/// Bytes in a frame.
const FRAME: usize = 64 * 1024;
/// More than any buffer between the two sides holds.
const OFFERED: usize = 256;

/// Offers frames until none is taken within this time, and says how many were. One more is in the sender's own buffer then.
async fn fill(sender: &mut Client, within: Duration, mut meanwhile: impl AsyncFnMut()) -> usize {
    let mut taken = 0;
    while taken < OFFERED && sender.offer(vec![taken as u8; FRAME], within).await {
        taken += 1;
        meanwhile().await;
    }
    taken
}

#[tokio::test]
async fn a_receiver_that_does_not_read_stops_its_sender_and_loses_nothing() {
    let relay = Relay::with(&["--dead-after", "60s", "--stall-after", "60s"]);
    let (mut sender, mut receiver) = Client::pair(&relay).await;
    // If this machine is so slow that it stops earlier, fewer were taken, which is no mistake.
    let taken = fill(&mut sender, Duration::from_millis(700), async || {}).await;
    let in_all = (taken + 1) * FRAME;
    // Both clients' buffers and the relay's of both connections, which Linux makes twice as large as it was asked; two
    // frames in hand, one in each of two buffers of the WebSocket.
    let bound = 2 * 2 * 64 * 1024 + 2 * 2 * 256 * 1024 + 6 * FRAME;
    assert!(
        in_all <= bound,
        "{in_all} bytes are on their way to somebody who reads nothing; the bound is {bound}"
    );
    for at in 0..taken {
        assert_eq!(receiver.frame().await, vec![at as u8; FRAME], "frame {at}");
    }
    // There is room again: the rest of the last one goes, and what comes after it.
    let (mut sending, receiving) = (sender, async move {
        assert_eq!(receiver.frame().await, vec![taken as u8; FRAME]);
        assert_eq!(receiver.frame().await, [1]);
    });
    let send = async {
        sending.send(Message::binary(vec![1])).await;
        sending
    };
    let (sender, ()) = tokio::join!(send, receiving);
    drop(sender);
}

#[tokio::test]
async fn a_sender_that_was_not_read_for_long_is_not_taken_for_dead() {
    let relay = Relay::with(&["--dead-after", "1s", "--stall-after", "60s"]);
    let (mut sender, mut receiver) = Client::pair(&relay).await;
    let taken =
        fill(&mut sender, Duration::from_millis(300), async || receiver.say(&ClientMessage::Pong).await)
            .await;
    // Longer than it may be silent.
    let mut every = tokio::time::interval(Duration::from_millis(250));
    for _ in 0..10 {
        every.tick().await;
        receiver.say(&ClientMessage::Pong).await;
    }
    let receiving = async {
        for at in 0..=taken {
            assert_eq!(receiver.frame().await, vec![at as u8; FRAME], "frame {at}");
        }
        assert_eq!(receiver.frame().await, [1]);
        receiver.say(&ClientMessage::Leave).await;
    };
    let sending = async {
        sender.send(Message::binary(vec![1])).await;
        sender.is_told_gone(ReasonCode::Left).await;
    };
    tokio::join!(sending, receiving);
}

#[tokio::test]
async fn on_sigterm_what_was_read_for_a_slow_receiver_is_delivered() {
    let relay = Relay::with(&["--dead-after", "60s", "--stall-after", "60s", "--drain", "60s"]);
    let (mut sender, mut receiver) = Client::pair(&relay).await;
    fill(&mut sender, Duration::from_millis(700), async || {}).await;
    let metrics = reqwest::get(format!("{}/metrics", relay.url)).await.unwrap().text().await.unwrap();
    let name = "tenure_relay_relayed_frames_total{from=\"creator\"} ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)).expect("it is counted");
    let written: usize = line.parse().unwrap();
    relay.program.signal(rustix::process::Signal::TERM);
    let mut received = 0;
    loop {
        match receiver.next().await {
            Some(Message::Binary(bytes)) => {
                assert_eq!(bytes, vec![received as u8; FRAME]);
                received += 1;
            }
            Some(Message::Text(text)) => {
                assert!(text.contains("\"shutdown\""), "{text}");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    // One was being written, and one waited for that.
    assert!(received >= written + 2, "{written} were written before, {received} arrived");
    drop(sender);
    relay.program.end().with(0, "drained");
}

#[tokio::test]
async fn a_receiver_that_never_reads_is_too_slow() {
    let relay = Relay::with(&["--dead-after", "60s", "--stall-after", "1s"]);
    let (mut sender, receiver) = Client::pair(&relay).await;
    fill(&mut sender, Duration::from_millis(500), async || {}).await;
    sender.is_told_gone(ReasonCode::TooSlow).await;
    drop(receiver);
}

#[tokio::test]
async fn a_sender_that_is_not_read_is_missed_all_the_same_when_it_goes() {
    let relay =
        Relay::with(&["--dead-after", "60s", "--stall-after", "60s", "--requests-per-second", "1000000"]);
    let (mut sender, mut receiver) = Client::pair(&relay).await;
    fill(&mut sender, Duration::from_millis(500), async || {}).await;
    drop(sender);
    // The relay cannot tell the receiver before it reads, but it knows.
    is_shown(&relay, "\"lost\":1").await;
    while let Some(Message::Binary(_)) = receiver.next().await {}
}
