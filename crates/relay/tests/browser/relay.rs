//! The relay under test: the real binary, on a port of the system's choice.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

pub(crate) struct Relay {
    process: Child,
    /// Without a slash at its end.
    pub(crate) base: String,
}

impl Relay {
    /// With a grace that is short enough to wait for and long enough for a reload on a busy machine.
    pub(crate) fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tenure-relay"))
            .args(["serve", "--listen", "127.0.0.1:0", "--grace", "6s", "--dead-after", "5s"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the relay starts");
        let (tell, told) = mpsc::channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            process.stdout.take().map(|out| Box::new(out) as _),
            process.stderr.take().map(|out| Box::new(out) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let tell = tell.clone();
            // Read to the end, so that it never blocks.
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = tell.send(line);
                }
            });
        }
        drop(tell);
        let base = told.iter().find_map(|line| address_in(&line)).expect("the relay prints its address");
        Self { process, base }
    }
}

/// `http://127.0.0.1:PORT`, wherever it stands in the line.
fn address_in(line: &str) -> Option<String> {
    let from = line.find("http://127.0.0.1:")?;
    let end =
        line[from + 17..].find(|sign: char| !sign.is_ascii_digit()).map_or(line.len(), |at| from + 17 + at);
    Some(line[from..end].to_owned())
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
