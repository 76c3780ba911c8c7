//! Whose pages may ask here, and who may see what is for the administrator.

use super::relay::Relay;
use axum::http::{HeaderMap, Uri, header};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use subtle::ConstantTimeEq;

/// Whether this request comes from a program, or from a page of the relay's own or of an origin that is allowed.
/// A browser says which page asks, and a page cannot forge it.
pub(super) fn is_allowed(relay: &Relay, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let origin = origin.trim_end_matches('/');
    let listed = relay.args.allow_origins.iter().chain(&relay.args.public_url);
    if listed.into_iter().any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin)) {
        return true;
    }
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host(headers)))
}

/// Whether a request is meant for this relay. One that listens to this machine only is asked by one of this machine's
/// names: any other may have been made to lead here by whoever owns that name, to let its pages look at what is here.
pub(super) fn is_meant_for(relay: &Relay, headers: &HeaderMap) -> bool {
    if !relay.address.ip().is_loopback() || relay.args.trust_proxy {
        return true;
    }
    let public = relay.args.public_url.as_deref().and_then(|url| url.split_once("://"));
    let public = public.map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    let asked = host(headers);
    is_this_machine(asked) || public.is_some_and(|public| public.eq_ignore_ascii_case(asked))
}

/// How this relay was called.
pub(super) fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// Whether this request may see what is for the administrator: it has the token; or there is none, and it comes from
/// this machine, to a name of this machine, and not through a proxy.
pub(super) fn is_admin(relay: &Relay, from: SocketAddr, headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(token) = &relay.args.admin_token else {
        let direct = !relay.args.trust_proxy && !headers.contains_key("x-forwarded-for");
        return from.ip().to_canonical().is_loopback() && is_this_machine(host(headers)) && direct;
    };
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let in_query = || {
        let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(name, _)| *name == "token").map(|(_, value)| value)
    };
    bearer.or_else(in_query).is_some_and(|given| same(given, &token.0))
}

/// Whether two texts are the same; takes as long whatever they are.
fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one).ct_eq(&Sha256::digest(other)).into()
}

/// Whether a `Host` header names this machine itself.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_few_names() {
        for host in ["localhost", "localhost:4180", "127.0.0.1:1", "127.0.0.1", "[::1]:4180", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["", "example.org", "localhost.example.org:4180", "10.0.0.1:4180", "[2001:db8::1]:1"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
