//! What a person at a terminal sees of a transfer.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the bar is drawn at most, and how often its clock moves on while nothing arrives.
const PER_SECOND: u8 = 8;

/// A bar on standard error, if that is a terminal; else only the lines that are told. Clones show the same.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: Arc<Mutex<Option<ProgressBar>>>,
    quiet: bool,
}

impl Progress {
    /// Nothing is shown yet. `quiet` shows nothing ever, neither bar nor lines.
    pub fn new(quiet: bool) -> Self {
        Self { bar: Arc::default(), quiet }
    }

    /// A transfer of so many bytes begins, or of unknown length.
    pub fn begin(&self, name: &str, size: Option<u64>) {
        if self.quiet || !std::io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::stderr_with_hz(PER_SECOND));
        let template = if size.is_some() {
            "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left"
        } else {
            "{msg} {spinner} {bytes} {bytes_per_sec}, {elapsed}"
        };
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(1000 / u64::from(PER_SECOND)));
        *self.bar() = Some(bar);
    }

    /// So many bytes more.
    pub fn advance(&self, bytes: usize) {
        if let Some(bar) = &*self.bar() {
            bar.inc(bytes as u64);
        }
    }

    /// A line on standard error, above the bar if there is one.
    pub fn tell(&self, line: &str) {
        if !self.quiet {
            self.say(line);
        }
    }

    /// A line on standard error, even if this is quiet.
    pub fn say(&self, line: &str) {
        match &*self.bar() {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// The bar goes.
    pub fn end(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
