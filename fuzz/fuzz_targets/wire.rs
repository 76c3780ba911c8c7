//! What comes to a relay and its clients from strangers: control messages, codes, envelopes, names. Whatever the bytes
//! are, nothing panics; what is understood says the same when it is written again, and what is not is not repeated.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unused_imports, reason = "not all of it is asked here")]
#[path = "../../crates/relay/src/envelope.rs"]
mod envelope;
// The relay itself takes minutes to build, and nothing of it is needed.
#[allow(dead_code, unused_imports, reason = "not all of it is asked here")]
#[path = "../../crates/relay/src/wire.rs"]
mod messages;

use envelope::{Envelope, safe_name};
use messages::{ClientMessage, PairCode, RelayMessage};

/// A refusal is short, whatever is refused: it goes into logs, and what was sent may be a secret.
const REFUSAL: usize = 400;

/// A message that is understood is the same when it is written and read again.
fn messages_survive(text: &str) {
    match ClientMessage::parse(text) {
        Ok(message) => assert_eq!(ClientMessage::parse(&message.to_text()), Ok(message)),
        Err(why) => assert!(why.to_string().len() <= REFUSAL),
    }
    match RelayMessage::parse(text) {
        Ok(message) => assert_eq!(RelayMessage::parse(&message.to_text()), Ok(message)),
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}

/// A code has one key and one form that is shown; `Debug` shows neither.
fn codes_survive(text: &str) {
    if let Ok(code) = text.parse::<PairCode>() {
        assert_eq!(code.key().len(), 8);
        assert_eq!(code.to_string().replace('-', ""), code.key());
        assert_eq!(code.to_string().parse(), Ok(code));
        assert!(!format!("{code:?}").contains(code.key()));
    }
}

/// A name that somebody else has given names a file in the folder that is meant, and not a hidden one.
fn names_are_safe(name: &str) {
    let safe = safe_name(name);
    assert!(!safe.is_empty() && safe.len() <= 200);
    assert!(!safe.starts_with('.') && !safe.contains(['/', '\\']));
    assert!(!safe.chars().any(char::is_control));
    assert_eq!(safe_name(&safe), safe);
}

/// An envelope that is understood is the same when it is written and read again; what is not JSON in it, byte by byte.
fn envelopes_survive(frame: &[u8]) {
    match Envelope::decode(frame) {
        Ok(envelope) => {
            let written = envelope.encode();
            assert_eq!(Envelope::decode(&written).as_ref(), Ok(&envelope));
            if let Envelope::Text { .. } | Envelope::TextReceived { .. } | Envelope::Chunk { .. } = envelope {
                assert_eq!(written, frame);
            }
            if let Envelope::Begins(begins) = &envelope {
                names_are_safe(&begins.name);
            }
        }
        Err(why) => assert!(why.to_string().len() <= REFUSAL),
    }
}

fuzz_target!(|data: &[u8]| {
    envelopes_survive(data);
    if let Ok(text) = std::str::from_utf8(data) {
        messages_survive(text);
        codes_survive(text);
        names_are_safe(text);
    }
});
