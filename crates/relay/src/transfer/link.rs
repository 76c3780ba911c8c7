//! The connection to a relay: a WebSocket on one side, two bounded channels on the other.

use std::time::Duration;

use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use tokio::{net::TcpStream, sync::mpsc, task::JoinHandle, time};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Bytes, Error, Message, protocol::WebSocketConfig},
};

use crate::{
    exit::Ending,
    wire::{ClientMessage, RelayMessage},
};

/// How often this side says that it lives while it has nothing else to say. A relay gives up after 900 ms.
const SIGN_OF_LIFE: Duration = Duration::from_millis(250);
/// How long leaving may take: what is on its way to the relay goes first.
const LEAVING: Duration = Duration::from_secs(2);
/// Frames that wait in each direction between the socket and the transfer.
const FRAMES: usize = 4;
/// Largest frame that is taken from a relay, in bytes.
const MAX_FRAME: usize = 16 << 20;

type Socket = WebSocketStream<TcpStream>;

/// What goes to the relay.
#[derive(Debug)]
pub enum Out {
    /// A message for the relay itself.
    Message(ClientMessage),
    /// A frame for the other side.
    Data(Bytes),
}

/// What comes from the relay.
#[derive(Debug)]
pub enum In {
    /// A message of the relay's.
    Message(RelayMessage),
    /// A frame of the other side's.
    Data(Bytes),
    /// The connection is gone, and why. Nothing comes after it.
    Broken(String),
}

/// The transfer's end of a connection: frames to send, frames that came. Both queues are bounded, so that a slow side
/// slows the other one down.
#[derive(Debug)]
pub struct Link {
    /// Frames for the relay.
    pub outgoing: mpsc::Sender<Out>,
    /// Frames from the relay.
    pub incoming: mpsc::Receiver<In>,
    task: Option<JoinHandle<()>>,
}

impl Link {
    /// Connects to the relay at `server` (`http://host:port`, `ws://host:port` or `host:port`). A relay that is silent for so long is
    /// taken as gone.
    ///
    /// # Errors
    ///
    /// [`Ending::Unreachable`] if there is no relay at that address, [`Ending::Refused`] if it does not let this
    /// client in.
    pub async fn connect(server: &str, silence: Duration) -> Result<Self, Ending> {
        let socket = open_socket(server, silence, WebSocketConfig::default()).await?;
        let (out, outgoing) = mpsc::channel(FRAMES);
        let (incoming, into) = mpsc::channel(FRAMES);
        let task = tokio::spawn(carry(socket, outgoing, incoming, silence));
        Ok(Self { outgoing: out, incoming: into, task: Some(task) })
    }

    /// A link whose other end is a pair of channels.
    #[cfg(test)]
    pub(crate) fn in_memory() -> (Self, mpsc::Receiver<Out>, mpsc::Sender<In>) {
        let (out, outgoing) = mpsc::channel(FRAMES);
        let (incoming, into) = mpsc::channel(FRAMES);
        (Self { outgoing: out, incoming: into, task: None }, outgoing, incoming)
    }

    /// Ends the session: what was handed in is sent, the relay is told that this side leaves, and what still comes is
    /// dropped. Waits until the relay has closed, two seconds at most.
    pub async fn leave(self) {
        let Self { outgoing, mut incoming, task } = self;
        let gone = async {
            _ = outgoing.send(Out::Message(ClientMessage::Leave)).await;
            drop(outgoing);
            while incoming.recv().await.is_some() {}
        };
        _ = time::timeout(LEAVING, gone).await;
        if let Some(task) = task {
            task.abort();
        }
    }
}

/// Connects and upgrades. `silence` bounds how long that may take.
async fn open_socket(server: &str, silence: Duration, config: WebSocketConfig) -> Result<Socket, Ending> {
    let address = Address::parse(server)?;
    let unreachable =
        |why: &dyn std::fmt::Display| Ending::Unreachable(format!("{}: {why}", address.authority));
    let opening = async {
        let stream = TcpStream::connect(&*address.authority).await.map_err(|why| unreachable(&why))?;
        stream.set_nodelay(true).map_err(|why| unreachable(&why))?;
        upgrade(stream, &address, config).await
    };
    let late = |_| unreachable(&format_args!("no answer within {} s", silence.as_secs_f32()));
    time::timeout(silence, opening).await.map_err(late)?
}

