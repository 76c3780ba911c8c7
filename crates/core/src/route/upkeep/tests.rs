use crate::{
    clock::ManualClock,
    key::SessionKey,
    pruner::{Maintain, Next},
    route::RouteTable,
};
use std::time::Duration;

/// A table whose periodic pass is due, with so many records for each partition.
fn due(partitions: usize, records: usize) -> RouteTable<&'static str> {
    let clock = ManualClock::new();
    let builder = RouteTable::builder().partitions(partitions).max_entries_per_partition(1 << 20);
    let table = builder.ttl(Duration::from_millis(1)).clock(clock.clone()).build().expect("valid");
    for number in 0..partitions * records {
        table.set(SessionKey::for_room("irc", "libera", &number.to_string()), "!there").expect("in service");
    }
    clock.advance(table.prune_interval());
    table
}

/// How many calls the pass takes.
fn calls(table: &RouteTable<&'static str>) -> usize {
    (1..100_000).find(|_| table.inner.maintain() != Next::More).expect("it comes to its end")
}

#[test]
fn a_pass_over_many_partitions_takes_few_calls() {
    for records in [0, 2] {
        let table = due(2_048, records);
        let calls = calls(&table);
        assert!(calls <= 2_048 / 128, "{calls} calls, each of which looks at all partitions");
        assert_eq!(table.len(), 0);
    }
}

#[test]
fn a_call_prunes_no_more_than_some_thousand_records() {
    let table = due(4, 20_000);
    let mut held = table.len();
    while table.inner.maintain() == Next::More {
        assert!(held - table.len() <= 5_000, "{} at once", held - table.len());
        held = table.len();
    }
    assert_eq!(table.len(), 0);
}
