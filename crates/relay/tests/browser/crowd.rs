//! People at other devices, without browsers.

use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::process::soon;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Sink = SplitSink<Socket, Message>;

pub(crate) struct Crowd {
    url: String,
    http: Client,
    pairs: Vec<[Sink; 2]>,
    /// Open for as long as this is.
    waiting: Vec<Sink>,
}

impl Crowd {
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), http: Client::new(), pairs: Vec::new(), waiting: Vec::new() }
    }

    async fn say_first(&self, first: Value) -> (Socket, Value) {
        let address = format!("{}/v1/pair", self.url.replacen("http", "ws", 1));
        let (mut socket, _) =
            soon("connecting", connect_async(address)).await.expect("the relay takes connections");
        socket.send(Message::text(first.to_string())).await.expect("the relay reads");
        let answer = hear(&mut socket).await;
        (socket, answer)
    }

    /// Somebody shows a code, and nobody takes it.
    pub(crate) async fn wait_for_somebody(&mut self) {
        let (socket, _) = self.say_first(json!({ "type": "create" })).await;
        self.waiting.push(read_on(socket));
    }

    /// Two pair, and one sends so many bytes.
    pub(crate) async fn pair_and_send(&mut self, bytes: usize) {
        let (mut creator, created) = self.say_first(json!({ "type": "create", "resumable": true })).await;
        let (claimer, paired) = self.say_first(json!({ "type": "claim", "code": created["code"] })).await;
        for said in [paired, hear(&mut creator).await] {
            assert_eq!(said["type"], "paired", "{said}");
        }
        let mut pair = [read_on(creator), read_on(claimer)];
        for _ in 0..=bytes / 50_000 {
            pair[0].send(Message::binary(vec![0; 50_000])).await.expect("the relay reads");
        }
        self.pairs.push(pair);
    }

    /// One says that it leaves.
    pub(crate) async fn leave(&mut self) {
        if let Some([mut creator, _claimer]) = (!self.pairs.is_empty()).then(|| self.pairs.remove(0)) {
            creator
                .send(Message::text(json!({ "type": "leave" }).to_string()))
                .await
                .expect("the relay reads");
        }
    }

    /// One that may come back closes its connection.
    pub(crate) async fn lose(&mut self) {
        if let Some([creator, _]) = self.pairs.last_mut() {
            creator.close().await.expect("the connection was open");
        }
    }

    /// Messages and replies of a gateway: more in some rounds than in others, some to where there is no route.
    pub(crate) async fn gateway(&self, round: u32) {
        let key = |room: u32, thread: Option<u32>| {
            json!({ "channel": "irc", "bridge": "net", "room": format!("#room{room}"), "thread": thread.map(|n| n.to_string()),
                "external_room": format!("!room{room}"), "text": "hello" })
        };
        self.post("messages", key(round % 150, round.is_multiple_of(3).then_some(round % 5))).await;
        for n in 0..=(round / 6) % 5 {
            self.post("replies", key(round.saturating_sub(n * 3) % 150, (n == 2).then_some(99))).await;
        }
    }

    /// That there is no route for it is an answer too.
    async fn post(&self, path: &str, body: Value) {
        let answer = self.http.post(format!("{}/v1/{path}", self.url)).json(&body).send();
        let answer = soon("an answer", answer).await.expect("an answer");
        assert!(answer.status().is_success() || answer.status() == 404, "{path} {body}: {}", answer.status());
    }
}

/// The relay's next message.
async fn hear(socket: &mut Socket) -> Value {
    loop {
        if let Message::Text(text) =
            soon("a message", socket.next()).await.expect("a message").expect("a message")
        {
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}

/// Reads for as long as the connection lives, so that it answers to pings.
fn read_on(socket: Socket) -> Sink {
    let (sink, mut stream) = socket.split();
    tokio::spawn(async move { while let Some(Ok(_)) = stream.next().await {} });
    sink
}
