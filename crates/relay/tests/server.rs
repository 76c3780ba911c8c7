//! Operations: health, metrics, what the administrator sees and nobody else, and the end.

mod process;
mod talk;

use process::Relay;
use rustix::process::Signal;
use serde_json::Value;
use talk::{Client, soon};
use tenure_relay::wire::{ClientMessage, ReasonCode, RelayMessage};
use tokio_tungstenite::tungstenite::Message;

async fn get(url: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let request = reqwest::Client::new().get(url);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = soon("an answer", request.send()).await.unwrap();
    (response.status().as_u16(), soon("the answer's text", response.text()).await.unwrap())
}

#[tokio::test]
async fn it_is_healthy_until_it_is_told_to_stop() {
    let relay = Relay::start();
    let (status, body) = get(&format!("{}/healthz", relay.url), &[]).await;
    assert_eq!((status, body.as_str()), (200, r#"{"status":"ok"}"#));
}

#[tokio::test]
async fn metrics_have_their_names_and_count() {
    let relay = Relay::with(&["--requests-per-second", "1000000"]);
    let (mut creator, mut claimer) = Client::pair(&relay).await;
    creator.send(Message::binary(vec![0; 1000])).await;
    claimer.frame().await;
    claimer.say(&ClientMessage::Leave).await;
    creator.is_told_gone(ReasonCode::Left).await;
    let counted = async {
        loop {
            let (_, text) = get(&format!("{}/metrics", relay.url), &[]).await;
            if text.contains("tenure_session_active{table=\"creators\"} 0\n") {
                return text;
            }
        }
    };
    let text = soon("the session to be gone", counted).await;
    for line in [
        r#"tenure_session_created_total{table="creators"} 1"#,
        r#"tenure_session_claims_total{table="creators"} 1"#,
        r#"tenure_relay_claims_total{outcome="claimed"} 1"#,
        r#"tenure_relay_claims_total{outcome="no_such_code"} 0"#,
        r#"tenure_relay_refusals_total{code="bad_origin"} 0"#,
        r#"tenure_session_ended_total{table="claimers",cause="owner_released"} 1"#,
        r#"tenure_session_ended_total{table="creators",cause="owner_finished"} 1"#,
        r#"tenure_session_ended_total{table="subscribers",cause="owner_heartbeat_missed"} 0"#,
        r#"tenure_relay_ends_total{reason="left"} 1"#,
        r#"tenure_relay_ends_total{reason="too_slow"} 0"#,
        r#"tenure_relay_relayed_bytes_total{from="creator"} 1000"#,
        r#"tenure_relay_relayed_frames_total{from="creator"} 1"#,
        "tenure_relay_frame_seconds_count 1",
        "tenure_relay_claim_seconds_count 1",
        r#"tenure_relay_resolutions_total{source="room"} 0"#,
        r#"tenure_route_removals_total{table="routes",cause="evicted"} 0"#,
        r#"tenure_session_suspensions_total{table="creators"} 0"#,
        r#"tenure_route_records{table="routes"} 0"#,
        r#"tenure_session_active{table="subscribers"} 0"#,
        "# TYPE tenure_relay_connections gauge",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn without_a_token_only_this_machine_itself_is_the_administrator() {
    let relay = Relay::start();
    for path in ["/admin", "/admin/state", "/metrics"] {
        let url = format!("{}{path}", relay.url);
        assert_eq!(get(&url, &[]).await.0, 200, "{path}");
        // Through a proxy, or by a name that somebody made lead here.
        assert_eq!(get(&url, &[("x-forwarded-for", "192.0.2.1")]).await.0, 403, "{path}");
        assert_eq!(get(&url, &[("x-forwarded-for", "127.0.0.1")]).await.0, 403, "{path}");
    }
    let open = Relay::with(&["--listen", "0.0.0.0:0"]);
    let url = format!("http://127.0.0.1:{}/metrics", open.address().rsplit_once(':').unwrap().1);
    assert_eq!(get(&url, &[]).await.0, 200);
    assert_eq!(get(&url, &[("host", "evil.example")]).await.0, 403);
}

#[tokio::test]
async fn a_name_that_was_made_to_lead_to_this_machine_gets_nothing() {
    let relay = Relay::start();
    for path in ["/", "/healthz", "/admin/state", "/v1/subscribe/room"] {
        let (status, body) = get(&format!("{}{path}", relay.url), &[("host", "evil.example")]).await;
        assert_eq!(status, 421, "{path}");
        assert!(body.contains("\"unknown_host\""), "{body}");
    }
    for arguments in [["--public-url", "https://pair.example"], ["--trust-proxy", "--drain=5s"]] {
        let relay = Relay::with(&arguments);
        let url = format!("{}/healthz", relay.url);
        assert_eq!(get(&url, &[("host", "pair.example")]).await.0, 200, "{arguments:?}");
    }
}

#[tokio::test]
async fn with_a_token_whoever_has_it_is_the_administrator() {
    let relay = Relay::with(&["--admin-token", "open-sesame"]);
    for path in ["/admin/state", "/admin/events", "/metrics"] {
        let url = format!("{}{path}", relay.url);
        for headers in
            [&[][..], &[("authorization", "Bearer open-sesam")], &[("authorization", "open-sesame")]]
        {
            let (status, body) = get(&url, headers).await;
            assert_eq!(status, 403, "{path}");
            assert!(body.contains("\"not_admin\"") && !body.contains("sesame"), "{body}");
        }
        if path != "/admin/events" {
            assert_eq!(get(&url, &[("authorization", "Bearer open-sesame")]).await.0, 200);
            assert_eq!(get(&format!("{url}?a=b&token=open-sesame"), &[]).await.0, 200);
        }
    }
    assert_eq!(get(&format!("{}/admin", relay.url), &[]).await.0, 200, "the page asks for the token");
}

#[tokio::test]
async fn the_administrator_sees_sessions_but_no_code_that_is_good_still() {
    let relay = Relay::start();
    let (_waiting, secret, _) = Client::create(&relay, true).await;
    let (mut creator, used, _) = Client::create(&relay, false).await;
    let (_claimer, _) = Client::claim(&relay, used, false).await;
    assert!(matches!(creator.hear().await, RelayMessage::Paired { .. }));
    let (_, text) = get(&format!("{}/admin/state", relay.url), &[]).await;
    assert!(!text.contains(&secret.to_string()) && !text.contains(secret.key()), "{text}");
    let state: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&state["counts"]["sessions"], &state["counts"]["pairs"]), (&2.into(), &1.into()));
    let sessions = state["sessions"].as_array().unwrap();
    let paired = sessions.iter().find(|session| session["status"] == "paired").unwrap();
    assert_eq!(paired["code"], used.to_string());
    assert_eq!(paired["claimer"]["address"], "127.0.0.1");
    let waiting = sessions.iter().find(|session| session["status"] == "waiting").unwrap();
    assert!(waiting["code"].is_null() && waiting["claimer"].is_null());
    assert!(waiting["expires_in_ms"].as_u64().is_some_and(|left| left > 500_000));
}

#[tokio::test]
async fn the_administrator_is_told_what_happens() {
    let relay = Relay::start();
    let mut events = soon("events", reqwest::get(format!("{}/admin/events", relay.url))).await.unwrap();
    let mut text = String::new();
    let mut read_until = async |part: &str| {
        while !text.contains(part) {
            let more = soon(part, events.chunk()).await.unwrap().expect("it goes on");
            text.push_str(std::str::from_utf8(&more).unwrap());
        }
        text.clone()
    };
    read_until("event: state\ndata: {\"uptime_ms\":").await;
    let (creator, code, _) = Client::create(&relay, false).await;
    read_until("\"kind\":\"created\"").await;
    creator.close().await;
    let all = read_until("\"kind\":\"ended\",\"reason\":\"closed\"").await;
    assert!(!all.contains(code.key()), "{all}");
}

#[tokio::test]
async fn requests_of_one_address_are_limited() {
    let relay = Relay::with(&["--requests-per-second", "5"]);
    let limited = async {
        loop {
            let response = reqwest::get(format!("{}/healthz", relay.url)).await.unwrap();
            if response.status() == 429 {
                return response;
            }
        }
    };
    let response = soon("the limit", limited).await;
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(soon("the answer's text", response.text()).await.unwrap().contains("\"too_fast\""));
}

#[tokio::test]
async fn on_sigterm_everybody_is_told_and_it_ends_in_order() {
    let relay = Relay::start();
    let (mut creator, mut claimer) = Client::pair(&relay).await;
    let (mut waiting, _, _) = Client::create(&relay, true).await;
    let mut subscriber = Client::open(&relay, "/v1/subscribe/!abc", &[]).await.unwrap();
    let mut undecided = Client::connect(&relay).await;
    relay.program.signal(Signal::TERM);
    creator.is_told_gone(ReasonCode::Shutdown).await;
    claimer.is_told_gone(ReasonCode::Shutdown).await;
    waiting.is_told_gone(ReasonCode::Shutdown).await;
    assert_eq!(subscriber.is_closed().await, Some(1001));
    undecided.is_refused(tenure_relay::wire::ErrorCode::ShuttingDown).await;
    relay.program.end().with(0, "drained");
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let relay = Relay::with(&["--log", "trace", "--log-format", "json", "--admin-token", "open-sesame"]);
    let (mut creator, code, token) = Client::create(&relay, true).await;
    let token = token.unwrap();
    let (mut claimer, _) = Client::claim(&relay, code, false).await;
    creator.hear().await;
    creator.send(Message::binary(b"a private text".to_vec())).await;
    claimer.frame().await;
    let (_back, _) = Client::resume(&relay, &token).await;
    get(&format!("{}/metrics?token=open-sesame", relay.url), &[]).await;
    let client = reqwest::Client::new();
    let say = r#"{"channel":"c","bridge":"b","room":"r","external_room":"x","text":"a private text"}"#;
    let post = client.post(format!("{}/v1/messages", relay.url)).header("content-type", "application/json");
    assert_eq!(soon("an answer", post.body(say).send()).await.unwrap().status(), 200);
    relay.program.signal(Signal::TERM);
    let ended = relay.program.end().with(0, "drained");
    for secret in [&code.to_string(), code.key(), &token.0, "a private text", "open-sesame"] {
        let line = ended.said.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} was logged");
    }
    for line in ended.said.lines() {
        serde_json::from_str::<Value>(line).expect("a JSON object on each line");
    }
}
