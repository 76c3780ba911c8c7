//! What `docs/migration.md` says goes wrong with a `DashMap`, a clean-up task and a drop guard, and does not here: each
//! check is made of both. What needs two threads to meet is done step by step, in the order in which they would.

use dashmap::{DashMap, try_result::TryResult};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tenure_core::{
    ClaimError, CreateErrorKind, DeathReason, EndCause, Event, KeyRef, ManualClock, Pairing, Route,
    RouteTable, SessionEvent, SessionMap, Status, What, pin,
};

const TTL: u64 = 1_800;

/// Routes by hand: where to, and until when.
#[derive(Default)]
struct ByHand(DashMap<String, (u32, u64)>);

impl ByHand {
    fn set(&self, key: &str, to: u32, now: u64) {
        self.0.insert(key.to_owned(), (to, now + TTL));
    }

    fn get(&self, key: &str) -> Option<u32> {
        self.0.get(key).map(|entry| entry.0)
    }

    /// First half of the clean-up: what has to go.
    fn expired(&self, now: u64) -> Vec<String> {
        self.0.iter().filter(|entry| entry.1 <= now).map(|entry| entry.key().clone()).collect()
    }

    /// Second half.
    fn remove(&self, keys: &[String]) {
        for key in keys {
            self.0.remove(key);
        }
    }
}

fn table(bound: usize) -> (RouteTable, ManualClock) {
    let clock = ManualClock::new();
    let builder = RouteTable::builder().clock(clock.clone()).ttl(Duration::from_secs(TTL));
    (builder.partitions(1).max_entries_per_partition(bound).build().unwrap(), clock)
}

fn key(thread: &str) -> KeyRef<'_> {
    KeyRef::new("irc", "libera", "#rust", Some(thread))
}

fn route(to: &str) -> Route {
    Route::new(to).unwrap()
}

#[test]
fn what_has_expired_is_not_answered() {
    let before = ByHand::default();
    before.set("t9", 1, 0);
    // It is TTL now, and the task comes round only every 30 s.
    assert_eq!(before.get("t9"), Some(1), "the map answers with what has expired");

    let (after, clock) = table(10);
    after.set(key("t9"), route("!a")).unwrap();
    clock.advance(Duration::from_secs(TTL));
    assert!(after.get(key("t9")).is_err());
}

#[test]
fn what_was_set_again_is_not_cleaned_up() {
    let before = ByHand::default();
    before.set("t9", 1, 0);
    let old = before.expired(TTL);
    before.set("t9", 2, TTL); // a message
    before.remove(&old);
    assert_eq!(before.get("t9"), None, "the clean-up removes what was just set");

    let (after, clock) = table(10);
    after.set(key("t9"), route("!a")).unwrap();
    clock.advance(Duration::from_secs(TTL));
    after.set(key("t9"), route("!b")).unwrap();
    assert_eq!(after.prune(), 0);
    assert_eq!(after.get(key("t9")).unwrap().route, route("!b"));
}

#[test]
fn the_bound_holds() {
    let before = ByHand::default();
    let (after, _clock) = table(100);
    for thread in 0..1_000 {
        before.set(&thread.to_string(), 1, 0);
        after.set(key(&thread.to_string()), route("!a")).unwrap();
        assert!(after.len() <= 100);
    }
    assert_eq!(before.0.len(), 1_000, "the map holds whatever comes until the task comes");
    assert!(after.peek(key("999")).is_ok() && after.peek(key("0")).is_err());
}

#[test]
fn a_walk_locks_nobody_out() {
    let before = ByHand::default();
    before.set("t9", 1, 0);
    for entry in &before.0 {
        let writer = before.0.try_get_mut(entry.key());
        assert!(matches!(writer, TryResult::Locked), "a write inside of a walk would wait for ever");
    }

    let (after, _clock) = table(10);
    after.set(key("t9"), route("!a")).unwrap();
    let guard = pin();
    let mut seen = 0;
    for record in after.iter(&guard) {
        seen += 1;
        assert_eq!(record.key().thread(), Some("t9"));
        after.set(key("t9"), route("!b")).unwrap();
        after.remove(key("t9")).unwrap();
    }
    assert_eq!((seen, after.len()), (1, 0));
}

#[test]
fn keys_with_colons_stay_apart() {
    let joined = |bridge: &str, room: &str| format!("irc:{bridge}:{room}");
    assert_eq!(joined("net:6697", "#a"), joined("net", "6697:#a"), "two conversations share a key");

    let (after, _clock) = table(10);
    after.set(KeyRef::new("irc", "net:6697", "#a", None), route("!a")).unwrap();
    assert!(after.get(KeyRef::new("irc", "net", "6697:#a", None)).is_err());
}

/// Sessions by hand: whether it is pending, under its code.
type Codes = Arc<DashMap<String, bool>>;

struct DropGuard(Codes, &'static str);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.remove(self.1);
    }
}

fn guarded(codes: &Codes, code: &'static str) -> DropGuard {
    codes.insert(code.to_owned(), true);
    DropGuard(Arc::clone(codes), code)
}

