//! What is for the administrator: the page, what there is now, what happens, and the metrics.
//!
//! Only this machine may see it, or whoever has the token: see `origin.rs`.
//!
//! | file | holds |
//! | --- | --- |
//! | `state.rs` | what there is now, as JSON |
//! | `events.rs` | the same every second, and what happens, as server-sent events |

use super::{client::Client, error::ApiError, origin, pages, relay::Relay};
use axum::{
    Extension, Json, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::Arc;

mod events;
mod state;

pub(super) use events::Feed;

pub(super) fn router(relay: &Arc<Relay>) -> Router<Arc<Relay>> {
    Router::new()
        .route("/admin", get(pages::admin))
        .route("/admin/state", get(async |State(relay): State<Arc<Relay>>| Json(state::now(&relay))))
        .route("/admin/events", get(events::stream))
        .route("/metrics", get(metrics))
        .route_layer(middleware::from_fn_with_state(Arc::clone(relay), guarded))
}

/// Lets only the administrator pass.
async fn guarded(
    State(relay): State<Arc<Relay>>,
    Extension(client): Extension<Client>,
    request: Request,
    next: Next,
) -> Response {
    // The page itself holds nothing; it is what asks for the token.
    let page = request.uri().path() == "/admin" && relay.args.admin_token.is_some();
    if page || origin::is_admin(&relay, client.address, request.headers(), request.uri()) {
        return next.run(request).await;
    }
    let message = match relay.args.admin_token {
        Some(_) => {
            "this needs the token that --admin-token was given: authorization: Bearer TOKEN, or ?token=TOKEN"
        }
        None => "only this machine may see this, directly; with --admin-token, whoever has the token may",
    };
    ApiError::new(StatusCode::FORBIDDEN, "not_admin", message).into_response()
}

async fn metrics(State(relay): State<Arc<Relay>>) -> Response {
    let Relay { metrics, creators, claimers, gateway, connections, .. } = &*relay;
    metrics.sessions("creators", creators.occupied());
    metrics.sessions("claimers", claimers.occupied());
    metrics.sessions("subscribers", gateway.subscribers.occupied());
    metrics.routes(&gateway.routes.stats());
    let text = metrics.render(connections.taken());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
