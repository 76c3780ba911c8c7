//! A chat over TCP, a line at a time: `cargo run -p tenure-tokio --example chat_async -- 127.0.0.1:4040`, then
//! `nc 127.0.0.1 4040` in two other windows. The first line is your name; Ctrl-C here ends it in order.
//!
//! Who is there is a session under the name, owned by the connection's task. However that task ends, the name is free
//! again and everybody is told; no line of this program cleans up.

use std::{env, time::Duration};
use tenure_core::{CreateErrorKind, OwnedWhat, OwnerRef, Received, SessionEvent, SessionMap};
use tenure_tokio::{EventStream, Watcher, spawn_owned};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Everybody who is there, by name, and where to send what they are to read.
type Room = SessionMap<mpsc::Sender<String>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:4040".to_owned());
    let room: Room = SessionMap::builder().name("chat").per_owner(1).background().build()?;
    let listener = TcpListener::bind(&address).await?;
    println!("listening on {}", listener.local_addr()?);

    // Reads from before the first comes.
    let announced = tokio::spawn(announce(room.clone(), Watcher::new(&room).events(1_000)));
    let accepting = room.clone();
    let accept = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let room = accepting.clone();
            spawn_owned(room.owner(), async move |owner: OwnerRef| {
                if let Err(error) = serve(&room, &owner, connection).await {
                    println!("{owner:?}: {error}");
                }
            });
        }
    });
    tokio::signal::ctrl_c().await?;
    accept.abort();
    let drained = Watcher::new(&room).drain(Duration::from_secs(1)).await;
    // It ends with the last that there was to read.
    announced.await?;
    println!("{} were still here", drained.sessions);
    Ok(())
}

/// One connection, from its first line to its last.
async fn serve(room: &Room, owner: &OwnerRef, connection: TcpStream) -> std::io::Result<()> {
    let (from, mut to) = connection.into_split();
    let mut lines = BufReader::new(from).lines();
    to.write_all(b"Your name?\n").await?;
    let (sender, mut said) = mpsc::channel(100);
    let name = loop {
        let Some(name) = lines.next_line().await? else { return Ok(()) };
        match room.create(name.trim(), sender.clone(), owner) {
            Ok(()) => break name.trim().to_owned(),
            Err(error) => match error.kind() {
                CreateErrorKind::AlreadyExists { .. } => {
                    to.write_all(b"That name is taken. Another?\n").await?;
                }
                other => return Err(std::io::Error::other(other.to_string())),
            },
        }
    };
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => say(room, &format!("{name}: {line}")),
                None => return Ok(()),
            },
            Some(line) = said.recv() => to.write_all(line.as_bytes()).await?,
        }
    }
}

/// Tells everybody who comes and goes, and why.
async fn announce(room: Room, mut news: EventStream<mpsc::Sender<String>>) {
    while let Some(news) = news.recv().await {
        let Received::Event(event) = news else { continue };
        match event.what {
            OwnedWhat::Session { code, kind: SessionEvent::Created } => {
                say(&room, &format!("* {code} is here"));
            }
            OwnedWhat::Session { code, kind: SessionEvent::Ended(cause) } => {
                say(&room, &format!("* {code} has left ({cause})"));
            }
            _ => {}
        }
    }
}

fn say(room: &Room, line: &str) {
    println!("{line}");
    for session in room {
        // Full: who does not read what is said misses some of it.
        let _ = session.payload.try_send(format!("{line}\n"));
    }
}
