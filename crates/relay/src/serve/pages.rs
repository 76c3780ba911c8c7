//! The pages, embedded in the program: plain files, served as they lie in `web/`.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

mod qr;
#[cfg(test)]
mod tests;

/// What a page may load and do: nothing from elsewhere, no inline script or style, and nobody may put it into a frame.
/// `blob:` shows pictures that were received.
pub(super) const POLICY: &str = "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const fn asset(name: &'static str, kind: &'static str, text: &'static str) -> Asset {
    Asset { name, kind, text }
}

const PAGE: Asset = asset("index.html", HTML, include_str!("../../web/index.html"));
const ADMIN: Asset = asset("admin.html", HTML, include_str!("../../web/admin.html"));
const ASSETS: &[Asset] = &[
    asset("admin.css", CSS, include_str!("../../web/admin.css")),
    asset("admin.js", SCRIPT, include_str!("../../web/admin.js")),
    asset("base.css", CSS, include_str!("../../web/base.css")),
    asset("charts.js", SCRIPT, include_str!("../../web/charts.js")),
    asset("clipboard.js", SCRIPT, include_str!("../../web/clipboard.js")),
    asset("conversation.js", SCRIPT, include_str!("../../web/conversation.js")),
    asset("envelope.js", SCRIPT, include_str!("../../web/envelope.js")),
    asset("icon.svg", SVG, include_str!("../../web/icon.svg")),
    asset("inbox.js", SCRIPT, include_str!("../../web/inbox.js")),
    asset("link.js", SCRIPT, include_str!("../../web/link.js")),
    asset("outbox.js", SCRIPT, include_str!("../../web/outbox.js")),
    asset("page.css", CSS, include_str!("../../web/page.css")),
    asset("page.js", SCRIPT, include_str!("../../web/page.js")),
    asset("sha256.js", SCRIPT, include_str!("../../web/sha256.js")),
    asset("store.js", SCRIPT, include_str!("../../web/store.js")),
    asset("tables.js", SCRIPT, include_str!("../../web/tables.js")),
    asset("talk.js", SCRIPT, include_str!("../../web/talk.js")),
    asset("texts.js", SCRIPT, include_str!("../../web/texts.js")),
    asset("words.js", SCRIPT, include_str!("../../web/words.js")),
];

/// The paths that everybody may see: `/`, `/assets/…`, `/qr.svg`. There is nothing secret in them.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async || answer(&PAGE)))
        .route("/assets/{name}", get(asset_named))
        .route("/qr.svg", get(qr::answer))
}

/// The page `/admin`. It shows nothing before it has read `/admin/events`; who may see that is not decided here.
pub(super) async fn admin() -> Response {
    answer(&ADMIN)
}

async fn asset_named(Path(name): Path<String>) -> Response {
    if let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) {
        return answer(asset);
    }
    let message = "there is no such asset: the page at / names those that there are";
    let body = axum::Json(serde_json::json!({ "error": "not_found", "message": message }));
    (StatusCode::NOT_FOUND, body).into_response()
}

fn answer(asset: &Asset) -> Response {
    // A browser asks anew each time: an old script must not meet a new relay.
    (headers(asset.kind, "no-cache"), asset.text).into_response()
}

/// The headers of everything that a page is made of.
pub(super) fn headers(kind: &'static str, cache: &'static str) -> HeaderMap {
    [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ]
    .into_iter()
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
    .collect()
}
