//! The ready-made observers: what reaches a subscriber of `tracing` and a recorder of `metrics`. With these features only.

#![cfg(all(feature = "metrics", feature = "tracing"))]

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Debug, Write as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tenure_core::{
    DeathReason, KeyRef, ManualClock, MetricsObserver, Observer, Pairing, Route, RouteTable, SessionMap,
    TracingObserver,
};
use tracing::{Level, Subscriber, field::Visit, span};

/// What was registered and described, with its values.
#[derive(Default)]
struct Recording {
    numbers: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    described: Mutex<BTreeSet<String>>,
}

impl Recording {
    fn number(&self, key: &Key) -> Arc<AtomicU64> {
        let labels: Vec<_> =
            key.labels().map(|label| format!("{}=\"{}\"", label.key(), label.value())).collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::clone(self.numbers.lock().unwrap().entry(name).or_default())
    }

    /// The metrics that are not 0.
    fn moved(&self) -> Vec<(String, u64)> {
        let numbers = self.numbers.lock().unwrap();
        let all = numbers.iter().map(|(name, number)| (name.clone(), number.load(Ordering::SeqCst)));
        all.filter(|(_, number)| *number > 0).collect()
    }
}

impl Recorder for Recording {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().unwrap().insert(name.as_str().to_owned());
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().unwrap().insert(name.as_str().to_owned());
    }

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.number(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.number(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Every event up to a level, as one line.
#[derive(Clone)]
struct Lines(Level, Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= self.0
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        self.1.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn key(thread: &str) -> KeyRef<'_> {
    KeyRef::new("irc", "net:1", "#a", Some(thread))
}

fn route() -> Route {
    Route::new("secret-room").unwrap()
}

/// One of each of what can happen to routes.
fn routes(observer: impl Observer) -> RouteTable {
    let clock = ManualClock::new();
    let builder = RouteTable::builder().name("routes").clock(clock.clone()).observer(observer);
    let builder = builder.ttl(Duration::from_secs(10)).partitions(1).max_entries_per_partition(2);
    let table = builder.build().unwrap();
    table.set(key("a"), route()).unwrap();
    table.resolve(key("a"), &[]).unwrap(); // hit
    assert!(table.resolve(key("b"), &[]).is_err()); // miss
    table.resolve(key("b"), &[route()]).unwrap(); // fallback, set
    table.set(key("c"), route()).unwrap(); // evicts a
    table.remove(key("c")).unwrap();
    clock.advance(Duration::from_secs(10));
    assert!(table.resolve(key("b"), &[]).is_err()); // miss, stale, pruned
    table
}

/// One of each of what can happen to sessions.
fn sessions(observer: impl Observer) -> SessionMap {
    let clock = ManualClock::new();
    let builder = SessionMap::builder().name("sessions").clock(clock.clone()).observer(observer);
    let map = builder.ownerless_ttl(Duration::from_secs(10)).build().unwrap();
    let (owner, other) = (map.owner(), map.owner());
    let create = |code: &str| map.create(code, Pairing::sending(), &owner).unwrap();
    create("CODE-1");
    map.update("CODE-1", |edit| edit.payload_mut().sender_info = None).unwrap();
    map.claim("CODE-1").unwrap();
    map.hand_over("CODE-1", &other).unwrap();
    assert!(map.delete("CODE-1"));
    create("CODE-2");
    let token = owner.suspend(Duration::from_secs(10)).unwrap();
    map.resume(&token).unwrap().release(DeathReason::PeerReset);
    map.create("CODE-3", Pairing::sending(), None).unwrap();
    clock.advance(Duration::from_secs(10));
    map.prune();
    map
}

#[test]
fn every_event_is_counted_once_under_its_name() {
    let recording = Recording::default();
    let observer = |table| metrics::with_local_recorder(&recording, || MetricsObserver::new(table));
    let (of_routes, of_sessions) = (observer("routes"), observer("sessions"));
    let table = routes(of_routes.clone());
    let held = table.stats();
    of_routes.record_routes(&held);
    assert_eq!(held.held, 0);
    let map = sessions(of_sessions.clone());
    of_sessions.record_sessions(map.count_active() + 2);
    let expected = [
        ("tenure_route_removals_total{table=\"routes\",cause=\"evicted\"}", 1),
        ("tenure_route_removals_total{table=\"routes\",cause=\"pruned\"}", 1),
        ("tenure_route_removals_total{table=\"routes\",cause=\"removed\"}", 1),
        ("tenure_route_resolutions_total{table=\"routes\",outcome=\"fallback\"}", 1),
        ("tenure_route_resolutions_total{table=\"routes\",outcome=\"hit\"}", 1),
        ("tenure_route_resolutions_total{table=\"routes\",outcome=\"miss\"}", 2),
        ("tenure_route_sets_total{table=\"routes\"}", 3),
        ("tenure_route_stale_total{table=\"routes\"}", 1),
        ("tenure_session_active{table=\"sessions\"}", 2.0_f64.to_bits()),
        ("tenure_session_claims_total{table=\"sessions\"}", 1),
        ("tenure_session_created_total{table=\"sessions\"}", 3),
        ("tenure_session_ended_total{table=\"sessions\",cause=\"deleted\"}", 1),
        ("tenure_session_ended_total{table=\"sessions\",cause=\"expired\"}", 1),
        ("tenure_session_ended_total{table=\"sessions\",cause=\"owner_peer_reset\"}", 1),
        ("tenure_session_hand_overs_total{table=\"sessions\"}", 1),
        ("tenure_session_resumptions_total{table=\"sessions\"}", 1),
        ("tenure_session_suspensions_total{table=\"sessions\"}", 1),
        ("tenure_session_updates_total{table=\"sessions\"}", 1),
    ];
    let moved = recording.moved();
    let moved: Vec<_> = moved
        .iter()
        .map(|(name, number)| (&**name, *number))
        .filter(|(name, _)| !name.starts_with("tenure_route_garbage"))
        .collect();
    assert_eq!(moved, expected);
}

#[test]
fn each_metric_is_described_and_named_as_prometheus_wants_it() {
    let recording = Recording::default();
    let _observer = metrics::with_local_recorder(&recording, || MetricsObserver::new("t"));
    let numbers = recording.numbers.lock().unwrap();
    let names: BTreeSet<String> =
        numbers.keys().map(|name| name.split('{').next().unwrap().to_owned()).collect();
    assert_eq!(names, *recording.described.lock().unwrap());
    assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
    // Each is there from the beginning, at 0.
    assert_eq!(numbers.len(), 7 + 1 + 2 + 6 + 16 + 1);
}

#[test]
fn every_event_is_a_line_without_payload_or_code() {
    let lines = Lines(Level::TRACE, Arc::default());
    tracing::subscriber::with_default(lines.clone(), || {
        routes(TracingObserver::new());
        sessions(TracingObserver::new());
    });
    let lines = lines.1.lock().unwrap();
    let count = |start: &str, part: &str| {
        lines.iter().filter(|line| line.starts_with(start) && line.contains(part)).count()
    };
    assert_eq!(
        count("TRACE tenure::route message=set table=\"routes\" at=0", "partition=0"),
        3,
        "{lines:#?}"
    );
    assert_eq!(count("TRACE tenure::route message=resolved", "outcome=\"hit\""), 1);
    assert_eq!(count("TRACE tenure::route message=resolved", "outcome=\"fallback\""), 1);
    assert_eq!(count("TRACE tenure::route message=resolved", "outcome=\"miss\""), 2);
    for message in ["fallback", "stale", "evicted", "pruned", "removed"] {
        assert_eq!(count(&format!("DEBUG tenure::route message={message} "), r"key=irc:net\:1:#a:"), 1);
    }
    assert_eq!(count("DEBUG tenure::session message=created", "session="), 3);
    for message in ["updated", "claimed", "handed over", "suspended", "resumed"] {
        assert_eq!(count(&format!("DEBUG tenure::session message={message} "), "table=\"sessions\""), 1);
    }
    assert_eq!(count("DEBUG tenure::session message=ended", "cause=its owner died: reset by the peer"), 1);
    assert_eq!(count("", "secret") + count("", "CODE"), 0);
    // The number for a session is the same in each of its lines.
    let number = |line: &String| line.split("session=").nth(1).map(|rest| rest[..16].to_owned());
    assert_eq!(lines.iter().filter_map(number).collect::<BTreeSet<_>>().len(), 3);
}

#[test]
fn codes_are_written_on_request_and_nothing_below_the_level() {
    let lines = Lines(Level::DEBUG, Arc::default());
    tracing::subscriber::with_default(lines.clone(), || {
        routes(TracingObserver::new());
        sessions(TracingObserver::new().with_codes());
    });
    let lines = lines.1.lock().unwrap();
    assert!(lines.iter().all(|line| line.starts_with("DEBUG")));
    assert_eq!(lines.iter().filter(|line| line.contains("session=CODE-1")).count(), 5);
}
