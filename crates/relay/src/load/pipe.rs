//! The bare TCP pipe: two sockets and a loop that copies what comes from either to the other. Nothing can relay with less.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::exit::Ending;

/// Bytes that are copied at once: as many as a frame of the relay's has.
const BUFFER: usize = 64 * 1024;

/// Pipes each two connections to each other, until killed.
pub(super) async fn run() -> Result<(), Ending> {
    let failed = |why: std::io::Error| Ending::Local(format!("the bare pipe: {why}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    println!("listening on {}", listener.local_addr().map_err(failed)?);
    loop {
        let (one, other) =
            (accept(&listener).await.map_err(failed)?, accept(&listener).await.map_err(failed)?);
        let ((one_in, one_out), (other_in, other_out)) = (one.into_split(), other.into_split());
        tokio::spawn(copy(one_in, other_out));
        tokio::spawn(copy(other_in, one_out));
    }
}

async fn accept(listener: &TcpListener) -> std::io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read]).await?;
    }
}
