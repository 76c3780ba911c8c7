//! A device of a test: a browser with the page in it, and what a person does with it.

use super::driver::{Driver, capabilities};
use axum::http::Method;
use fantoccini::{
    Client, ClientBuilder, Locator, elements::Element, error::CmdError, key::Key,
    wd::WebDriverCompatibleCommand,
};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Url;
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use tempfile::TempDir;

/// Longer than anything takes: a test that reaches it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Device {
    pub(crate) client: Client,
    pub(crate) name: &'static str,
    downloads: TempDir,
    _driver: Driver,
}

/// A command of `ChromeDriver`'s own.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

impl Device {
    pub(crate) async fn start(name: &'static str) -> Self {
        let (driver, downloads) = (Driver::start(), tempfile::tempdir().expect("a folder"));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(downloads.path()))
            .connect(&driver.url())
            .await
            .expect("the browser starts");
        Self { client, name, downloads, _driver: driver }
    }

    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.expect("the page opens");
    }

    /// Waits until there is a visible element.
    pub(crate) async fn see(&self, css: &str) -> Element {
        let mut found = None;
        let look = async {
            while found.is_none() {
                if let Ok(element) = self.client.find(Locator::Css(css)).await
                    && element.is_displayed().await.unwrap_or(false)
                {
                    found = Some(element);
                }
            }
        };
        if tokio::time::timeout(PATIENCE, look).await.is_err() {
            self.give_up(&format!("{css} is not seen")).await;
        }
        found.expect("found")
    }

    /// Waits until an element is visible and has a text with `part` in it; returns all of it.
    pub(crate) async fn read(&self, css: &str, part: &str) -> String {
        let mut found = None;
        let look = async {
            while found.is_none() {
                // An element that was replaced meanwhile is looked for again.
                if let Ok(text) = self.see(css).await.text().await {
                    found = text.contains(part).then_some(text);
                }
            }
        };
        if tokio::time::timeout(PATIENCE, look).await.is_err() {
            self.give_up(&format!("{css} does not say {part:?}")).await;
        }
        found.expect("found")
    }

    async fn give_up(&self, what: &str) -> ! {
        let text = self.client.execute("return document.body.innerText", vec![]).await;
        panic!(
            "{}: {what}; the page says: {:#?}, its log: {:#?}",
            self.name,
            text.ok(),
            self.log("browser").await
        );
    }

    pub(crate) async fn click(&self, css: &str) {
        self.see(css)
            .await
            .click()
            .await
            .unwrap_or_else(|error| panic!("{}: {css} is not clicked: {error}", self.name));
    }

    pub(crate) async fn write(&self, css: &str, text: &str) {
        self.see(css).await.send_keys(text).await.expect("keys are taken");
    }

    /// Presses a key, wherever the focus is.
    pub(crate) async fn press(&self, key: Key) {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(&char::from(key).to_string()).await.expect("the key is taken");
    }

    /// Presses Tab until the element `id` has the focus.
    pub(crate) async fn tab_to(&self, id: &str) {
        for _ in 0..30 {
            self.press(Key::Tab).await;
            if self.run("return document.activeElement.id").await == id {
                return;
            }
        }
        panic!("{}: the key Tab does not lead to {id}", self.name);
    }

    /// Closes the tab with the page, and leaves an empty one.
    pub(crate) async fn close_tab(&self) {
        let other = self.client.new_window(true).await.expect("a tab");
        self.client.close_window().await.expect("the tab closes");
        self.client.switch_to_window(other.handle).await.expect("the other tab is there");
    }

    pub(crate) async fn close(self) {
        self.client.close().await.expect("the browser closes");
    }

    /// Chooses a file in a file input, which need not be visible.
    pub(crate) async fn choose(&self, css: &str, file: &std::path::Path) {
        let input = self.client.find(Locator::Css(css)).await.expect("a file input");
        input.send_keys(file.to_str().expect("a path in UTF-8")).await.expect("the file is taken");
    }

    /// Waits until a file of this name was downloaded whole.
    pub(crate) async fn downloaded(&self, name: &str) -> Vec<u8> {
        let path = self.downloads.path().join(name);
        let look = async {
            // The name is taken by an empty file first, which the whole one replaces.
            while std::fs::metadata(&path).map_or(0, |file| file.len()) == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("{name} is not downloaded"));
        std::fs::read(path).expect("the file can be read")
    }

    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client
            .execute(script, vec![])
            .await
            .unwrap_or_else(|error| panic!("{}: {error} in {script}", self.name))
    }

    /// Runs the body of an asynchronous function, and answers what it returns.
    pub(crate) async fn run_module(&self, body: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {body} }})().then(done, (error) => done(String(error.stack)));"
        );
        self.client.execute_async(&script, vec![]).await.expect("the script runs")
    }

    /// A command of the `DevTools` protocol.
    pub(crate) async fn devtools(&self, command: &str, params: Value) -> Value {
        let own = Own { path: "goog/cdp/execute", body: json!({ "cmd": command, "params": params }) };
        self.client.issue_cmd(own).await.unwrap_or_else(|error: CmdError| panic!("{command}: {error}"))
    }

    /// By night or by day; colors change at once.
    pub(crate) async fn dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub(crate) async fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    async fn log(&self, of: &str) -> Vec<Value> {
        let answer = self.client.issue_cmd(Own { path: "se/log", body: json!({ "type": of }) }).await;
        answer.ok().and_then(|lines| lines.as_array().cloned()).unwrap_or_default()
    }

    /// Nothing went wrong in the page, and it asked nobody but the relay at `base`.
    pub(crate) async fn is_clean(&self, base: &str) {
        let errors: Vec<_> = self
            .log("browser")
            .await
            .into_iter()
            .filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING")
            .collect();
        assert!(errors.is_empty(), "{}: the console has errors: {errors:#?}", self.name);
        let mut asked = 0;
        for line in self.log("performance").await {
            let line: Value =
                serde_json::from_str(line["message"].as_str().unwrap_or_default()).expect("JSON");
            let params = &line["message"]["params"];
            let url = match line["message"]["method"].as_str() {
                Some("Network.requestWillBeSent") => params["request"]["url"].as_str(),
                Some("Network.webSocketCreated") => params["url"].as_str(),
                _ => None,
            };
            let Some(url) = url.filter(|url| !url.starts_with("data:") && !url.starts_with("blob:")) else {
                continue;
            };
            let own = url.replacen("ws://", "http://", 1).starts_with(base);
            assert!(own, "{}: the page asked {url}, which is not the relay at {base}", self.name);
            asked += 1;
        }
        assert!(asked > 0, "{}: no request was seen, not even the page's own", self.name);
    }

    /// Keeps a picture in the folder that `TENURE_SCREENSHOTS` names, if it does.
    pub(crate) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("TENURE_SCREENSHOTS").filter(|folder| !folder.is_empty()) else {
            return;
        };
        let png = self.client.screenshot().await.expect("a picture");
        assert!(png.len() < 200 * 1024, "{name} has {} bytes", png.len());
        std::fs::write(PathBuf::from(folder).join(name), png).expect("the picture is kept");
    }
}