#[test]
fn an_old_connection_does_not_delete_its_successor() {
    let before = Codes::default();
    let old = guarded(&before, "K7QX");
    let new = guarded(&before, "K7QX"); // reconnected, before the old connection's end was noticed
    drop(old);
    assert!(before.is_empty(), "the living connection's session is gone");
    drop(new);

    let after = SessionMap::new();
    let (old, new) = (after.owner(), after.owner());
    after.create("K7QX", Pairing::sending(), &old).unwrap();
    after.delete("K7QX");
    after.create("K7QX", Pairing::sending(), &new).unwrap();
    drop(old);
    assert!(after.contains("K7QX"));
}

#[test]
fn a_connection_goes_as_a_whole() {
    let before = Codes::default();
    let mut connection = vec![guarded(&before, "A"), guarded(&before, "B")];
    drop(connection.pop());
    assert!(before.contains_key("A") && !before.contains_key("B"), "a reader sees half of a connection");

    let half = Arc::new(Mutex::new(Vec::new()));
    let (seen, looks) = (Arc::clone(&half), Arc::new(Mutex::new(None::<SessionMap>)));
    let look = Arc::clone(&looks);
    let after = SessionMap::builder()
        .observer(move |event: &Event<'_>| {
            if let What::Session { kind: SessionEvent::Ended(_), .. } = event.what {
                let map = look.lock().unwrap().clone().unwrap();
                seen.lock().unwrap().push((map.contains("A"), map.contains("B")));
            }
        })
        .build()
        .unwrap();
    *looks.lock().unwrap() = Some(after.clone());
    let connection = after.owner();
    after.create("A", Pairing::sending(), &connection).unwrap();
    after.create("B", Pairing::sending(), &connection).unwrap();
    drop(connection);
    assert_eq!(*half.lock().unwrap(), [(false, false); 2], "when the first end is told, both are gone");
    *looks.lock().unwrap() = None;
}

#[test]
fn one_claim_wins() {
    let before = Codes::default();
    let _guard = guarded(&before, "K7QX");
    let is_pending = || *before.get("K7QX").unwrap();
    let claim = |was_pending: bool| was_pending && before.insert("K7QX".to_owned(), false).is_some();
    let (first, second) = (is_pending(), is_pending());
    assert!(claim(first) && claim(second), "both that looked first have claimed it");

    let after = SessionMap::new();
    let owner = after.owner();
    after.create("K7QX", Pairing::sending(), &owner).unwrap();
    assert_eq!(after.claim("K7QX").unwrap().status, Status::Connected);
    assert!(matches!(after.claim("K7QX"), Err(ClaimError::AlreadyUsed { .. })));
}

#[test]
fn a_deleted_session_stays_deleted() {
    let before = Codes::default();
    let guard = guarded(&before, "K7QX");
    let read = *before.get("K7QX").unwrap();
    drop(guard);
    before.insert("K7QX".to_owned(), !read); // writes back what it has changed
    assert!(before.contains_key("K7QX"), "it is back, and no guard will remove it");

    let after = SessionMap::new();
    let owner = after.owner();
    after.create("K7QX", Pairing::sending(), &owner).unwrap();
    let changed = after.update("K7QX", |edit| {
        after.delete("K7QX"); // somebody else, in the middle of it
        edit.payload_mut().sender_info = None;
    });
    assert!(changed.is_err() && !after.contains("K7QX"));
}

#[test]
fn a_code_that_is_taken_is_not_overwritten() {
    let before = Codes::default();
    before.insert("K7QX".to_owned(), false);
    before.insert("K7QX".to_owned(), true);
    assert!(*before.get("K7QX").unwrap(), "a session in use was replaced");

    let after = SessionMap::new();
    let owner = after.owner();
    after.create("K7QX", Pairing::sending(), &owner).unwrap();
    let refused = after.create("K7QX", Pairing::receiving(), &owner).unwrap_err();
    assert!(matches!(refused.kind(), CreateErrorKind::AlreadyExists { .. }));
    assert_eq!(refused.into_payload(), Pairing::receiving());
}

#[test]
fn why_a_session_is_gone_is_told() {
    let told = Arc::new(Mutex::new(None));
    let tell = Arc::clone(&told);
    let after = SessionMap::builder()
        .observer(move |event: &Event<'_>| {
            if let What::Session { kind: SessionEvent::Ended(cause), .. } = &event.what {
                *tell.lock().unwrap() = Some(cause.clone());
            }
        })
        .build()
        .unwrap();
    let owner = after.owner();
    after.create("K7QX", Pairing::sending(), &owner).unwrap();
    owner.release(DeathReason::PeerReset);
    assert_eq!(*told.lock().unwrap(), Some(EndCause::OwnerDied(DeathReason::PeerReset)));
}

#[test]
fn every_test_that_the_page_names_is_here() {
    let page = include_str!("../../../docs/migration.md");
    let tests = include_str!("migration.rs");
    let named = page.lines().filter(|line| line.starts_with("| ")).filter_map(|line| {
        line.rsplit('`').nth(1).filter(|name| name.contains('_') && line.trim_end().ends_with("` |"))
    });
    let named: Vec<&str> = named.collect();
    assert_eq!(named.len(), 11, "{named:?}");
    for name in named {
        assert!(tests.contains(&format!("fn {name}()")), "{name}");
    }
}
