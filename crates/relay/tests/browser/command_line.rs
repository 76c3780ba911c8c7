//! The page and the command line send each other a file.

use super::scene::Scene;

/// Not a multiple of a frame.
fn content() -> Vec<u8> {
    (0..1_234_567_u32).map(|n| (n.wrapping_mul(2_246_822_519) >> 11) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_sends_to_the_page() {
    let Some(scene) = Scene::begin().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.bin");
    std::fs::write(&path, content()).unwrap();
    let mut sender = scene.relay.send(&[path.to_str().unwrap()]);
    scene.ann.open(&scene.relay.url).await;
    scene.ann.write("#code", &sender.code()).await;
    scene.ann.click("#claim").await;
    scene.ann.read("#log .how.good", "received, checksum verified").await;
    sender.end().with(0, "the other side has them all");
    // It is done, and leaves; what came stays.
    scene.ann.read("#ended-why", ".").await;
    scene.ann.click("#log .file a").await;
    assert!(scene.ann.downloaded("plan.bin").await == content(), "what was downloaded is what was sent");
    scene.bob.open(&scene.relay.url).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_sends_to_the_command_line() {
    let Some(scene) = Scene::begin().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, came) = (folder.path().join("plan.bin"), folder.path().join("came.bin"));
    std::fs::write(&path, content()).unwrap();
    let code = scene.show_code().await;
    let receiver = scene.relay.receive(&[&code, "-o", came.to_str().unwrap()]);
    scene.ann.read("#pill-text", "Connected").await;
    scene.ann.choose("#files", &path).await;
    scene.ann.read("#log .how.good", "delivered, checksum verified").await;
    receiver.end().with(0, "received 1234567 bytes");
    assert!(std::fs::read(came).unwrap() == content(), "what came is what was sent");
    scene.bob.open(&scene.relay.url).await;
    scene.end().await;
}
