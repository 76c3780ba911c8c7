//! How soon a payload is dropped that is removed, replaced, evicted or left by a dead owner, with no traffic at all on
//! the table afterwards: the background thread alone sees to it. The promise is 50 ms.
//!
//! `cargo bench -p tenure-benches --bench reclaim`; a number as argument makes so many of each instead of 1,000.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};
use tenure_core::{Destination, KeyRef, RouteTable, SessionMap};

/// When payloads were dropped.
struct Watch {
    since: Instant,
    /// Nanoseconds after that, of the last drop.
    last: AtomicU64,
    dropped: AtomicUsize,
}

/// A payload that tells its watch.
struct Timed {
    number: usize,
    watch: Arc<Watch>,
}

impl Clone for Timed {
    fn clone(&self) -> Self {
        Self { number: self.number, watch: Arc::clone(&self.watch) }
    }
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Destination for Timed {}

impl Drop for Timed {
    fn drop(&mut self) {
        let now = u64::try_from(self.watch.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.watch.last.fetch_max(now, Ordering::SeqCst);
        self.watch.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

const PLACES: usize = 1_000;

struct Bench {
    watch: Arc<Watch>,
    routes: RouteTable<Timed>,
    sessions: SessionMap<Timed>,
    times: usize,
}

impl Bench {
    fn new(times: usize) -> Self {
        let watch = Watch { since: Instant::now(), last: AtomicU64::new(0), dropped: AtomicUsize::new(0) };
        let builder = RouteTable::builder().partitions(2).max_entries_per_partition(PLACES);
        let routes = builder.background().build().expect("a thread");
        let sessions = SessionMap::builder().background().build().expect("a thread");
        Self { watch: Arc::new(watch), routes, sessions, times }
    }

    fn timed(&self, number: usize) -> Timed {
        Timed { number, watch: Arc::clone(&self.watch) }
    }

    /// Times how long after each act all that it has let go of (`many` payloads) is dropped, and prints a line.
    fn measure(&self, name: &str, many: usize, mut act: impl FnMut(usize)) {
        let mut times = Vec::with_capacity(self.times);
        for number in 0..self.times {
            // So that the thread has gone to sleep.
            thread::sleep(Duration::from_millis(5));
            let before = self.watch.dropped.load(Ordering::SeqCst);
            let started = self.watch.since.elapsed();
            act(number);
            while self.watch.dropped.load(Ordering::SeqCst) < before + many {
                thread::sleep(Duration::from_micros(100));
            }
            let last = Duration::from_nanos(self.watch.last.load(Ordering::SeqCst));
            times.push(last.saturating_sub(started));
        }
        times.sort_unstable();
        let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
        let (p50, p99, max) = (at(50), at(99), at(100));
        let verdict = if max < Duration::from_millis(50) { "" } else { "  above 50 ms" };
        println!("{name:<44}{p50:>12.1?}{p99:>12.1?}{max:>12.1?}{verdict}");
    }
}

impl Bench {
    /// What the machine takes by itself: a sleeping thread is woken and drops a payload, without any table.
    fn floor(&self) {
        let (sender, receiver) = mpsc::channel::<Timed>();
        let thread = thread::spawn(move || receiver.into_iter().for_each(drop));
        self.measure("(a thread is woken, no table)", 1, |number| _ = sender.send(self.timed(number)));
        drop(sender);
        let _ = thread.join();
    }
}

fn main() {
    let times = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000);
    let bench = Bench::new(times);
    let key = KeyRef::new("telegram", "bot_1", "chat_123", Some("t_9"));
    let set = |number| assert!(bench.routes.set(key, bench.timed(number)).is_ok());
    println!("from the call's beginning to the drop, {times} times each");
    println!("{:<44}{:>12}{:>12}{:>12}", "", "p50", "p99", "max");
    bench.floor();
    set(usize::MAX);
    bench.measure("a route is replaced", 1, set);
    bench.measure("a route is set and removed", 2, |number| {
        // The copy that comes back is dropped here; the one in the table by the background thread.
        assert!(bench.routes.set(key, bench.timed(number)).is_ok());
        assert!(bench.routes.remove(key).is_ok_and(|route| route.is_some()));
    });
    for number in 0..20 * PLACES {
        let room = number.to_string();
        assert!(bench.routes.set(KeyRef::new("irc", "net", &room, None), bench.timed(number)).is_ok());
    }
    thread::sleep(Duration::from_millis(200));
    bench.measure("a route is evicted", 1, |number| {
        let room = format!("more {number}");
        assert!(bench.routes.set(KeyRef::new("irc", "net", &room, None), bench.timed(number)).is_ok());
    });
    let owner = bench.sessions.owner();
    assert!(bench.sessions.create("K7QX", bench.timed(0), &owner).is_ok());
    bench.measure("a session is updated", 1, |number| {
        assert!(bench.sessions.update("K7QX", |edit| edit.payload_mut().number = number).is_ok());
    });
    bench.measure("a session is created and deleted", 1, |number| {
        assert!(bench.sessions.create("other", bench.timed(number), &owner).is_ok());
        assert!(bench.sessions.delete("other"));
    });
    for many in [1, 1_000] {
        bench.measure(&format!("an owner of {many} sessions is made and dies"), many, |number| {
            let dying = bench.sessions.owner();
            for code in 0..many {
                assert!(bench.sessions.create(format!("{number} {code}"), bench.timed(code), &dying).is_ok());
            }
            drop(black_box(dying));
        });
    }
}
