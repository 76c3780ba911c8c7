//! A client of the relay that says what it is told to, and nothing by itself but answers to pings.

#![allow(dead_code, reason = "each test file uses a part of this")]

use futures_util::{SinkExt as _, StreamExt as _};
use std::time::Duration;
use tenure_relay::wire::{ClientMessage, ErrorCode, PairCode, ReasonCode, RelayMessage, Secret};
use tokio::{net::TcpSocket, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async,
    tungstenite::{
        self, Message,
        client::IntoClientRequest as _,
        http::{HeaderName, HeaderValue},
    },
};

use crate::process::Relay;
pub(crate) use crate::process::soon;

/// What the client's system holds of it each way: little, so that the relay's own bound shows.
const BUFFER: u32 = 64 * 1024;

/// Waits until the page of operations shows this.
pub(crate) async fn is_shown(relay: &Relay, part: &str) {
    let shown = async {
        let state = || async { reqwest::get(format!("{}/admin/state", relay.url)).await?.text().await };
        while !state().await.unwrap().contains(part) {
            tokio::task::yield_now().await;
        }
    };
    soon(&format!("{part} to be shown"), shown).await;
}

/// A client with a connection.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
}

impl Client {
    /// Opens a connection to `/v1/pair`.
    pub(crate) async fn connect(relay: &Relay) -> Self {
        Self::open(relay, "/v1/pair", &[]).await.expect("it is let in")
    }

    /// Opens a WebSocket.
    pub(crate) async fn open(
        relay: &Relay,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_send_buffer_size(BUFFER).expect("a buffer");
        socket.set_recv_buffer_size(BUFFER).expect("a buffer");
        let address = relay.address().parse().expect("an address");
        let stream = soon("connecting", socket.connect(address)).await?;
        let mut request = format!("ws://{}{path}", relay.address()).into_client_request()?;
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a value"));
        }
        let (socket, _) = soon("the handshake", client_async(request, MaybeTlsStream::Plain(stream))).await?;
        Ok(Self { socket })
    }

    /// A connection that has asked for a code, and the code; its token, if it may come back.
    pub(crate) async fn create(relay: &Relay, resumable: bool) -> (Self, PairCode, Option<Secret>) {
        let mut client = Self::connect(relay).await;
        client.say(&ClientMessage::Create { resumable }).await;
        match client.hear().await {
            RelayMessage::Created { code, token, .. } => (client, code, token),
            other => panic!("no code but {other:?}"),
        }
    }

    /// A connection that has claimed this code, and its token, if it may come back.
    pub(crate) async fn claim(relay: &Relay, code: PairCode, resumable: bool) -> (Self, Option<Secret>) {
        let mut client = Self::connect(relay).await;
        match client.try_claim(&code.to_string(), resumable).await {
            RelayMessage::Paired { token, .. } => (client, token),
            other => panic!("not paired but {other:?}"),
        }
    }

    pub(crate) async fn try_claim(&mut self, code: &str, resumable: bool) -> RelayMessage {
        self.say(&ClientMessage::Claim { code: Secret(code.to_owned()), resumable }).await;
        self.hear().await
    }

    /// Two sides that are paired: the creator and the claimer.
    pub(crate) async fn pair(relay: &Relay) -> (Self, Self) {
        let (mut creator, code, _) = Self::create(relay, false).await;
        let (claimer, _) = Self::claim(relay, code, false).await;
        assert!(matches!(creator.hear().await, RelayMessage::Paired { .. }));
        (creator, claimer)
    }

    /// A connection that comes back with this token, and what it is told.
    pub(crate) async fn resume(relay: &Relay, token: &Secret) -> (Self, RelayMessage) {
        let mut client = Self::connect(relay).await;
        client.say(&ClientMessage::Resume { token: token.clone() }).await;
        let told = client.hear().await;
        (client, told)
    }

    pub(crate) async fn say(&mut self, message: &ClientMessage) {
        self.send(Message::text(message.to_text())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        soon("sending", self.socket.send(message)).await.expect("it is taken");
    }

    /// Sends a frame, if that is done within this time; the frame is sent with the next call if not.
    pub(crate) async fn offer(&mut self, bytes: Vec<u8>, within: Duration) -> bool {
        timeout(within, self.socket.send(Message::binary(bytes))).await.is_ok()
    }

    /// What the relay says next; frames of the other side are none of it.
    pub(crate) async fn hear(&mut self) -> RelayMessage {
        match self.next().await {
            Some(Message::Text(text)) => RelayMessage::parse(&text).expect("a message"),
            other => panic!("no message but {other:?}"),
        }
    }

    /// The next text.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("no text but {other:?}"),
        }
    }

    /// The next frame of the other side.
    pub(crate) async fn frame(&mut self) -> Vec<u8> {
        match self.next().await {
            Some(Message::Binary(bytes)) => bytes.to_vec(),
            other => panic!("no frame but {other:?}"),
        }
    }

    /// What comes next, besides pings; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            match soon("something to come", self.socket.next()).await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Some(message),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The relay says that the session is over for this reason, and closes.
    pub(crate) async fn is_told_gone(&mut self, code: ReasonCode) {
        match self.hear().await {
            RelayMessage::Gone { reason } => {
                assert_eq!(reason.code, code);
                assert!(reason.text.ends_with('.') && reason.text.contains(' '), "{}", reason.text);
            }
            other => panic!("not gone but {other:?}"),
        }
        assert_eq!(self.is_closed().await, Some(1000));
    }

    /// The relay refuses for this reason, and closes.
    pub(crate) async fn is_refused(&mut self, expected: ErrorCode) -> Option<u64> {
        let RelayMessage::Error { code, message, retry_ms } = self.hear().await else {
            panic!("not refused");
        };
        assert_eq!(code, expected, "{message}");
        assert_eq!(self.is_closed().await, Some(expected.close_code()));
        retry_ms
    }

    /// The relay closes the connection, with this number.
    pub(crate) async fn is_closed(&mut self) -> Option<u16> {
        match self.next().await {
            Some(Message::Close(frame)) => frame.map(|frame| frame.code.into()),
            None => None,
            other => panic!("not closed but {other:?}"),
        }
    }

    /// Closes in order.
    pub(crate) async fn close(mut self) {
        soon("closing", self.socket.close(None)).await.expect("it closes");
        while self.next().await.is_some() {}
    }
}
