//! What the page does when the wire or the relay fails.

use super::{
    device::{Device, PATIENCE},
    look,
    proxy::Proxy,
    scene::Scene,
};
use rustix::process::Signal;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_survives_a_cut_wire() {
    let Some(scene) = Scene::begin().await else { return };
    let (ann, bob) = (&scene.ann, &scene.bob);
    let proxy = Proxy::to(scene.relay.address().parse().unwrap()).await;
    scene.pair_through(&proxy.url).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.bin");
    // It takes a second or more to send.
    let bytes: Vec<u8> = (0..60_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 17) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    ann.choose("#files", &path).await;
    bob.see("#log .file progress").await;
    proxy.cut();
    ann.read("#log", "The connection to the relay was lost. Trying to come back.").await;
    bob.read("#log", "may come back within").await;
    ann.read("#log", "You are back.").await;
    ann.read("#log .how.good", "60.0 MB, delivered, checksum verified").await;
    bob.read("#log .how.good", "60.0 MB, received, checksum verified").await;
    let cards = bob.run("return document.querySelectorAll('#log .file').length").await;
    assert_eq!(cards, 1, "it is one file for who receives it, though it was sent twice");
    bob.click("#log .file a").await;
    assert!(bob.downloaded("large.bin").await == bytes, "what was downloaded is what was sent");
    bob.is_clean(&scene.relay.url).await;
    scene.ann.close().await;
    scene.bob.close().await;
}

/// The next frame that this page sends gets lost, as in a connection that breaks at that moment.
const SWALLOW: &str = "const send = WebSocket.prototype.send;
    WebSocket.prototype.send = () => (WebSocket.prototype.send = send);";

/// Waits until everything that was written on this page is at the other side.
async fn all_delivered(device: &Device, texts: usize) {
    let states = "return [...document.querySelectorAll('#log .said.mine .meta')].map((meta) => meta.lastChild.textContent)";
    let expected = serde_json::json!(vec!["delivered"; texts]);
    let wait = async { while device.run(states).await != expected {} };
    tokio::time::timeout(PATIENCE, wait).await.expect("all are delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_arrives_once_whatever_gets_lost_and_a_page_knows_when_one_did_not() {
    let Some(scene) = Scene::begin().await else { return };
    let (ann, bob) = (&scene.ann, &scene.bob);
    let proxy = Proxy::to(scene.relay.address().parse().unwrap()).await;
    scene.pair_through(&proxy.url).await;
    // The text itself is lost, and then only its answer.
    ann.run(SWALLOW).await;
    ann.write("#text", "into the void\n").await;
    ann.read("#log .said.mine .meta", "sent").await;
    proxy.cut();
    bob.read("#log .said", "into the void").await;
    all_delivered(ann, 1).await;
    bob.run(SWALLOW).await;
    ann.write("#text", "said once\n").await;
    bob.read("#log .said:last-child", "said once").await;
    proxy.cut();
    all_delivered(ann, 2).await;
    // Over a reload as well.
    bob.run(SWALLOW).await;
    ann.write("#text", "and once more\n").await;
    bob.read("#log .said:last-child", "and once more").await;
    ann.client.refresh().await.unwrap();
    all_delivered(ann, 3).await;
    let shown = "return document.querySelectorAll('#log .said').length";
    assert_eq!(bob.run(shown).await, 3, "each is shown once");
    bob.run(SWALLOW).await;
    ann.write("#text", "and gone\n").await;
    bob.read("#log .said:last-child", "and gone").await;
    bob.click("#leave").await;
    ann.read("#log .meta .bad", "not confirmed").await;
    look::check(ann, "a text that nobody has confirmed").await;
    bob.is_clean(&scene.relay.url).await;
    scene.ann.close().await;
    scene.bob.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_stopped_says_so_on_the_page() {
    let Some(scene) = Scene::begin().await else { return };
    scene.pair().await;
    scene.bob.write("#text", "before the end\n").await;
    scene.ann.read("#log", "before the end").await;
    scene.relay.program.signal(Signal::TERM);
    for device in [&scene.ann, &scene.bob] {
        device.read("#ended-why", "shut").await;
        device.read("#log", "before the end").await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dies_is_waited_for_and_given_up() {
    let Some(scene) = Scene::begin().await else { return };
    scene.pair().await;
    scene.relay.program.signal(Signal::KILL);
    for device in [&scene.ann, &scene.bob] {
        device.read("#log", "Trying to come back.").await;
        device.read("#ended-why", "the time to come back is over").await;
    }
    scene.ann.click("#again").await;
    scene.ann.click("#create").await;
    scene.ann.read("#problem", "The relay cannot be reached.").await;
    scene.ann.close().await;
    scene.bob.close().await;
}

/// The page reads a file no faster than the other side takes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_slows_the_page() {
    let Some(scene) = Scene::begin().await else { return };
    let ann = &scene.ann;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.bin");
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 15) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    let code = scene.show_code().await;
    // Nobody reads its standard output.
    let mut receiver = scene.relay.receive(&[&code, "-o", "-"]);
    ann.read("#pill-text", "Connected").await;
    ann.run(
        "const send = WebSocket.prototype.send;
         window.most = 0;
         WebSocket.prototype.send = function (data) {
             send.call(this, data);
             window.most = Math.max(window.most, this.bufferedAmount);
         };",
    )
    .await;
    ann.choose("#files", &path).await;
    let full = async { while ann.run("return window.most > 2 ** 20").await != true {} };
    tokio::time::timeout(PATIENCE, full).await.expect("the page's socket fills up");
    receiver.collect_stdout();
    ann.read("#log .how.good", "20.0 MB, delivered, checksum verified").await;
    assert!(receiver.end().with(0, "").stdout == bytes, "what came is what was sent");
    let most = ann.run("return window.most").await.as_u64().unwrap();
    assert!(most <= (1 << 20) + (1 << 16), "{most} bytes were waiting in the page's socket");
    scene.bob.open(&scene.relay.url).await;
    scene.end().await;
}

/// The events that a browser makes of what a hand does, made by hand.
#[tokio::test(flavor = "multi_thread")]
async fn files_are_dropped_and_pasted() {
    let Some(scene) = Scene::begin().await else { return };
    scene.pair().await;
    let hand = "const files = new DataTransfer();
        files.items.add(new File(['content'], arguments[0]));
        const init = { bubbles: true, cancelable: true, dataTransfer: files, clipboardData: files };
        const event = arguments[1] === 'drop' ? new DragEvent('drop', init) : new ClipboardEvent('paste', init);
        document.getElementById('text').dispatchEvent(event);
        return event.defaultPrevented";
    for (act, name) in [("drop", "dropped.txt"), ("paste", "pasted.txt")] {
        let taken = scene.ann.client.execute(hand, vec![name.into(), act.into()]).await.unwrap();
        assert_eq!(taken, true, "{act}: the browser must not open it itself");
        scene.bob.read("#log .file:last-child .name", name).await;
        scene.bob.read("#log .file:last-child .how.good", "7 bytes, received").await;
    }
    scene.end().await;
}
