//! Running the models, as they are and with one ordering weakened.

use super::{scratch::Scratch, step::Mutant};
use std::{
    collections::BTreeSet,
    fs, io,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// A model, and what a run of it has shown.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its path in the test program.
    pub name: String,
    /// How long it took at the lowest bound.
    pub took: Duration,
    /// The sites that it executes.
    pub sites: BTreeSet<usize>,
}

impl Model {
    /// The function's name alone.
    pub fn short(&self) -> &str {
        self.name.rsplit("::").next().unwrap_or(&self.name)
    }
}

/// What came of one weakened ordering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A model failed: which, and what it said.
    Noticed(String, String),
    /// All models that execute it passed.
    Survived,
    /// No model executes it.
    NotExecuted,
    /// All that ended in time passed; these did not end.
    TimedOut(Vec<String>),
}

/// How a test program ended.
enum End {
    Passed,
    Failed(String),
    TimedOut,
}

/// Runs models of a scratch copy.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The compiled copy.
    pub scratch: &'a Scratch,
    /// Bounds on the preemptions of an execution, the lowest first.
    pub bounds: &'a [u32],
    /// The longest that one model may take.
    pub patience: Duration,
    /// Only models whose name contains one of these; all if there is none.
    pub only: &'a [String],
}

static LOGS: AtomicUsize = AtomicUsize::new(0);

impl Trial<'_> {
    /// Runs every model once, unweakened, at the lowest bound. One that does not end in time is left out, and named on
    /// the standard error stream.
    ///
    /// # Errors
    /// A model that fails as it is; a test program without models.
    pub fn models(&self, jobs: usize) -> io::Result<Vec<Model>> {
        let output =
            Command::new(&self.scratch.program).args(["--list", "--format", "terse", "loom"]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let is_asked = |name: &&str| self.only.is_empty() || self.only.iter().any(|part| name.contains(part));
        let names = text.lines().filter_map(|line| line.strip_suffix(": test")).filter(is_asked);
        let names: Vec<String> = names.map(str::to_owned).collect();
        if names.is_empty() {
            return Err(io::Error::other("there are no models"));
        }
        let models = self.each(jobs, &names, |name| self.model(name));
        models.into_iter().filter_map(Result::transpose).collect()
    }

    /// Applies `work` to all items, `jobs` at a time; the answers are in the items' order.
    ///
    /// # Panics
    /// If `work` does.
    pub fn each<T: Sync, R: Send>(&self, jobs: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut own = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(index) else { return own };
                own.push((index, work(item)));
            }
        };
        let mut answers: Vec<(usize, R)> = thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("work does not panic")).collect()
        });
        answers.sort_by_key(|(index, _)| *index);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    fn model(&self, name: &str) -> io::Result<Option<Model>> {
        let record = self.scratch.folder.join(format!("record-{}", LOGS.fetch_add(1, Ordering::Relaxed)));
        let start = Instant::now();
        let bound = self.bounds[0].to_string();
        let variables = [("WEAKEN_RECORD", record.to_string_lossy().into_owned())];
        let end = self.run(name, &bound, self.patience, variables)?;
        let took = start.elapsed();
        match end {
            End::Passed => {}
            End::Failed(why) => return Err(io::Error::other(format!("{name} fails as it is: {why}"))),
            End::TimedOut => {
                eprintln!("!!! {name} does not end in time as it is: LEFT OUT");
                return Ok(None);
            }
        }
        let sites = fs::read_to_string(&record).unwrap_or_default();
        let _ = fs::remove_file(record);
        let sites = sites.lines().filter_map(|line| line.parse().ok()).collect();
        Ok(Some(Model { name: name.to_owned(), took, sites }))
    }

    /// Weakens one ordering and runs the models that execute it, the fastest first, until one notices.
    ///
    /// # Errors
    /// A test program that cannot be started.
    pub fn weaken(&self, mutant: &Mutant, models: &[Model]) -> io::Result<Outcome> {
        let mut concerned: Vec<&Model> =
            models.iter().filter(|model| model.sites.contains(&mutant.site)).collect();
        concerned.sort_by_key(|model| model.took);
        if concerned.is_empty() {
            return Ok(Outcome::NotExecuted);
        }
        let mut endless = Vec::new();
        for bound in self.bounds {
            endless.clear();
            for model in &concerned {
                let variables = [("WEAKEN", format!("{} {}", mutant.site, mutant.to))];
                match self.run(&model.name, &bound.to_string(), self.patience, variables)? {
                    End::Passed => {}
                    End::Failed(why) => return Ok(Outcome::Noticed(model.short().to_owned(), why)),
                    End::TimedOut => endless.push(model.short().to_owned()),
                }
            }
        }
        Ok(if endless.is_empty() { Outcome::Survived } else { Outcome::TimedOut(endless) })
    }

    fn run<const N: usize>(
        &self,
        name: &str,
        bound: &str,
        patience: Duration,
        variables: [(&str, String); N],
    ) -> io::Result<End> {
        let log: PathBuf = self.scratch.folder.join(format!("log-{}", LOGS.fetch_add(1, Ordering::Relaxed)));
        let file = fs::File::create(&log)?;
        let mut child = Command::new(&self.scratch.program)
            .args(["--exact", name, "--test-threads=1", "--nocapture"])
            .env("LOOM_MAX_PREEMPTIONS", bound)
            .env("RUST_BACKTRACE", "0")
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        let start = Instant::now();
        let status: Option<ExitStatus> = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if start.elapsed() > patience {
                child.kill()?;
                child.wait()?;
                break None;
            }
            thread::sleep(Duration::from_millis(2));
        };
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(&log);
        Ok(match status {
            None => End::TimedOut,
            Some(status) if status.success() => End::Passed,
            // A limit of loom's own is no law of ours.
            Some(_) if text.contains("exceeded maximum") => End::TimedOut,
            Some(status) => End::Failed(why(&text).unwrap_or_else(|| status.to_string())),
        })
    }
}

/// The first panic's message, in one line.
fn why(log: &str) -> Option<String> {
    let mut lines = log.lines().skip_while(|line| !line.contains(" panicked at "));
    lines.next()?;
    let message = lines.take(3).collect::<Vec<_>>().join(" ");
    Some(message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(100).collect())
}
