//! Limits: how much one client, one address and all together may ask of the relay.

mod process;
mod talk;

use process::Relay;
use std::time::{Duration, Instant};
use talk::{Client, soon};
use tenure_relay::wire::{ClientMessage, ErrorCode, ReasonCode, RelayMessage};
use tokio_tungstenite::tungstenite::{self, Message};

/// Bytes in a frame.
const FRAME: usize = 64 * 1024;
/// More than any buffer between the two sides holds.
const OFFERED: usize = 256;

#[tokio::test]
async fn a_receiver_that_does_not_read_stops_its_sender_and_loses_nothing() {
    let relay = Relay::with(&["--dead-after", "60s", "--stall-after", "60s"]);
    let (mut sender, mut receiver) = Client::pair(&relay).await;
    let mut taken = 0;
    // If this machine is so slow that it stops earlier, fewer were taken, which is no mistake.
    while taken < OFFERED && sender.offer(vec![taken as u8; FRAME], Duration::from_millis(700)).await {
        taken += 1;
    }
    // The last one that was offered is in the sender's own buffer.
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
    let mut taken = 0;
    while taken < OFFERED && sender.offer(vec![taken as u8; FRAME], Duration::from_millis(300)).await {
        taken += 1;
        receiver.say(&ClientMessage::Pong).await;
    }
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
    let mut sent = 0;
    while sent < OFFERED && sender.offer(vec![sent as u8; FRAME], Duration::from_millis(700)).await {
        sent += 1;
    }
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
    let mut sent = 0;
    while sent < OFFERED && sender.offer(vec![0; FRAME], Duration::from_millis(500)).await {
        sent += 1;
    }
    sender.is_told_gone(ReasonCode::TooSlow).await;
    drop(receiver);
}

#[tokio::test]
async fn a_sender_that_is_not_read_is_missed_all_the_same_when_it_goes() {
    let relay = Relay::with(&["--dead-after", "60s", "--stall-after", "60s"]);
    let (mut sender, mut receiver) = Client::pair(&relay).await;
    let mut sent = 0;
    while sent < OFFERED && sender.offer(vec![0; FRAME], Duration::from_millis(500)).await {
        sent += 1;
    }
    drop(sender);
    // The relay cannot tell the receiver before it reads, but it knows.
    let ended = async {
        let state = || async { reqwest::get(format!("{}/admin/state", relay.url)).await?.text().await };
        while !state().await.unwrap().contains("\"lost\":1") {
            tokio::task::yield_now().await;
        }
    };
    soon("the sender's owner to die", ended).await;
    while let Some(Message::Binary(_)) = receiver.next().await {}
}

#[tokio::test]
async fn sessions_are_limited_by_address_and_in_all() {
    for limit in ["--sessions-per-address", "--sessions"] {
        let relay = Relay::with(&[limit, "2"]);
        let (first, _, _) = Client::create(&relay, false).await;
        let (_second, _, _) = Client::create(&relay, false).await;
        let mut third = Client::connect(&relay).await;
        third.say(&ClientMessage::Create { resumable: false }).await;
        third.is_refused(ErrorCode::LimitReached).await;
        first.close().await;
        // As soon as the first one's place is free.
        let freed = async {
            loop {
                let mut again = Client::connect(&relay).await;
                again.say(&ClientMessage::Create { resumable: false }).await;
                if matches!(again.hear().await, RelayMessage::Created { .. }) {
                    return again;
                }
            }
        };
        soon("a place to become free", freed).await;
    }
}

#[tokio::test]
async fn connections_of_one_address_are_limited() {
    let relay = Relay::with(&["--connections-per-address", "2"]);
    let (one, _two) = (Client::connect(&relay).await, Client::connect(&relay).await);
    assert!(Client::open(&relay, "/v1/pair", &[]).await.is_err());
    one.close().await;
    let freed = async { while Client::open(&relay, "/v1/pair", &[]).await.is_err() {} };
    soon("a place to become free", freed).await;
}

#[tokio::test]
async fn claims_are_limited_and_the_limit_says_when_to_try_again() {
    let relay = Relay::with(&["--claims-per-minute", "3", "--refuse-after", "1ms"]);
    let (_creator, code, _) = Client::create(&relay, false).await;
    for _ in 0..3 {
        let mut guesser = Client::connect(&relay).await;
        let told = guesser.try_claim("AAAA-AAAA", false).await;
        assert!(matches!(told, RelayMessage::Error { code: ErrorCode::NoSuchCode, .. }), "{told:?}");
    }
    // The right one does not help now.
    let mut guesser = Client::connect(&relay).await;
    let claim = ClientMessage::Claim { code: code.to_string().into(), resumable: false };
    guesser.say(&claim).await;
    let retry = guesser.is_refused(ErrorCode::TooManyAttempts).await.expect("it says when");
    assert!((1..=20_001).contains(&retry), "{retry}");
}

