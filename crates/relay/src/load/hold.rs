//! A holder: a process that keeps so many pairs connected and does nothing with them, until it is killed.

use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    net::{TcpSocket, TcpStream},
    task::{JoinError, JoinSet},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use super::system;
use crate::{
    exit::Ending,
    transfer::{Address, upgrade},
    wire::{ClientMessage, RelayMessage, Secret},
};

/// Pairs that are made at the same time.
const AT_ONCE: usize = 32;
/// Connections from one address of this machine: there are about 28,000 ports for them.
const PER_SOURCE: usize = 20_000;

pub(super) type Socket = WebSocketStream<TcpStream>;
type Made = Result<(Socket, Socket), Ending>;

/// Pairs up, prints how many seconds that took, and holds them.
pub(super) async fn run(server: &str, pairs: usize) -> Result<(), Ending> {
    system::raise_open_files()?;
    println!("holding {server}");
    let begun = Instant::now();
    let mut making = JoinSet::new();
    for number in 0..pairs {
        let server = server.to_owned();
        making.spawn(async move { pair(&server, number).await });
        if making.len() == AT_ONCE {
            keep_both(making.join_next().await)?;
        }
    }
    while let Some(joined) = making.join_next().await {
        keep_both(Some(joined))?;
    }
    println!("{}", begun.elapsed().as_secs_f64());
    std::future::pending().await
}

/// Holds a pair from the moment that it is made: it has pings to answer while others are still being made.
fn keep_both(joined: Option<Result<Made, JoinError>>) -> Result<(), Ending> {
    let Some(made) = joined else { return Ok(()) };
    let (one, other) = made.map_err(|why| Ending::Local(format!("a task failed: {why}")))??;
    tokio::spawn(keep(one));
    tokio::spawn(keep(other));
    Ok(())
}

/// Answers pings until the relay is gone.
async fn keep(mut socket: Socket) {
    while let Some(Ok(_)) = socket.next().await {}
}

/// Two connections that the relay has paired. `number` says from which of this machine's addresses.
pub(super) async fn pair(server: &str, number: usize) -> Made {
    let mut creator = connect(server, 2 * number).await?;
    say(&mut creator, &ClientMessage::Create { resumable: false }).await?;
    let RelayMessage::Created { code, .. } = hear(&mut creator).await? else {
        return Err(Ending::RelayGone("it did not answer with a code".to_owned()));
    };
    let mut claimer = connect(server, 2 * number + 1).await?;
    say(&mut claimer, &ClientMessage::Claim { code: Secret(code.to_string()), resumable: false }).await?;
    for socket in [&mut creator, &mut claimer] {
        let RelayMessage::Paired { .. } = hear(socket).await? else {
            return Err(Ending::RelayGone("it did not pair".to_owned()));
        };
    }
    Ok((creator, claimer))
}

async fn connect(server: &str, number: usize) -> Result<Socket, Ending> {
    let address = Address::parse(server)?;
    let failed = |why: std::io::Error| Ending::Unreachable(format!("{}: {why}", address.authority));
    let to = tokio::net::lookup_host(&*address.authority).await.map_err(failed)?.next();
    let to = to.ok_or_else(|| Ending::Unreachable(format!("{} has no address", address.authority)))?;
    let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(failed)?;
    // All of 127.0.0.0/8 is this machine.
    let source = 1 + number / PER_SOURCE;
    if to.ip() == std::net::IpAddr::from([127, 0, 0, 1]) && source > 1 {
        socket.bind(([127, 0, 0, source.min(254) as u8], 0).into()).map_err(failed)?;
    }
    let stream = socket.connect(to).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    // Small buffers: there are many clients in this process, and it is not them that is measured.
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    upgrade(stream, &address, config).await
}

async fn say(socket: &mut Socket, message: &ClientMessage) -> Result<(), Ending> {
    socket.send(Message::text(message.to_text())).await.map_err(|why| Ending::RelayGone(why.to_string()))
}

/// The next message of the relay's.
async fn hear(socket: &mut Socket) -> Result<RelayMessage, Ending> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                return RelayMessage::parse(&text).map_err(|why| Ending::RelayGone(why.to_string()));
            }
            Some(Ok(Message::Close(_))) | None => return Err(Ending::RelayGone("it was closed".to_owned())),
            Some(Ok(_)) => {}
            Some(Err(why)) => return Err(Ending::RelayGone(why.to_string())),
        }
    }
}
