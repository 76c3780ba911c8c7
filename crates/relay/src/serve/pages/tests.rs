use super::{ADMIN, ASSETS, Asset, PAGE, POLICY, admin, asset_named};
use axum::{extract::Path, http::StatusCode};
use std::{collections::BTreeSet, fs, path};

fn everything() -> impl Iterator<Item = &'static Asset> {
    ASSETS.iter().chain([&PAGE, &ADMIN])
}

#[test]
fn every_file_of_the_pages_is_embedded() {
    let folder = path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let lie_there: BTreeSet<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let embedded: BTreeSet<_> = everything().map(|asset| asset.name.to_owned()).collect();
    assert_eq!(embedded, lie_there);
}

/// What stands between quotes after `before`, wherever it stands in `text`.
fn quoted_after<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
fn what_the_pages_name_is_there() {
    for Asset { name, text, .. } in everything() {
        let named = ["\"/assets/", "from \"./", "import(\"./", "import \"./"];
        for other in named.iter().flat_map(|before| quoted_after(text, before)) {
            assert!(
                ASSETS.iter().any(|asset| asset.name == other),
                "{name} names {other}, which is not there"
            );
        }
    }
}

/// The policy would stop it; this says where.
#[test]
fn no_page_names_another_host_or_holds_inline_code() {
    for Asset { name, text, .. } in everything() {
        for address in ["http://", "https://", "ws://", "wss://", "url(//"] {
            for found in text.split(address).skip(1) {
                let known = found.starts_with("www.w3.org/2000/svg\"");
                assert!(known, "{name} names another host: {address}{found:.40}");
            }
        }
        if std::path::Path::new(name).extension().is_some_and(|kind| kind == "html") {
            for inline in [" style=", "<style", "onclick=", "onload=", "<script>", "javascript:"] {
                assert!(!text.contains(inline), "{name} has {inline}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_carries_the_policy_and_its_type() {
    let page = admin().await;
    let script = asset_named(Path("page.js".to_owned())).await;
    for (answer, kind) in [(&page, "text/html; charset=utf-8"), (&script, "text/javascript; charset=utf-8")] {
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], kind);
        assert_eq!(answer.headers()["content-security-policy"], POLICY);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    }
    assert!(POLICY.starts_with("default-src 'self';"));
    assert!(!POLICY.contains("unsafe") && !POLICY.contains('*'));
}

#[tokio::test]
async fn an_asset_that_is_not_there_is_not_found() {
    for name in ["", "index.html", "../Cargo.toml", "page.js/"] {
        assert_eq!(asset_named(Path(name.to_owned())).await.status(), StatusCode::NOT_FOUND, "{name}");
    }
}
