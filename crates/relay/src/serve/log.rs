//! The log: structured, on stderr. No code, token or text of anybody's is ever written to it.

use super::settings::{LogFormat, ServeArgs};
use std::io;
use tracing_subscriber::{EnvFilter, filter::ParseError};

/// Begins to log. A second call in a process changes nothing.
///
/// # Errors
/// The filter is none.
pub(super) fn start(args: &ServeArgs) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&args.log)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // An error: somebody logs already.
    let _ = match args.log_format {
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
