//! The page and the command line send each other a file.

use super::scene::Scene;
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Not a multiple of a frame.
fn content() -> Vec<u8> {
    (0..1_234_567_u32).map(|n| (n.wrapping_mul(2_246_822_519) >> 11) as u8).collect()
}

fn command(scene: &Scene, arguments: &[&str], folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_tenure-relay"))
        .args(arguments)
        .args(["--server", &scene.relay.base])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the command starts")
}

/// What it says from here on, to its end.
async fn succeeds(mut child: Child) -> String {
    let mut said = String::new();
    if let Some(errors) = child.stderr.take() {
        let mut lines = BufReader::new(errors).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            said += &line;
            said += "\n";
        }
    }
    let status = child.wait().await.expect("it ends");
    assert!(status.success(), "{status}: {said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_sends_to_the_page() {
    let Some(scene) = Scene::begin().await else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.bin"), content()).unwrap();
    let mut sender = command(&scene, &["send", "plan.bin"], folder.path());
    let mut errors = BufReader::new(sender.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("code: ") {
        line.clear();
        assert!(errors.read_line(&mut line).await.unwrap() > 0, "it says no code");
    }
    scene.ann.open(&scene.relay.base).await;
    scene.ann.write("#code", line.trim_start_matches("code: ").trim()).await;
    scene.ann.click("#claim").await;
    scene.ann.read("#log .how.good", "received, checksum verified").await;
    sender.stderr = Some(errors.into_inner());
    succeeds(sender).await;
    // It is done, and leaves; what came stays.
    scene.ann.read("#ended-why", ".").await;
    scene.ann.click("#log .file a").await;
    assert!(scene.ann.downloaded("plan.bin").await == content(), "what was downloaded is what was sent");
    scene.bob.open(&scene.relay.base).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_sends_to_the_command_line() {
    let Some(scene) = Scene::begin().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.bin");
    std::fs::write(&path, content()).unwrap();
    let code = scene.show_code().await;
    let receiver = command(&scene, &["receive", &code, "-o", "came.bin"], folder.path());
    scene.ann.read("#pill-text", "Connected").await;
    scene.ann.choose("#files", &path).await;
    scene.ann.read("#log .how.good", "delivered, checksum verified").await;
    succeeds(receiver).await;
    assert!(
        std::fs::read(folder.path().join("came.bin")).unwrap() == content(),
        "what came is what was sent"
    );
    scene.bob.open(&scene.relay.base).await;
    scene.end().await;
}
