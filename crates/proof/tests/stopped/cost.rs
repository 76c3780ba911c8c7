//! What a stopped thread costs: what is retired while it holds a guard is not freed.

use crate::{ARENA, fail, halt::Stopped, halt::tid};
use std::{
    sync::atomic::{AtomicI32, Ordering},
    thread,
    time::Duration,
};
use tenure_core::{KeyRef, Route, RouteTable, SessionMap, pin};

/// Operations in one measurement.
const TIMES: usize = 20_000;

/// The number of the thread that holds a guard, once it does.
static HOLDER: AtomicI32 = AtomicI32::new(0);

/// Measures and prints.
#[expect(clippy::cast_precision_loss, reason = "bytes for each operation, for people")]
pub(crate) fn report() {
    let routes = RouteTable::<Route>::default();
    let key = KeyRef::new("telegram", "bot_1", "chat_123", Some("t_9"));
    let sessions = SessionMap::<u64>::new();
    sessions.create("K7QX", 0, None).expect("room for it");
    let route = |number: usize| Route::new(&format!("!room{number}:example.org")).expect("a room");
    let same = route(0);
    let measures: [(&str, &dyn Fn(usize)); 6] = [
        ("a read of a route", &|_| _ = routes.peek(key)),
        ("a set of the same route", &|_| _ = routes.set(key, same.clone())),
        ("a set of another route", &|number| _ = routes.set(key, route(number))),
        ("a set and a remove", &|number| {
            let _ = routes.set(KeyRef::new("irc", "net", "room", None), route(number));
            let _ = routes.remove(KeyRef::new("irc", "net", "room", None));
        }),
        ("an update of a session", &|_| _ = sessions.update("K7QX", |edit| *edit.payload_mut() += 1)),
        ("a creation and a deletion", &|_| {
            let _ = sessions.create("other", 0, None);
            sessions.delete("other");
        }),
    ];
    let measure = |act: &dyn Fn(usize)| {
        let settle = || (0..8).for_each(|_| _ = (routes.maintain(), sessions.maintain()));
        act(0);
        settle();
        let before = ARENA.live();
        (1..=TIMES).for_each(act);
        settle();
        ARENA.live().saturating_sub(before) as f64 / TIMES as f64
    };
    let without: Vec<f64> = measures.iter().map(|(_, act)| measure(act)).collect();
    let holder = thread::spawn(|| {
        let _guard = pin();
        HOLDER.store(tid(), Ordering::Release);
        while HOLDER.load(Ordering::Acquire) != 0 {
            std::hint::spin_loop();
        }
    });
    while HOLDER.load(Ordering::Acquire) == 0 {
        thread::yield_now();
    }
    let stopped = Stopped::new(HOLDER.load(Ordering::Acquire), Duration::from_secs(60));
    let stopped = stopped.unwrap_or_else(|| fail("the thread with the guard does not get the signal"));
    println!("What waits to be freed, in bytes for each operation (of {TIMES}):");
    println!("  {:<28}{:>16}{:>40}", "", "nobody stopped", "a thread stopped that holds a guard");
    for ((name, act), without) in measures.iter().zip(without) {
        println!("  {name:<28}{without:>16.1}{:>40.1}", measure(act));
    }
    stopped.release();
    HOLDER.store(0, Ordering::Release);
    let _ = holder.join();
    let before = ARENA.live();
    (0..100).for_each(|_| _ = (routes.maintain(), sessions.maintain()));
    println!("  let go again, {} KiB of it are freed", before.saturating_sub(ARENA.live()) >> 10);
}
