//! Headless Chromium over `ChromeDriver`: one process for each device of a test.

use serde_json::{Value, json};
use std::{
    env,
    io::{BufRead, BufReader, Read, Write, stderr},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// Whether the browser tests are to run here, and can. Says loudly where they are not, and fails if they must
/// (`TENURE_BROWSER=required`); `TENURE_BROWSER=later` leaves them to another run.
pub(crate) fn found() -> bool {
    let how = env::var_os("TENURE_BROWSER").unwrap_or_default();
    if how == "later" {
        say("!!! SKIPPED: the browser tests, which are to be run by themselves\n");
        return false;
    }
    let missing: Vec<_> =
        ["chromium", "chromedriver"].into_iter().filter(|name| in_path(name).is_none()).collect();
    if missing.is_empty() {
        return true;
    }
    let text = format!(
        "!!! SKIPPED: the browser tests need {} (Debian: chromium chromium-driver)\n",
        missing.join(" and ")
    );
    assert!(how != "required", "{text}");
    say(&text);
    false
}

/// Not through the macros, whose output of a test that passes nobody sees.
fn say(text: &str) {
    let _ = stderr().write_all(text.as_bytes());
}

fn in_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// A `ChromeDriver` on a port of the system's choice.
pub(crate) struct Driver {
    process: Child,
    address: SocketAddr,
    /// What its browsers leave behind goes with this.
    _scratch: TempDir,
}

impl Driver {
    pub(crate) fn start() -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", scratch.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let port: u16 = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok())
            .expect("chromedriver names its port");
        // What else it says must not fill the pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { process, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), _scratch: scratch }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Asked before it is killed: so that it ends a browser that a failed test has left.
        if let Ok(mut connection) = TcpStream::connect(self.address) {
            let _ = connection.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = write!(
                connection,
                "GET /shutdown HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                self.address
            );
            let _ = connection.read_to_end(&mut Vec::new());
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the browser is started with. `downloads` is where files go that a page offers.
pub(crate) fn capabilities(downloads: &Path) -> serde_json::Map<String, Value> {
    let mut flags = vec![
        "--headless",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--force-color-profile=srgb",
        "--window-size=1100,760",
    ];
    // Chromium's own sandbox does not start as root.
    if rustix::process::geteuid().is_root() {
        flags.push("--no-sandbox");
    }
    let value = json!({
        "browserName": "chrome",
        "unhandledPromptBehavior": "accept",
        "goog:chromeOptions": {
            "args": flags,
            "prefs": { "download.default_directory": downloads, "download.prompt_for_download": false },
        },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    });
    match value {
        Value::Object(map) => map,
        _ => unreachable!("an object"),
    }
}
