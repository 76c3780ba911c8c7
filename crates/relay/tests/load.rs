//! `tenure-relay load` measures what it says, in small: how much there was of everything, not how long it took.

use process::Program;
use serde_json::Value;

mod process;

#[test]
fn a_small_load_counts_what_it_was_asked_for() {
    let mut load = Program::start(&[
        "load",
        "--pairs",
        "20",
        "--mebibytes",
        "1",
        "--messages",
        "20",
        "--rounds",
        "2",
        "--idle",
        "100ms",
        "--json",
        "-",
    ]);
    load.collect_stdout();
    let figures: Value =
        serde_json::from_slice(&load.end().with(0, "holding 20 pairs").stdout).expect("JSON");
    let idle = &figures["idle"];
    assert_eq!(
        (&idle["pairs"], &idle["sessions_seen"], &idle["dropped_connections"]),
        (&20.into(), &20.into(), &40.into())
    );
    assert_eq!(figures["relays"], 1);
    for (what, between) in
        [("throughput", ["pipe", "relay"]), ("latency", ["pipe", "relay"]), ("latency", ["direct", "relay"])]
    {
        for which in between {
            let measured = figures[what][which].as_array().expect("figures");
            assert_eq!(measured.len(), 2, "{what} {which}: {figures}");
            assert!(
                measured.iter().all(|figure| figure.as_f64().is_some_and(|figure| figure > 0.0)),
                "{figures}"
            );
        }
    }
    for positive in ["pairs_per_second", "bytes_before", "seconds_until_gone"] {
        assert!(idle[positive].as_f64().is_some_and(|figure| figure > 0.0), "{positive}: {figures}");
    }
    assert!(idle["processor_share"].as_f64().is_some_and(|share| (0.0..=64.0).contains(&share)), "{figures}");
}

#[test]
fn a_load_that_cannot_write_its_figures_says_so() {
    let nowhere = "/nowhere/figures.json";
    let load = Program::start(&[
        "load",
        "--pairs",
        "1",
        "--mebibytes",
        "1",
        "--messages",
        "1",
        "--rounds",
        "1",
        "--idle",
        "0s",
        "--json",
        nowhere,
    ]);
    load.end().with(1, nowhere);
}
