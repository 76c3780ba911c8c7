//! The gateway's HTTP interface, asked by a real client.

mod process;
mod talk;

use process::Relay;
use serde_json::{Value, json};
use talk::{Client, soon};

async fn post(relay: &Relay, path: &str, body: &Value) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{}{path}", relay.url)).json(body);
    let response = soon("an answer", request.send()).await.unwrap();
    (response.status().as_u16(), soon("the answer's text", response.json()).await.unwrap())
}

fn message(room: &str, thread: Option<&str>, external_room: &str, text: &str) -> Value {
    json!({ "channel": "chat", "bridge": "bot", "room": room, "thread": thread, "external_room": external_room, "text": text })
}

fn reply(room: &str, thread: Option<&str>, fallback: &Value) -> Value {
    json!({ "channel": "chat", "bridge": "bot", "room": room, "thread": thread, "text": "hello back", "fallback": fallback })
}

#[tokio::test]
async fn a_reply_says_where_its_route_came_from() {
    let relay = Relay::start();
    let set = post(&relay, "/v1/messages", &message("lobby", None, "!abc", "hello")).await;
    assert_eq!(set, (200, json!({ "delivered": 0, "set": true })));
    let (status, exact) = post(&relay, "/v1/replies", &reply("lobby", None, &json!([]))).await;
    assert_eq!(status, 200);
    let expected =
        json!({ "external_room": "!abc", "source": "exact", "stale": false, "reason": null, "delivered": 0 });
    assert_eq!(exact, expected);
    let (_, room) = post(&relay, "/v1/replies", &reply("lobby", Some("t1"), &json!([]))).await;
    assert_eq!(
        (&room["source"], &room["reason"], &room["external_room"]),
        (&json!("room"), &json!("thread_miss"), &json!("!abc"))
    );
    // It was written back.
    let (_, again) = post(&relay, "/v1/replies", &reply("lobby", Some("t1"), &json!([]))).await;
    assert_eq!(again["source"], "exact");
    for fallback in [json!("!xyz"), json!(["!xyz", "!uvw"])] {
        let other = format!("other {fallback}");
        let (_, provided) = post(&relay, "/v1/replies", &reply(&other, None, &fallback)).await;
        assert_eq!(
            (&provided["source"], &provided["reason"], &provided["external_room"]),
            (&json!("fallback"), &json!("miss"), &json!("!xyz"))
        );
    }
    let (status, none) = post(&relay, "/v1/replies", &reply("nowhere", None, &json!([]))).await;
    assert_eq!((status, &none["error"]), (404, &json!("no_route")));
    assert!(none["message"].as_str().unwrap().contains("\"nowhere\""), "{none}");
}

#[tokio::test]
async fn a_route_that_has_expired_is_said_to_be_stale() {
    let relay = Relay::with(&["--route-ttl", "200ms"]);
    post(&relay, "/v1/messages", &message("lobby", None, "!abc", "hello")).await;
    let expired = async {
        loop {
            let (status, answer) = post(&relay, "/v1/replies", &reply("lobby", None, &json!("!xyz"))).await;
            assert_eq!(status, 200);
            if answer["source"] == "fallback" {
                return answer;
            }
        }
    };
    let answer = soon("the route to expire", expired).await;
    assert_eq!((&answer["stale"], &answer["reason"]), (&json!(true), &json!("stale")));
}

#[tokio::test]
async fn subscribers_get_messages_and_replies_by_websocket_and_by_events() {
    let relay = Relay::start();
    let mut socket = Client::open(&relay, "/v1/subscribe/!abc", &[]).await.unwrap();
    let mut events = soon("events", reqwest::get(format!("{}/v1/subscribe/!abc", relay.url))).await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    assert_eq!(
        post(&relay, "/v1/messages", &message("lobby", Some("t"), "!abc", "hello")).await.1["delivered"],
        2
    );
    assert_eq!(
        post(&relay, "/v1/messages", &message("lobby", None, "!other", "elsewhere")).await.1["delivered"],
        0
    );
    assert_eq!(post(&relay, "/v1/replies", &reply("lobby", Some("t"), &json!([]))).await.1["delivered"], 2);
    let first: Value = serde_json::from_str(&socket.text().await).unwrap();
    let key = json!({ "channel": "chat", "bridge": "bot", "room": "lobby", "thread": "t" });
    assert_eq!(first, json!({ "seq": 1, "kind": "message", "text": "hello", "key": key }));
    let second: Value = serde_json::from_str(&socket.text().await).unwrap();
    assert_eq!((&second["kind"], &second["text"]), (&json!("reply"), &json!("hello back")));
    let mut text = String::new();
    while text.matches("\n\n").count() < 2 {
        let more = soon("events", events.chunk()).await.unwrap().expect("it goes on");
        text.push_str(std::str::from_utf8(&more).unwrap());
    }
    let told: Vec<Value> = text
        .split("\n\n")
        .filter_map(|event| serde_json::from_str(event.strip_prefix("data: ")?).ok())
        .collect();
    assert_eq!(told, [first, second]);
}

#[tokio::test]
async fn a_subscription_ends_with_its_connection() {
    let relay = Relay::start();
    let socket = Client::open(&relay, "/v1/subscribe/!abc", &[]).await.unwrap();
    let events = soon("events", reqwest::get(format!("{}/v1/subscribe/!abc", relay.url))).await.unwrap();
    let say = message("lobby", None, "!abc", "hello");
    assert_eq!(post(&relay, "/v1/messages", &say).await.1["delivered"], 2);
    drop(events);
    let fewer = async { while post(&relay, "/v1/messages", &say).await.1["delivered"] != 1 {} };
    soon("the events' subscription to end", fewer).await;
    socket.close().await;
    let none = async { while post(&relay, "/v1/messages", &say).await.1["delivered"] != 0 {} };
    soon("the socket's subscription to end", none).await;
}

