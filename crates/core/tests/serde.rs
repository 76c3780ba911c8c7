//! What is serialized comes back: keys, routes, records, resolutions, sessions. With the feature `serde` only.

#![cfg(feature = "serde")]

use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use tenure_core::{Pairing, Route, RouteTable, Session, SessionKey, SessionMap};

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
