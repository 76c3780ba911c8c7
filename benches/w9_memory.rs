//! W9: what a record takes: bytes and allocations that are live once all records are in, by a counting allocator.

use crate::{
    counting,
    names::Name,
    peers::{Routes, Setup},
    session_peers::Sessions,
    userroute::RouteText,
    w6_sessions::code,
};

/// Bytes and allocations for each route; keys have four parts, routes have all fields.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(crate) fn routes<R: Routes>(records: usize) -> Vec<f64> {
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
pub(crate) fn sessions<S: Sessions>(records: usize) -> Vec<f64> {
    let before = counting::live();
    let store = S::new();
    let mut owners = Vec::with_capacity(records / 10 + 1);
    let own = counting::live() - before;
    for number in 0..records {
        if number % 10 == 0 {
            owners.push(store.owner());
        }
        let owner = owners.last().expect("one was made for the first");
        assert!(store.create(&code(number), owner), "{}", S::PEER);
    }
    assert_eq!(store.len(), records, "{}", S::PEER);
    let live = counting::live() - before - own;
    vec![live.bytes as f64 / records as f64, live.blocks as f64 / records as f64]
}
