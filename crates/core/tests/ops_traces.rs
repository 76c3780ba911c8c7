//! The `ops` example against the recorded traces, and against lines that are no operations.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

#[path = "../examples/ops/driver/mod.rs"]
mod driver;

use driver::Driver;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/ops")
}

fn answer(driver: &mut Driver, line: impl AsRef<[u8]>) -> Value {
    serde_json::to_value(driver.answer(line.as_ref())).expect("an answer is JSON")
}

/// The answers to these lines, by one driver.
fn answers<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    let mut driver = Driver::new();
    lines.into_iter().map(|line| answer(&mut driver, line)).collect()
}

const ROUTES: &str =
    r#"{"op":"open","table":"routes","partitions":1,"ttl_ms":1000,"max_entries_per_partition":5}"#;
const SESSIONS: &str = r#"{"op":"open","table":"sessions"}"#;

fn trace(name: &str) {
    let read = |kind: &str| {
        let path = folder().join(format!("{name}.{kind}.jsonl"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let (ops, expected) = (read("ops"), read("expected"));
    assert_eq!(ops.lines().count(), expected.lines().count(), "{name}");
    let mut driver = Driver::new();
    for (number, (op, recorded)) in (1..).zip(ops.lines().zip(expected.lines())) {
        let recorded: Value = serde_json::from_str(recorded).expect("the recorded answers are JSON");
        assert_eq!(answer(&mut driver, op), recorded, "{name}, line {number}: {op}");
    }
}

#[test]
fn routes_truth_table() {
    trace("routes-truth-table");
}

#[test]
fn routes_small_1() {
    trace("routes-small-1");
}

#[test]
fn routes_small_2() {
    trace("routes-small-2");
}

#[test]
fn sessions_small_1() {
    trace("sessions-small-1");
}

#[test]
fn sessions_small_2() {
    trace("sessions-small-2");
}

#[test]
fn no_recorded_trace_is_left_out() {
    let names = fs::read_dir(folder()).expect("the traces are committed").map(|file| {
        let name = file.expect("a file").file_name();
        name.to_string_lossy().into_owned()
    });
    assert_eq!(names.filter(|name| name.ends_with(".ops.jsonl")).count(), 5);
}

/// Each line must be a `bad_op` whose reason holds the text, and must change nothing.
fn assert_bad(open: Option<&str>, lines: &[(&str, &str)]) {
    for (line, reason) in lines {
        let mut driver = Driver::new();
        if let Some(open) = open {
            assert_eq!(answer(&mut driver, open), json!({"ok": true}));
        }
        let refused = answer(&mut driver, line);
        assert_eq!(refused["error"], "bad_op", "{line}: {refused}");
        let why = refused["why"].as_str().unwrap_or_else(|| panic!("{line}: {refused}"));
        assert!(why.contains(reason), "{line}: {why}");
        assert_eq!(refused.as_object().map(serde_json::Map::len), Some(2), "{line}: {refused}");
        if open.is_some() {
            assert_eq!(
                answer(&mut driver, r#"{"op":"advance","ms":0}"#),
                json!({"ok": true}),
                "after {line}"
            );
        }
    }
}

#[test]
fn a_line_that_is_no_operation_is_answered_with_why() {
    assert_bad(
        Some(ROUTES),
        &[
            ("", "empty"),
            ("  \n", "empty"),
            ("nonsense", "column"),
            (r#"{"op":"prune""#, "column"),
            (r#"{"op":"prune"} {}"#, "trailing"),
            ("[1]", "an object"),
            ("7", "an object"),
            (r#"{"ms":1}"#, "\"op\" is missing"),
            (r#"{"op":1}"#, "a string, not 1"),
            (r#"{"op":"fly"}"#, "there are open, advance, get"),
            (r#"{"op":"prune","op":"prune"}"#, "twice"),
            (r#"{"op":"prune","now":true}"#, "\"now\" has no meaning"),
        ],
    );
    let mut driver = Driver::new();
    let refused = answer(&mut driver, b"{\"op\":\"\xff\"}");
    assert_eq!(refused["why"], "the line is not UTF-8 from byte 8 on");
    let deep = format!("{{\"op\":{}", "[".repeat(100_000));
    assert_eq!(answer(&mut driver, deep)["error"], "bad_op");
}

#[test]
fn every_trace_opens_one_table_first() {
    assert_bad(
        None,
        &[
            (r#"{"op":"advance","ms":1}"#, "before any table is open"),
            (r#"{"op":"prune"}"#, "before any table is open"),
            (r#"{"op":"open"}"#, "\"table\" is missing"),
            (r#"{"op":"open","table":"rooms"}"#, "only \"routes\" and \"sessions\""),
            (r#"{"op":"open","table":"sessions","partitions":1}"#, "no meaning"),
            (r#"{"op":"open","table":"routes"}"#, "\"partitions\" is missing"),
            (
                r#"{"op":"open","table":"routes","partitions":0,"ttl_ms":1,"max_entries_per_partition":1}"#,
                "1 or more, not 0",
            ),
            (
                r#"{"op":"open","table":"routes","partitions":1,"ttl_ms":0,"max_entries_per_partition":1}"#,
                "1 or more, not 0",
            ),
            (
                r#"{"op":"open","table":"routes","partitions":1,"ttl_ms":1,"max_entries_per_partition":0.5}"#,
                "not 0.5",
            ),
            (
                r#"{"op":"open","table":"routes","partitions":99999999,"ttl_ms":1,"max_entries_per_partition":1}"#,
                "99999999",
            ),
        ],
    );
    assert_bad(Some(ROUTES), &[(SESSIONS, "this is the second"), (ROUTES, "this is the second")]);
    assert_bad(Some(SESSIONS), &[(SESSIONS, "this is the second")]);
}

#[test]
fn a_bad_operation_on_routes_says_what_would_be_right() {
    assert_bad(
        Some(ROUTES),
        &[
            (r#"{"op":"advance"}"#, "\"ms\" is missing"),
            (r#"{"op":"advance","ms":-1}"#, "not -1"),
            (r#"{"op":"advance","ms":1.5}"#, "not 1.5"),
            (r#"{"op":"advance","ms":"1"}"#, "not \"1\""),
            (r#"{"op":"get","code":"C1"}"#, "\"key\" is missing"),
            (r#"{"op":"get","key":"a"}"#, "three strings"),
            (r#"{"op":"get","key":["a","b","c"]}"#, "three strings"),
            (r#"{"op":"get","key":["a","b","c",1]}"#, "three strings"),
            (r#"{"op":"get","key":["a","b",null,null]}"#, "three strings"),
            (r#"{"op":"set","key":["a","b","c",null]}"#, "\"route\" is missing"),
            (r#"{"op":"set","key":["a","b","c",null],"route":null}"#, "a string, not null"),
            (r#"{"op":"set","key":["a","b","c",null],"route":""}"#, "not empty"),
            (r#"{"op":"set","key":["a","b","c",null],"route":"R","ttl_ms":0}"#, "not 0"),
            (r#"{"op":"set","key":["a","b","c",null],"route":"R","ttl_ms":null}"#, "not null"),
            (r#"{"op":"resolve","key":["a","b","c",null]}"#, "\"fallbacks\" is missing"),
            (r#"{"op":"resolve","key":["a","b","c",null],"fallbacks":"F"}"#, "a list of strings"),
            (r#"{"op":"resolve","key":["a","b","c",null],"fallbacks":[null]}"#, "a list of strings"),
            (r#"{"op":"count"}"#, "works on sessions"),
        ],
    );
}

#[test]
fn a_bad_operation_on_sessions_says_what_would_be_right() {
    assert_bad(
        Some(SESSIONS),
        &[
            (r#"{"op":"prune"}"#, "works on routes"),
            (r#"{"op":"get","key":["a","b","c",null]}"#, "\"code\" is missing"),
            (r#"{"op":"create","code":"C","direction":"send"}"#, "\"owner\" is missing"),
            (r#"{"op":"create","code":"C","owner":"A","direction":"send"}"#, "no owner \"A\""),
            (r#"{"op":"create","code":"C","owner":null,"direction":"up"}"#, "\"send\" or \"receive\""),
            (r#"{"op":"die","owner":"A"}"#, "no owner \"A\""),
            (r#"{"op":"die","owner":null}"#, "a string, not null"),
            (r#"{"op":"update","code":"C"}"#, "\"set\" is missing"),
            (r#"{"op":"update","code":"C","set":[]}"#, "an object, not []"),
            (r#"{"op":"update","code":"C","set":{"status":"done"}}"#, "\"pending\", \"connected\""),
            (r#"{"op":"update","code":"C","set":{"sender_info":null}}"#, "an object, not null"),
            (r#"{"op":"update","code":"C","set":{"owner":"B"}}"#, "cannot set \"owner\""),
        ],
    );
    let used = answers([SESSIONS, r#"{"op":"owner","owner":"A"}"#, r#"{"op":"owner","owner":"A"}"#]);
    assert_eq!(used[2]["error"], "bad_op");
}

#[test]
fn what_is_understood_and_refused_has_a_name() {
    let all = answers([
        SESSIONS,
        r#"{"op":"owner","owner":"A"}"#,
        r#"{"op":"create","code":"C","owner":"A","direction":"send"}"#,
        r#"{"op":"update","code":"C","set":{"status":"completed","sender_info":{"x":1}}}"#,
        r#"{"op":"get","code":"C"}"#,
        r#"{"op":"die","owner":"A"}"#,
        r#"{"op":"die","owner":"A"}"#,
        r#"{"op":"create","code":"C","owner":"A","direction":"send"}"#,
    ]);
    assert_eq!(all[3], json!({"error": "invalid_transition"}));
    assert_eq!(all[4]["ok"]["sender_info"], Value::Null, "nothing of a refused update is done");
    assert_eq!(all[6], json!({"error": "owner_is_dead"}));
    assert_eq!(all[7], json!({"error": "owner_is_dead"}));
}

#[test]
fn a_finished_session_is_already_used() {
    let all = answers([
        SESSIONS,
        r#"{"op":"create","code":"C","owner":null,"direction":"receive"}"#,
        r#"{"op":"update","code":"C","set":{"status":"failed"}}"#,
        r#"{"op":"claim","code":"C"}"#,
    ]);
    assert_eq!(all[3], json!({"error": "already_used"}));
}

#[test]
fn a_session_does_not_go_by_its_age() {
    let all = answers([
        SESSIONS,
        r#"{"op":"create","code":"C","owner":null,"direction":"send"}"#,
        r#"{"op":"advance","ms":9000000000000}"#,
        r#"{"op":"count"}"#,
    ]);
    assert_eq!(all[3], json!({"ok": 1}));
}

#[test]
fn large_numbers_stop_at_the_end_of_time() {
    let all = answers([
        ROUTES,
        r#"{"op":"set","key":["a","b","c",null],"route":"R","ttl_ms":99999999999999999999999}"#,
        r#"{"op":"get","key":["a","b","c",null]}"#,
        r#"{"op":"advance","ms":18446744073709551615}"#,
        r#"{"op":"advance","ms":99999999999999999999999}"#,
        r#"{"op":"prune"}"#,
    ]);
    assert_eq!(all[2]["ok"]["expires_at_ms"], 17_592_186_044_415_u64);
    assert_eq!(all[3..5], [json!({"ok": true}), json!({"ok": true})]);
    assert!(all[5]["ok"]["pruned"].is_u64());
}

#[test]
fn an_empty_fallback_is_skipped() {
    let all = answers([ROUTES, r#"{"op":"resolve","key":["a","b","c",null],"fallbacks":["","F"]}"#]);
    assert_eq!(all[1]["ok"]["route"], "F");
}

#[test]
fn keys_are_opaque() {
    let mut driver = Driver::new();
    answer(&mut driver, ROUTES);
    for (number, key) in [
        r#"["a","b","c",null]"#,
        r#"["a","b","c",""]"#,
        r#"["a:b","c","",null]"#,
        r#"["a","b:c","",null]"#,
        r#"["","","é \u0000🦀","\\"]"#,
    ]
    .iter()
    .enumerate()
    {
        let set = format!("{{\"op\":\"set\",\"key\":{key},\"route\":\"R{number}\"}}\r\n");
        assert_eq!(answer(&mut driver, set), json!({"ok": true}));
        let get = format!("{{\"op\":\"get\",\"key\":{key}}}");
        assert_eq!(answer(&mut driver, get)["ok"]["route"], format!("R{number}"));
    }
}
