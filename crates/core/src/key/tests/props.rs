//! Laws of keys, on arbitrary text, against the plain tuple of the parts.

use proptest::prelude::*;

use crate::key::{AsKey, KeyHashes, KeyRef, MessageContext, SessionKey};

/// A key as anybody would write it down.
type Parts = (String, String, String, Option<String>);

/// Text of all planes, text full of separators, and parts so small that two draws are often equal; some are too
/// long to be stored inline.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[:\\\\\0a]{0,3}",
        2 => any::<String>(),
        2 => prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
        1 => "[:\\\\é]{8,60}",
        3 => prop_oneof![Just(String::new()), Just("a".into()), Just("b".into())],
    ]
}

fn parts() -> impl Strategy<Value = Parts> {
    (part(), part(), part(), prop::option::of(part()))
}

/// A second key that differs from the first in a few parts or in none.
fn pair() -> impl Strategy<Value = (Parts, Parts)> {
    (parts(), parts(), any::<[bool; 4]>()).prop_map(|(a, mut b, keep)| {
        if keep[0] {
            b.0.clone_from(&a.0);
        }
        if keep[1] {
            b.1.clone_from(&a.1);
        }
        if keep[2] {
            b.2.clone_from(&a.2);
        }
        if keep[3] {
            b.3.clone_from(&a.3);
        }
        (a, b)
    })
}

fn borrowed((channel, bridge, room, thread): &Parts) -> KeyRef<'_> {
    KeyRef::new(channel, bridge, room, thread.as_deref())
}

fn owned((channel, bridge, room, thread): &Parts) -> SessionKey {
    SessionKey::new(channel, bridge, room, thread.as_deref())
}

/// The key as it would be if every key had the same hashes: nothing but the comparison of the parts tells it apart.
fn colliding(parts: &Parts) -> SessionKey {
    SessionKey { hashes: KeyHashes { full: 7, room: 7 }, ..owned(parts) }
}

proptest! {
    #[test]
    fn keys_whose_hashes_collide_are_told_apart_by_their_parts((a, b) in pair()) {
        let (key_a, key_b) = (colliding(&a), colliding(&b));
        let asked = key_a.key_ref();
        let equal = a == b;
        prop_assert_eq!(key_a == key_b, equal);
        prop_assert_eq!(asked == key_b.key_ref(), equal);
        prop_assert_eq!(AsKey::is(&key_a, &key_b), equal);
        prop_assert_eq!(asked.is(&key_b), equal);
        let shared = (&a.0, &a.1, &a.2) == (&b.0, &b.1, &b.2);
        prop_assert_eq!(key_a.same_room(&key_b), shared);
        let is_scope = shared && b.3.is_none();
        prop_assert_eq!(key_a.room_scope_is(&key_b), is_scope);
        prop_assert_eq!(asked.room_scope_is(&key_b), is_scope);
    }

    #[test]
    fn a_key_gives_back_its_parts_and_survives_its_text(parts in parts()) {
        let key = owned(&parts);
        let got = (key.channel(), key.bridge(), key.room(), key.thread());
        prop_assert_eq!(got, (&*parts.0, &*parts.1, &*parts.2, parts.3.as_deref()));
        prop_assert_eq!(key.to_string().parse::<SessionKey>(), Ok(key.clone()));
        prop_assert_eq!(borrowed(&parts).to_string(), key.to_string());
    }

    #[test]
    fn a_text_that_is_read_is_the_text_of_what_was_read(text in "[:\\\\a🦀]{0,16}") {
        if let Ok(key) = text.parse::<SessionKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn any_text_at_all_is_read_or_refused(text in any::<String>()) {
        match text.parse::<SessionKey>() {
            Ok(key) => prop_assert_eq!(key.to_string(), text),
            Err(refused) => prop_assert!(text.is_char_boundary(refused.position())),
        }
    }

    #[test]
    fn owned_and_borrowed_agree(parts in parts()) {
        let (key, asked) = (owned(&parts), borrowed(&parts));
        prop_assert_eq!(key.hashes(), asked.hashes());
        prop_assert_eq!(key.key_ref(), asked);
        prop_assert_eq!(asked.to_session_key(), key.clone());
        prop_assert_eq!(AsKey::to_session_key(&key), key.clone());
        prop_assert_eq!(asked.to_room().to_session_key(), key.room_scope());
        prop_assert_eq!(asked.to_room(), KeyRef::for_room(&parts.0, &parts.1, &parts.2));
        prop_assert_eq!(asked.is_room_scope(), key.is_room_scope());
        prop_assert_eq!(key.hashes().room, key.room_scope().hashes().full);
        prop_assert_eq!(key.is_room_scope(), key.hashes().room == key.hashes().full);
    }

    #[test]
    fn two_keys_compare_as_their_tuples_do((a, b) in pair()) {
        let (key_a, key_b) = (owned(&a), owned(&b));
        let (ref_a, ref_b) = (borrowed(&a), borrowed(&b));
        let equal = a == b;
        prop_assert_eq!(key_a == key_b, equal);
        prop_assert_eq!(ref_a == ref_b, equal);
        prop_assert_eq!(AsKey::is(&key_a, &key_b), equal);
        prop_assert_eq!(ref_a.is(&key_b), equal);
        prop_assert_eq!(key_a.to_string() == key_b.to_string(), equal);
        prop_assert_eq!(key_a.hashes().full == key_b.hashes().full, equal);
        prop_assert_eq!(key_a.cmp(&key_b), a.cmp(&b));
        prop_assert_eq!(ref_a.cmp(&ref_b), a.cmp(&b));
    }

    #[test]
    fn two_keys_share_a_room_when_their_first_three_parts_are_equal((a, b) in pair()) {
        let (key_a, key_b) = (owned(&a), owned(&b));
        let shared = (&a.0, &a.1, &a.2) == (&b.0, &b.1, &b.2);
        prop_assert_eq!(key_a.same_room(&key_b), shared);
        prop_assert_eq!(key_a.hashes().room == key_b.hashes().room, shared);
        prop_assert_eq!(key_a.room_scope() == key_b.room_scope(), shared);
        let is_scope = shared && b.3.is_none();
        prop_assert_eq!(key_a.room_scope_is(&key_b), is_scope);
        prop_assert_eq!(borrowed(&a).room_scope_is(&key_b), is_scope);
        prop_assert_eq!(key_a.key_ref().to_room().is(&key_b), is_scope);
    }

    #[test]
    fn a_message_is_keyed_by_its_resolved_room(parts in parts(), internal in prop::option::of(part())) {
        let message = MessageContext {
            channel: &parts.0,
            bridge: &parts.1,
            internal_room: internal.as_deref(),
            external_room: &parts.2,
            thread: parts.3.as_deref(),
        };
        let room = match &internal {
            Some(id) if !id.is_empty() => id.clone(),
            _ => parts.2.clone(),
        };
        let expected = (parts.0.clone(), parts.1.clone(), room, parts.3.clone());
        prop_assert_eq!(message.key_ref(), borrowed(&expected));
    }
}
