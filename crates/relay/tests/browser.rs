//! The pages in a real browser: two devices pair, talk, send files, leave and come back, as people do it.
//!
//! Without Chromium the tests say loudly that they are skipped. `TENURE_SCREENSHOTS=folder` keeps pictures.

use fantoccini::key::Key;
use scene::Scene;
use sha2::{Digest, Sha256};

#[path = "browser/admin.rs"]
mod admin;
#[path = "browser/command_line.rs"]
mod command_line;
#[path = "browser/crowd.rs"]
mod crowd;
#[path = "browser/device.rs"]
mod device;
#[path = "browser/driver.rs"]
mod driver;
#[path = "browser/look.rs"]
mod look;
mod process;
#[path = "browser/proxy.rs"]
mod proxy;
#[path = "browser/scene.rs"]
mod scene;
#[path = "browser/trouble.rs"]
mod trouble;

#[tokio::test(flavor = "multi_thread")]
async fn two_pages_exchange_a_message_and_a_file_and_a_closed_tab_is_told_of() {
    let Some(scene) = Scene::begin().await else { return };
    let (ann, bob) = (&scene.ann, &scene.bob);
    scene.pair().await;
    ann.write("#text", "Shall we meet at eight? The place is https://example.org/map").await;
    ann.click("#send").await;
    bob.read("#log .said", "meet at eight").await;
    ann.read("#log .said.mine .meta", "delivered").await;
    bob.write("#text", "Yes.").await;
    bob.press(Key::Enter).await;
    ann.read("#log .said:not(.mine)", "Yes.").await;

    // Not a multiple of any size of a frame or a block.
    let bytes: Vec<u8> = (0..3_000_017_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("harbor plan.bin");
    std::fs::write(&path, &bytes).unwrap();
    bob.choose("#files", &path).await;
    bob.read("#log .how.good", "3.0 MB, delivered, checksum verified").await;
    ann.read("#log .how.good", "3.0 MB, received, checksum verified").await;
    ann.click("#log .file a").await;
    let saved = ann.downloaded("harbor plan.bin").await;
    assert_eq!(Sha256::digest(&saved), Sha256::digest(&bytes), "{} bytes of {}", saved.len(), bytes.len());
    ann.picture("relay-page.png").await;
    bob.dark(true).await;
    bob.size(360, 740).await;
    bob.picture("relay-phone.png").await;
    look::check(ann, "a conversation").await;

    bob.is_clean(&scene.relay.url).await;
    bob.close_tab().await;
    ann.read("#pill-text", "Other side away").await;
    ann.read("#log .note:last-child", "may come back within").await;
    ann.read("#ended-why", ".").await;
    look::check(ann, "the end").await;
    let why = ann.read("#ended-why", ".").await;
    assert!(why.len() > 20, "it says why: {why}");
    ann.read("#log", "meet at eight").await;
    assert_eq!(ann.run("return document.activeElement.id").await, "ended-title");
    ann.is_clean(&scene.relay.url).await;
    ann.client.refresh().await.unwrap();
    ann.read("#ended-why", &why).await;
    ann.read("#log", "meet at eight").await;
    scene.ann.close().await;
    scene.bob.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_resumes_on_either_side() {
    let Some(scene) = Scene::begin().await else { return };
    scene.pair().await;
    for (here, there, word) in [(&scene.ann, &scene.bob, "first"), (&scene.bob, &scene.ann, "second")] {
        here.write("#text", &format!("before the {word} reload\n")).await;
        there.read("#log", &format!("before the {word} reload")).await;
        here.client.refresh().await.unwrap();
        here.read("#log", "You are back.").await;
        here.read("#log", &format!("before the {word} reload")).await;
        there.read("#log", "The other side is back.").await;
        there.read("#pill-text", "Connected").await;
        there.write("#text", &format!("after the {word} reload\n")).await;
        here.read("#log", &format!("after the {word} reload")).await;
        here.write("#text", &format!("answer to the {word}\n")).await;
        there.read("#log", &format!("answer to the {word}")).await;
    }
    scene.bob.click("#leave").await;
    scene.ann.read("#ended-why", ".").await;
    scene.bob.read("#ended-why", "You ended the session.").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_waits_may_be_reloaded() {
    let Some(scene) = Scene::begin().await else { return };
    scene.ann.open(&scene.relay.url).await;
    scene.ann.run("const create = document.getElementById('create'); create.click(); create.click();").await;
    let code = scene.ann.read("#shown-code", "-").await;
    let state = async { reqwest::get(format!("{}/admin/state", scene.relay.url)).await?.json().await };
    let state: serde_json::Value = process::soon("the state", state).await.unwrap();
    assert_eq!(state["counts"]["sessions"], 1, "two clicks begin one session: {state:#}");
    scene.ann.client.refresh().await.unwrap();
    scene.ann.read("#shown-code", &code).await;
    scene.bob.open(&scene.relay.url).await;
    scene.bob.write("#code", &code).await;
    scene.bob.press(Key::Enter).await;
    scene.ann.read("#pill-text", "Connected").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_asks_before_it_claims() {
    let Some(scene) = Scene::begin().await else { return };
    let code = scene.show_code().await;
    scene.ann.see("#qr").await;
    assert_eq!(
        scene
            .ann
            .run("const qr = document.getElementById('qr'); return qr.complete && qr.naturalWidth > 0")
            .await,
        true
    );
    look::check(&scene.ann, "waiting").await;
    let link = format!("{}/#{code}", scene.relay.url);
    scene.bob.open(&link).await;
    assert_eq!(scene.bob.read("#confirm-code", "-").await, code);
    look::check(&scene.bob, "a link").await;
    scene.bob.click("#confirm-no").await;
    scene.bob.see("#create").await;
    // It was not used up.
    scene.bob.open("about:blank").await;
    scene.bob.open(&link).await;
    scene.bob.click("#confirm-join").await;
    scene.bob.read("#pill-text", "Connected").await;
    scene.ann.read("#pill-text", "Connected").await;
    let address = scene.bob.client.current_url().await.unwrap();
    assert_eq!(address.fragment(), None, "the code is gone from the address bar");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_is_refused_in_plain_words() {
    let Some(scene) = Scene::begin().await else { return };
    let (ann, bob) = (&scene.ann, &scene.bob);
    ann.open(&scene.relay.url).await;
    look::check(ann, "the beginning").await;
    ann.write("#code", "K7QX-2M0").await;
    ann.press(Key::Enter).await;
    ann.read("#code-problem", "eight letters and digits").await;
    bob.open(&scene.relay.url).await;
    bob.write("#code", "K7QX-2M9P").await;
    bob.click("#claim").await;
    bob.read("#code-problem", "No device waits under this code.").await;
    assert_eq!(bob.run("return document.activeElement.id").await, "code");
    look::check(bob, "a wrong code").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough() {
    let Some(scene) = Scene::begin().await else { return };
    let (ann, bob) = (&scene.ann, &scene.bob);
    ann.open(&scene.relay.url).await;
    ann.tab_to("create").await;
    ann.press(Key::Enter).await;
    let code = ann.read("#shown-code", "-").await;
    assert_eq!(ann.run("return document.activeElement.id").await, "waiting-title");
    bob.open(&scene.relay.url).await;
    bob.tab_to("code").await;
    bob.write("#code", &code).await;
    bob.press(Key::Enter).await;
    for device in [ann, bob] {
        device.see("#talk").await;
        assert_eq!(device.run("return document.activeElement.id").await, "text");
    }
    bob.write("#text", "typed\n").await;
    ann.read("#log", "typed").await;
    ann.tab_to("leave").await;
    ann.press(Key::Enter).await;
    ann.see("#ended").await;
    bob.see("#ended").await;
    bob.tab_to("again").await;
    bob.press(Key::Enter).await;
    bob.see("#create").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_can_be_canceled_on_either_side() {
    let Some(scene) = Scene::begin().await else { return };
    scene.pair().await;
    let folder = tempfile::tempdir().unwrap();
    // Sparse: it costs no disk, and takes long to send.
    let path = folder.path().join("large.bin");
    std::fs::File::create(&path).unwrap().set_len(1_500_000_000).unwrap();
    scene.ann.choose("#files", &path).await;
    scene.bob.click("#log .file:not(.mine) button").await;
    scene.bob.read("#log .how.bad", "You canceled it.").await;
    scene.ann.read("#log .how.bad", "The receiver has canceled it.").await;
    scene.bob.choose("#files", &path).await;
    scene.ann.see("#log .file:not(.mine)").await;
    scene.bob.click("#log .file.mine button").await;
    scene.ann.read("#log .file:not(.mine) .how.bad", "The sender has canceled it.").await;
    scene.ann.write("#text", "still here\n").await;
    scene.bob.read("#log", "still here").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_and_envelopes_are_as_they_should_be() {
    let Some(scene) = Scene::begin().await else { return };
    scene.ann.open(&scene.relay.url).await;
    let sums = scene.ann.run_module(include_str!("browser/sums.js")).await;
    let sums = sums.as_array().unwrap_or_else(|| panic!("{sums}"));
    // The same bytes in pieces of another size, for every length around the ends of blocks.
    for (length, sum) in sums.iter().enumerate() {
        let bytes: Vec<u8> = (0..length).map(|at| (at * 7 + length) as u8).collect();
        let expected =
            Sha256::digest(&bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert_eq!(*sum, expected, "{length} bytes");
    }
    assert_eq!(sums.len(), 260);
    let problems = scene.ann.run_module(include_str!("browser/envelopes.js")).await;
    assert_eq!(problems, serde_json::json!([]));
    scene.bob.open(&scene.relay.url).await;
    scene.end().await;
}