#[tokio::test]
async fn a_claim_that_fails_takes_the_same_time_whatever_it_fails_for() {
    let relay = Relay::with(&["--refuse-after", "400ms"]);
    let (mut creator, used, _) = Client::create(&relay, false).await;
    let (_claimer, _) = Client::claim(&relay, used, false).await;
    assert!(matches!(creator.hear().await, RelayMessage::Paired { .. }));
    let mut messages = Vec::new();
    for code in [used.to_string(), "AAAA-AAAA".to_owned(), "not a code".to_owned()] {
        let mut guesser = Client::connect(&relay).await;
        let begun = Instant::now();
        let RelayMessage::Error { code, message, .. } = guesser.try_claim(&code, false).await else {
            panic!("it was claimed");
        };
        assert!(begun.elapsed() >= Duration::from_millis(399), "{:?}", begun.elapsed());
        assert_eq!(code, ErrorCode::NoSuchCode);
        messages.push(message);
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "the words say no more than the time: {messages:?}");
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_refused_and_the_other_side_told() {
    let relay = Relay::with(&["--max-frame", "10000"]);
    let (mut sender, mut receiver) = Client::pair(&relay).await;
    sender.send(Message::binary(vec![0; 10_000])).await;
    assert_eq!(receiver.frame().await.len(), 10_000);
    sender.send(Message::binary(vec![0; 10_001])).await;
    sender.is_refused(ErrorCode::TooLarge).await;
    receiver.is_told_gone(ReasonCode::Ended).await;
}

#[tokio::test]
async fn messages_that_come_too_fast_are_refused() {
    let relay = Relay::with(&["--control-rate", "20"]);
    let (mut sender, mut receiver) = Client::pair(&relay).await;
    let chatter = async {
        loop {
            sender.say(&ClientMessage::Pong).await;
            tokio::select! {
                biased;
                told = sender.hear() => return told,
                () = std::future::ready(()) => {}
            }
        }
    };
    let told = soon("to be refused", chatter).await;
    assert!(matches!(told, RelayMessage::Error { code: ErrorCode::TooFast, .. }), "{told:?}");
    receiver.is_told_gone(ReasonCode::Ended).await;
}

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let relay = Relay::with(&["--hello", "300ms"]);
    for first in [
        Message::text("hello"),
        Message::text(r#"{"type":"claim"}"#),
        Message::text(ClientMessage::Leave.to_text()),
        Message::text("x".repeat(5_000)),
        Message::binary(vec![0]),
    ] {
        let mut client = Client::connect(&relay).await;
        client.send(first).await;
        client.is_refused(ErrorCode::BadMessage).await;
    }
    // Saying nothing is no message either.
    Client::connect(&relay).await.is_refused(ErrorCode::BadMessage).await;
    // Nor is a frame to nobody, or a second beginning.
    let (mut creator, _, _) = Client::create(&relay, false).await;
    creator.send(Message::binary(vec![0])).await;
    creator.is_refused(ErrorCode::BadMessage).await;
    let (mut creator, _, _) = Client::create(&relay, false).await;
    creator.say(&ClientMessage::Create { resumable: false }).await;
    creator.is_refused(ErrorCode::BadMessage).await;
}

#[tokio::test]
async fn pages_of_others_may_not_open_websockets() {
    let relay = Relay::with(&["--allow-origin", "https://pair.example.org"]);
    let own = format!("http://{}", relay.address());
    for origin in [&own, "https://pair.example.org"] {
        assert!(Client::open(&relay, "/v1/pair", &[("origin", origin)]).await.is_ok(), "{origin}");
    }
    // The last one is a name that its owner made lead here.
    for (origin, host) in [
        ("https://evil.example", relay.address()),
        ("null", relay.address()),
        ("http://evil.example:80", "evil.example:80"),
    ] {
        for path in ["/v1/pair", "/v1/subscribe/room"] {
            let headers = [("origin", origin), ("host", host)];
            let Err(tungstenite::Error::Http(refused)) = Client::open(&relay, path, &headers).await else {
                panic!("{origin} was let in at {path}")
            };
            let expected = if host == relay.address() { (403, "bad_origin") } else { (421, "unknown_host") };
            assert_eq!(refused.status(), expected.0);
            let body = String::from_utf8(refused.into_body().unwrap_or_default()).unwrap();
            assert!(body.contains(expected.1), "{body}");
        }
    }
}
