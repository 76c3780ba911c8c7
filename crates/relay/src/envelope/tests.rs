use super::*;

#[test]
fn what_is_encoded_is_decoded() {
    let all = [
        Envelope::Text { id: 0, text: "" },
        Envelope::Text { id: u32::MAX, text: "grüß dich" },
        Envelope::TextReceived { id: 7 },
        Envelope::Begins(FileBegins { id: 1, name: "a\"b".to_owned(), size: None, mime: "x/y".to_owned() }),
        Envelope::Chunk { id: u32::MAX, bytes: &[0, 255] },
        Envelope::Chunk { id: 0, bytes: &[] },
        Envelope::Ends(FileEnds { id: 1, sha256: "00".to_owned(), size: u64::MAX }),
        Envelope::Received(FileReceived { id: 1, sha256: "00".to_owned() }),
        Envelope::Failed(FileFailed { id: 1, message: "no room".to_owned() }),
    ];
    for envelope in all {
        assert_eq!(Envelope::decode(&envelope.encode()), Ok(envelope));
    }
}

#[test]
fn what_is_not_understood_is_an_error() {
    assert_eq!(Envelope::decode(&[]), Err(BadEnvelope::Empty));
    assert_eq!(Envelope::decode(&[7]), Err(BadEnvelope::Kind { kind: 7 }));
    let numbered = [&[0, b'a', b'b', b'c'][..], &[0, 0, 0, 0, 1, 0xff], &[6, 0, 0, 0], &[6, 0, 0, 0, 1, 0]];
    for frame in
        numbered.into_iter().chain([&[1, b'{'][..], &[2, 0, 0, 0], &[3], &[4, b'1'], &[5, b'{', b'}']])
    {
        assert_eq!(Envelope::decode(frame), Err(BadEnvelope::Content { kind: frame[0] }));
    }
}

#[test]
fn a_name_names_a_file_in_its_folder() {
    let long = "é".repeat(300);
    for name in ["/", "a/..", "a/.", "..\\..", "\0", " . ", "", "x\ny", "a/b\\c", "~", "con:", &long, "..é"]
    {
        let safe = safe_name(name);
        assert!(!safe.is_empty() && safe.len() <= 200, "{name:?}: {safe:?}");
        assert!(!safe.starts_with('.') && !safe.contains(['/', '\\', '\0', '\n', ':']), "{name:?}: {safe:?}");
    }
}
