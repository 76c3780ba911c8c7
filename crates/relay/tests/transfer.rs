//! `send` and `receive` as people use them: what arrives, and how each can end.

use std::path::Path;

use process::{Program, Relay};
use rustix::process::Signal;

mod process;

/// More than all sockets and pipes between two sides hold together, so that a part of it has arrived when it was taken.
const MUCH: usize = 8 << 20;

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary folder has a plain name")
}

/// Bytes that differ from place to place.
fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}

/// The sum that a side says the transfer had.
fn sum_in(said: &str) -> &str {
    let after = said.split("sha256 ").nth(1).expect("it says the sum");
    &after[..64]
}

#[test]
fn a_file_arrives_whole_under_its_name_and_both_sides_say_the_same_sum() {
    let relay = Relay::start();
    let (from, to) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let file = from.path().join("a file.bin");
    let bytes = content(3_000_001);
    std::fs::write(&file, &bytes).expect("written");
    let mut sender = relay.send(&[text(&file)]);
    let code = sender.code();
    let receiver = relay.receive(&[&code, "-o", text(to.path())]);
    let (received, sent) =
        (receiver.end().with(0, "received 3000001 bytes"), sender.end().with(0, "sent 3000001 bytes"));
    assert_eq!(sum_in(&received.said), sum_in(&sent.said));
    assert_eq!(names_in(to.path()), ["a file.bin"]);
    assert!(std::fs::read(to.path().join("a file.bin")).expect("readable") == bytes);
}

#[test]
fn the_receiver_may_show_the_code_and_standard_input_is_piped_to_standard_output() {
    let relay = Relay::start();
    let mut receiver = relay.receive(&["-o", "-"]);
    receiver.collect_stdout();
    // As a person may type it.
    let code = receiver.code().to_lowercase().replace('-', " ");
    let mut sender = relay.send(&["--code", &code]);
    let bytes = content(1_000_003);
    sender.write(&bytes);
    sender.close_stdin();
    sender.end().with(0, "sent 1000003 bytes");
    assert!(receiver.end().with(0, "received 1000003 bytes").stdout == bytes);
}

#[test]
fn what_is_piped_goes_through_at_once_and_not_when_a_buffer_is_full() {
    let relay = Relay::start();
    let mut receiver = relay.receive(&["-o", "-"]);
    let mut sender = relay.send(&["--code", &receiver.code()]);
    for line in [b"one\n", b"two\n"] {
        sender.write(line);
        assert_eq!(receiver.read_stdout(line.len()), line);
    }
    sender.close_stdin();
    sender.end().with(0, "sent 8 bytes");
    receiver.end().with(0, "received 8 bytes");
}

#[test]
fn an_empty_file_is_a_file() {
    let relay = Relay::start();
    let folder = tempfile::tempdir().expect("a folder");
    let mut sender = relay.send(&["--name", "empty"]);
    sender.close_stdin();
    let receiver = relay.receive(&[&sender.code(), "-o", text(folder.path())]);
    receiver.end().with(0, "received 0 bytes");
    sender.end().with(0, "sent 0 bytes");
    assert_eq!(std::fs::read(folder.path().join("empty")).expect("readable"), b"");
}

#[test]
fn a_text_is_printed() {
    let relay = Relay::start();
    let mut sender = relay.send(&["--text", "Grüße\nfrom here"]);
    let mut receiver = relay.receive(&[&sender.code()]);
    receiver.collect_stdout();
    assert_eq!(receiver.end().with(0, "").stdout, "Grüße\nfrom here\n".as_bytes());
    sender.end().with(0, "sent a text of 17 bytes, and the other side has it");
}

#[test]
fn a_text_that_cannot_be_written_is_not_taken_for_received() {
    let relay = Relay::start();
    let mut sender = relay.send(&["--text", "hello"]);
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("none").join("text");
    let receiver = relay.receive(&[&sender.code(), "-o", text(&nowhere)]);
    receiver.end().with(1, "cannot");
    sender.end().with(10, "the other side says");
}

#[test]
fn a_sender_names_no_place_outside_of_the_folder() {
    let relay = Relay::start();
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("made");
    let mut sender = relay.send(&["--name", "../../.profile"]);
    sender.write(b"x");
    sender.close_stdin();
    relay.receive(&[&sender.code(), "-o", text(&inner)]).end().with(0, "");
    sender.end().with(0, "");
    assert_eq!(
        (names_in(folder.path()), names_in(&inner)),
        (vec!["inner".to_owned()], vec!["profile".to_owned()])
    );
}

#[test]
fn a_file_that_exists_is_kept_unless_it_is_forced() {
    let relay = Relay::start();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine");
    std::fs::write(&path, "mine").expect("written");
    let transfer = |more: &[&str]| {
        let mut sender = relay.send(&[]);
        sender.write(b"theirs");
        sender.close_stdin();
        let receiver = relay.receive(&[&[&*sender.code(), "-o", text(&path)], more].concat());
        (receiver.end(), sender.end())
    };
    let (receiver, sender) = transfer(&[]);
    receiver.with(1, "exists");
    sender.with(10, "exists");
    assert_eq!(std::fs::read(&path).expect("readable"), b"mine");
    let (receiver, sender) = transfer(&["--force"]);
    receiver.with(0, "");
    sender.with(0, "");
    assert_eq!(std::fs::read(&path).expect("readable"), b"theirs");
    assert_eq!(names_in(folder.path()), ["mine"]);
}