/// Makes a WebSocket of a connection to the relay.
pub(crate) async fn upgrade(
    stream: TcpStream,
    address: &Address,
    config: WebSocketConfig,
) -> Result<Socket, Ending> {
    let config = config.max_frame_size(Some(MAX_FRAME)).max_message_size(Some(MAX_FRAME));
    let url = format!("ws://{}{}/v1/pair", address.authority, address.path);
    match tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => {
            let said = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            let said: String = said.chars().filter(|letter| !letter.is_control()).take(300).collect();
            Err(match answer.status().as_u16() {
                404 => Ending::Unreachable(format!(
                    "{}: there is a server, but no relay: {said}",
                    address.authority
                )),
                status => Ending::Refused(format!("HTTP status {status}: {said}")),
            })
        }
        Err(why) => Err(Ending::Unreachable(format!("{}: {why}", address.authority))),
    }
}

/// Where a relay is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Host and port.
    pub(crate) authority: String,
    /// What stands before the relay's own paths, without a slash at its end.
    path: String,
}

impl Address {
    /// Understands `http://host:port/prefix`, `ws://…` and `host:port`; without a port it is 80.
    pub(crate) fn parse(server: &str) -> Result<Self, Ending> {
        let bad = |what: &str| {
            Ending::Unreachable(format!("{server:?} {what}; an address looks like http://127.0.0.1:4180"))
        };
        let rest = match server.split_once("://") {
            Some(("http" | "ws", rest)) => rest,
            Some(("https" | "wss", _)) => {
                return Err(bad("is an encrypted address, which needs a TLS proxy on this side"));
            }
            Some(_) => return Err(bad("has an unknown scheme")),
            None => server,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains(['@', '?', '#', ' ']) {
            return Err(bad("names no host and port"));
        }
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let authority = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        Ok(Self { authority, path: path.trim_end_matches('/').to_owned() })
    }
}

/// Carries frames both ways until one side is done.
async fn carry(socket: Socket, outgoing: mpsc::Receiver<Out>, incoming: mpsc::Sender<In>, silence: Duration) {
    let (sink, stream) = socket.split();
    // Both in one task: a send that waits for the relay must not keep its messages from being read.
    let mut reads = std::pin::pin!(read(stream, &incoming, silence));
    let why = tokio::select! {
        why = &mut reads => why,
        // Either this side has nothing more to say, and the relay closes when it has read that; or the relay has hung
        // up, and what it said before is still to be read.
        _ = write(sink, outgoing) => reads.await,
    };
    _ = incoming.send(In::Broken(why)).await;
}

/// Reads until the connection ends; says why it did.
async fn read(mut stream: SplitStream<Socket>, incoming: &mpsc::Sender<In>, silence: Duration) -> String {
    loop {
        let message = match time::timeout(silence, stream.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(why))) => return why.to_string(),
            Ok(None) => return "the relay closed it".to_owned(),
            Err(_) => return format!("nothing came from the relay for {} s", silence.as_secs_f32()),
        };
        let event = match message {
            Message::Binary(frame) => In::Data(frame),
            Message::Text(text) => match RelayMessage::parse(&text) {
                Ok(message) => In::Message(message),
                Err(why) => return format!("it said what is not understood here: {why}"),
            },
            Message::Close(Some(close)) => {
                return format!("the relay closed it: {} {}", u16::from(close.code), close.reason);
            }
            Message::Close(None) => return "the relay closed it".to_owned(),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        if incoming.send(event).await.is_err() {
            return "given up".to_owned();
        }
    }
}

/// Writes what is handed in, and a sign of life where there is nothing, until nobody can hand in anything any more.
async fn write(mut sink: SplitSink<Socket, Message>, mut outgoing: mpsc::Receiver<Out>) -> Result<(), Error> {
    loop {
        let message = match time::timeout(SIGN_OF_LIFE, outgoing.recv()).await {
            Ok(Some(Out::Data(frame))) => Message::Binary(frame),
            Ok(Some(Out::Message(message))) => Message::text(message.to_text()),
            Ok(None) => return sink.flush().await,
            Err(_) => Message::text(ClientMessage::Pong.to_text()),
        };
        sink.send(message).await?;
    }
}

#[cfg(test)]
mod tests;
