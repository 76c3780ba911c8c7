//! The line format of the example `ops`: whatever the lines are, each is answered by one JSON object, in which there
//! is either a result or a name for what was wrong; and a line that was not understood has changed nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

#[allow(dead_code, reason = "nobody asks for help here")]
#[path = "../../crates/core/examples/ops/driver/mod.rs"]
mod driver;

use driver::Driver;

/// The answers that are no result.
const ERRORS: [&str; 10] = [
    "bad_op",
    "not_found",
    "expired",
    "no_route",
    "already_exists",
    "already_used",
    "invalid_code",
    "owner_is_dead",
    "invalid_transition",
    "at_capacity",
];

fn answer(driver: &mut Driver, line: &[u8]) -> Value {
    let answer = serde_json::to_value(driver.answer(line)).expect("an answer is JSON");
    let fields = answer.as_object().expect("an answer is an object");
    match fields.get("error").map(|error| error.as_str().expect("an error is a name")) {
        None => assert!(fields.contains_key("ok") && fields.len() == 1, "{answer}"),
        Some("bad_op") => {
            let why = fields.get("why").and_then(Value::as_str).expect("why it was not understood");
            assert!(!why.is_empty() && fields.len() == 2, "{answer}");
        }
        Some(error) => assert!(ERRORS.contains(&error) && fields.len() == 1, "{answer}"),
    }
    answer
}

/// A table with 65,536 partitions is a fine table, and takes most of a second to make.
fn is_large(line: &[u8]) -> bool {
    let digits = |run: &&[u8]| run.len() > 3;
    let has = |word: &[u8]| line.windows(word.len()).any(|window| window == word);
    has(b"partitions") && line.split(|byte| !byte.is_ascii_digit() && *byte != b'e').any(|run| digits(&run))
}

fuzz_target!(|data: &[u8]| {
    let mut driver = Driver::new();
    for line in data.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_large(line)) {
        let first = answer(&mut driver, line);
        if first["error"] == "bad_op" {
            assert_eq!(
                answer(&mut driver, line),
                first,
                "a line that was not understood has changed something"
            );
        }
    }
});
