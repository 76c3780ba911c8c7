//! Coming back, over real WebSockets: within the grace, too late, with a ticket of nobody's, and after the other side has ended.

mod process;
mod talk;

use process::Relay;
use talk::Client;
use tenure_relay::wire::{ClientMessage, ErrorCode, PairCode, ReasonCode, RelayMessage, Role, Secret, State};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_page_that_is_reloaded_takes_its_session_up_again() {
    let relay = Relay::start();
    let (creator, code, token) = Client::create(&relay, true).await;
    let (token, (mut claimer, _)) = (token.unwrap(), Client::claim(&relay, code, false).await);
    drop(creator);
    let RelayMessage::PeerAway { reason, until_ms } = claimer.hear().await else { panic!() };
    assert_eq!(reason.code, ReasonCode::Lost);
    assert!((1..=8_000).contains(&until_ms), "{until_ms}");
    // What is sent meanwhile waits for it.
    claimer.send(Message::binary(vec![1])).await;
    let (mut creator, told) = Client::resume(&relay, &token).await;
    let resumed = RelayMessage::Resumed { code, role: Role::Creator, state: State::Paired, peer_away: false };
    assert_eq!(told, resumed);
    assert_eq!(claimer.hear().await, RelayMessage::PeerBack);
    assert_eq!(creator.frame().await, [1]);
    creator.send(Message::binary(vec![2])).await;
    assert_eq!(claimer.frame().await, [2]);
}

#[tokio::test]
async fn the_other_side_is_told_why_a_page_is_away() {
    let relay = Relay::with(&["--dead-after", "1500ms"]);
    for expected in [ReasonCode::Closed, ReasonCode::Lost, ReasonCode::Heartbeat] {
        let (page, code, _) = Client::create(&relay, true).await;
        let (mut claimer, _) = Client::claim(&relay, code, false).await;
        let silent = match expected {
            ReasonCode::Closed => {
                page.close().await;
                None
            }
            ReasonCode::Lost => {
                drop(page);
                None
            }
            _ => Some(page),
        };
        let RelayMessage::PeerAway { reason, .. } = claimer.hear().await else { panic!() };
        assert_eq!(reason.code, expected);
        drop(silent);
    }
}

#[tokio::test]
async fn a_code_can_be_claimed_while_its_page_is_reloaded() {
    let relay = Relay::start();
    let (creator, code, token) = Client::create(&relay, true).await;
    creator.close().await;
    let (mut claimer, _) = Client::claim(&relay, code, true).await;
    assert!(matches!(claimer.hear().await, RelayMessage::PeerAway { .. }));
    let (mut creator, told) = Client::resume(&relay, &token.unwrap()).await;
    assert!(matches!(told, RelayMessage::Resumed { state: State::Paired, .. }), "{told:?}");
    assert_eq!(claimer.hear().await, RelayMessage::PeerBack);
    claimer.send(Message::binary(vec![3])).await;
    assert_eq!(creator.frame().await, [3]);
}

#[tokio::test]
async fn a_page_that_waits_can_be_reloaded_and_is_paired_then() {
    let relay = Relay::start();
    let (creator, code, token) = Client::create(&relay, true).await;
    drop(creator);
    let (mut creator, told) = Client::resume(&relay, &token.unwrap()).await;
    assert!(matches!(told, RelayMessage::Resumed { state: State::Waiting, .. }), "{told:?}");
    let (mut claimer, _) = Client::claim(&relay, code, false).await;
    assert!(matches!(creator.hear().await, RelayMessage::Paired { role: Role::Creator, .. }));
    creator.send(Message::binary(vec![4])).await;
    assert_eq!(claimer.frame().await, [4]);
}

#[tokio::test]
async fn who_comes_back_before_its_old_connection_is_known_to_be_lost_displaces_it() {
    let relay = Relay::start();
    let (mut creator, code, _) = Client::create(&relay, false).await;
    let (mut old, token) = Client::claim(&relay, code, true).await;
    assert!(matches!(creator.hear().await, RelayMessage::Paired { .. }));
    let (mut new, told) = Client::resume(&relay, &token.unwrap()).await;
    assert!(matches!(told, RelayMessage::Resumed { role: Role::Claimer, .. }), "{told:?}");
    while old.next().await.is_some() {}
    // Whether the other side has seen it away for that moment is not said.
    creator.send(Message::binary(vec![5])).await;
    assert_eq!(new.frame().await, [5]);
}

#[tokio::test]
async fn who_does_not_come_back_within_the_grace_is_gone_and_told_so_when_it_comes() {
    let relay = Relay::with(&["--grace", "300ms"]);
    let (mut claimer, code, token) = without_its_creator(&relay).await;
    claimer.is_told_gone(ReasonCode::Expired).await;
    let told = asks_for_it_back(&relay, &token, ReasonCode::Expired).await;
    assert!(told.starts_with("This side did not come back within 300ms. That was "), "{told}");
    // Who has the code alone learns nothing.
    let mut guesser = Client::connect(&relay).await;
    let told = guesser.try_claim(&code.to_string(), false).await;
    assert!(matches!(told, RelayMessage::Error { code: ErrorCode::NoSuchCode, .. }), "{told:?}");
}

