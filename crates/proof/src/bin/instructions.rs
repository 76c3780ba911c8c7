//! How many instructions the hot paths take, counted by callgrind: `just instructions`.
//!
//! ```text
//! instructions        names the paths, one in each line
//! instructions PATH   does the operation of one path, in `counted`, where callgrind is told to collect
//! ```
//!
//! A count is the same on a busy machine and an idle one, so a change of 2 % is a change of the code. Each path
//! does its operation [`TIMES`] times; the table is built before the count begins. Keys are hashed with a new seed in
//! every process, so chains differ from run to run; over so many keys that is less than 0.3 %.

use std::{hint::black_box, process::ExitCode};
use tenure_core::{KeyRef, Owner, Pairing, Route, RouteTable, SessionKey, SessionMap, pin};

/// Operations of each path, each on a key of its own. No table is near the size at which it grows, or the seed
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
    owner: Option<Owner>,
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
    Sessions { map, codes, owner: Some(owner) }
}

fn no_sessions() -> Sessions {
    let sessions = sessions();
    for code in &sessions.codes {
        sessions.map.delete(code);
    }
    sessions
}

/// A path by its name, and what does it.
type Named = (&'static str, fn());

const PATHS: [Named; 9] = [
    ("resolve", || counted(&mut routes(), resolve)),
    ("resolve_parts", || counted(&mut routes(), resolve_parts)),
    ("resolve_fallback", || counted(&mut routes(), resolve_fallback)),
    ("set_same", || counted(&mut routes(), |it| set(it, &it.keys, &it.route))),
    ("set_other", || counted(&mut routes(), |it| set(it, &it.keys, &it.other))),
    ("set_new", || counted(&mut routes(), |it| set(it, &it.unknown, &it.route))),
    ("session_get", || counted(&mut sessions(), session_get)),
    ("session_life", || counted(&mut no_sessions(), session_life)),
    ("owner_death", || counted(&mut sessions(), owner_death)),
];

fn main() -> ExitCode {
    let Some(asked) = std::env::args().nth(1) else {
        for (name, _) in PATHS {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    };
    let Some((_, path)) = PATHS.iter().find(|(name, _)| *name == asked) else {
        eprintln!("no path is called '{asked}'; without an argument all are named");
        return ExitCode::FAILURE;
    };
    path();
    ExitCode::SUCCESS
}

/// All that is counted happens in here: a function of its own, so that callgrind finds it by its name.
#[inline(never)]
fn counted<T>(it: &mut T, path: impl FnOnce(&mut T)) {
    path(it);
}

fn resolve(it: &mut Routes) {
    for key in &it.keys {
        let guard = pin();
        black_box(it.table.resolve_view(key, &[], &guard).expect("a record").route());
    }
}

fn resolve_parts(it: &mut Routes) {
    for key in &it.keys {
        let guard = pin();
        let key = KeyRef::new("telegram", "bot_1", key.room(), Some("4711"));
        black_box(it.table.resolve_view(key, &[], &guard).expect("a record").route());
    }
}

fn resolve_fallback(it: &mut Routes) {
    for key in &it.unknown {
        let guard = pin();
        black_box(it.table.resolve_view(key, &[], &guard).expect("the room's record").route());
    }
}

fn set(it: &Routes, keys: &[SessionKey], route: &Route) {
    for key in keys {
        it.table.set(key, route.clone()).expect("a valid route");
    }
}

fn session_get(it: &mut Sessions) {
    for code in &it.codes {
        let guard = pin();
        black_box(it.map.get_view(code, &guard).expect("a session").payload());
    }
}

fn session_life(it: &mut Sessions) {
    for code in &it.codes {
        it.map.create(code.as_str(), Pairing::sending(), it.owner.as_deref()).expect("a free code");
        it.map.claim(code).expect("a pending session");
        assert!(it.map.delete(code));
    }
}

fn owner_death(it: &mut Sessions) {
    drop(it.owner.take());
    it.map.prune();
}
