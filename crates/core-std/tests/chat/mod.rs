//! Talks to a chat example, which is run as a user runs it.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

/// No machine is so busy that what is waited for takes longer.
const LONG: Duration = Duration::from_secs(60);

/// A running example; killed when dropped.
pub(crate) struct Chat {
    child: Child,
    /// What it writes, line by line.
    said: Receiver<String>,
    address: String,
}

impl Chat {
    /// Starts the example, building it first where `cargo test` has not.
    pub(crate) fn start(package: &str, example: &str) -> Self {
        let path = built(example);
        if !path.exists() {
            let mut cargo = Command::new(env!("CARGO"));
            assert!(cargo.args(["build", "-p", package, "--example", example]).status().unwrap().success());
        }
        let mut child = Command::new(path).arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (say, said) = channel();
        // Read to its end, whether or not somebody listens: the example writes what is said there too.
        thread::spawn(move || lines.for_each(|line| _ = say.send(line)));
        let first = said.recv_timeout(LONG).expect("its first line has the address");
        let address = first.strip_prefix("listening on ").expect(&first).to_owned();
        Self { child, said, address }
    }

    /// Connects, and has these names refused before one is free.
    pub(crate) fn enter(&self, names: &[&str]) -> Line {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut line = Line(BufReader::new(stream));
        let mut asked = "Your name?";
        for name in names {
            line.reads(asked);
            line.says(name);
            asked = "That name is taken. Another?";
        }
        line.reads(&format!("* {} is here", names.last().unwrap()));
        line
    }

    /// As Ctrl-C does. Answers what it said last.
    #[cfg(unix)]
    #[allow(dead_code, reason = "one of the two examples ends in order")]
    pub(crate) fn interrupt(mut self) -> String {
        let kill = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let mut last = String::new();
        // Disconnected: it has closed its output, as it does when it ends.
        while let Ok(line) = self.said.recv_timeout(LONG) {
            last = line;
        }
        assert!(self.child.wait().unwrap().success());
        last
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        // Errors: it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The example, as far as it was built, beside this test.
fn built(example: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    profile.join("examples").join(format!("{example}{}", env::consts::EXE_SUFFIX))
}

/// One who is there.
pub(crate) struct Line(BufReader<TcpStream>);

impl Line {
    pub(crate) fn says(&mut self, words: &str) {
        self.0.get_mut().write_all(format!("{words}\n").as_bytes()).unwrap();
    }

    /// Reads on until this line comes.
    pub(crate) fn reads(&mut self, wanted: &str) {
        loop {
            let mut line = String::new();
            match self.0.read_line(&mut line) {
                Ok(0) => panic!("{wanted:?} never came: the connection is closed"),
                Ok(_) if line.trim_end() == wanted => return,
                Ok(_) => {}
                Err(why) => panic!("{wanted:?} did not come within {LONG:?}: {why}"),
            }
        }
    }
}

/// Two talk, one leaves, and its name is free again.
pub(crate) fn two_talk(chat: &Chat) -> Line {
    let mut ann = chat.enter(&["ann"]);
    let mut bob = chat.enter(&["ann", "bob"]);
    ann.reads("* bob is here");
    bob.says("hello");
    ann.reads("bob: hello");
    drop(bob);
    ann.reads("* bob has left (its owner died: finished)");
    drop(chat.enter(&["bob"]));
    ann.reads("* bob has left (its owner died: finished)");
    ann
}
