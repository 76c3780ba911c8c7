//! Refusals over HTTP: a status, and JSON with a code for programs and a sentence for people.

use super::relay::Relay;
use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// The body of a request has to be there by then.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry: Option<Duration>,
}

#[derive(Serialize)]
struct Shown<'a> {
    error: &'a str,
    message: &'a str,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry: None }
    }

    /// What was asked for is not what it should be; the message says which value, and what would be right.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// Try again later.
    pub(super) fn too_fast(retry: Duration) -> Self {
        let message = format!("too many requests of this address; try again in {} s", seconds(retry));
        Self { retry: Some(retry), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", message) }
    }

    pub(super) fn shutting_down() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", "the relay is shutting down; try another")
    }
}

fn seconds(span: Duration) -> u64 {
    span.as_millis().div_ceil(1000).max(1) as u64
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let shown = Json(Shown { error: self.code, message: &self.message });
        let mut response = (self.status, shown).into_response();
        if let Some(retry) = self.retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds(retry)));
        }
        response
    }
}

/// A request's body: JSON, or a refusal that says what is wrong with it.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Relay>> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, relay: &Arc<Relay>) -> Result<Self, ApiError> {
        match timeout(BODY_WITHIN, Json::<T>::from_request(request, relay)).await {
            Ok(Ok(Json(body))) => Ok(Self(body)),
            Ok(Err(rejection)) => Err(refused(&rejection, relay.args.limits.max_body)),
            Err(_) => {
                let message = format!("the body did not come within {BODY_WITHIN:?}");
                Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", message))
            }
        }
    }
}

fn refused(rejection: &JsonRejection, max_body: usize) -> ApiError {
    let status = rejection.status();
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("a body of more than {max_body} bytes, which are allowed (--max-body)");
            return ApiError::new(status, "too_large", message);
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        _ => "bad_request",
    };
    // What serde says names the field, and may repeat a value that was sent; it goes to who has sent it.
    ApiError::new(status, code, rejection.body_text())
}

/// Whatever is not there.
pub(super) async fn not_found(request: Request) -> ApiError {
    let message =
        format!("there is nothing at {:?}; GET / is a page that says what is", request.uri().path());
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
}

/// A path that is there, asked in a way in which it does not answer.
pub(super) async fn wrong_method(request: Request) -> ApiError {
    let (path, method) = (request.uri().path(), request.method());
    let message =
        format!("{path:?} does not answer {method}; the header `allow` of this answer says what it does");
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", message)
}
