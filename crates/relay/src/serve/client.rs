//! Who is at the other end of a connection.

use axum::http::HeaderMap;
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tenure_tokio::{Heartbeat, Pulse};
use tokio::time::sleep;

/// A connection, as far as it is the life of somebody.
#[derive(Debug, Default)]
pub(super) struct Wire {
    pulse: OnceLock<Pulse>,
}

impl Wire {
    /// Something came from the peer, or it has taken something: now.
    pub(super) fn beat(&self) {
        if let Some(pulse) = self.pulse.get() {
            pulse.beat();
        }
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

    /// From now on this heart beats whenever the connection gives a sign of life: a byte of its peer's, or room for bytes
    /// that had to wait. A connection stands for one owner.
    pub(super) fn beats(&self, heartbeat: &Heartbeat) {
        // An error: it stands for one already, which cannot be.
        let _ = self.wire.pulse.set(heartbeat.pulse());
    }

    /// Waits for something while nothing is read from the connection: that it says nothing then is no sign of death.
    pub(super) async fn unheard<T>(&self, look_every: Duration, wait: impl Future<Output = T>) -> T {
        let mut wait = pin!(wait);
        tokio::select! {
            biased;
            done = &mut wait => return done,
            // It has to wait: only then is there any need of a timer.
            () = std::future::ready(()) => {}
        }
        loop {
            self.wire.beat();
            tokio::select! {
                done = &mut wait => return done,
                () = sleep(look_every) => {}
            }
        }
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
