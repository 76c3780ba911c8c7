//! W10: insert into an empty table until there are many: the mean, the tail and the longest single insertion.

use crate::{
    names::Name,
    peers::{Routes, Setup},
    userroute::RouteText,
};
use hdrhistogram::Histogram;
use std::time::Instant;

/// Keys and routes that are made at a time, outside of the timing.
const BATCH: usize = 10_000;

/// Nanoseconds: the mean, the 99.9th and 99.99th percentile, and the longest. The clock's own time is taken off the
/// mean.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(crate) fn grow<R: Routes>(records: usize) -> Vec<f64> {
    let table = R::new(Setup::roomy(records));
    let mut waits = Histogram::<u64>::new_with_bounds(1, 10_000_000_000, 3).expect("valid bounds");
    let mut batch = Vec::with_capacity(BATCH);
    for start in (0..records).step_by(BATCH) {
        batch.extend((start..records.min(start + BATCH)).map(|number| {
            let name = Name::numbered(number);
            (R::key(name.owned().parts()), R::route(RouteText::of(name, 0)))
        }));
        let mut last = Instant::now();
        for (key, route) in batch.drain(..) {
            table.insert(key, route);
            let now = Instant::now();
            waits.saturating_record((now - last).as_nanos() as u64);
            last = now;
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
