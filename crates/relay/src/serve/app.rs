//! What answers where.

use super::{
    admin,
    client::Client,
    error::{self, ApiError},
    gateway,
    limits::Place,
    origin, pages, pair,
    relay::Relay,
};
use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, Request, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use std::sync::Arc;

/// A connection reads so many bytes at once.
const READ_BUFFER: usize = 16 * 1024;

/// A place under the limits by address, for as long as a request is answered, or what it has become lives. There are some
/// only behind a trusted proxy: without one, connections are counted.
#[derive(Clone, Debug)]
pub(super) struct Held(
    #[expect(dead_code, reason = "held, and given back when it is dropped")] Option<Arc<Place>>,
);

/// The relay's paths.
pub(super) fn app(relay: &Arc<Relay>) -> Router {
    Router::new()
        .route("/v1/pair", get(pairing))
        .route("/healthz", get(health))
        .merge(gateway::router())
        .merge(admin::router(relay))
        .merge(pages::router())
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(DefaultBodyLimit::max(relay.args.limits.max_body))
        .layer(middleware::from_fn_with_state(Arc::clone(relay), admitted))
        .with_state(Arc::clone(relay))
}

/// Lets pass what is meant for this relay, and counts by address.
async fn admitted(
    State(relay): State<Arc<Relay>>,
    Extension(client): Extension<Client>,
    mut request: Request,
    next: Next,
) -> Response {
    if !origin::is_meant_for(&relay, request.headers()) {
        let message = format!(
            "{:?} is no name of this relay's: it serves its own machine, by the names localhost, 127.0.0.1 and [::1]; \
             for others there are --listen, --public-url and --trust-proxy",
            origin::host(request.headers())
        );
        return ApiError::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", message).into_response();
    }
    let address = client.counted(request.headers(), relay.args.trust_proxy);
    if let Err(retry) = relay.requests.count(address) {
        relay.metrics.refused("requests");
        return ApiError::too_fast(retry).into_response();
    }
    let place = match relay.args.trust_proxy.then(|| relay.proxied.take(address)).transpose() {
        Ok(place) => place.map(Arc::new),
        Err(full) => {
            relay.metrics.refused("connections");
            let message = format!("there is no room for another connection: {full}");
            return ApiError::new(StatusCode::TOO_MANY_REQUESTS, "limit_reached", message).into_response();
        }
    };
    request.extensions_mut().insert(Held(place));
    next.run(request).await
}

async fn health(State(relay): State<Arc<Relay>>) -> Response {
    if relay.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "shutting down" }))).into_response();
    }
    Json(json!({ "status": "ok" })).into_response()
}

/// A WebSocket on which a session is begun, joined, or taken up again.
async fn pairing(
    State(relay): State<Arc<Relay>>,
    Extension(client): Extension<Client>,
    Extension(held): Extension<Held>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = admit(&relay, &headers, upgrade)?;
    let address = client.counted(&headers, relay.args.trust_proxy);
    let max = relay.args.limits.max_frame;
    Ok(upgrade.max_message_size(max).max_frame_size(max).on_upgrade(move |socket| {
        let tasks = relay.tasks.clone();
        tasks.track_future(async move {
            let _held = held;
            pair::run(relay, socket, client, address).await;
        })
    }))
}

/// Whether a WebSocket may be opened here.
pub(super) fn admit(
    relay: &Relay,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<WebSocketUpgrade, ApiError> {
    if relay.stopping.is_cancelled() {
        return Err(ApiError::shutting_down());
    }
    if !origin::is_allowed(relay, headers) {
        relay.metrics.refused("bad_origin");
        let origin = headers.get(header::ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()));
        let message = format!(
            "pages of {:?} may not open WebSockets here; --allow-origin allows one",
            origin.unwrap_or_default()
        );
        return Err(ApiError::new(StatusCode::FORBIDDEN, "bad_origin", message));
    }
    let upgrade = upgrade.map_err(|rejection| {
        let message = format!("this is a WebSocket: {}", rejection.body_text());
        ApiError::new(rejection.status(), "no_websocket", message)
    })?;
    Ok(upgrade.read_buffer_size(READ_BUFFER).write_buffer_size(0))
}