#[test]
fn a_code_that_nobody_has_a_relay_that_is_not_there_and_a_file_that_is_not_there() {
    let relay = Relay::start();
    relay.receive(&["K7QX-2M9P"]).end().with(4, "code");
    relay.send(&["/no/such/file"]).end().with(1, "/no/such/file");
    relay.send(&["--text", "x", "file"]).end().with(2, "cannot be used with");
    // A port that was free a moment ago, and that nobody listens at.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    Program::start(&["receive", "--server", &url]).end().with(3, "cannot be reached");
    Program::start(&["receive", "--server", "ftp://x"]).end().with(3, "http://127.0.0.1:4180");
}

#[test]
fn a_code_is_claimed_once() {
    let relay = Relay::start();
    let mut sender = relay.send(&[]);
    let code = sender.code();
    let mut receiver = relay.receive(&[&code, "-o", "-"]);
    receiver.line_with("paired");
    relay.receive(&[&code]).end().with(4, "code");
    sender.write(b"x");
    sender.close_stdin();
    sender.end().with(0, "");
    receiver.end().with(0, "");
}

#[test]
fn a_code_that_nobody_claims_expires() {
    let relay = Relay::with(&["--code-ttl", "300ms"]);
    relay.receive(&[]).end().with(11, "nobody came in time");
}

/// A sender and a receiver in the middle of a file in `folder`; what is sent ends only when the sender does.
fn in_the_middle(relay: &Relay, folder: &Path) -> (Program, Program) {
    let mut sender = relay.send(&["--name", "file"]);
    let mut receiver = relay.receive(&[&sender.code(), "-o", text(folder)]);
    receiver.line_with("paired");
    sender.write(&content(MUCH));
    (sender, receiver)
}

#[test]
fn ctrl_c_of_the_sender_ends_the_receiver_and_leaves_no_file() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().expect("a folder"));
    let (sender, receiver) = in_the_middle(&relay, folder.path());
    sender.signal(Signal::INT);
    sender.end().with(130, "interrupted");
    receiver.end().with(6, "The other side has ended the session.");
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn ctrl_c_of_the_receiver_ends_the_sender_and_leaves_no_file() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().expect("a folder"));
    let (sender, receiver) = in_the_middle(&relay, folder.path());
    receiver.signal(Signal::INT);
    receiver.end().with(130, "interrupted");
    sender.end().with(6, "The other side has ended the session.");
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn ctrl_c_while_nobody_has_come_yet_takes_the_code_back() {
    let relay = Relay::start();
    let mut sender = relay.send(&[]);
    let code = sender.code();
    sender.signal(Signal::INT);
    sender.end().with(130, "interrupted");
    relay.receive(&[&code]).end().with(4, "code");
}

#[test]
fn sigterm_is_an_ending_of_its_own() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().expect("a folder"));
    let (sender, receiver) = in_the_middle(&relay, folder.path());
    sender.signal(Signal::TERM);
    sender.end().with(143, "terminated");
    receiver.end().with(6, "The other side has ended the session.");
}

#[test]
fn a_sender_that_is_killed_in_the_middle_leaves_no_file_and_the_receiver_says_why() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().expect("a folder"));
    let (sender, receiver) = in_the_middle(&relay, folder.path());
    sender.signal(Signal::KILL);
    assert_eq!(sender.end().code, None);
    receiver.end().with(7, "the other side was lost");
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn a_receiver_that_is_killed_in_the_middle_ends_the_sender_and_has_no_file_of_that_name() {
    let (relay, folder) = (Relay::start(), tempfile::tempdir().expect("a folder"));
    let (sender, receiver) = in_the_middle(&relay, folder.path());
    receiver.signal(Signal::KILL);
    assert_eq!(receiver.end().code, None);
    sender.end().with(7, "the other side was lost");
    assert!(!folder.path().join("file").exists());
}

/// Nobody reads what the receiver prints, for longer than the relay waits for a sign of life: both sides live.
#[test]
fn a_receiver_that_is_slow_is_waited_for() {
    let relay = Relay::with(&["--ping-every", "100ms", "--dead-after", "1s", "--refuse-after", "3s"]);
    let mut sender = relay.send(&[]);
    let mut receiver = relay.receive(&[&sender.code(), "-o", "-"]);
    receiver.line_with("paired");
    let bytes = content(4 * MUCH);
    let mut stdin = sender.take_stdin();
    let sent = bytes.clone();
    let writes = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &sent));
    assert!(receiver.read_stdout(MUCH) == bytes[..MUCH]);
    // This takes the three seconds for which the relay keeps somebody waiting who guesses.
    relay.receive(&["K7QX-2M9P"]).end().with(4, "code");
    assert!(receiver.read_stdout(3 * MUCH) == bytes[MUCH..]);
    writes.join().expect("no panic").expect("written");
    sender.end().with(0, "sent 33554432 bytes");
    receiver.end().with(0, "received 33554432 bytes");
}

/// A sender that has something to send all the time is heard by the relay all the time; it must hear from the relay too.
#[test]
fn a_transfer_that_takes_longer_than_a_relay_may_be_silent_is_no_silence() {
    let relay = Relay::with(&["--refuse-after", "4s"]);
    let url = &*relay.url;
    let mut sender = Program::start(&["send", "--silence", "2", "--server", url]);
    let mut receiver =
        Program::start(&["receive", "--silence", "30", "--server", url, &sender.code(), "-o", "-"]);
    receiver.discard_stdout();
    receiver.line_with("paired");
    let mut stdin = sender.take_stdin();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writes = std::thread::spawn(move || {
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            std::io::Write::write_all(&mut stdin, &vec![7; 64 * 1024])?;
        }
        Ok::<_, std::io::Error>(())
    });
    // This takes the four seconds for which the relay keeps somebody waiting who guesses.
    relay.receive(&["K7QX-2M9P"]).end().with(4, "code");
    drop(stop);
    writes.join().expect("no panic").expect("the sender reads to the end");
    sender.end().with(0, "the other side has them all");
    receiver.end().with(0, "as it was sent");
}
