use super::{Asked, answer, is_origin, picture};
use axum::{
    body::to_bytes,
    extract::Query,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

async fn ask(code: &str, origin: Option<&str>, host: Option<&'static str>) -> Response {
    let headers =
        host.map(|host| (header::HOST, HeaderValue::from_static(host))).into_iter().collect::<HeaderMap>();
    answer(headers, Query(Asked { code: code.to_owned(), origin: origin.map(str::to_owned) })).await
}

async fn body(answer: Response) -> String {
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn the_picture_is_of_the_link() {
    let of_host = body(ask("k7qx 2m9p", None, Some("relay.local:4180")).await).await;
    assert_eq!(of_host, picture("http://relay.local:4180/#K7QX-2M9P").unwrap());
    let of_origin = body(ask("K7QX-2M9P", Some("https://relay.example"), Some("10.0.0.2")).await).await;
    assert_eq!(of_origin, picture("https://relay.example/#K7QX-2M9P").unwrap());
    assert!(of_origin.starts_with("<svg"));
    assert_ne!(of_origin, of_host);
}

#[tokio::test]
async fn what_is_no_code_or_no_origin_is_refused() {
    let long = format!("https://{}", "a".repeat(300));
    let asked = [
        ("K7QX-2M9", None, Some("relay.local")),
        ("K7QX-2M90", None, Some("relay.local")),
        ("K7QX-2M9P", None, None),
        ("K7QX-2M9P", Some("javascript:alert(1)"), Some("relay.local")),
        ("K7QX-2M9P", Some(long.as_str()), Some("relay.local")),
    ];
    for (code, origin, host) in asked {
        assert_eq!(
            ask(code, origin, host).await.status(),
            StatusCode::BAD_REQUEST,
            "{code} {origin:?} {host:?}"
        );
    }
}

#[test]
fn an_origin_has_a_scheme_a_host_and_nothing_else() {
    for good in ["http://a", "https://relay.example", "http://[::1]:4180", "http://10.0.0.2:4180"] {
        assert!(is_origin(good), "{good}");
    }
    for bad in [
        "",
        "http://",
        "ftp://a",
        "relay.example",
        "http://a/b",
        "http://a?b",
        "http://a#b",
        "http://a b",
        "https://u@a",
    ] {
        assert!(!is_origin(bad), "{bad}");
    }
}
