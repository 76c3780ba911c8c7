//! Where a received file goes: under a temporary name first, renamed when its sum is right.

use std::{
    io,
    path::{Path, PathBuf},
};

use tempfile::TempPath;
use tokio::io::{AsyncWrite, AsyncWriteExt as _, BufWriter};

use crate::{envelope::safe_name, exit::Ending};

/// As much of a name as the temporary one repeats, in bytes: file systems take 255, and it is longer.
const NAME_BYTES: usize = 200;
/// Bytes that are collected before a file is written to.
const BUFFER: usize = 256 * 1024;

/// Where what arrives is to go.
#[derive(Debug, Clone)]
pub enum Target {
    /// To standard output, as it arrives: what reads it sees bytes whose sum is not known yet.
    Stdout,
    /// Into this folder, under the sender's name for it, cleaned by [`safe_name`].
    Folder(PathBuf),
    /// To this file, whatever the sender calls it.
    File(PathBuf),
}

/// A target that takes bytes. Dropped before [`Sink::finish`], it leaves nothing behind but what went to standard output.
pub struct Sink {
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    file: Option<Pending>,
}

/// A file that has its real name only when it is whole.
#[derive(Debug)]
struct Pending {
    temporary: TempPath,
    real: PathBuf,
    force: bool,
}

impl Target {
    /// What `-o` says: `-` is standard output, a folder that exists keeps the sender's name, anything else is a file.
    /// Nothing said is the current folder.
    pub fn from_option(output: Option<&Path>) -> Self {
        match output {
            None => Self::Folder(PathBuf::from(".")),
            Some(path) if path == Path::new("-") => Self::Stdout,
            Some(path) if path.is_dir() => Self::Folder(path.to_owned()),
            Some(path) => Self::File(path.to_owned()),
        }
    }

    /// Opens the target for what the sender calls `name`. A file that exists is an error unless `force`; it is asked
    /// here, so that nothing is sent in vain, and again when the file gets its name, so that nothing that came
    /// meanwhile is lost.
    ///
    /// # Errors
    ///
    /// [`Ending::Local`] if the file exists or the folder cannot be written to.
    pub fn open(&self, name: &str, force: bool) -> Result<Sink, Ending> {
        let real = match self {
            Self::Stdout => return Ok(Sink::stdout()),
            Self::Folder(folder) => folder.join(safe_name(name)),
            Self::File(path) => path.clone(),
        };
        if !force && real.symlink_metadata().is_ok() {
            return Err(exists(&real));
        }
        let failed = |why: io::Error| Ending::Local(format!("cannot write {}: {why}", real.display()));
        let folder = match real.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let file_name = real.file_name().ok_or_else(|| {
            Ending::Local(format!(
                "{} is no file name; give -o a file, a folder that exists, or -",
                real.display()
            ))
        })?;
        let mut builder = tempfile::Builder::new();
        let prefix = format!(".{}.", cut(&file_name.to_string_lossy(), NAME_BYTES));
        builder.prefix(&prefix).suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As for any new file: what the umask leaves of it.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let (file, temporary) = builder.tempfile_in(folder).map_err(failed)?.into_parts();
        let writer = BufWriter::with_capacity(BUFFER, tokio::fs::File::from_std(file));
        Ok(Sink { writer: Box::new(writer), file: Some(Pending { temporary, real, force }) })
    }
}

impl Sink {
    /// Standard output.
    pub fn stdout() -> Self {
        Self { writer: Box::new(tokio::io::stdout()), file: None }
    }

    /// Takes the next bytes. To standard output they go at once.
    ///
    /// # Errors
    ///
    /// [`Ending::Local`] if they cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        self.writer.write_all(bytes).await.map_err(|why| self.failed(&why))?;
        if self.file.is_none() {
            self.writer.flush().await.map_err(|why| self.failed(&why))?;
        }
        Ok(())
    }

    /// Everything arrived and is right: a file is brought to the disk and gets its real name. Says which.
    ///
    /// # Errors
    ///
    /// [`Ending::Local`] if it cannot be written or, without force, if a file of that name has come meanwhile.
    pub async fn finish(mut self) -> Result<Option<PathBuf>, Ending> {
        self.writer.flush().await.map_err(|why| self.failed(&why))?;
        let Some(Pending { temporary, real, force }) = self.file.take() else { return Ok(None) };
        drop(self.writer);
        tokio::task::spawn_blocking(move || {
            let failed = |why: io::Error| Ending::Local(format!("cannot write {}: {why}", real.display()));
            std::fs::File::open(&temporary).and_then(|file| file.sync_all()).map_err(failed)?;
            let named = if force { temporary.persist(&real) } else { temporary.persist_noclobber(&real) };
            match named {
                Ok(()) => Ok(Some(real)),
                Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&real)),
                Err(refused) => Err(failed(refused.error)),
            }
        })
        .await
        .unwrap_or_else(|panic| Err(Ending::Local(format!("writing the file failed: {panic}"))))
    }

    fn failed(&self, why: &io::Error) -> Ending {
        match &self.file {
            Some(file) => Ending::Local(format!("cannot write {}: {why}", file.real.display())),
            None => Ending::Local(format!("cannot write to standard output: {why}")),
        }
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sink").field("file", &self.file).finish_non_exhaustive()
    }
}

fn exists(path: &Path) -> Ending {
    Ending::Local(format!("{} exists; use -o for another name, or --force to replace it", path.display()))
}

/// The longest beginning of `text` that has at most so many bytes and ends between two characters.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;
