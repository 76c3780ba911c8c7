//! A chat over TCP, a line at a time: `cargo run -p tenure-std --example chat -- 127.0.0.1:4040`, then
//! `nc 127.0.0.1 4040` in two other windows. The first line is your name.
//!
//! Who is there is a session under the name, owned by the connection's thread. However that thread ends, the name is
//! free again and everybody is told; no line of this program cleans up.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};
use tenure_core::{CreateErrorKind, OwnedWhat, OwnerRef, Received, SessionEvent, SessionMap};
use tenure_std::{EventIter, Watcher, spawn_owned};

/// Everybody who is there, by name.
type Room = SessionMap<Arc<TcpStream>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:4040".to_owned());
    let room: Room = SessionMap::builder().name("chat").per_owner(1).background().build()?;
    let listener = TcpListener::bind(&address)?;
    println!("listening on {}", listener.local_addr()?);

    // Reads from before the first comes.
    let (told, news) = (room.clone(), Watcher::new(&room).events(1_000));
    thread::spawn(move || announce(&told, news));

    for connection in listener.incoming() {
        let (room, connection) = (room.clone(), connection?);
        spawn_owned(room.owner(), move |owner| {
            if let Err(error) = serve(&room, owner, connection) {
                println!("{owner:?}: {error}");
            }
        })?;
    }
    Ok(())
}

/// One connection, from its first line to its last.
fn serve(room: &Room, owner: &OwnerRef, connection: TcpStream) -> std::io::Result<()> {
    // Who does not read what is said is not waited for.
    connection.set_write_timeout(Some(Duration::from_secs(1)))?;
    let connection = Arc::new(connection);
    let mut lines = BufReader::new(&*connection).lines();
    (&*connection).write_all(b"Your name?\n")?;
    let name = loop {
        let Some(name) = lines.next().transpose()? else { return Ok(()) };
        match room.create(name.trim(), Arc::clone(&connection), owner) {
            Ok(()) => break name.trim().to_owned(),
            Err(error) => match error.kind() {
                CreateErrorKind::AlreadyExists { .. } => {
                    (&*connection).write_all(b"That name is taken. Another?\n")?;
                }
                other => return Err(std::io::Error::other(other.to_string())),
            },
        }
    };
    for line in lines {
        say(room, &format!("{name}: {}", line?));
    }
    Ok(())
}

/// Tells everybody who comes and goes, and why.
fn announce(room: &Room, news: EventIter<Arc<TcpStream>>) {
    for news in news {
        let Received::Event(event) = news else { continue };
        match event.what {
            OwnedWhat::Session { code, kind: SessionEvent::Created } => {
                say(room, &format!("* {code} is here"));
            }
            OwnedWhat::Session { code, kind: SessionEvent::Ended(cause) } => {
                say(room, &format!("* {code} has left ({cause})"));
            }
            _ => {}
        }
    }
}

fn say(room: &Room, line: &str) {
    println!("{line}");
    for session in room {
        // An error: that connection's own thread will see it.
        let _ = (&*session.payload).write_all(format!("{line}\n").as_bytes());
    }
}
