//! Accepting connections: counted, bounded, and each with a task of its own.

use super::{
    client::{Address, Client, Wire},
    limits::Place,
    relay::Relay,
};
use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpSocket, TcpStream},
};
use tower_service::Service;

/// A request's head has to be there by then.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// The head of a request may have so many bytes.
const MAX_HEAD: usize = 32 * 1024;
/// As many connections wait to be accepted.
const BACKLOG: u32 = 4096;

/// Listens, with the buffers that the settings ask for.
pub(super) fn listen(address: SocketAddr, buffer: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if buffer > 0 {
        // Connections inherit them.
        socket.set_send_buffer_size(buffer)?;
        socket.set_recv_buffer_size(buffer)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until the relay stops.
pub(super) async fn accept(relay: Arc<Relay>, listener: TcpListener, app: Router) {
    while let Some(accepted) = relay.stopping.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, address)) => {
                if let Ok(place) = relay.connections.take(Address::of(address.ip())) {
                    // An error: it is slower without.
                    let _ = stream.set_nodelay(true);
                    relay.tasks.spawn(serve(Arc::clone(&relay), stream, address, place, app.clone()));
                } else {
                    relay.metrics.refused("connections");
                }
            }
            Err(error) => {
                // Mostly that there are too many open files: it helps to wait until some are closed.
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves one connection to its end.
async fn serve(relay: Arc<Relay>, stream: TcpStream, address: SocketAddr, place: Place, app: Router) {
    let wire = Arc::new(Wire::default());
    let client = Client::new(address, &wire);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(client.clone());
        app.clone().call(request.map(Body::new))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(MAX_HEAD);
    let io = TokioIo::new(Shared { stream, wire, blocked: false, _place: place });
    let mut connection = pin!(http.serve_connection(io, service).with_upgrades());
    let stopped = tokio::select! {
        ended = &mut connection => ended,
        () = relay.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = stopped {
        tracing::debug!(%error, "a connection ended");
    }
}

/// A stream that notes signs of life.
struct Shared {
    stream: TcpStream,
    wire: Arc<Wire>,
    /// Whether the last bytes to be written had to wait.
    blocked: bool,
    _place: Place,
}

impl Shared {
    /// What has become of writing. That there is room again after there was none is a sign of life.
    fn written(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            self.blocked = true;
        } else if std::mem::take(&mut self.blocked) {
            self.wire.beat();
        }
        written
    }
}

impl AsyncRead for Shared {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        self.wire.beat();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Shared {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
