use super::*;

#[test]
fn messages_are_what_the_protocol_says() {
    let told = [
        (ClientMessage::Create { resumable: true }, r#"{"type":"create","resumable":true}"#),
        (
            ClientMessage::Claim { code: Secret("K7QX-2M9P".to_owned()), resumable: false },
            r#"{"type":"claim","code":"K7QX-2M9P","resumable":false}"#,
        ),
        (ClientMessage::Resume { token: Secret("1-f".to_owned()) }, r#"{"type":"resume","token":"1-f"}"#),
        (ClientMessage::Leave, r#"{"type":"leave"}"#),
        (ClientMessage::Pong, r#"{"type":"pong"}"#),
    ];
    for (message, text) in told {
        assert_eq!(message.to_text(), text);
        assert_eq!(ClientMessage::parse(text), Ok(message));
    }
    assert_eq!(ClientMessage::parse(r#"{"type":"create"}"#), Ok(ClientMessage::Create { resumable: false }));
}

#[test]
fn a_relays_messages_are_what_the_protocol_says() {
    let code: PairCode = "K7QX2M9P".parse().unwrap();
    let reason = Reason { code: ReasonCode::TooSlow, text: "x".to_owned() };
    let told = [
        (
            RelayMessage::Paired { code, role: Role::Claimer, token: None, grace_ms: 8000, max_frame: 9 },
            r#"{"type":"paired","code":"K7QX-2M9P","role":"claimer","token":null,"grace_ms":8000,"max_frame":9}"#,
        ),
        (
            RelayMessage::Resumed { code, role: Role::Creator, state: State::Waiting, peer_away: false },
            r#"{"type":"resumed","code":"K7QX-2M9P","role":"creator","state":"waiting","peer_away":false}"#,
        ),
        (RelayMessage::PeerBack, r#"{"type":"peer_back"}"#),
        (RelayMessage::Gone { reason }, r#"{"type":"gone","reason":{"code":"too_slow","text":"x"}}"#),
        (
            RelayMessage::Error { code: ErrorCode::StaleToken, message: "m".to_owned(), retry_ms: None },
            r#"{"type":"error","code":"stale_token","message":"m"}"#,
        ),
    ];
    for (message, text) in told {
        assert_eq!(message.to_text(), text);
        assert_eq!(RelayMessage::parse(text), Ok(message));
    }
}

#[test]
fn words_are_the_same_for_people_and_in_messages() {
    for code in ErrorCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
    for code in ReasonCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
}

#[test]
fn every_refusal_has_its_own_close_code() {
    let mut codes: Vec<_> = ErrorCode::ALL.iter().map(|code| code.close_code()).collect();
    codes.dedup();
    assert_eq!(codes.len(), ErrorCode::ALL.len());
    assert!(codes.iter().all(|code| (4000..5000).contains(code)));
}

#[test]
fn what_is_no_code_is_refused() {
    for text in ["", "K7QX", "K7QX-2M9", "K7QX-2M9PP", "K7QX-2M9O", "K7QX-2M9é", "K7QX_2M9P"] {
        assert_eq!(text.parse::<PairCode>(), Err(InvalidCode), "{text}");
    }
}

#[test]
fn secrets_do_not_show() {
    let code: PairCode = "K7QX2M9P".parse().unwrap();
    let token = Some(Secret("17-0123456789abcdef".to_owned()));
    let created = RelayMessage::Created { code, token, grace_ms: 1, expires_ms: 1, max_frame: 1 };
    let claim = ClientMessage::Claim { code: Secret("K7QX2M9P".to_owned()), resumable: false };
    let bad =
        ClientMessage::parse(r#"{"type":"claim","code":"K7QX2M9P","resumable":"K7QX2M9P"}"#).unwrap_err();
    for shown in [format!("{created:?}"), format!("{claim:?}"), format!("{bad:?} {bad}")] {
        assert!(!shown.contains("K7QX") && !shown.contains("0123"), "{shown}");
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_unread() {
    let text = format!(r#"{{"type":"pong","x":"{}"}}"#, "x".repeat(MAX_CONTROL));
    assert!(ClientMessage::parse(&text).unwrap_err().to_string().contains("4096"));
}
