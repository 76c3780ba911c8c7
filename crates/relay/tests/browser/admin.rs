//! The page of operations shows what the relay does.

use super::{crowd::Crowd, look, process::soon, scene::Scene};
use reqwest::{Client, StatusCode};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_operations_shows_sessions_routes_and_events() {
    let Some(scene) = Scene::begin().await else { return };
    let (ann, bob, base) = (&scene.ann, &scene.bob, &scene.relay.url);
    ann.open(&format!("{base}/admin")).await;
    ann.read("#pill-text", "Live").await;
    ann.read("#sessions-empty", "No session.").await;

    // A code that nobody has claimed is a secret.
    bob.open(base).await;
    bob.click("#create").await;
    let code = bob.read("#shown-code", "-").await;
    ann.read("#sessions", "waiting").await;
    ann.read("#sessions .deadline", ":").await;
    assert!(
        !ann.run("return document.body.innerText").await.to_string().contains(&code),
        "the code is not shown"
    );
    let first = bob.client.window().await.unwrap();
    let tab = bob.client.new_window(true).await.unwrap();
    bob.client.switch_to_window(tab.handle).await.unwrap();
    bob.open(&format!("{base}/#{code}")).await;
    bob.click("#confirm-join").await;
    bob.read("#pill-text", "Connected").await;
    ann.read("#sessions", &code).await;
    ann.read("#sessions", "claimer").await;
    bob.write("#text", "hello\n").await;

    let subscriber = Client::new().get(format!("{base}/v1/subscribe/!harbor")).send();
    let subscriber = soon("events", subscriber).await.unwrap();
    ann.read("#subscribers", "!harbor").await;
    traffic(base).await;
    ann.read("#routes", "irc / net / #harbor").await;
    ann.read("#events", "fallback").await;
    ann.read(".chart[data-of=hits] h2", "12").await;
    ann.read(".chart[data-of=fallbacks] h2", "8").await;
    // They have come, and are drawn with the next frame.
    let told = "await new Promise(requestAnimationFrame);
        return [...document.querySelectorAll('#events .tag')].filter((tag) => tag.textContent === 'fallback').length";
    assert_eq!(ann.run_module(told).await, 8, "each fallback is told once");
    look::check(ann, "operations").await;
    drop(subscriber);
    ann.read("#subscribers-empty", "No subscriber.").await;

    bob.click("#leave").await;
    ann.read("#sessions-empty", "No session.").await;
    ann.read("#events", "left").await;
    bob.client.close_window().await.unwrap();
    bob.client.switch_to_window(first).await.unwrap();
    scene.end().await;
}

/// Twelve hits, five fallbacks to a room, three to what the caller named.
async fn traffic(base: &str) {
    let client = Client::new();
    let post = async |path: &str, body: serde_json::Value| {
        let answer =
            soon("an answer", client.post(format!("{base}{path}")).json(&body).send()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path} {body}");
    };
    for room in ["#harbor", "#market", "#station"] {
        let external = room.replace('#', "!");
        for thread in [None, Some("7")] {
            let key = json!({ "channel": "irc", "bridge": "net", "room": room, "thread": thread, "external_room": external, "text": "in" });
            post("/v1/messages", key).await;
            for _ in 0..2 {
                post("/v1/replies", json!({ "channel": "irc", "bridge": "net", "room": room, "thread": thread, "text": "out" })).await;
            }
        }
    }
    for thread in 20..25 {
        let key = json!({ "channel": "irc", "bridge": "net", "room": "#harbor", "thread": thread.to_string(), "text": "out" });
        post("/v1/replies", key).await;
    }
    for room in ["#a", "#b", "#c"] {
        let key =
            json!({ "channel": "irc", "bridge": "net", "room": room, "text": "out", "fallback": "!lobby" });
        post("/v1/replies", key).await;
    }
}

/// Not a test of anything but that there is a picture: a relay as it is on a busy day.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_a_busy_relay() {
    if std::env::var_os("TENURE_SCREENSHOTS").is_none_or(|folder| folder.is_empty()) {
        return;
    }
    let options = [
        "--dead-after",
        "60s",
        "--requests-per-second",
        "100000",
        "--claims-per-minute",
        "1000",
        "--partitions",
        "4",
        "--routes-per-partition",
        "24",
    ];
    let Some(scene) = Scene::with(&options).await else { return };
    let (ann, base) = (&scene.ann, &scene.relay.url);
    ann.size(1280, 900).await;
    ann.open(&format!("{base}/admin")).await;
    let mut crowd = Crowd::new(base);
    for _ in 0..3 {
        crowd.wait_for_somebody().await;
    }
    let _listening = [
        soon("events", Client::new().get(format!("{base}/v1/subscribe/!room3")).send()).await.unwrap(),
        soon("events", Client::new().get(format!("{base}/v1/subscribe/!room5")).send()).await.unwrap(),
    ];
    for round in 0_u32.. {
        crowd.gateway(round).await;
        if round.is_multiple_of(9) {
            crowd.pair_and_send(200_000 + 70_000 * (round as usize % 7)).await;
        }
        if round % 21 == 20 {
            crowd.leave().await;
        }
        let running = ann.run("return document.querySelector('#tiles > :last-child dd').textContent").await;
        if running.as_str().is_some_and(|clock| clock >= "1:10") {
            break;
        }
    }
    crowd.lose().await;
    ann.read("#sessions", "away").await;
    ann.picture("relay-admin.png").await;
    scene.bob.open(base).await;
    scene.end().await;
}
