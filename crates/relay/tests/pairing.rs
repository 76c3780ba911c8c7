//! Pairing, over real WebSockets: who is paired with whom, and what each side is told when the other one ends.

mod process;
mod talk;

use process::Relay;
use talk::Client;
use tenure_relay::wire::{ClientMessage, ErrorCode, ReasonCode, RelayMessage, Role};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn two_sides_are_piped_to_each_other_verbatim() {
    let relay = Relay::start();
    let (mut creator, code, token) = Client::create(&relay, false).await;
    assert!(token.is_none(), "who may not come back has nothing to come back with");
    let mut claimer = Client::connect(&relay).await;
    let typed = code.to_string().to_lowercase().replace('-', " ");
    let RelayMessage::Paired { role, code: shown, .. } = claimer.try_claim(&typed, false).await else {
        panic!("not paired")
    };
    assert_eq!((role, shown), (Role::Claimer, code));
    assert!(matches!(creator.hear().await, RelayMessage::Paired { role: Role::Creator, .. }));
    for length in [0, 1, 125, 126, 65_535, 65_536_u32] {
        let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        creator.send(Message::binary(bytes.clone())).await;
        assert_eq!(claimer.frame().await, bytes);
        claimer.send(Message::binary(bytes.clone())).await;
        assert_eq!(creator.frame().await, bytes);
    }
}

#[tokio::test]
async fn of_many_who_claim_at_once_exactly_one_is_paired() {
    let relay = Relay::with(&["--claims-per-minute", "1000", "--claims-per-second", "1000"]);
    let (mut creator, code, _) = Client::create(&relay, false).await;
    let mut claimants = Vec::new();
    for _ in 0..40 {
        claimants.push(Client::connect(&relay).await);
    }
    let mut claims = JoinSet::new();
    for mut claimant in claimants {
        claims.spawn(async move { (claimant.try_claim(&code.to_string(), false).await, claimant) });
    }
    let mut winners = Vec::new();
    while let Some(claimed) = claims.join_next().await {
        match claimed.unwrap() {
            (RelayMessage::Paired { .. }, winner) => winners.push(winner),
            (RelayMessage::Error { code, .. }, _) => assert_eq!(code, ErrorCode::NoSuchCode),
            (other, _) => panic!("{other:?}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert!(matches!(creator.hear().await, RelayMessage::Paired { .. }));
    creator.send(Message::binary(vec![7])).await;
    assert_eq!(winners[0].frame().await, [7]);
}

#[tokio::test]
async fn who_leaves_is_told_of_as_having_left() {
    let relay = Relay::start();
    let (mut creator, mut claimer) = Client::pair(&relay).await;
    creator.say(&ClientMessage::Leave).await;
    claimer.is_told_gone(ReasonCode::Left).await;
    assert_eq!(creator.is_closed().await, Some(1000));
    let (mut creator, mut claimer) = Client::pair(&relay).await;
    claimer.say(&ClientMessage::Leave).await;
    creator.is_told_gone(ReasonCode::Left).await;
}

#[tokio::test]
async fn what_was_sent_before_leaving_arrives() {
    let relay = Relay::start();
    let (mut creator, mut claimer) = Client::pair(&relay).await;
    for at in 0..20 {
        creator.send(Message::binary(vec![at; 30_000])).await;
    }
    creator.say(&ClientMessage::Leave).await;
    for at in 0..20 {
        assert_eq!(claimer.frame().await, vec![at; 30_000]);
    }
    claimer.is_told_gone(ReasonCode::Left).await;
}

#[tokio::test]
async fn who_claims_and_leaves_at_once_is_told_of_as_having_left() {
    let relay = Relay::with(&["--claims-per-minute", "100"]);
    for _ in 0..20 {
        let (mut creator, code, _) = Client::create(&relay, false).await;
        let (mut claimer, _) = Client::claim(&relay, code, false).await;
        claimer.send(Message::binary(vec![8])).await;
        claimer.say(&ClientMessage::Leave).await;
        assert!(matches!(creator.hear().await, RelayMessage::Paired { .. }));
        assert_eq!(creator.frame().await, [8]);
        creator.is_told_gone(ReasonCode::Left).await;
    }
}

#[tokio::test]
async fn who_closes_in_order_is_told_of_as_closed() {
    let relay = Relay::start();
    let (creator, mut claimer) = Client::pair(&relay).await;
    creator.close().await;
    claimer.is_told_gone(ReasonCode::Closed).await;
}

#[tokio::test]
async fn whose_connection_breaks_is_told_of_as_lost() {
    let relay = Relay::start();
    let (creator, mut claimer) = Client::pair(&relay).await;
    drop(creator);
    claimer.is_told_gone(ReasonCode::Lost).await;
    let (mut creator, claimer) = Client::pair(&relay).await;
    drop(claimer);
    creator.is_told_gone(ReasonCode::Lost).await;
}

#[tokio::test]
async fn who_gives_no_sign_of_life_is_told_of_by_that() {
    let relay = Relay::with(&["--dead-after", "1500ms"]);
    let (silent, mut claimer) = Client::pair(&relay).await;
    // It is there, reads nothing, and so answers no ping.
    claimer.is_told_gone(ReasonCode::Heartbeat).await;
    drop(silent);
}

#[tokio::test]
async fn any_frame_is_a_sign_of_life() {
    let relay = Relay::with(&["--dead-after", "1500ms"]);
    let (mut mute, mut claimer) = Client::pair(&relay).await;
    // It answers no ping, because it reads nothing, but speaks now and then.
    let mut every = tokio::time::interval(std::time::Duration::from_millis(300));
    for at in 0..10 {
        tokio::select! {
            _ = every.tick() => {}
            message = claimer.next() => panic!("{message:?}"),
        }
        mute.say(&ClientMessage::Pong).await;
        if at == 9 {
            mute.send(Message::binary(vec![1])).await;
        }
    }
    assert_eq!(claimer.frame().await, [1]);
}

#[tokio::test]
async fn a_code_that_nobody_claims_expires() {
    let relay = Relay::with(&["--code-ttl", "300ms"]);
    let (mut creator, code, _) = Client::create(&relay, false).await;
    creator.is_told_gone(ReasonCode::Expired).await;
    let mut late = Client::connect(&relay).await;
    let told = late.try_claim(&code.to_string(), false).await;
    assert!(matches!(told, RelayMessage::Error { code: ErrorCode::NoSuchCode, .. }), "{told:?}");
}
