//! Who is at the other end of a connection.

use axum::http::HeaderMap;
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpStream, time::Instant};

/// The stream of a connection, and when its peer gave a sign of life.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    accepted: Instant,
    /// Microseconds after `accepted`.
    heard: AtomicU64,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Arc<Self> {
        Arc::new(Self { stream, accepted: Instant::now(), heard: AtomicU64::new(0) })
    }

    /// Something came from the peer, or it has taken something: now.
    pub(super) fn beat(&self) {
        // Relaxed: a time that orders nothing.
        self.heard.store(self.accepted.elapsed().as_micros() as u64, Ordering::Relaxed);
    }
}

/// The other end of a connection, as its requests know it.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// What the system says.
    pub(super) address: SocketAddr,
    wire: Arc<Wire>,
}

impl Client {
    pub(super) fn new(address: SocketAddr, wire: &Arc<Wire>) -> Self {
        Self { address, wire: Arc::clone(wire) }
    }

    /// Whom to count a request for: with a trusted proxy, the last address that it has written down.
    pub(super) fn counted(&self, headers: &HeaderMap, trust_proxy: bool) -> Address {
        let forwarded = || {
            let list = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
            list.rsplit(',').next()?.trim().parse().ok()
        };
        let address = if trust_proxy { forwarded() } else { None };
        Address::of(address.unwrap_or(self.address.ip()))
    }

    /// When it gave its last sign of life: a byte of its own, or taking bytes that had to wait.
    pub(super) fn heard(&self) -> Instant {
        // Relaxed: as in `beat`.
        self.wire.accepted + Duration::from_micros(self.wire.heard.load(Ordering::Relaxed))
    }
}

/// What limits are counted by: an address, and of IPv6 the network of 64 bits that one customer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address(IpAddr);

impl Address {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
            address @ IpAddr::V4(_) => address,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

#[cfg(test)]
mod tests;
