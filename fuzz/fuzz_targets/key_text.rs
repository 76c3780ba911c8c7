//! The text form of a key: every key survives it, no two keys share a text, and a text that is no key is refused.
#![no_main]

use libfuzzer_sys::{arbitrary::Unstructured, fuzz_target};
use tenure_core::{AsKey, KeyRef, SessionKey};

type Parts<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

fn key_of((channel, bridge, room, thread): Parts<'_>) -> SessionKey {
    SessionKey::new(channel, bridge, room, thread)
}

/// Text that parses is the one text of the key that it parses to; text that does not is refused with a place in it.
fn text_is_that_of_its_key_or_refused(text: &str) {
    match text.parse::<SessionKey>() {
        Ok(key) => assert_eq!(key.to_string(), text),
        Err(refused) => {
            assert_eq!(refused.text(), text);
            assert!(refused.position() <= text.len());
            assert!(!refused.to_string().is_empty());
        }
    }
}

/// The parts come back as they went in, from the key itself and from its text, and the borrowed form is the same key.
fn parts_survive(parts: Parts<'_>) {
    let (channel, bridge, room, thread) = parts;
    let key = key_of(parts);
    let read: SessionKey = key.to_string().parse().expect("the text of a key is a key");
    for key in [&key, &read] {
        assert_eq!((key.channel(), key.bridge(), key.room(), key.thread()), parts);
    }
    let borrowed = KeyRef::new(channel, bridge, room, thread);
    assert_eq!(read, key);
    assert_eq!(borrowed.hashes(), key.hashes());
    assert!(borrowed.is(&read));
    assert!(borrowed.room_scope_is(&key.room_scope()) && key.same_room(&key.room_scope()));
}

/// Two keys are equal, and share their text, exactly where their parts are equal.
fn different_parts_are_different_keys(a: Parts<'_>, b: Parts<'_>) {
    let (key_a, key_b) = (key_of(a), key_of(b));
    assert_eq!(key_a == key_b, a == b);
    assert_eq!(key_a.to_string() == key_b.to_string(), a == b);
    assert_eq!(key_a.same_room(&key_b), (a.0, a.1, a.2) == (b.0, b.1, b.2));
}

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        text_is_that_of_its_key_or_refused(text);
    }
    if let Ok((a, b)) = Unstructured::new(data).arbitrary::<(Parts<'_>, Parts<'_>)>() {
        parts_survive(a);
        parts_survive(b);
        different_parts_are_different_keys(a, b);
    }
});
