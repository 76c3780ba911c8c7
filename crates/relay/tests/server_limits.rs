//! Limits: how much one client, one address and all together may ask of the relay.

mod process;
mod talk;

use process::Relay;
use std::time::{Duration, Instant};
use talk::{Client, soon};
use tenure_relay::wire::{ClientMessage, ErrorCode, ReasonCode, RelayMessage};
use tokio_tungstenite::tungstenite::{self, Message};

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
async fn behind_a_proxy_connections_are_limited_by_the_address_that_it_names() {
    let relay = Relay::with(&["--trust-proxy", "--connections-per-address", "2"]);
    let of = |address: &'static str| [("x-forwarded-for", address)];
    let open = async |path: &str, address| Client::open(&relay, path, &of(address)).await;
    let one = open("/v1/pair", "192.0.2.1").await.expect("the first");
    let _two = open("/v1/subscribe/room", "192.0.2.1").await.expect("the second");
    let Err(tungstenite::Error::Http(refused)) = open("/v1/pair", "192.0.2.1").await else {
        panic!("a third was let in")
    };
    assert_eq!(refused.status(), 429);
    let body = String::from_utf8(refused.into_body().unwrap_or_default()).unwrap();
    assert!(body.contains("\"limit_reached\""), "{body}");
    let _other = open("/v1/pair", "192.0.2.2").await.expect("somebody else");
    one.close().await;
    let freed = async { while open("/v1/pair", "192.0.2.1").await.is_err() {} };
    soon("a place to become free", freed).await;
    // A stream of events takes one as well, for as long as somebody reads it.
    let client = reqwest::Client::new();
    let get = async |path: &str| {
        let request = client.get(format!("{}{path}", relay.url)).header("x-forwarded-for", "192.0.2.3");
        soon("an answer", request.send()).await.unwrap()
    };
    let streams = (get("/v1/subscribe/room").await, get("/v1/subscribe/room").await);
    assert_eq!(get("/healthz").await.status(), 429);
    drop(streams);
    let freed = async { while get("/healthz").await.status() != 200 {} };
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
