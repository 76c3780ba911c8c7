//! QR codes of the links that claim a code.

use crate::wire::PairCode;
use axum::{
    Json,
    extract::Query,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use fast_qr::{
    ECL, QRBuilder,
    convert::{Builder, svg::SvgBuilder},
};
use serde::Deserialize;

#[cfg(test)]
mod tests;

/// A host's name has no more than 253 signs; the rest is for scheme and port.
const LONGEST_ORIGIN: usize = 270;

/// What a QR code is asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    code: String,
    /// Where the page is open. Behind a proxy only the page knows.
    origin: Option<String>,
}

/// `GET /qr.svg?code=K7QX-2M9P[&origin=https://relay.example]`: the picture of the link `<origin>/#K7QX-2M9P`.
pub(super) async fn answer(headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    let Ok(code) = asked.code.parse::<PairCode>() else {
        return refuse("code must be eight letters and digits such as K7QX-2M9P, without 0, O, 1 and I");
    };
    let origin = asked.origin.or_else(|| {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        Some(format!("http://{host}"))
    });
    let Some(origin) = origin.filter(|origin| is_origin(origin)) else {
        return refuse(
            "origin must be http:// or https:// with a host and perhaps a port, such as https://relay.example",
        );
    };
    match picture(&format!("{origin}/#{code}")) {
        // The code is a secret until it was claimed.
        Some(svg) => (super::headers("image/svg+xml", "no-store"), svg).into_response(),
        None => refuse("origin is too long for a QR code"),
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    text.len() <= LONGEST_ORIGIN && host.is_some_and(|host| !host.is_empty() && host.bytes().all(sign))
}

fn picture(link: &str) -> Option<String> {
    let code = QRBuilder::new(link).ecl(ECL::M).build().ok()?;
    Some(SvgBuilder::default().margin(2).to_str(&code))
}

fn refuse(message: &str) -> Response {
    let body = Json(serde_json::json!({ "error": "bad_request", "message": message }));
    (StatusCode::BAD_REQUEST, body).into_response()
}
