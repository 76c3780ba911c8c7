//! From the end of an owner to the moment at which a reader no longer sees its session, per kind of owner.

use hdrhistogram::Histogram;
use std::{
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};
use tenure_core::{Owner, SessionMap};
use tenure_std::Monitor;
use tokio::runtime::Runtime;

const CODE: &str = "K7QX-M2PD";
/// The upper ends of the histogram's bars, in microseconds.
const BARS: [u64; 11] = [1, 2, 5, 10, 20, 50, 100, 200, 1_000, 5_000, 20_000];

/// Nanoseconds since the first call, on any thread.
pub(crate) fn now() -> u64 {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// When the thing ended that the owner lived as long as.
#[derive(Clone, Default)]
pub(crate) struct Stamp(Arc<AtomicU64>);

impl Stamp {
    fn set(&self) {
        self.0.store(now(), Ordering::Release);
    }

    /// Nanoseconds; 0 before.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// What is called to end it, on the reader's thread; it returns at once.
type End = Box<dyn FnOnce()>;

/// Whether the reader still sees it.
type Sight = Box<dyn Fn() -> bool>;

/// What was measured, by kind.
pub(crate) struct Ended(Vec<(String, Histogram<u64>)>);

impl Ended {
    pub(crate) fn new() -> Self {
        println!("from the end of an owner to the reader that no longer sees its session");
        Self(Vec::new())
    }

    /// How many percent of the ends took so long at most: the histograms, cumulated.
    pub(crate) fn print(&self) {
        let bars = BARS.map(|micros| format!("{micros:>7}")).concat();
        println!("percent of the ends seen within, in µs{bars}");
        for (name, seen) in &self.0 {
            let within = |micros: u64| format!("{:>7.2}", seen.percentile_below(micros * 1_000));
            let bars = BARS.map(within).concat();
            println!("{name:37}{bars}");
        }
    }

    /// Ends owners one after the other; `begin` makes something that one lives as long as.
    fn measure(&mut self, name: &str, ends: u64, mut begin: impl FnMut(Owner, Stamp) -> End) {
        let map = SessionMap::<()>::builder().background().build().expect("a thread");
        let seen = latencies(name, ends, |stamp| {
            let (owner, map) = (map.owner(), map.clone());
            map.create(CODE, (), &owner).expect("the code is free");
            (begin(owner, stamp), Box::new(move || map.contains(CODE)))
        });
        self.0.push((name.to_owned(), seen));
    }

    pub(crate) fn guards(&mut self, ends: u64) {
        self.measure("guard, dropped by the reader", ends, |owner, stamp| {
            Box::new(move || {
                stamp.set();
                drop(owner);
            })
        });
        let ender = ender();
        self.measure("guard, dropped by another thread", ends, move |owner, stamp| {
            let ender = ender.clone();
            Box::new(move || ender.send((owner, stamp)).expect("the thread waits"))
        });
    }

    pub(crate) fn tasks(&mut self, ends: u64, runtime: &Runtime) {
        let _inside = runtime.enter();
        self.measure("task, spawn_owned", ends, |owner, stamp| {
            let (go, wait) = tokio::sync::oneshot::channel::<()>();
            drop(tenure_tokio::spawn_owned(owner, move |_| async move {
                let _ = wait.await;
                stamp.set();
            }));
            Box::new(move || go.send(()).unwrap_or_default())
        });
        self.measure("task, spawn_owned, aborted", ends, |owner, stamp| {
            let task = tenure_tokio::spawn_owned(owner, |_| std::future::pending::<()>());
            Box::new(move || {
                stamp.set();
                task.abort();
            })
        });
        self.bound_of_aborted(ends);
        self.measure("task of somebody else's", ends, |owner, stamp| {
            let (go, wait) = tokio::sync::oneshot::channel::<()>();
            let task = tokio::spawn(async move {
                let _ = wait.await;
                stamp.set();
            });
            drop(tenure_tokio::own_task(owner, task));
            Box::new(move || go.send(()).unwrap_or_default())
        });
        self.measure("cancellation token", ends, |owner, stamp| {
            let token = tokio_util::sync::CancellationToken::new();
            let _name = tenure_tokio::own_cancellation(owner, token.clone()).detach();
            Box::new(move || {
                stamp.set();
                token.cancel();
            })
        });
    }

    /// What the runtime takes by itself to drop an aborted task: no owner can be seen dead sooner.
    fn bound_of_aborted(&mut self, ends: u64) {
        /// There until it is dropped.
        struct There(Arc<AtomicBool>);
        impl Drop for There {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Release);
            }
        }
        let name = "  (any task's drop after its abort)";
        let seen = latencies(name, ends, |stamp| {
            let there = Arc::new(AtomicBool::new(true));
            let held = There(Arc::clone(&there));
            let task = tokio::spawn(async move {
                let _held = held;
                std::future::pending::<()>().await;
            });
            let end = move || {
                stamp.set();
                task.abort();
            };
            (Box::new(end), Box::new(move || there.load(Ordering::Acquire)))
        });
        self.0.push((name.to_owned(), seen));
    }

    pub(crate) fn threads(&mut self, ends: u64, monitor: &Monitor) {
        self.measure("thread, spawn_owned", ends, |owner, stamp| {
            let (go, wait) = channel::<()>();
            let work = move |_: &_| {
                let _ = wait.recv();
                stamp.set();
            };
            drop(tenure_std::spawn_owned(owner, work).expect("a thread"));
            Box::new(move || go.send(()).unwrap_or_default())
        });
        self.measure("the current thread", ends, |owner, stamp| {
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
        self.measure("thread of somebody else's", ends / 10, |owner, stamp| {
            let (go, wait) = channel::<()>();
            let work = move || {
                let _ = wait.recv();
                stamp.set();
            };
            drop(monitor.thread(owner, thread::spawn(work)));
            Box::new(move || go.send(()).unwrap_or_default())
        });
    }

    pub(crate) fn processes_and_sockets(&mut self, ends: u64, monitor: &Monitor) {
        self.measure("process, killed with SIGKILL", ends, |owner, stamp| {
            let child = Command::new("sleep").arg("1000").spawn().expect("a process");
            let child = monitor.child(owner, child).expect("a pidfd");
            Box::new(move || {
                stamp.set();
                child.kill().expect("ours to kill");
            })
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it is bound");
        self.measure("TCP socket, closed by the peer", ends, |owner, stamp| {
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
}

/// How long the reader still sees what `begin` makes after it was ended, one after the other.
fn latencies(name: &str, ends: u64, mut begin: impl FnMut(Stamp) -> (End, Sight)) -> Histogram<u64> {
    let mut seen = Histogram::<u64>::new(3).expect("three digits");
    for round in 0..ends + ends / 10 {
        let stamp = Stamp::default();
        let (end, is_there) = begin(stamp.clone());
        assert!(is_there());
        end();
        while is_there() {
            thread::yield_now();
        }
        let gone = now();
        let ended = stamp.get();
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
    seen
}

pub(crate) fn micros(nanos: u64) -> String {
    format!("{:.1} µs", Duration::from_nanos(nanos).as_secs_f64() * 1_000_000.0)
}

/// A thread that ends an owner for the reader when it is told to.
pub(crate) fn ender() -> Sender<(Owner, Stamp)> {
    let (sender, work) = channel::<(Owner, Stamp)>();
    thread::spawn(move || {
        while let Ok((owner, stamp)) = work.recv() {
            stamp.set();
            drop(owner);
        }
    });
    sender
}
