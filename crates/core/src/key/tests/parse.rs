//! The text form, exhaustively on a small alphabet, and its errors.

use std::collections::HashMap;

use crate::key::ParseKeyErrorKind::{self, DanglingEscape, TooFewParts, TooManyParts, UnknownEscape};
use crate::key::SessionKey;

const LETTERS: [char; 3] = ['a', ':', '\\'];

/// Every text of up to `length` letters.
fn texts(length: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..length {
        let to = texts.len();
        for i in from..to {
            texts.extend(LETTERS.map(|letter| format!("{}{letter}", texts[i])));
        }
        from = to;
    }
    texts
}

#[test]
fn no_two_small_keys_share_a_text_and_each_survives_it() {
    let parts = texts(2);
    let mut seen = HashMap::new();
    for (channel, bridge) in parts.iter().flat_map(|a| parts.iter().map(move |b| (a, b))) {
        for room in &parts {
            for thread in parts.iter().map(|t| Some(t.as_str())).chain([None]) {
                let key = SessionKey::new(channel, bridge, room, thread);
                let text = key.to_string();
                assert_eq!(text.parse().as_ref(), Ok(&key), "{text:?}");
                if let Some(other) = seen.insert(text, key.clone()) {
                    panic!("{key:?} and {other:?} share a text");
                }
            }
        }
    }
    assert_eq!(seen.len(), 13 * 13 * 13 * 14);
}

/// What the grammar says about a text, told letter by letter.
fn verdict(text: &str) -> Option<(usize, ParseKeyErrorKind)> {
    let mut colons = 0;
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            ':' if colons == 3 => return Some((at, TooManyParts)),
            ':' => colons += 1,
            '\\' => match letters.next() {
                None => return Some((at, DanglingEscape)),
                Some((_, ':' | '\\')) => {}
                Some((_, escaped)) => return Some((at, UnknownEscape { escaped })),
            },
            _ => {}
        }
    }
    (colons < 2).then_some((text.len(), TooFewParts { found: colons + 1 }))
}

#[test]
fn every_small_text_is_either_the_text_of_its_key_or_a_clear_error() {
    for text in texts(9) {
        match (text.parse::<SessionKey>(), verdict(&text)) {
            (Ok(key), None) => assert_eq!(key.to_string(), text),
            (Err(refused), Some(expected)) => {
                assert_eq!((refused.position(), refused.kind()), expected, "{text:?}");
                assert_eq!(refused.text(), text);
            }
            (got, expected) => panic!("{text:?}: got {got:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn an_error_says_what_is_wrong_where_and_what_would_be_right() {
    let cases = [
        ("", 0, TooFewParts { found: 1 }, "ends after part 1; `channel:bridge:room`"),
        ("a:b", 3, TooFewParts { found: 2 }, "ends after part 2;"),
        (r"a:b\:c", 6, TooFewParts { found: 2 }, "ends after part 2;"),
        ("a:b:c:d:e", 7, TooManyParts, r"a `:` inside a part is written `\:`"),
        ("é:b:ö\\ü", 7, UnknownEscape { escaped: 'ü' }, "before 'ü'"),
        (r"a:b:c\", 5, DanglingEscape, r"is written `\\`"),
    ];
    for (text, position, kind, said) in cases {
        let refused = text.parse::<SessionKey>().unwrap_err();
        assert_eq!((refused.position(), refused.kind()), (position, kind), "{text:?}");
        let message = refused.to_string();
        assert!(message.contains(said) && message.contains(&format!("byte {position}")), "{message}");
    }
}

#[test]
fn the_message_cuts_a_long_text_and_the_error_keeps_it() {
    let text = "é".repeat(10_000);
    let refused = text.parse::<SessionKey>().unwrap_err();
    assert_eq!(refused.text(), text);
    let message = refused.to_string();
    assert!(message.starts_with(&format!("\"{}\"… is no session key", "é".repeat(80))), "{message}");
}

#[cfg(feature = "serde")]
#[test]
fn serde_uses_the_text_form_also_as_a_key_of_a_map() {
    let key = SessionKey::new("c:", r"b\", "r\0\n🦀", Some(""));
    let map = HashMap::from([(key.clone(), 1)]);
    let json = serde_json::to_string(&map).unwrap();
    assert_eq!(json, r#"{"c\\::b\\\\:r\u0000\n🦀:":1}"#);
    assert_eq!(serde_json::from_str::<HashMap<SessionKey, i32>>(&json).unwrap(), map);
    let value = serde_json::to_value(&key).unwrap();
    assert_eq!(serde_json::from_value::<SessionKey>(value).unwrap(), key);

    let refused = serde_json::from_str::<SessionKey>(r#""a:b""#).unwrap_err().to_string();
    assert!(refused.contains("is no session key: at byte 3"), "{refused}");
    let refused = serde_json::from_str::<SessionKey>("7").unwrap_err().to_string();
    assert!(refused.contains("expected a session key"), "{refused}");
}
