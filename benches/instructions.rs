//! How many instructions the hot paths take, counted by valgrind: `just instructions`.
//!
//! A count is the same on a busy machine and an idle one, so a change of 2 % is a change of the code. Each benchmark
//! does its operation [`TIMES`] times; the table is built before the count begins. Keys are hashed with a new seed in
//! every process, so chains differ from run to run; over so many keys that is less than 0.3 %.
#![allow(missing_docs, reason = "the macros make public items without any")]

use gungraun::{library_benchmark, library_benchmark_group, main};
use std::hint::black_box;
use tenure_core::{KeyRef, Owner, Pairing, Route, RouteTable, SessionKey, SessionMap, pin};

/// Operations in each benchmark, each on a key of its own. No table is near the size at which it grows, or the seed
/// would decide how many buckets there are.
const TIMES: usize = 3_000;

struct Routes {
    table: RouteTable,
    keys: Vec<SessionKey>,
    /// Threads of the same rooms that have no record.
    unknown: Vec<SessionKey>,
    route: Route,
    other: Route,
}

struct Sessions {
    map: SessionMap,
    codes: Vec<String>,
    owner: Owner,
}

fn room(number: usize) -> String {
    format!("-100{number:010}")
}

fn routes() -> Routes {
    let builder = RouteTable::builder().partitions(1).max_entries_per_partition(4 * TIMES).write_back(false);
    let table = builder.build().expect("valid settings");
    let route =
        Route::builder("!2f1a:example.org").channel("matrix").bridge("hs-1").room("room_7").thread("main");
    let route = route.build().expect("an external room");
    let thread = |number, thread| SessionKey::new("telegram", "bot_1", &room(number), Some(thread));
    let keys: Vec<SessionKey> = (0..TIMES).map(|number| thread(number, "4711")).collect();
    for (number, key) in keys.iter().enumerate() {
        table.set(key, route.clone()).expect("a valid route");
        table.set(key.room_scope(), route.clone()).expect("a valid route");
        assert_eq!(key.room(), room(number));
    }
    let unknown = (0..TIMES).map(|number| thread(number, "1")).collect();
    let other = Route::new("!elsewhere:example.org").expect("an external room");
    Routes { table, keys, unknown, route, other }
}

fn sessions() -> Sessions {
    let map = SessionMap::new();
    let owner = map.owner();
    let codes: Vec<String> = (0..TIMES).map(|number| format!("C{number:07}")).collect();
    for code in &codes {
        map.create(code.as_str(), Pairing::sending(), &owner).expect("a free code");
    }
    Sessions { map, codes, owner }
}

fn no_sessions() -> Sessions {
    let sessions = sessions();
    for code in &sessions.codes {
        sessions.map.delete(code);
    }
    sessions
}

#[library_benchmark]
#[bench::hit(routes())]
fn resolve(it: Routes) -> Routes {
    for key in &it.keys {
        let guard = pin();
        black_box(it.table.resolve_view(key, &[], &guard).expect("a record").route());
    }
    it
}

#[library_benchmark]
#[bench::hit(routes())]
fn resolve_parts(it: Routes) -> Routes {
    for key in &it.keys {
        let guard = pin();
        let key = KeyRef::new("telegram", "bot_1", key.room(), Some("4711"));
        black_box(it.table.resolve_view(key, &[], &guard).expect("a record").route());
    }
    it
}

#[library_benchmark]
#[bench::room(routes())]
fn resolve_fallback(it: Routes) -> Routes {
    for key in &it.unknown {
        let guard = pin();
        black_box(it.table.resolve_view(key, &[], &guard).expect("the room's record").route());
    }
    it
}

#[library_benchmark]
#[bench::same(routes())]
fn set_same(it: Routes) -> Routes {
    for key in &it.keys {
        it.table.set(key, it.route.clone()).expect("a valid route");
    }
    it
}

#[library_benchmark]
#[bench::other(routes())]
fn set_other(it: Routes) -> Routes {
    for key in &it.keys {
        it.table.set(key, it.other.clone()).expect("a valid route");
    }
    it
}

#[library_benchmark]
#[bench::new(routes())]
fn set_new(it: Routes) -> Routes {
    for key in &it.unknown {
        it.table.set(key, it.route.clone()).expect("a valid route");
    }
    it
}

#[library_benchmark]
#[bench::all(sessions())]
fn session_get(it: Sessions) -> Sessions {
    for code in &it.codes {
        let guard = pin();
        black_box(it.map.get_view(code, &guard).expect("a session").payload());
    }
    it
}

#[library_benchmark]
#[bench::all(no_sessions())]
fn session_life(it: Sessions) -> Sessions {
    for code in &it.codes {
        it.map.create(code.as_str(), Pairing::sending(), &it.owner).expect("a free code");
        it.map.claim(code).expect("a pending session");
        assert!(it.map.delete(code));
    }
    it
}

#[library_benchmark]
#[bench::all(sessions())]
fn owner_death(it: Sessions) -> SessionMap {
    let Sessions { map, owner, .. } = it;
    drop(owner);
    map.prune();
    map
}

library_benchmark_group!(
    name = hot_paths,
    benchmarks = [
        resolve,
        resolve_parts,
        resolve_fallback,
        set_same,
        set_other,
        set_new,
        session_get,
        session_life,
        owner_death
    ]
);

main!(library_benchmark_groups = hot_paths);
