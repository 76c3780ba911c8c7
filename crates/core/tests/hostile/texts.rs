//! Text of any length and any kind.

use std::time::Duration;
use tenure_core::{
    AsKey, Code, CreateErrorKind, EndCause, Event, EventQueue, KeyRef, OwnedWhat, Received, Route,
    RouteTable, SessionKey, SessionMap, Source, Status, What,
};

const MEBIBYTE: usize = 1 << 20;

/// A mebibyte of text, of which the last byte tells one from another.
fn long(last: char) -> String {
    let mut text = "x".repeat(MEBIBYTE - 1);
    text.push(last);
    text
}

/// Both ends and the middle of each plane, and the neighbors of what is no character.
fn from_every_plane() -> Vec<char> {
    let in_plane = |plane: u32| {
        let offsets = [0, 1, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFDD0, 0xFFFD, 0xFFFE, 0xFFFF];
        offsets.into_iter().filter_map(move |offset| char::from_u32(plane << 16 | offset))
    };
    (0..=16).flat_map(in_plane).collect()
}

#[test]
fn a_key_with_parts_of_a_mebibyte_is_a_key_like_any_other() {
    let (a, b) = (long('a'), long('b'));
    let table: RouteTable<String> = RouteTable::builder().partitions(4).build().expect("valid");
    let room = SessionKey::for_room(&a, &a, &a);
    // Three mebibytes are equal, the last byte is not.
    let others = [SessionKey::for_room(&a, &a, &b), SessionKey::for_room(&b, &a, &a)];
    table.set(&room, a.clone()).expect("available");
    assert_eq!(table.get(&room).expect("there").route, a);
    for other in &others {
        assert!(table.get(other).is_err());
        assert!(!room.same_room(other));
    }
    let thread = KeyRef::new(&a, &a, &a, Some(&b));
    let found = table.resolve(thread, &[]).expect("its room has a route");
    assert_eq!((found.source, found.key.thread()), (Source::Room, Some(&*b)));
    assert_eq!(table.resolve(thread, &[]).expect("learned").source, Source::Exact);
    assert_eq!(table.iter_room(&room, &tenure_core::pin()).count(), 2);
    assert_eq!(table.remove(&room).expect("available"), Some(a));
    assert_eq!(table.len(), 1);
}

/// Every byte of it is escaped, so the text is twice as long.
#[test]
fn a_mebibyte_of_colons_and_backslashes_survives_the_text_form() {
    let (colons, slashes) = (":".repeat(MEBIBYTE), "\\".repeat(MEBIBYTE));
    let key = SessionKey::new(&colons, &slashes, "", Some(&colons));
    let text = key.to_string();
    assert_eq!(text.len(), 2 * 3 * MEBIBYTE + 3);
    assert_eq!(text.parse(), Ok(key));
    let cut = &text[..2 * MEBIBYTE];
    let refused = cut.parse::<SessionKey>().expect_err("one part is no key");
    assert_eq!((refused.text(), refused.position()), (cut, cut.len()));
}

/// 16 combinations of empty and not, each a key of its own: 16 records, 16 texts.
#[test]
fn empty_parts_are_parts() {
    let table: RouteTable<String> = RouteTable::builder().partitions(3).build().expect("valid");
    let mut texts = std::collections::BTreeSet::new();
    let part = |bits: u32, bit: u32| if bits & 1 << bit == 0 { "" } else { "p" };
    let keys = |bits: u32| {
        [None, Some(part(bits, 3))]
            .map(|thread| SessionKey::new(part(bits, 0), part(bits, 1), part(bits, 2), thread))
    };
    for (n, key) in (0..16).flat_map(keys).enumerate() {
        texts.insert(key.to_string());
        table.set(&key, n.to_string()).expect("available");
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
    }
    // Without a thread, bit 3 says nothing: 8 keys of rooms and 16 of threads.
    assert_eq!((texts.len(), table.len()), (24, 24));
    assert!(
        table.set(SessionKey::for_room("", "", ""), String::new()).is_err(),
        "an external room is not empty"
    );
}

#[test]
fn every_plane_of_unicode_is_text() {
    let table: RouteTable<Route> = RouteTable::builder().partitions(2).build().expect("valid");
    let map: SessionMap<String> = SessionMap::new();
    let owner = map.owner();
    let characters = from_every_plane();
    assert_eq!(characters.len(), 17 * 12);
    for character in characters {
        let part = format!("{character}:\\{character}");
        let key = SessionKey::new(&part, "", &part, Some(&part));
        assert_eq!(key.to_string().parse(), Ok(key.clone()), "{character:?}");
        let route = Route::builder(&part).thread(&part).attribute(&part, &part).build().expect("not empty");
        table.set(&key, route).expect("available");
        let found = table.get(KeyRef::new(&part, "", &part, Some(&part))).expect("there");
        assert_eq!(found.route.external_room(), part);
        assert_eq!(found.route.attribute(&part), Some(&*part));
        map.create(&*part, part.clone(), &owner).expect("free");
        assert_eq!(map.get(&part).expect("there").payload, part);
        assert_eq!(*map.get(&part).expect("there").code, *part);
    }
    assert_eq!((table.len(), map.count_active()), (204, 204), "no two of them are one");
}