/// From the instant that its time is over nobody sees it any more; that it ended is told up to a second later. Who comes back
/// in between is told why all the same.
#[tokio::test]
async fn who_comes_back_the_moment_its_time_is_over_is_told_so() {
    let relay = Relay::with(&["--grace", "300ms", "--requests-per-second", "1000000"]);
    for _ in 0..5 {
        let (page, _, token) = Client::create(&relay, true).await;
        drop(page);
        talk::is_shown(&relay, "\"sessions\":[]").await;
        let told = asks_for_it_back(&relay, &token.unwrap(), ReasonCode::Expired).await;
        assert!(told.starts_with("This side did not come back within 300ms. That was "), "{told}");
    }
}

/// A claimer whose creator is away; the code, and what the creator comes back with.
async fn without_its_creator(relay: &Relay) -> (Client, PairCode, Secret) {
    let (creator, code, token) = Client::create(relay, true).await;
    let (mut claimer, _) = Client::claim(relay, code, false).await;
    drop(creator);
    assert!(matches!(claimer.hear().await, RelayMessage::PeerAway { .. }));
    (claimer, code, token.expect("it may come back"))
}

/// Asks for a session that is over; what it is told of why.
async fn asks_for_it_back(relay: &Relay, token: &Secret, expected: ReasonCode) -> String {
    let (mut late, told) = Client::resume(relay, token).await;
    let RelayMessage::Gone { reason } = told else { panic!("{told:?}") };
    assert_eq!((reason.code, late.is_closed().await), (expected, Some(1000)));
    reason.text
}

#[tokio::test]
async fn who_asks_for_a_session_that_is_over_is_told_how_it_ended() {
    let relay = Relay::start();
    let (mut creator, code, token) = Client::create(&relay, true).await;
    let (mut claimer, claimers) = Client::claim(&relay, code, true).await;
    assert!(matches!(creator.hear().await, RelayMessage::Paired { .. }));
    claimer.say(&ClientMessage::Leave).await;
    creator.is_told_gone(ReasonCode::Left).await;
    drop(creator);
    let (token, claimers) = (token.unwrap(), claimers.unwrap());
    let told = asks_for_it_back(&relay, &token, ReasonCode::Left).await;
    assert!(told.starts_with("The other side has ended the session. That was "), "{told}");
    let told = asks_for_it_back(&relay, &claimers, ReasonCode::Left).await;
    assert!(told.starts_with("This side has ended the session. That was "), "{told}");
    // A ticket that is not quite one is not told.
    let (code_of_both, _) = token.0.split_once('.').unwrap();
    for forged in [
        token.0.replace(".c.", ".j."),
        format!("{code_of_both}.c.1-0123456789abcdef"),
        format!("{}x", token.0),
    ] {
        let mut guesser = Client::connect(&relay).await;
        guesser.say(&ClientMessage::Resume { token: Secret(forged) }).await;
        guesser.is_refused(ErrorCode::StaleToken).await;
    }
}

#[tokio::test]
async fn who_was_away_when_the_other_side_went_silent_is_told_that_when_it_comes_back() {
    let relay = Relay::with(&["--dead-after", "1s", "--grace", "60s", "--requests-per-second", "1000000"]);
    let (silent, _, token) = without_its_creator(&relay).await;
    // Nobody reads its pings any more; nobody is there to be told of its end.
    talk::is_shown(&relay, "\"heartbeat\":1").await;
    let (mut creator, told) = Client::resume(&relay, &token).await;
    assert!(matches!(told, RelayMessage::Resumed { .. }), "{told:?}");
    creator.is_told_gone(ReasonCode::Heartbeat).await;
    drop(silent);
}

#[tokio::test]
async fn a_token_that_is_nobodys_is_stale_and_hurts_nobody() {
    let relay = Relay::start();
    let (mut creator, code, token) = Client::create(&relay, true).await;
    let token = token.unwrap();
    let almost = format!("{}0", &token.0[..token.0.len() - 1]);
    for wrong in [almost, "nonsense".to_owned(), token.0.replace(".c.", ".j.")] {
        if wrong == token.0 {
            continue;
        }
        let mut client = Client::connect(&relay).await;
        client.say(&ClientMessage::Resume { token: Secret(wrong) }).await;
        client.is_refused(ErrorCode::StaleToken).await;
    }
    let (mut claimer, _) = Client::claim(&relay, code, false).await;
    assert!(matches!(creator.hear().await, RelayMessage::Paired { .. }));
    claimer.send(Message::binary(vec![6])).await;
    assert_eq!(creator.frame().await, [6]);
}

#[tokio::test]
async fn who_was_away_when_the_other_side_ended_is_told_why_when_it_comes_back() {
    let relay = Relay::start();
    let (mut claimer, _, token) = without_its_creator(&relay).await;
    claimer.say(&ClientMessage::Leave).await;
    assert_eq!(claimer.is_closed().await, Some(1000));
    let (mut creator, told) = Client::resume(&relay, &token).await;
    assert!(matches!(told, RelayMessage::Resumed { state: State::Paired, .. }), "{told:?}");
    creator.is_told_gone(ReasonCode::Left).await;
}
