//! `tenure-relay send`: a file, a text or standard input goes to the other side.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use tokio::io::AsyncRead;

use crate::{
    exit::{Ending, TABLE},
    transfer::{ClientArgs, Source, Start, run_client, send_file, send_text},
};

/// What a receiver may call what comes from standard input.
const STDIN: &str = "stdin";

/// Options of `tenure-relay send`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = TABLE)]
pub struct SendArgs {
    /// The file to send; standard input if there is none, or if it is -
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Send this text instead of a file
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    pub text: Option<String>,
    /// Claim the code that `tenure-relay receive` shows; without it, this side shows one
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// What the other side may call the file
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Options of both sides
    #[command(flatten)]
    pub client: ClientArgs,
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// Runs the command to its end.
pub async fn run(args: SendArgs) -> ExitCode {
    let SendArgs { file, text, code, name, client } = args;
    let start = code.map_or(Start::Create, Start::Claim);
    run_client(&client, "receive", async |session, progress| {
        // Before anybody waits for it: a file that cannot be read should not cost the other side a claim.
        let source = if text.is_none() { Some(open(file.as_deref(), name).await?) } else { None };
        session.pair(start).await?;
        if let Some(text) = text {
            send_text(session, &text).await?;
            return Ok(format!("sent a text of {} bytes, and the other side has it", text.len()));
        }
        let Some(source) = source else { return Ok("nothing to send".to_owned()) };
        let (bytes, sum) = send_file(session, source, progress).await?;
        Ok(format!("sent {bytes} bytes, and the other side has them all: sha256 {sum}"))
    })
    .await
}

async fn open(file: Option<&Path>, name: Option<String>) -> Result<Source<Reader>, Ending> {
    let Some(path) = file.filter(|path| *path != Path::new("-")) else {
        let name = name.unwrap_or_else(|| STDIN.to_owned());
        return Ok(Source { name, size: None, reader: Box::new(tokio::io::stdin()) });
    };
    let failed = |why: std::io::Error| Ending::Local(format!("cannot read {}: {why}", path.display()));
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let about = file.metadata().await.map_err(failed)?;
    if about.is_dir() {
        return Err(Ending::Local(format!(
            "{0} is a folder: tar c {0} | tenure-relay send, and on the other side receive CODE -o - | tar x",
            path.display()
        )));
    }
    let own =
        || path.file_name().map_or_else(|| STDIN.to_owned(), |name| name.to_string_lossy().into_owned());
    let size = about.is_file().then_some(about.len());
    Ok(Source { name: name.unwrap_or_else(own), size, reader: Box::new(file) })
}