/// The same letter in two forms that look alike: different texts, so different keys and codes.
#[test]
fn nothing_is_normalized() {
    let (composed, decomposed) = ("\u{e9}", "e\u{301}");
    let keys = [composed, decomposed].map(|name| SessionKey::for_room("irc", "libera", name));
    assert_ne!(keys[0], keys[1]);
    let map: SessionMap<()> = SessionMap::new();
    map.create(composed, (), None).expect("free");
    assert!(map.get(decomposed).is_none());
    assert!(map.get("\u{c9}").is_none(), "nor is upper case lower case");
}

#[test]
fn a_code_of_a_mebibyte_is_a_code_like_any_other() {
    let map: SessionMap<u32> = SessionMap::new();
    let (a, b) = (long('a'), long('b'));
    let owner = map.owner();
    map.create(&*a, 1, &owner).expect("free");
    map.create(&*b, 2, None).expect("another code");
    assert_eq!((map.get(&a).expect("there").payload, map.get(&b).expect("there").payload), (1, 2));
    let refused = map.create(&*a, 3, &owner).expect_err("taken");
    assert_eq!(
        *refused.kind(),
        CreateErrorKind::AlreadyExists { code: a.clone() },
        "the error names the code"
    );
    map.update(&a, |edit| *edit.payload_mut() += 10).expect("there");
    map.hand_over(&b, &owner).expect("both are alive");
    assert_eq!(map.claim(&a).expect("pending").status, Status::Connected);
    assert_eq!(map.wait_until(&a, |view| *view.payload() == 11, Duration::ZERO).expect("so it is").code, *a);
    assert!(map.delete(&a));
    drop(owner);
    assert_eq!(map.count_active(), 0);
    assert_eq!(Code::new(&a), Code::from(a));
}

/// So is a code of no characters.
#[test]
fn the_empty_code_is_a_code() {
    let map: SessionMap<u32> = SessionMap::new();
    let owner = map.owner();
    map.create("", 1, &owner).expect("free");
    assert!(map.create("", 2, &owner).is_err(), "there is one");
    assert_eq!(map.claim("").expect("pending").payload, 1);
    let gone = map.gone("");
    drop(owner);
    assert!(map.get("").is_none());
    drop(gone);
}

#[test]
fn observers_are_told_of_long_and_odd_names_as_they_are() {
    let (queue, name) = (EventQueue::new(8), long('n'));
    let lengths = |event: &Event<'_>| {
        if let What::Route { key, .. } = &event.what {
            assert_eq!(key.to_session_key().room().len(), MEBIBYTE);
        }
    };
    let table = RouteTable::<String>::builder().name(&*name).observer(queue.clone()).observer(lengths);
    let table = table.partitions(1).build().expect("valid");
    table.set(SessionKey::for_room("", "\0", &name), "\u{10FFFF}".to_owned()).expect("available");
    let Some(Received::Event(event)) = queue.try_recv() else { panic!("one event") };
    assert_eq!(*event.table, *name);
    let OwnedWhat::Route { key, .. } = event.what else { panic!("of a route") };
    assert_eq!(key, SessionKey::for_room("", "\0", &name));
    assert_eq!(table.stats().observer_panics, 0);
}

/// The system's names of threads end at a NUL: a table that would start one is refused, and says why.
#[test]
fn a_name_with_a_nul_is_one_for_a_table_and_not_for_a_thread() {
    let named = || RouteTable::<String>::builder().name("a\0b");
    assert_eq!(named().build().expect("no thread").name(), "a\0b");
    let refused = named().background().build().expect_err("a thread cannot be called so");
    assert!(refused.to_string().contains("NUL"), "{refused}");
    let sessions = SessionMap::<()>::builder().name("a\0b").background().build().expect_err("nor here");
    assert!(sessions.to_string().contains("NUL"), "{sessions}");
    let long = RouteTable::<String>::builder().name(long('n')).background().build();
    assert_eq!(long.expect("the system cuts what is too long").name().len(), MEBIBYTE);
}

#[test]
fn a_route_of_a_mebibyte_is_told_from_one_that_differs_in_its_last_byte() {
    let table: RouteTable<Route> = RouteTable::builder().partitions(1).build().expect("valid");
    let key = SessionKey::for_room("irc", "libera", "#rust");
    for last in ['a', 'b'] {
        let long = long(last);
        table.set(&key, Route::new(&long).expect("not empty")).expect("available");
        assert_eq!(table.get(&key).expect("there").route.external_room(), long);
    }
    let ended = table.remove(&key).expect("available").expect("there");
    assert_eq!(ended.external_room().len(), MEBIBYTE);
    let map: SessionMap<()> = SessionMap::new();
    map.create("C", (), None).expect("free");
    let gone = map.gone("C");
    map.delete("C");
    assert_eq!(poll_once(gone), Some(Ok(EndCause::Deleted)));
}

/// The answer of a future that is ready.
fn poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(&mut future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
