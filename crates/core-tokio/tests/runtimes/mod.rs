//! What the tests run on, and how long they wait.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::{future::Future, time::Duration};
use tokio::runtime::Builder;

/// No machine is so busy that what a test waits for takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for what another thread, a process or a peer brings about; panics, and says what, where that would be for ever.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let limited = tokio::time::timeout(PATIENCE, future).await;
    limited.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}

/// Runs a scenario on both kinds of runtime. Waits in it that have no end of their own have this one.
pub(crate) fn on_both<F: Future<Output = ()>>(scenario: impl Fn() -> F) {
    for mut runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async { soon("the end of the scenario", scenario()).await });
    }
}
