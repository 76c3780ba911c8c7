//! Workloads whose round is one long act, such as a prune: measured in turn as well, each round giving several figures.

use std::time::Instant;

/// A table that takes part, and one round of it.
pub(crate) struct Entrant {
    pub(crate) label: String,
    pub(crate) round: Box<dyn FnMut() -> Vec<f64>>,
}

impl Entrant {
    pub(crate) fn new(label: impl Into<String>, round: impl FnMut() -> Vec<f64> + 'static) -> Self {
        Self { label: label.into(), round: Box::new(round) }
    }
}

/// For each entrant, for each figure, what each round gave.
pub(crate) fn rounds(what: &str, mut entrants: Vec<Entrant>, rounds: usize) -> Vec<(String, Vec<Vec<f64>>)> {
    let mut all: Vec<(String, Vec<Vec<f64>>)> =
        entrants.iter().map(|entrant| (entrant.label.clone(), Vec::new())).collect();
    for round in 0..rounds {
        let since = Instant::now();
        for place in 0..entrants.len() {
            let which = (place + round) % entrants.len();
            let figures = (entrants[which].round)();
            let kept = &mut all[which].1;
            kept.resize_with(figures.len(), Vec::new);
            for (kept, figure) in kept.iter_mut().zip(figures) {
                // What is no number does not apply to this table.
                kept.extend(Some(figure).filter(|figure| !figure.is_nan()));
            }
        }
        eprintln!("{what}: round {} of {rounds} took {:.1?}", round + 1, since.elapsed());
    }
    all
}
