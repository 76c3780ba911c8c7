//! W10: insert into an empty table until there are many: the mean, the tail and the longest single insertion.

use crate::{
    lines::{self, Figure, ratio},
    long::{self, Entrant},
    names::Name,
    options::Options,
    peers::{self, ByDefault, EachTable, Routes, Setup, Tenure},
    report::{Report, Target},
    system::Steps,
    userroute::RouteText,
};
use hdrhistogram::Histogram;
use std::time::Instant;

/// Keys and routes that are made at a time, outside of the timing.
const BATCH: usize = 10_000;

/// All figures, as lines.
pub(crate) fn run(records: usize, options: &Options, report: &mut Report) {
    let mut each = Each { records, entrants: Vec::new() };
    each.shared::<Tenure>();
    each.shared::<ByDefault>();
    peers::best(&mut each);
    let figures = vec![
        Figure::new("W10", "insert, mean", ratio(0.9)),
        Figure::new("W10", "insert, p99.9", Target::default()),
        Figure::new("W10", "insert, p99.99", Target::default()),
        Figure::new("W10", "insert, longest", Target { most: Some(50_000.0), ..ratio(0.5) }),
    ];
    let rounds = long::rounds("insertions", each.entrants, options.long_rounds());
    report.add_all(lines::lines(figures, records, &rounds));
}

struct Each {
    records: usize,
    entrants: Vec<Entrant>,
}

impl EachTable for Each {
    fn shared<R: Routes + Send + Sync>(&mut self) {
        self.single::<R>();
    }

    fn single<R: Routes>(&mut self) {
        let records = self.records;
        self.entrants.push(Entrant::new(peers::label::<R>(), move || grow::<R>(records)));
    }
}

/// Nanoseconds: the mean, the 99.9th and 99.99th percentile, and the longest. Insertions in which the system took the
/// core away are left out. The clock's own time is taken off the mean.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn grow<R: Routes>(records: usize) -> Vec<f64> {
    let table = R::new(Setup::roomy(records));
    let mut waits = Histogram::<u64>::new_with_bounds(1, 10_000_000_000, 3).expect("valid bounds");
    let mut batch = Vec::with_capacity(BATCH);
    for start in (0..records).step_by(BATCH) {
        batch.extend((start..records.min(start + BATCH)).map(|number| {
            let name = Name::numbered(number);
            (R::key(name.owned().parts()), R::route(RouteText::of(name, 0)))
        }));
        let mut steps = Steps::new();
        for (key, route) in batch.drain(..) {
            table.insert(key, route);
            if let Some(nanos) = steps.next() {
                waits.saturating_record(nanos);
            }
        }
    }
    assert_eq!(table.len(), records, "{}", R::PEER);
    let tail = |share| waits.value_at_quantile(share) as f64;
    vec![waits.mean() - clock(), tail(0.999), tail(0.9999), waits.max() as f64]
}

/// Nanoseconds that asking for the time takes.
fn clock() -> f64 {
    const TIMES: u32 = 10_000;
    let start = Instant::now();
    for _ in 0..TIMES {
        std::hint::black_box(Instant::now());
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
}
