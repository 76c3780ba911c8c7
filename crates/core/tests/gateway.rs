//! The `gateway` example: against a naive model of what it must do, and on files that are no logs.

use std::path::Path;
use std::time::Duration;

#[path = "../examples/gateway/generate.rs"]
mod generate;
#[path = "../examples/gateway/log.rs"]
mod log;
#[path = "gateway/model.rs"]
mod model;
#[path = "../examples/gateway/options.rs"]
#[allow(dead_code, reason = "no test asks for help")]
mod options;
#[path = "../examples/gateway/replay.rs"]
mod replay;
#[path = "../examples/gateway/report.rs"]
mod report;
#[path = "../examples/gateway/run.rs"]
mod run;
#[path = "../examples/gateway/sweep/mod.rs"]
mod sweep;
#[path = "gateway/sweeps.rs"]
mod sweeps;
#[path = "../examples/gateway/tally.rs"]
mod tally;
#[path = "../examples/gateway/trace.rs"]
mod trace;

use log::{Kind, Log};
use model::expected;
use options::{Options, Task};
use replay::Gateway;
use report::{Report, Routes, Sessions};
use tally::Resolved;

/// What is the same however long it took.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    events: [u64; 4],
    resolve: Resolved,
    routes: Routes,
    sessions: Sessions,
}

fn replayed(log: &Log, options: &Options) -> Outcome {
    let gateway = Gateway::new(log, options).expect("the options are valid");
    let done = run::run(&gateway, log, options, &mut |_| {});
    let report = Report::new(&gateway, &done.tally, Duration::from_secs(1));
    assert_eq!(report.events, log.events.len() as u64);
    Outcome {
        events: [report.messages, report.joins, report.quits, report.renames],
        resolve: report.resolve,
        routes: report.routes,
        sessions: report.sessions,
    }
}

fn small() -> Log {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/gateway/small.csv");
    trace::read(&path).expect("the small log is committed")
}

fn options(ttl: u64, max_entries: usize, prune_interval: u64) -> Options {
    Options {
        ttl: Duration::from_secs(ttl),
        max_entries,
        prune_interval: Duration::from_secs(prune_interval),
        ..Options::default()
    }
}

#[test]
fn the_small_log_comes_to_what_the_model_says() {
    let log = small();
    assert_eq!(log.events.len(), 1_500);
    for ttl in [1, 10, 60, 1_800, 1_000_000] {
        for max_entries in [1, 2, 3, 7, 20, 10_000] {
            for prune_interval in [1, 30, 600, 1_000_000_000] {
                let options = options(ttl, max_entries, prune_interval);
                assert_eq!(replayed(&log, &options), expected(&log, &options), "{options:?}");
            }
        }
    }
}

#[test]
fn the_small_log_meets_every_case() {
    let outcome = replayed(&small(), &options(60, 10, 600));
    let Resolved { exact, room, provided, no_route, stale } = outcome.resolve;
    assert!([exact, room, provided, stale].iter().all(|count| *count > 0), "{outcome:?}");
    assert_eq!(no_route, 0);
    assert!(outcome.routes.evicted > 0 && outcome.routes.pruned > 0, "{outcome:?}");
    assert!(outcome.sessions.ended_by_owner > 0 && outcome.sessions.already_exists > 0, "{outcome:?}");
}

#[test]
fn a_generated_log_comes_to_what_the_model_says() {
    let log = generate::generate(3, 20_000);
    for options in
        [Options::default(), options(60, 10_000, 30), options(1_800, 50, 30), options(300, 30, 100_000)]
    {
        assert_eq!(replayed(&log, &options), expected(&log, &options), "{options:?}");
    }
}

#[test]
fn partitions_change_nothing_while_there_is_room() {
    let log = small();
    let one = options(1_800, 10_000, 30);
    let many = Options { partitions: 16, ..one.clone() };
    assert_eq!(replayed(&log, &many), expected(&log, &one));
}

