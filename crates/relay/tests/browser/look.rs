//! What every state of a page is checked for: contrast, names, sizes, by day and by night, on a desk and on a phone.

use super::device::Device;
use serde_json::{Value, json};

/// Roles that say nothing without a name.
const NAMED: [&str; 9] =
    ["button", "link", "textbox", "image", "img", "progressbar", "log", "region", "columnheader"];

/// Asserts it of the page as it stands, and leaves it light and on a desk.
pub(crate) async fn check(device: &Device, state: &str) {
    for (width, height) in [(1100, 760), (360, 740)] {
        device.size(width, height).await;
        for dark in [false, true] {
            device.dark(dark).await;
            let problems = device.run(include_str!("look.js")).await;
            let how = format!("{state}, {width} wide, {}", if dark { "dark" } else { "light" });
            assert_eq!(problems, json!([]), "{}: {how}", device.name);
        }
    }
    device.dark(false).await;
    device.size(1100, 760).await;
    names(device, state).await;
}

/// As a screen reader gets them.
async fn names(device: &Device, state: &str) {
    let tree = device.devtools("Accessibility.getFullAXTree", json!({})).await;
    let nodes = tree["nodes"].as_array().expect("nodes");
    let mut seen = 0;
    for node in nodes.iter().filter(|node| node["ignored"] == Value::Bool(false)) {
        let (role, name) = (
            node["role"]["value"].as_str().unwrap_or_default(),
            node["name"]["value"].as_str().unwrap_or_default(),
        );
        if NAMED.contains(&role) {
            assert!(!name.trim().is_empty(), "{}: {state}: a {role} has no name: {node:#}", device.name);
            seen += 1;
        }
    }
    assert!(seen > 0, "{}: {state}: no control was found among {} nodes", device.name, nodes.len());
}
