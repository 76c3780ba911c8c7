//! A connection that is there and carries nothing any more, as when a cable was pulled: both sides say so.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use process::{Program, Relay};

mod process;

/// A proxy that can stop forwarding without closing anything.
struct Cable {
    url: String,
    pulled: Arc<AtomicBool>,
}

impl Cable {
    fn to(relay: &Relay) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let pulled = Arc::new(AtomicBool::new(false));
        let (to, flag) = (relay.address().to_owned(), Arc::clone(&pulled));
        thread::spawn(move || {
            while let Ok((near, _)) = listener.accept() {
                let far = TcpStream::connect(&to).expect("the relay is there");
                let again = |stream: &TcpStream| stream.try_clone().expect("a second handle");
                let (near_again, far_again, flag_again) = (again(&near), again(&far), Arc::clone(&flag));
                let flag = Arc::clone(&flag);
                thread::spawn(move || carry(near, far, &flag));
                thread::spawn(move || carry(far_again, near_again, &flag_again));
            }
        });
        Self { url, pulled }
    }

    fn pull(&self) {
        // Relaxed: what is read around it is seen or not, as with a cable.
        self.pulled.store(true, Ordering::Relaxed);
    }
}

/// Forwards until the cable is pulled; then takes what comes, as a network does, and tells nobody.
fn carry(mut from: TcpStream, mut to: TcpStream, pulled: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        if pulled.load(Ordering::Relaxed) {
            if read == 0 {
                // Not even that it was closed gets through: both sockets stay open with this thread.
                thread::park();
            }
        } else if read == 0 {
            // In order, if the other side is still there.
            _ = to.shutdown(std::net::Shutdown::Write);
            return;
        } else if to.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}

fn send(url: &str, more: &[&str]) -> Program {
    Program::start(&[&["send", "--name", "file", "--silence", "3", "--server", url], more].concat())
}

fn receive(url: &str, code: &str) -> Program {
    Program::start(&["receive", "--silence", "3", "--server", url, code, "-o", "-"])
}

/// Both are paired, and a first line has gone through.
fn first_line(sender: &mut Program, receiver: &mut Program) {
    sender.write(b"first\n");
    assert_eq!(receiver.read_stdout(6), b"first\n");
}

#[test]
fn a_sender_behind_a_pulled_cable_is_lost_to_the_receiver_and_knows_it() {
    let relay = Relay::with(&["--dead-after", "900ms"]);
    let cable = Cable::to(&relay);
    let mut sender = send(&cable.url, &[]);
    let mut receiver = receive(&relay.url, &sender.code());
    first_line(&mut sender, &mut receiver);
    cable.pull();
    receiver.end().with(7, "no sign of life");
    sender.end().with(8, "nothing came from the relay for 3 s");
}

#[test]
fn a_receiver_behind_a_pulled_cable_is_lost_to_the_sender_and_knows_it() {
    let relay = Relay::with(&["--dead-after", "900ms"]);
    let cable = Cable::to(&relay);
    let mut sender = send(&relay.url, &[]);
    let mut receiver = receive(&cable.url, &sender.code());
    first_line(&mut sender, &mut receiver);
    cable.pull();
    sender.end().with(7, "no sign of life");
    receiver.end().with(8, "nothing came from the relay for 3 s");
}

/// A sender that has something to send all the time is not taken for dead because it waits for the receiver.
#[test]
fn a_receiver_that_is_lost_in_the_middle_of_much_ends_a_sender_that_waits_for_it() {
    let relay = Relay::with(&["--dead-after", "900ms"]);
    let cable = Cable::to(&relay);
    let mut sender = send(&relay.url, &[]);
    let mut receiver = receive(&cable.url, &sender.code());
    first_line(&mut sender, &mut receiver);
    let mut stdin = sender.take_stdin();
    // Ends with an error when the sender is gone.
    let writes = thread::spawn(move || while stdin.write_all(&vec![7; 64 * 1024]).is_ok() {});
    receiver.read_stdout(1 << 20);
    cable.pull();
    receiver.collect_stdout();
    let ended = sender.end();
    assert_eq!(ended.code, Some(7), "{}", ended.said);
    receiver.end().with(8, "nothing came from the relay for 3 s");
    writes.join().expect("no panic");
}
