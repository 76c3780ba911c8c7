//! The pages, embedded in the program.

use axum::Router;

/// The pages' paths: `/`, `/admin`, `/assets/…`, `/qr.svg`.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
}
