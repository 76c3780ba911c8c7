//! What is serialized comes back: keys, routes, records, resolutions, sessions, events. With the feature `serde` only.

#![cfg(feature = "serde")]

use proptest::{array, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Debug, time::Duration};
use tenure_core::{
    DeathReason, EventQueue, ManualClock, Pairing, Received, Route, RouteTable, Session, SessionKey,
    SessionMap,
};

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let text = serde_json::to_string(value).expect("can be written");
    assert_eq!(&serde_json::from_str::<T>(&text).expect("can be read"), value, "{text}");
    text
}

#[test]
fn routes_and_all_that_is_said_of_them_come_back() {
    let table = RouteTable::new();
    let key = SessionKey::new("irc", "libera:6697", r"#rust\chat", Some("t1"));
    let route = Route::builder("!rust").channel("matrix").attribute("nick", "ferris").build().expect("valid");
    table.set(&key, route.clone()).expect("available");
    assert_eq!(comes_back(&key), r#""irc:libera\\:6697:#rust\\\\chat:t1""#);
    comes_back(&route);
    comes_back(&table.get(&key).expect("set"));
    comes_back(&table.resolve(&key, &[]).expect("set"));
    comes_back(&table.stats());
    assert!(serde_json::from_str::<Route>(r#"{"external_room":""}"#).is_err(), "no external room");
}

#[test]
fn sessions_come_back() {
    let map = SessionMap::new();
    let owner = map.owner();
    let mut payload = Pairing::sending();
    payload.sender_info = Some(Pairing::info([("name", "laptop")]));
    map.create("K7QX", payload, &owner).expect("free");
    let session: Session = map.claim("K7QX").expect("pending");
    let text = comes_back(&session);
    assert!(text.contains(r#""code":"K7QX""#) && text.contains(r#""status":"connected""#), "{text}");
    comes_back(&map.stats());
}

/// Everything that an [`EventQueue`] got of what was done with these texts.
fn events(texts: &[String; 4], reason: &DeathReason) -> Vec<Received> {
    let (queue, clock) = (EventQueue::new(64), ManualClock::new());
    let routes = RouteTable::builder().name(&texts[0]).clock(clock.clone()).observer(queue.clone());
    let routes = routes.max_entries_per_partition(1).partitions(1).build().expect("valid");
    let key = SessionKey::new(&texts[0], &texts[1], &texts[2], Some(&texts[3]));
    let route = Route::new("!a").expect("valid");
    _ = routes.resolve(&key, &[]);
    routes.resolve(&key, std::slice::from_ref(&route)).expect("provided");
    routes.resolve(&key, &[]).expect("set");
    routes.set(key.room_scope(), route).expect("available"); // evicts
    clock.advance(routes.ttl());
    _ = routes.resolve(key.room_scope(), &[]);

    let sessions = SessionMap::builder().clock(clock.clone()).observer(queue.clone()).build().expect("valid");
    let owner = sessions.owner();
    sessions.create(&*texts[0], Pairing::sending(), &owner).expect("free");
    sessions.claim(&texts[0]).expect("pending");
    owner.release(reason.clone());
    sessions.create(&*texts[1], Pairing::sending(), None).expect("free");
    sessions.delete(&texts[1]);
    std::iter::from_fn(|| queue.try_recv()).chain([Received::Lagged(3)]).collect()
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r"[:\\\x00a]{1,4}", Just("ß→\u{1f600}".to_owned())]
}

fn any_reason() -> impl Strategy<Value = DeathReason> {
    prop_oneof![
        Just(DeathReason::Dropped),
        Just(DeathReason::HeartbeatMissed),
        any_text().prop_map(|text| DeathReason::Panicked(text.into())),
        any_text().prop_map(|text| DeathReason::Other(text.into())),
        any::<i32>().prop_map(|signal| DeathReason::Killed { signal }),
        any::<i32>().prop_map(|status| DeathReason::Exited { status }),
    ]
}

proptest! {
    #[test]
    fn every_event_comes_back(texts in array::uniform4(any_text()), reason in any_reason()) {
        let events = events(&texts, &reason);
        prop_assert!(events.len() > 15);
        comes_back(&events);
    }

    #[test]
    fn every_answer_comes_back(texts in array::uniform4(any_text()), ttl in 1_u64..1 << 43) {
        let table = RouteTable::builder().ttl(Duration::from_millis(ttl)).build().expect("positive");
        let key = SessionKey::new(&texts[0], &texts[1], &texts[2], Some(&texts[3]));
        let external = format!("r{}", texts[0]);
        let route = Route::builder(&external).thread(&texts[1]).attribute(&texts[2], &texts[3]);
        table.set(key.room_scope(), route.build().expect("valid")).expect("available");
        comes_back(&key);
        comes_back(&table.resolve(&key, &[]).expect("the room's"));
        comes_back(&table.get(&key).expect("written back"));

        let map = SessionMap::new();
        let owner = map.owner();
        let mut payload = Pairing::receiving();
        payload.receiver_info = Some(Pairing::info([(&*texts[2], &*texts[3])]));
        map.create(&*texts[0], payload, &owner).expect("free");
        comes_back(&map.get(&texts[0]).expect("created"));
    }
}

#[test]
fn an_event_is_written_for_people_to_read() {
    let texts = ["a", "b", "c", "d"].map(str::to_owned);
    let text = serde_json::to_string(&events(&texts, &DeathReason::Killed { signal: 9 })).expect("data");
    for part in [
        r#"{"event":{"table":"a","at":0,"sequence":0,"what":{"route":{"key":"a:b:c:d","partition":0,"kind":{"resolved":"miss"}}}}}"#,
        r#""kind":"evicted""#,
        r#"{"session":{"code":"a","kind":{"ended":{"owner_died":{"killed":{"signal":9}}}}}}"#,
        r#"{"ended":"deleted"}"#,
        r#"{"lagged":3}"#,
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
