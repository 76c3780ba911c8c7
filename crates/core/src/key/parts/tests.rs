use super::{INLINE, KeyParts, high, join, low};

fn is_inline(room: &str, thread: Option<&str>) -> bool {
    matches!(KeyParts::new(["", "", room], thread), KeyParts::Inline(_))
}

#[cfg(target_pointer_width = "64")]
#[test]
fn they_take_64_bytes() {
    assert_eq!(size_of::<KeyParts>(), 64);
}

#[test]
fn a_run_is_inline_exactly_up_to_the_capacity() {
    let fits = "x".repeat(INLINE);
    let one_more = "x".repeat(INLINE + 1);
    assert!(is_inline(&fits, None));
    assert!(is_inline(&fits, Some("")));
    assert!(is_inline("", Some(&fits)));
    assert!(!is_inline(&one_more, None));
    assert!(!is_inline(&fits, Some("x")));
    assert!(!is_inline("", Some(&one_more)));
}

#[test]
fn a_long_run_is_shared_by_its_clones() {
    let parts = KeyParts::new(["a", "b", &"x".repeat(100)], None);
    let clone = parts.clone();
    assert_eq!(parts.run().bytes.as_ptr(), clone.run().bytes.as_ptr());
}

#[cfg(target_pointer_width = "64")]
#[test]
fn an_end_beyond_four_gibibytes_survives_its_48_bits() {
    for end in [0, 1, 59, u32::MAX as usize, 1 << 32, (1 << 47) + 12_345, (1 << 48) - 1] {
        assert_eq!(join(low(end), high(end)), end);
    }
}
