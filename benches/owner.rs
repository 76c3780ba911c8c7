//! From the end of an owner to the moment at which a reader no longer sees its session, per kind of owner; one owner with
//! 100,000 sessions, and 100,000 owners with one each; memory per owner and the processor's time while nothing happens.
//!
//! `cargo bench -p tenure-benches --bench owner`, or `-- quick` for a tenth of it, `-- many` for the
//! many alone. Each end is timed once, so the
//! figures are percentiles of single ends, which is what a histogram is for; a sampling harness would average them
//! away. The reader yields between two looks, and runs on a thread of its own beside the one that ends.

use hdrhistogram::Histogram;
use std::{
    fs,
    hint::black_box,
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    process::Command,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};
use tenure_core::{Owner, SessionMap};
use tenure_std::Monitor;
use tokio::runtime::Runtime;

const CODE: &str = "K7QX-M2PD";

/// Nanoseconds since the first call, on any thread.
fn now() -> u64 {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// When the thing ended that the owner lived as long as.
#[derive(Clone, Default)]
struct Stamp(Arc<AtomicU64>);

impl Stamp {
    fn set(&self) {
        self.0.store(now(), Ordering::Release);
    }
}

/// What is called to end it, on the reader's thread; it returns at once.
type End = Box<dyn FnOnce()>;

/// Ends owners one after the other; `begin` makes something that one lives as long as.
fn latencies(name: &str, ends: u64, mut begin: impl FnMut(Owner, Stamp) -> End) {
    let map = SessionMap::<()>::builder().background().build().expect("a thread");
    let mut seen = Histogram::<u64>::new(3).expect("three digits");
    for round in 0..ends + ends / 10 {
        let (owner, stamp) = (map.owner(), Stamp::default());
        map.create(CODE, (), &owner).expect("the code is free");
        let end = begin(owner, stamp.clone());
        assert!(map.contains(CODE));
        end();
        while map.contains(CODE) {
            thread::yield_now();
        }
        let gone = now();
        let ended = stamp.0.load(Ordering::Acquire);
        assert!(ended > 0, "it is gone and has not ended");
        // The first tenth warms up.
        if round >= ends / 10 {
            seen.record(gone.saturating_sub(ended).max(1)).expect("it grows");
        }
    }
    let at = |quantile| micros(seen.value_at_quantile(quantile));
    println!(
        "{name:34} {:>6} ends  p50 {:>10}  p99 {:>10}  p99.9 {:>10}  max {:>10}",
        seen.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        micros(seen.max())
    );
}

fn micros(nanos: u64) -> String {
    format!("{:.1} µs", Duration::from_nanos(nanos).as_secs_f64() * 1_000_000.0)
}

/// A thread that ends an owner for the reader when it is told to.
fn ender() -> Sender<(Owner, Stamp)> {
    let (sender, work) = channel::<(Owner, Stamp)>();
    thread::spawn(move || {
        while let Ok((owner, stamp)) = work.recv() {
            stamp.set();
            drop(owner);
        }
    });
    sender
}

fn guards(ends: u64) {
    latencies("guard, dropped by the reader", ends, |owner, stamp| {
        Box::new(move || {
            stamp.set();
            drop(owner);
        })
    });
    let ender = ender();
    latencies("guard, dropped by another thread", ends, move |owner, stamp| {
        let ender = ender.clone();
        Box::new(move || ender.send((owner, stamp)).expect("the thread waits"))
    });
}

fn tasks(ends: u64, runtime: &Runtime) {
    let _inside = runtime.enter();
    latencies("task, spawn_owned", ends, |owner, stamp| {
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        drop(tenure_tokio::spawn_owned(owner, move |_| async move {
            let _ = wait.await;
            stamp.set();
        }));
        Box::new(move || go.send(()).unwrap_or_default())
    });
    latencies("task, spawn_owned, aborted", ends, |owner, stamp| {
        let task = tenure_tokio::spawn_owned(owner, |_| std::future::pending::<()>());
        Box::new(move || {
            stamp.set();
            task.abort();
        })
    });
    latencies("task of somebody else's", ends, |owner, stamp| {
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let _ = wait.await;
            stamp.set();
        });
        drop(tenure_tokio::own_task(owner, task));
        Box::new(move || go.send(()).unwrap_or_default())
    });
    latencies("cancellation token", ends, |owner, stamp| {
        let token = tokio_util::sync::CancellationToken::new();
        let _name = tenure_tokio::own_cancellation(owner, token.clone()).detach();
        Box::new(move || {
            stamp.set();
            token.cancel();
        })
    });
}

fn threads(ends: u64, monitor: &Monitor) {
    latencies("thread, spawn_owned", ends, |owner, stamp| {
        let (go, wait) = channel::<()>();
        let work = move |_: &_| {
            let _ = wait.recv();
            stamp.set();
        };
        drop(tenure_std::spawn_owned(owner, work).expect("a thread"));
        Box::new(move || go.send(()).unwrap_or_default())
    });
    latencies("the current thread", ends, |owner, stamp| {
        let ((go, wait), (ready, owned)) = (channel::<()>(), channel::<()>());
        thread::spawn(move || {
            tenure_std::own_current_thread(owner);
            let _ = ready.send(());
            let _ = wait.recv();
            stamp.set();
        });
        owned.recv().expect("it owns");
        Box::new(move || go.send(()).unwrap_or_default())
    });
    latencies("thread of somebody else's", ends / 10, |owner, stamp| {
        let (go, wait) = channel::<()>();
        let work = move || {
            let _ = wait.recv();
            stamp.set();
        };
        drop(monitor.thread(owner, thread::spawn(work)));
        Box::new(move || go.send(()).unwrap_or_default())
    });
}