#[tokio::test]
async fn a_subscriber_that_is_too_slow_is_told_how_many_it_has_missed() {
    let relay = Relay::with(&["--backlog", "2", "--dead-after", "60s"]);
    let mut slow = Client::open(&relay, "/v1/subscribe/!abc", &[]).await.unwrap();
    // More than all buffers on the way hold.
    let text = "x".repeat(60_000);
    let posted: u64 = 60;
    for _ in 0..posted {
        post(&relay, "/v1/messages", &message("lobby", None, "!abc", &text)).await;
    }
    let (mut seen, mut lost) = (0, 0);
    while seen + lost < posted {
        let next: Value = serde_json::from_str(&slow.text().await).unwrap();
        if let Some(lagged) = next["lagged"].as_u64() {
            lost += lagged;
            continue;
        }
        seen += 1;
        assert_eq!(next["seq"].as_u64(), Some(seen + lost), "what is missing is said where it is missing");
    }
    assert!(lost > 0 && seen > 0, "{lost} lost, {seen} seen");
}

#[tokio::test]
async fn a_subscriber_that_gives_no_sign_of_life_is_given_up() {
    let relay =
        Relay::with(&["--dead-after", "500ms", "--ping-every", "100ms", "--requests-per-second", "1000000"]);
    // It reads nothing, and so answers no ping.
    let silent = Client::open(&relay, "/v1/subscribe/!abc", &[]).await.unwrap();
    let mut alive = Client::open(&relay, "/v1/subscribe/!abc", &[]).await.unwrap();
    let text = async {
        let ended = "tenure_session_ended_total{table=\"subscribers\",cause=\"owner_heartbeat_missed\"} 1\n";
        let metrics = async || reqwest::get(format!("{}/metrics", relay.url)).await?.text().await;
        while !metrics().await.unwrap().contains(ended) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = soon("its owner to die", text) => {}
        // Reading is answering pings.
        said = alive.next() => panic!("{said:?}"),
    }
    let answer = post(&relay, "/v1/messages", &message("lobby", None, "!abc", "hello")).await;
    assert_eq!(answer.1["delivered"], 1);
    drop(silent);
}

#[tokio::test]
async fn a_reply_without_a_route_says_why_the_last_one_is_gone() {
    let relay = Relay::with(&["--partitions", "1", "--routes-per-partition", "1"]);
    post(&relay, "/v1/messages", &message("lobby", None, "!abc", "hello")).await;
    post(&relay, "/v1/messages", &message("other", None, "!abc", "hello")).await;
    let (status, none) = post(&relay, "/v1/replies", &reply("lobby", None, &json!([]))).await;
    assert_eq!((status, &none["error"]), (404, &json!("no_route")));
    assert!(none["message"].as_str().unwrap().contains("evicted to make room"), "{none}");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let relay = Relay::with(&["--max-body", "2000"]);
    let long = "x".repeat(600);
    for (body, named) in [
        (message("", None, "!abc", ""), "room is empty"),
        (message("lobby", Some(""), "!abc", ""), "thread is empty"),
        (message("lobby", None, "", ""), "external_room is empty"),
        (message(&long, None, "!abc", ""), "600"),
    ] {
        let (status, answer) = post(&relay, "/v1/messages", &body).await;
        assert_eq!((status, &answer["error"]), (400, &json!("bad_request")));
        assert!(answer["message"].as_str().unwrap().contains(named), "{answer}");
    }
    let many: Vec<_> = (0..17).map(|at| at.to_string()).collect();
    assert_eq!(post(&relay, "/v1/replies", &reply("lobby", None, &json!(many))).await.0, 400);
    assert_eq!(post(&relay, "/v1/replies", &reply("lobby", None, &json!(""))).await.0, 400);
    let (status, answer) = post(&relay, "/v1/messages", &json!({ "channel": "chat" })).await;
    assert_eq!(status, 422);
    assert!(answer["message"].as_str().unwrap().contains("missing field"), "{answer}");
    let (status, answer) =
        post(&relay, "/v1/messages", &message("lobby", None, "!abc", &"x".repeat(2000))).await;
    assert_eq!((status, &answer["error"]), (413, &json!("too_large")));
    assert!(answer["message"].as_str().unwrap().contains("2000 bytes"), "{answer}");
    let (_, answer) = post(&relay, "/v1/replies", &reply("lobby", None, &json!({ "room": "!abc" }))).await;
    assert!(answer["message"].as_str().unwrap().contains("an external room, or a list of them"), "{answer}");
    let (_, answer) = post(&relay, "/v1/replies", &reply("lobby", Some("t"), &json!([]))).await;
    assert!(answer["message"].as_str().unwrap().contains("room \"lobby\", thread \"t\"; post"), "{answer}");
    assert_eq!(post(&relay, "/v1/nothing", &json!({})).await.1["error"], "not_found");
    assert_eq!(post(&relay, "/healthz", &json!({})).await.0, 405);
    let client = reqwest::Client::new();
    let plain = client.post(format!("{}/v1/messages", relay.url)).body("{}").send();
    let plain = soon("an answer", plain).await.unwrap();
    assert_eq!(plain.status(), 415, "what a foreign page's form could send is not taken");
}