#[test]
fn several_replayers_do_every_event_once() {
    let log = generate::generate(5, 20_000);
    let alone = expected(&log, &Options::default());
    for threads in [2, 3, 8] {
        let together = replayed(&log, &Options { threads, partitions: 4, ..Options::default() });
        assert_eq!(together.events, alone.events);
        assert_eq!(together.sessions, alone.sessions, "what happens to one nick stays in order");
        let Resolved { exact, room, provided, no_route, .. } = together.resolve;
        assert_eq!(exact + room + provided + no_route, alone.events[0]);
        assert_eq!(no_route, 0);
    }
}

#[test]
fn the_generated_log_is_large_and_the_same_for_the_same_seed() {
    let events = Options::default().events;
    assert!(events >= 200_000);
    let log = generate::generate(1, events);
    assert_eq!(log.events.len(), events);
    assert!(log.threads.len() > 5_000, "{} conversations", log.threads.len());
    assert!(log.places.len() > 30 && log.codes.len() > 3_000);
    for kind in Kind::ALL.map(|(_, kind)| kind) {
        assert!(log.events.iter().filter(|event| event.kind == kind).count() > 1_000, "{kind:?}");
    }
    assert_eq!(generate::generate(1, 1_000).events, log.events[..1_000]);
    assert_ne!(generate::generate(2, 1_000).events, log.events[..1_000]);
}

const COLUMNS: &str = "time,bridge,room,nick,event,thread";

#[test]
fn what_is_no_log_is_refused_with_the_line() {
    for (text, line, why) in [
        ("", 1, "empty"),
        ("time,bridge,room,nick,event\n", 1, "\"thread\" is missing"),
        ("time,bridge,room,nick,event,thread,text\n", 1, "no column \"text\""),
        ("time,time,room,nick,event,thread\n", 1, "\"time\" stands twice"),
        ("1,b,r,n,join,\n", 1, "no column \"1\""),
        ("{}\n1,b,r,n,join\n", 2, "5 columns where there must be 6"),
        ("{}\n1,b,r,n,join,,\n", 2, "7 columns"),
        ("{}\r\n1,b,r,n,join,\r\n\r\nnoon,b,r,n,join,\r\n", 4, "the time \"noon\""),
        ("{}\n-1,b,r,n,join,\n", 2, "the time \"-1\""),
        ("{}\n1.5,b,r,n,join,\n", 2, "the time \"1.5\""),
        ("{}\n5,b,r,n,join,\n4,b,r,n,quit,\n", 3, "4 is before the time 5"),
        ("{}\n1,b,r,n,join,\n99999999999999,b,r,n,quit,\n", 3, "557 years"),
        ("{}\n1,b,r,n,joined,\n", 2, "no event \"joined\"; there are message, join, quit, rename"),
        ("{}\n1,b,r,,message,\n", 2, "the nick is empty"),
        ("{}\n1,,r,n,message,\n", 2, "the bridge is empty"),
        ("{}\n1,b,,n,message,\n", 2, "the room is empty"),
        ("{}\n1,b,r,\"n,message,\n", 2, "quote"),
    ] {
        let text = text.replace("{}", COLUMNS);
        let (at, refused) = trace::parse(text.as_bytes()).expect_err(&text);
        assert_eq!(at, line, "{text}: {refused}");
        assert!(refused.contains(why), "{text}: {refused}");
    }
    let not_text = [COLUMNS.as_bytes(), b"\n1,b,r,\xff,join,\n"].concat();
    assert_eq!(trace::parse(&*not_text).expect_err("it is not UTF-8").0, 2);
    let missing = trace::read(Path::new("no/such/log.csv")).expect_err("there is none").to_string();
    assert!(missing.starts_with("no/such/log.csv: cannot be read"), "{missing}");
}

#[test]
fn columns_may_come_in_any_order_and_fields_in_quotes() {
    let text = "\u{feff}thread,event,nick,room,bridge,time\r\n7,message,\"a,\"\"b\",#r,net,100\r\n,rename,\"a,\"\"b\",,net,160";
    let log = trace::parse(text.as_bytes()).expect("it has all columns");
    assert_eq!(*log.codes[0], *"net/a,\"b");
    assert_eq!((&*log.places[0].room, &*log.threads[0]), ("#r", "7"));
    assert_eq!((log.start, log.events[1].at.as_millis()), (100, 60_000));
    assert_eq!(log.codes.len(), 1);
}

