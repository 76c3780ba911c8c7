//! W8: one record in ten has expired and is pruned, while a reader goes on; then the same reader alone, for as long.

use crate::{
    lines::{self, Figure, ratio},
    long::{self, Entrant},
    names::{Name, PER_ROOM},
    options::Options,
    peers::{self, Asked, EachTable, Routes, Setup, Ticked},
    report::{OURS, Report, Target},
    rng::Rng,
    system::Steps,
    ticker,
    userroute::RouteText,
};
use hdrhistogram::Histogram;
use std::{
    hint::black_box,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Milliseconds between the first sets and the others, and from those to the prune: the first have expired then.
const EARLIER: u64 = 20 * 60 * 1_000;
const LATER: u64 = 11 * 60 * 1_000;

/// How many keys the reader asks for, over and over.
const ASKED: usize = 1 << 14;

/// All figures, as lines. Tenure has the peers' own number for a clock here, which can be moved.
pub(crate) fn run(most: usize, options: &Options, report: &mut Report) {
    let records = if options.quick { most / 5 } else { most };
    let entrant = Entrant::new(OURS, move || prune::<Ticked>(records));
    let mut each = Each { records, waited_for: !options.quick, entrants: vec![entrant] };
    peers::best(&mut each);
    let alone = Target { most: Some(1.5), ..Target::default() };
    let figures = vec![
        Figure::new("W8", "prune, a tenth expired", ratio(1.0)).threads(2),
        Figure::new("W8", "reader meanwhile, p99.99", Target::default()).threads(2),
        Figure::new("W8", "reader meanwhile, longest", Target::default()).threads(2),
        Figure::new("W8", "reader meanwhile by alone, p99.99", alone).threads(2).unit(""),
        Figure::new("W8", "reader meanwhile by alone, longest", alone).threads(2).unit(""),
    ];
    let rounds = long::rounds("prune", each.entrants, options.long_rounds());
    report.add_all(lines::lines(figures, records, &rounds));
}

struct Each {
    records: usize,
    /// Whether tables take part whose time cannot be skipped: each of their rounds takes twelve seconds.
    waited_for: bool,
    entrants: Vec<Entrant>,
}

impl EachTable for Each {
    fn shared<R: Routes + Send + Sync>(&mut self) {
        let records = self.records;
        if self.waited_for || !R::OWN_TIME {
            self.entrants.push(Entrant::new(peers::label::<R>(), move || prune::<R>(records)));
        }
    }
}

/// How long the prune took, and how long the reader has read by then.
struct Took {
    prune: Duration,
    all: Duration,
}

/// Nanoseconds of the prune; the reader's 99.99th percentile and its longest wait meanwhile; the same two as a share of
/// what the reader sees alone.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn prune<R: Routes + Send + Sync>(records: usize) -> Vec<f64> {
    let expired = |number: &usize| number % 10 == 3;
    let (table, due): (R, Instant) = if R::OWN_TIME {
        waited_for(records, expired)
    } else {
        (skipped_to(records, expired), Instant::now())
    };

    let mut rng = Rng::new(0x9EAD);
    let keys: Vec<R::Key> = std::iter::repeat_with(|| rng.below(records))
        .filter(|number| !expired(number) && number % PER_ROOM != 0)
        .take(ASKED)
        .map(|number| R::key(Name::numbered(number).owned().parts()))
        .collect();
    let gone = (0..records).filter(expired).count();

    let (stop, reading) = (AtomicBool::new(false), AtomicBool::new(false));
    let (took, meanwhile) = thread::scope(|scope| {
        let reader = scope.spawn(|| read(&table, &keys, &reading, || stop.load(Ordering::Relaxed)));
        // Relaxed, all: flags that are only waited for.
        while !reading.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let since = Instant::now();
        thread::sleep(due.saturating_duration_since(since));
        let start = Instant::now();
        table.prune();
        // One that prunes by shares has to come again.
        while table.len() > records - gone {
            table.prune();
        }
        let took = start.elapsed();
        stop.store(true, Ordering::Relaxed);
        (Took { prune: took, all: since.elapsed() }, reader.join().expect("the reader"))
    });
    assert_eq!(table.len(), records - gone, "{} prunes what has expired", R::PEER);
    let since = Instant::now();
    let alone = read(&table, &keys, &reading, || since.elapsed() > took.all.max(Duration::from_millis(1)));

    let tail = |waits: &Histogram<u64>| [waits.value_at_quantile(0.9999) as f64, waits.max() as f64];
    let ([tail_meanwhile, max_meanwhile], [tail_alone, max_alone]) = (tail(&meanwhile), tail(&alone));
    vec![
        // What prunes by itself does that in the calls of whoever comes first, and hardly in this one.
        if R::OWN_TIME { f64::NAN } else { took.prune.as_nanos() as f64 },
        tail_meanwhile,
        max_meanwhile,
        tail_meanwhile / tail_alone,
        max_meanwhile / max_alone,
    ]
}

/// A table in which some records have expired; the time that passes is skipped.
fn skipped_to<R: Routes>(records: usize, expired: impl Fn(&usize) -> bool + Copy) -> R {
    let table = R::new(Setup::roomy(records));
    fill(&table, (0..records).filter(expired));
    ticker::skip(EARLIER);
    fill(&table, (0..records).filter(|number| !expired(number)));
    ticker::skip(LATER);
    table
}

/// The same for a table whose time only passes by itself, shortly before the first of them expire; and when they all have.
fn waited_for<R: Routes>(records: usize, expired: impl Fn(&usize) -> bool + Copy) -> (R, Instant) {
    const LIFE: Duration = Duration::from_secs(12);
    const MARGIN: Duration = Duration::from_millis(100);
    let table = R::new(Setup { ttl: LIFE.as_millis() as u64, ..Setup::roomy(records) });
    let first = Instant::now() + LIFE.saturating_sub(MARGIN);
    fill(&table, (0..records).filter(expired));
    let last = Instant::now() + LIFE + MARGIN;
    thread::sleep(LIFE / 2);
    fill(&table, (0..records).filter(|number| !expired(number)));
    thread::sleep(first.saturating_duration_since(Instant::now()));
    (table, last)
}

fn fill<R: Routes>(table: &R, numbers: impl Iterator<Item = usize>) {
    for number in numbers {
        let name = Name::numbered(number);
        table.set(&R::key(name.owned().parts()), R::route(RouteText::of(name, 0)));
    }
}

/// Reads until told to stop; how long each look-up took, but for those in which the system took the core away.
fn read<R: Routes>(
    table: &R,
    keys: &[R::Key],
    reading: &AtomicBool,
    stop: impl Fn() -> bool,
) -> Histogram<u64> {
    let mut waits = Histogram::new_with_bounds(1, 10_000_000_000, 3).expect("valid bounds");
    loop {
        for batch in keys.chunks(256) {
            let mut steps = Steps::new();
            for key in batch {
                let seen = table.peek(&Asked { exact: key, room: key }, |route| {
                    black_box(route);
                });
                assert!(seen.is_some(), "{} lost a fresh record", R::PEER);
                if let Some(nanos) = steps.next() {
                    waits.saturating_record(nanos);
                }
            }
            // Relaxed: as above.
            reading.store(true, Ordering::Relaxed);
            if stop() {
                return waits;
            }
        }
    }
}
