//! The processes that the measurement starts. Each is killed when it is dropped.

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
};

use crate::exit::Ending;

/// A process of this program.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Its standard output, from the second line on.
    lines: Lines<BufReader<ChildStdout>>,
    /// The address in its first line.
    pub(super) address: String,
}

impl Process {
    /// Starts this program with other arguments, and waits for the first line that it prints, which ends with an
    /// address.
    pub(super) async fn start(arguments: &[&str]) -> Result<Self, Ending> {
        let cannot = |why: &dyn std::fmt::Display| {
            Ending::Local(format!("cannot start tenure-relay {arguments:?}: {why}"))
        };
        let program = std::env::current_exe().map_err(|why| cannot(&why))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|why| cannot(&why))?;
        let stdout = child.stdout.take().ok_or_else(|| cannot(&"it has no standard output"))?;
        let mut lines = BufReader::new(stdout).lines();
        let first =
            lines.next_line().await.map_err(|why| cannot(&why))?.ok_or_else(|| cannot(&"it said nothing"))?;
        let address = first.rsplit(' ').next().unwrap_or_default().to_owned();
        Ok(Self { child, lines, address })
    }

    /// A relay without limits on how much one address may do.
    pub(super) async fn relay(more: &[&str]) -> Result<Self, Ending> {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--log", "error"];
        for limit in [
            "--sessions",
            "--sessions-per-address",
            "--connections",
            "--connections-per-address",
            "--claims-per-minute",
            "--claims-per-second",
            "--requests-per-second",
            "--frame-rate",
        ] {
            arguments.extend([limit, "10000000"]);
        }
        arguments.extend(more);
        Self::start(&arguments).await
    }

    /// Its number.
    pub(super) fn number(&self) -> Result<u32, Ending> {
        self.child.id().ok_or_else(|| Ending::Local("a process has ended that should be there".to_owned()))
    }

    /// The next line that it prints.
    pub(super) async fn line(&mut self) -> Result<String, Ending> {
        let line = self.lines.next_line().await;
        let line = line.map_err(|why| Ending::Local(format!("a process cannot be read: {why}")))?;
        line.ok_or_else(|| Ending::Local("a process has ended before it was done".to_owned()))
    }

    /// Sends it the signal that cannot be caught, and waits until it is gone.
    pub(super) async fn kill(&mut self) -> Result<(), Ending> {
        self.child.kill().await.map_err(|why| Ending::Local(format!("a process cannot be killed: {why}")))
    }

    /// The value of a gauge of a relay's `/metrics`.
    pub(super) async fn gauge(&self, name: &str) -> Result<f64, Ending> {
        let address = self.address.trim_start_matches("http://");
        let failed = |why: std::io::Error| Ending::RelayGone(format!("{address}/metrics: {why}"));
        let mut stream = TcpStream::connect(address).await.map_err(failed)?;
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map_err(failed)?;
        let value = answer.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.ok_or_else(|| Ending::RelayGone(format!("{address}/metrics has no {name}")))
    }
}
