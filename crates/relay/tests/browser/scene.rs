//! What every test begins with: a relay and two devices.

use super::{device::Device, driver, process::Relay};
use tokio::sync::{Mutex, MutexGuard};

/// One test at a time: a browser is a load for the machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// A relay and two devices.
pub(crate) struct Scene {
    pub(crate) relay: Relay,
    pub(crate) ann: Device,
    pub(crate) bob: Device,
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    pub(crate) async fn begin() -> Option<Self> {
        Self::with(&[]).await
    }

    /// With more options for the relay.
    pub(crate) async fn with(options: &[&str]) -> Option<Self> {
        if !driver::found() {
            return None;
        }
        let turn = TURN.lock().await;
        let (ann, bob) = tokio::join!(Device::start("Ann"), Device::start("Bob"));
        Some(Self { relay: Relay::with(&[&["--grace", "6s"], options].concat()), ann, bob, _turn: turn })
    }

    /// Ann shows a code; returns it.
    pub(crate) async fn show_code(&self) -> String {
        self.show_code_at(&self.relay.url).await
    }

    async fn show_code_at(&self, url: &str) -> String {
        self.ann.open(url).await;
        self.ann.click("#create").await;
        self.ann.read("#shown-code", "-").await
    }

    /// Ann shows a code, Bob types it.
    pub(crate) async fn pair(&self) -> String {
        self.pair_through(&self.relay.url).await
    }

    /// The same; Ann's page comes from here, and so goes this way to the relay.
    pub(crate) async fn pair_through(&self, url: &str) -> String {
        let code = self.show_code_at(url).await;
        self.bob.open(&self.relay.url).await;
        self.bob.write("#code", &code.to_lowercase().replace('-', " ")).await;
        self.bob.click("#claim").await;
        for device in [&self.ann, &self.bob] {
            device.read("#pill-text", "Connected").await;
        }
        code
    }

    pub(crate) async fn end(self) {
        for device in [self.ann, self.bob] {
            device.is_clean(&self.relay.url).await;
            device.close().await;
        }
    }
}
