//! The real program in processes of its own, as a person or a script would start it.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::{
    future::Future,
    io::{BufRead as _, BufReader, Read, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// What takes so long hangs, a process that says or does nothing too. No test waits that long unless it fails.
const HANGS: Duration = Duration::from_secs(60);

/// Waits for what must come.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANGS, future).await.unwrap_or_else(|_| panic!("this hangs: {what}"))
}

/// Seconds that a client waits for a relay that may wait for a processor.
const PATIENT: &str = "30";

/// A started `tenure-relay`, killed when dropped.
pub(crate) struct Program {
    child: Child,
    what: String,
    lines: Receiver<String>,
    said: Vec<String>,
    stdin: Option<ChildStdin>,
    stdout: Option<JoinHandle<Vec<u8>>>,
}

impl Program {
    /// Starts the program with these arguments. What it writes to standard error is read line by line.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_in(std::env::temp_dir().as_path(), arguments)
    }

    /// The same with a current folder.
    pub(crate) fn start_in(folder: &std::path::Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tenure-relay"))
            .args(arguments)
            .current_dir(folder)
            .env_remove("TENURE_RELAY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("it was asked for");
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // An error: nobody listens any more. It is read on, so that the program never waits for that.
                _ = tell.send(line);
            }
        });
        let stdin = child.stdin.take();
        Self { child, what: arguments.join(" "), lines, said: Vec::new(), stdin, stdout: None }
    }

    /// Collects standard output from now on, for [`Program::end`].
    pub(crate) fn collect_stdout(&mut self) {
        let mut stdout = self.child.stdout.take().expect("nobody else reads it");
        self.stdout = Some(std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).expect("a pipe can be read");
            bytes
        }));
    }

    /// Reads standard output from now on and forgets it.
    pub(crate) fn discard_stdout(&mut self) {
        let mut stdout = self.child.stdout.take().expect("nobody else reads it");
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    }

    /// The next bytes of standard output, so many.
    pub(crate) fn read_stdout(&mut self, bytes: usize) -> Vec<u8> {
        let mut read = vec![0; bytes];
        self.child
            .stdout
            .as_mut()
            .expect("nobody else reads it")
            .read_exact(&mut read)
            .expect("there are as many");
        read
    }

    /// Writes to standard input; waits while the program does not read it.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if let Err(why) = self.stdin.as_mut().expect("it is open").write_all(bytes) {
            self.said.extend(self.lines.iter());
            panic!("`{}` does not read ({why}); it said {:#?}", self.what, self.said);
        }
    }

    /// Nothing more comes on standard input.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Takes standard input away, to be written to elsewhere.
    pub(crate) fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("it is open")
    }

    /// Waits for a line on standard error in which `part` stands.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        if let Some(line) = self.said.iter().find(|line| line.contains(part)) {
            return line.clone();
        }
        loop {
            match self.lines.recv_timeout(HANGS) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(why) => panic!("`{}` did not say {part:?} ({why}); it said {:#?}", self.what, self.said),
            }
        }
    }

    /// The code that it shows.
    pub(crate) fn code(&mut self) -> String {
        self.line_with("code: ").replace("code: ", "")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let process = Pid::from_child(&self.child);
        kill_process(process, signal).expect("the process is there");
    }

    /// Waits until it ends; standard input stays open until then. Its exit code (none if a signal killed it), and what it said on standard error.
    pub(crate) fn end(mut self) -> Ended {
        let begun = Instant::now();
        // Standard error ends with the process, or when it is killed below.
        loop {
            match self.lines.recv_timeout(HANGS.saturating_sub(begun.elapsed())) {
                Ok(line) => self.said.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    panic!("`{}` hangs; it said {:#?}", self.what, self.said)
                }
            }
        }
        let code = self.child.wait().expect("it has ended").code();
        let stdout =
            self.stdout.take().map(|thread| thread.join().expect("it could be read")).unwrap_or_default();
        Ended { what: self.what.clone(), code, said: self.said.join("\n"), stdout }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Errors: it has ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    what: String,
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
    pub(crate) stdout: Vec<u8>,
}

impl Ended {
    /// It must have ended with this code, and said this.
    #[track_caller]
    pub(crate) fn with(self, code: i32, said: &str) -> Self {
        assert_eq!(self.code, Some(code), "`{}` said {}", self.what, self.said);
        assert!(self.said.contains(said), "`{}` did not say {said:?} but {}", self.what, self.said);
        self
    }
}

/// A relay on a port of the system's choice.
pub(crate) struct Relay {
    pub(crate) program: Program,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl Relay {
    /// With heartbeats that a busy machine does not miss.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(more: &[&str]) -> Self {
        let mut arguments = vec!["serve"];
        if !more.contains(&"--listen") {
            arguments.extend(["--listen", "127.0.0.1:0"]);
        }
        if !more.contains(&"--dead-after") {
            arguments.extend(["--dead-after", "5s"]);
        }
        arguments.extend(more);
        let mut program = Program::start(&arguments);
        let stdout = program.child.stdout.take().expect("it was asked for");
        let mut first = String::new();
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(&mut first).expect("it can be read");
        // Read to its end, so that the relay never waits for that.
        std::thread::spawn(move || _ = stdout.read_to_end(&mut Vec::new()));
        let url =
            first.trim().strip_prefix("listening on ").expect("the first line has the address").to_owned();
        Self { program, url }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Starts `send` at this relay.
    pub(crate) fn send(&self, arguments: &[&str]) -> Program {
        Program::start(&[&["send", "--silence", PATIENT, "--server", &self.url], arguments].concat())
    }

    /// Starts `receive` at this relay.
    pub(crate) fn receive(&self, arguments: &[&str]) -> Program {
        Program::start(&[&["receive", "--silence", PATIENT, "--server", &self.url], arguments].concat())
    }
}
