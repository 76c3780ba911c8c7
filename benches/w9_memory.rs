//! W9: what a record takes: bytes and allocations that are live once all records are in, by a counting allocator.

use crate::{
    counting,
    lines::{self, Figure, ratio},
    long::{self, Entrant},
    names::Name,
    peers::{self, EachTable, Routes, Setup, Tenure},
    report::{Report, Target},
    session_peers::{self, EachStore, Sessions},
    userroute::RouteText,
    w6_sessions::code,
};

/// All figures, as lines; one round, because it always gives the same.
pub(crate) fn run(records: usize, report: &mut Report) {
    let mut each = Each { records, entrants: Vec::new() };
    each.shared::<Tenure>();
    peers::best(&mut each);
    peers::others(&mut each);
    let figures = vec![
        Figure::new("W9", "memory of a route", Target { most: Some(260.0), ..ratio(0.6) }).unit("bytes"),
        Figure::new("W9", "allocations of a route", Target { most: Some(3.0), ..Target::default() })
            .unit("blocks"),
    ];
    let rounds = long::rounds("memory of routes", each.entrants, 1);
    report.add_all(lines::lines(figures, records, &rounds));

    let mut each = Each { records, entrants: Vec::new() };
    session_peers::all(&mut each);
    let figures = vec![
        Figure::new("W9", "memory of a session", ratio(0.8)).unit("bytes"),
        Figure::new("W9", "allocations of a session", Target::default()).unit("blocks"),
    ];
    let rounds = long::rounds("memory of sessions", each.entrants, 1);
    report.add_all(lines::lines(figures, records, &rounds));
    counting::stop();
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
        self.entrants.push(Entrant::new(peers::label::<R>(), move || routes::<R>(records)));
    }
}

impl EachStore for Each {
    fn store<S: Sessions>(&mut self) {
        let records = self.records;
        self.entrants.push(Entrant::new(S::PEER, move || sessions::<S>(records)));
    }
}

/// Bytes and allocations for each route; keys have four parts, routes have all fields.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn routes<R: Routes>(records: usize) -> Vec<f64> {
    let before = counting::live();
    let table = R::new(Setup::roomy(records));
    for number in 0..records {
        let name = Name::numbered(number);
        table.set(&R::key(name.owned().parts()), R::route(RouteText::of(name, 0)));
    }
    assert_eq!(table.len(), records, "{}", R::PEER);
    let live = counting::live() - before;
    vec![live.bytes as f64 / records as f64, live.blocks as f64 / records as f64]
}

/// The same for each session; ten sessions have one owner.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn sessions<S: Sessions>(records: usize) -> Vec<f64> {
    let before = counting::live();
    let store = S::new();
    let mut owners = Vec::with_capacity(records / 10 + 1);
    let own = counting::live() - before;
    for number in 0..records {
        if number.is_multiple_of(10) {
            owners.push(store.owner());
        }
        let owner = owners.last().expect("one was made for the first");
        assert!(store.create(&code(number), owner), "{}", S::PEER);
    }
    assert_eq!(store.len(), records, "{}", S::PEER);
    let live = counting::live() - before - own;
    vec![live.bytes as f64 / records as f64, live.blocks as f64 / records as f64]
}