#[test]
fn a_log_of_no_events_comes_to_nothing() {
    let log = trace::parse(COLUMNS.as_bytes()).expect("it has a header");
    let outcome = replayed(&log, &Options::default());
    assert_eq!(outcome.events, [0; 4]);
    assert_eq!(replayed(&log, &Options { threads: 2, ..Options::default() }), outcome);
}

#[test]
fn the_report_has_the_fields_that_are_promised() {
    let log = small();
    let gateway = Gateway::new(&log, &Options::default()).expect("the defaults are valid");
    let done = run::run(&gateway, &log, &Options::default(), &mut |_| {});
    let report = Report::new(&gateway, &done.tally, Duration::from_millis(1));
    let json = serde_json::to_string(&report).expect("a report is JSON");
    let mut rest = &*json;
    for field in [
        "events",
        "messages",
        "joins",
        "quits",
        "renames",
        "resolve",
        "exact",
        "room",
        "provided",
        "no_route",
        "stale",
        "routes",
        "live",
        "evicted",
        "pruned",
        "sessions",
        "created",
        "already_exists",
        "ended_by_owner",
        "live",
        "seconds",
        "resolve_ns",
        "p50",
        "p99",
        "p999",
        "set_ns",
        "p50",
        "p99",
        "p999",
        "peak_rss_bytes",
    ] {
        let (_, after) =
            rest.split_once(&format!("\"{field}\":")).unwrap_or_else(|| panic!("{field} in {json}"));
        rest = after;
    }
    assert!(!rest.contains(':'), "more fields than promised: {json}");
    assert!(report.to_string().contains("1,500 events"), "{report}");
}

#[test]
fn why_routes_were_not_there_adds_up() {
    let (log, options) = (small(), Options { why: true, ..options(60, 10, 600) });
    assert_eq!(replayed(&log, &options), expected(&log, &options), "to remember changes nothing");
    let gateway = Gateway::new(&log, &options).expect("the options are valid");
    let done = run::run(&gateway, &log, &options, &mut |_| {});
    let report = Report::new(&gateway, &done.tally, Duration::from_secs(1));
    let (expired, evicted) = (done.tally.had_expired, done.tally.had_been_evicted);
    assert!(expired > 0 && evicted > 0, "{expired} {evicted}");
    // Every key that is asked for the first time was never set.
    let keys = sweep::Requests::of(&log).keys as u64 - log.places.len() as u64;
    let fallbacks = report.resolve.room + report.resolve.provided;
    assert!(fallbacks - expired - evicted >= keys);
    assert!(report.to_string().contains(&format!("expired {expired}, evicted {evicted}")), "{report}");
}

#[test]
fn nonsense_on_the_command_line_is_refused_by_name() {
    for (arguments, why) in [
        (&["--ttl", "0"][..], "--ttl 0"),
        (&["--ttl", "soon"], "--ttl soon"),
        (&["--max-entries", "-1"], "--max-entries -1"),
        (&["--prune-interval", "1.5"], "--prune-interval 1.5"),
        (&["--partitions", "0"], "--partitions 0"),
        (&["--threads", "0"], "--threads 0"),
        (&["--threads", "1000"], "may be 256 at most"),
        (&["--trace"], "--trace"),
        (&["--trace", ""], "must name a file"),
        (&["--trace", "x.csv", "--seed", "2"], "--seed"),
        (&["--fast"], "--fast"),
        (&["x.csv"], "x.csv"),
    ] {
        let refused = options::parse(arguments).expect_err("it is nonsense");
        assert!(refused.contains(why), "{arguments:?}: {refused}");
    }
    let all = [
        "--trace",
        "x.csv",
        "--ttl=60",
        "--max-entries",
        "5",
        "--threads",
        "2",
        "--partitions",
        "3",
        "--json",
    ];
    let wanted = Options {
        trace: Some("x.csv".into()),
        max_entries: 5,
        partitions: 3,
        threads: 2,
        json: true,
        ..options(60, 5, 30)
    };
    assert_eq!(options::parse(all), Ok(Task::Replay(wanted)));
    assert_eq!(options::parse(["--help"]), Ok(Task::Help));
}
