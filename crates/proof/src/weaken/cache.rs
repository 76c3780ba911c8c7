//! Results of earlier runs over the same sources, so that an interrupted run goes on where it stopped.

use super::{
    step::Mutant,
    trial::{Model, Outcome},
};
use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// A file of results, one a line, which is only ever added to.
#[derive(Debug)]
pub struct Cache {
    /// The models, where all were recorded.
    pub models: Vec<Model>,
    outcomes: HashMap<String, (Outcome, Duration)>,
    file: Mutex<File>,
}

fn key(mutant: &Mutant) -> String {
    format!("{} {}", mutant.site, mutant.to)
}

impl Cache {
    /// Opens the results for the sources of this hash. Those of other sources are left alone.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn open(folder: &Path, hash: u64) -> io::Result<Self> {
        let path = folder.join(format!("results-{hash:016x}.tsv"));
        let text = fs::read_to_string(&path).unwrap_or_default();
        let file = Mutex::new(OpenOptions::new().append(true).create(true).open(path)?);
        let (mut models, mut outcomes) = (Vec::new(), HashMap::new());
        for line in text.lines() {
            // A line that was cut off is as if it were not there.
            match *line.split('\t').collect::<Vec<_>>() {
                ["model", name, millis, sites, "."] => {
                    let took = Duration::from_millis(millis.parse().unwrap_or_default());
                    let sites = sites.split(' ').filter_map(|site| site.parse().ok()).collect();
                    models.push(Model { name: name.to_owned(), took, sites });
                }
                ["mutant", key, kind, name, why, millis, "."] => {
                    let outcome = match kind {
                        "noticed" => Outcome::Noticed(name.to_owned(), why.to_owned()),
                        "survived" => Outcome::Survived,
                        "timeout" => Outcome::TimedOut(name.split(' ').map(str::to_owned).collect()),
                        _ => Outcome::NotExecuted,
                    };
                    let took = Duration::from_millis(millis.parse().unwrap_or_default());
                    outcomes.insert(key.to_owned(), (outcome, took));
                }
                _ => {}
            }
        }
        Ok(Self { models, outcomes, file })
    }

    /// Knows nothing, and keeps nothing for later runs.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn none(folder: &Path) -> io::Result<Self> {
        let file = Mutex::new(File::create(folder.join("results-of-some-models.tsv"))?);
        Ok(Self { models: Vec::new(), outcomes: HashMap::new(), file })
    }

    /// Keeps what the models execute.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep_models(&mut self, models: Vec<Model>) -> io::Result<()> {
        for model in &models {
            let sites: Vec<String> = model.sites.iter().map(usize::to_string).collect();
            let (name, millis) = (&model.name, model.took.as_millis());
            self.write(&format!("model\t{name}\t{millis}\t{}\t.", sites.join(" ")))?;
        }
        self.models = models;
        Ok(())
    }

    /// What came of a mutant, if it was tried, and how long that took.
    pub fn outcome(&self, mutant: &Mutant) -> Option<(Outcome, Duration)> {
        self.outcomes.get(&key(mutant)).cloned()
    }

    /// Keeps what came of a mutant.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep(&self, mutant: &Mutant, outcome: &Outcome, took: Duration) -> io::Result<()> {
        let (kind, name, why) = match outcome {
            Outcome::Noticed(name, why) => ("noticed", name.clone(), why.as_str()),
            Outcome::Survived => ("survived", String::new(), ""),
            Outcome::NotExecuted => ("not executed", String::new(), ""),
            Outcome::TimedOut(names) => ("timeout", names.join(" "), ""),
        };
        let (why, millis) = (why.replace('\t', " "), took.as_millis());
        self.write(&format!("mutant\t{}\t{kind}\t{name}\t{why}\t{millis}\t.", key(mutant)))
    }

    fn write(&self, line: &str) -> io::Result<()> {
        writeln!(self.file.lock().unwrap_or_else(PoisonError::into_inner), "{line}")
    }
}
