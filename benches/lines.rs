//! From rounds to lines of the table, and which lines there are.

use crate::{
    crew::Sample,
    load::Dist,
    report::{Entry, Line, Target},
    tasks::Task,
};

/// Above this many nanoseconds for the way of a cache line, two cores are far from each other.
const FAR: f64 = 80.0;

/// Fewer undisturbed rounds than this, and the disturbed ones count as well.
const ENOUGH: usize = 3;

/// A line whose rounds are many short operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) workload: &'static str,
    pub(crate) what: &'static str,
    pub(crate) task: Task,
    /// None where the keys are not drawn.
    pub(crate) dist: Option<Dist>,
    pub(crate) threads: usize,
    pub(crate) target: Target,
}

fn is_far(sample: &Sample) -> bool {
    sample.line.is_some_and(|line| line > FAR)
}

impl Cell {
    /// Near and far rounds are never compared: the kind that there were more of counts.
    pub(crate) fn line(self, records: usize, all: &[(String, Vec<Sample>)]) -> Line {
        let samples = || all.iter().flat_map(|(_, samples)| samples);
        let far = samples().filter(|sample| is_far(sample)).count() * 2 > samples().count();
        let disturbed = samples().filter(|sample| sample.disturbed).count();
        let entry = |(who, samples): &(String, Vec<Sample>)| {
            let like = || samples.iter().filter(|sample| is_far(sample) == far);
            let calm: Vec<f64> =
                like().filter(|sample| !sample.disturbed).map(|sample| sample.nanos).collect();
            let any = || like().map(|sample| sample.nanos).collect();
            Entry::new(who.clone(), if calm.len() < ENOUGH { any() } else { calm })
        };
        Line {
            workload: self.workload,
            what: self.what.to_owned(),
            unit: "ns",
            records,
            dist: self.dist.map(|dist| dist.to_string()),
            threads: self.threads,
            cores: (self.threads > 1).then_some(if far { "far" } else { "near" }),
            target: self.target,
            entries: all.iter().filter_map(entry).collect(),
            disturbed,
        }
    }
}

/// What a figure of a long workload is called and must reach.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) workload: &'static str,
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) threads: usize,
    pub(crate) target: Target,
}

impl Figure {
    pub(crate) fn new(workload: &'static str, what: impl Into<String>, target: Target) -> Self {
        Self { workload, what: what.into(), unit: "ns", threads: 1, target }
    }

    pub(crate) fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    pub(crate) fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }
}

/// A line for each figure of rounds that give several.
pub(crate) fn lines(figures: Vec<Figure>, records: usize, all: &[(String, Vec<Vec<f64>>)]) -> Vec<Line> {
    let line = |(place, figure): (usize, Figure)| Line {
        workload: figure.workload,
        what: figure.what,
        unit: figure.unit,
        records,
        dist: None,
        threads: figure.threads,
        cores: None,
        target: figure.target,
        entries: all
            .iter()
            .filter_map(|(who, values)| Entry::new(who.clone(), values.get(place)?.clone()))
            .collect(),
        disturbed: 0,
    };
    figures.into_iter().enumerate().map(line).collect()
}

/// At most this share of the best peer's figure.
pub(crate) fn ratio(limit: f64) -> Target {
    Target { ratio: Some(limit), ..Target::default() }
}

/// The lines of [`stage`](crate::suite) for these tables.
pub(crate) fn cells(bounded: bool, large: bool, threads: &[usize]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for &threads in threads {
        for dist in [Dist::Uniform, Dist::Zipf] {
            if bounded {
                let target = if threads == 2 { ratio(0.75) } else { Target::default() };
                let (workload, what, task) = ("W4", "90 % resolve, at capacity", Task::Mixed(dist));
                cells.push(Cell { workload, what, task, dist: Some(dist), threads, target });
            } else {
                cells.extend(unbounded(dist, threads, large));
            }
        }
    }
    // A route that was changed is no longer the same one: that comes last.
    cells.sort_by_key(|cell| matches!(cell.task, Task::Change(_) | Task::Replace(_)));
    cells
}

fn unbounded(dist: Dist, threads: usize, large: bool) -> Vec<Cell> {
    let cell =
        |workload, what, task, target| Cell { workload, what, task, dist: Some(dist), threads, target };
    let two = threads > 1;
    let read = Target { floor: true, ..ratio(0.75) };
    let renew = ratio(if two { 0.6 } else { 0.7 });
    let changed = ratio(if two { 0.6 } else { 1.0 });
    let mut cells = vec![
        cell("W1", "resolve, prebuilt key", Task::Resolve(dist), read),
        cell("W1p", "resolve, from parts", Task::ResolveParts(dist), ratio(0.75)),
        cell("W1o", "resolve, owned answer", Task::ResolveOwned(dist), read),
        cell("W3", "set, same route", Task::Renew(dist), renew),
        cell("W3p", "set, same route, from parts", Task::RenewParts(dist), renew),
        cell("W3", "set, another route", Task::Change(dist), changed),
    ];
    if dist == Dist::Uniform {
        cells.extend([
            cell("W3o", "set, another route, made for the call", Task::Replace(dist), changed),
            cell("W2", "resolve, room fallback", Task::Fallback, ratio(0.6)),
            cell("W2w", "resolve, room fallback, written back", Task::Learn, ratio(0.6)),
        ]);
        if !large {
            let target = if two { ratio(1.0) } else { Target::default() };
            cells.push(Cell { dist: None, ..cell("W5", "resolve, one hot key", Task::Hot, target) });
        }
    }
    cells
}

/// The lines of sessions.
pub(crate) fn session_cells(threads: &[usize]) -> Vec<Cell> {
    let cell = |workload, what, task, threads, limit| Cell {
        workload,
        what,
        task,
        dist: Some(Dist::Uniform),
        threads,
        target: ratio(limit),
    };
    let both = |&threads: &usize| {
        [
            cell("W6", "session: create, get, update, delete", Task::SessionCycle, threads, 0.9),
            cell("W6g", "session: get", Task::SessionGet, threads, 0.8),
        ]
    };
    threads.iter().flat_map(both).collect()
}