fn processes_and_sockets(ends: u64, monitor: &Monitor) {
    latencies("process, killed with SIGKILL", ends, |owner, stamp| {
        let child = Command::new("sleep").arg("1000").spawn().expect("a process");
        let child = monitor.child(owner, child).expect("a pidfd");
        Box::new(move || {
            stamp.set();
            child.kill().expect("ours to kill");
        })
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    latencies("TCP socket, closed by the peer", ends, |owner, stamp| {
        let peer = TcpStream::connect(address).expect("it listens");
        let (socket, _) = listener.accept().expect("it has connected");
        let attached = monitor.socket(owner, &socket).expect("a descriptor");
        Box::new(move || {
            stamp.set();
            drop(peer);
            // Only when the owner is dead: dropping them would end it as well.
            while attached.name().is_alive() {
                thread::yield_now();
            }
            drop((attached, socket));
        })
    });
}

fn millis(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1_000.0)
}

/// The median of five runs.
fn median(mut runs: [Duration; 5]) -> Duration {
    runs.sort_unstable();
    runs[2]
}

/// One owner of many sessions, dropped by another thread.
fn one_of_many(many: usize) {
    let (mut unseen, mut freed) = ([Duration::ZERO; 5], [Duration::ZERO; 5]);
    for run in 0..5 {
        let map = SessionMap::<u64>::builder().background().build().expect("a thread");
        let owner = map.owner();
        for number in 0..many {
            map.create(format!("{number:08}"), number as u64, &owner).expect("the code is free");
        }
        let (stamp, last) = (Stamp::default(), format!("{:08}", many / 2));
        ender().send((owner, stamp.clone())).expect("the thread waits");
        while map.contains(&last) {
            thread::yield_now();
        }
        let since = || Duration::from_nanos(now().saturating_sub(stamp.0.load(Ordering::Acquire)));
        unseen[run] = since();
        assert!(!map.contains("00000000"));
        while map.occupied() > 0 {
            thread::yield_now();
        }
        freed[run] = since();
        assert_eq!(map.stats().missed, 0);
    }
    println!("one owner of {many} sessions: seen gone by another thread in {}", millis(median(unseen)));
    println!("one owner of {many} sessions: all freed in {}", millis(median(freed)));
}

fn many() {
    const MANY: usize = 100_000;
    one_of_many(MANY);
    let mut ended = [Duration::ZERO; 5];
    for one in &mut ended {
        let map = SessionMap::<u64>::builder().background().build().expect("a thread");
        let owners: Vec<_> = (0..MANY).map(|_| map.owner()).collect();
        for (number, owner) in owners.iter().enumerate() {
            map.create(format!("{number:08}"), number as u64, owner).expect("the code is free");
        }
        let began = Instant::now();
        drop(owners);
        *one = began.elapsed();
        assert_eq!((map.count_active(), map.occupied()), (0, 0));
    }
    println!("{MANY} owners of one session each: ended and freed in {}", millis(median(ended)));
}

/// Bytes of memory that are in use by this process.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

/// Processor time of this process, in hundredths of a second.
fn ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split(' ').skip(12).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// Makes so many owners of one kind, keeps them for a while, and says what that costs.
fn idle<T>(name: &str, count: u64, rest: Duration, mut make: impl FnMut(u64) -> T) -> Vec<T> {
    let before = resident();
    let kept: Vec<T> = (0..count).map(&mut make).collect();
    let bytes = resident().saturating_sub(before) / count;
    let (began, used) = (Instant::now(), ticks());
    thread::sleep(rest);
    let worked = Duration::from_millis(10 * (ticks() - used));
    let percent = 100.0 * worked.as_secs_f64() / began.elapsed().as_secs_f64();
    println!("{count} {name}: {bytes} bytes each, {percent:.2} % of a core while nothing happens");
    kept
}

fn idle_costs(rest: Duration, monitor: &Monitor) {
    let map = SessionMap::<()>::builder().background().build().expect("a thread");
    // Kept until the end, so that none takes the memory of those before.
    let guards = idle("guard owners", 100_000, rest, |_| map.owner());
    let every = Duration::from_secs(30);
    let hearts = idle("heartbeat owners, beating every 30 s", 100_000, rest, |_| {
        let heartbeat = monitor.heartbeat(map.owner(), every);
        heartbeat.beat();
        heartbeat
    });
    let sockets = idle("socket owners (with both ends of a Unix socket)", 5_000, rest, |_| {
        let (socket, peer) = UnixStream::pair().expect("two descriptors");
        let attached = monitor.socket(map.owner(), &socket).expect("a descriptor");
        (attached, socket, peer)
    });
    drop(black_box((guards, hearts, sockets)));
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "quick");
    // Cargo runs a benchmark with `--test` to see that it still works.
    let test = std::env::args().any(|argument| argument == "--test");
    let ends = if test {
        20
    } else if quick {
        200
    } else {
        2_000
    };
    if std::env::args().any(|argument| argument == "many") {
        return many();
    }
    let monitor = Monitor::new().expect("a thread");
    let runtime = Runtime::new().expect("a runtime");
    if !test {
        // First, while no freed memory is there to be used again.
        idle_costs(Duration::from_secs(if quick { 2 } else { 35 }), &monitor);
    }
    println!("from the end of an owner to the reader that no longer sees its session");
    guards(10 * ends);
    tasks(ends, &runtime);
    threads(ends, &monitor);
    processes_and_sockets(ends, &monitor);
    if !test {
        many();
    }
}
