//! Answers operations on a route table or a session map, one JSON object a line: for replaying a recorded trace, and
//! for reporting a bug (attach the lines that show it).
//!
//! `cargo run --release -p tenure-core --example ops < trace.ops.jsonl`
//!
//! The first line opens a table; the clock starts at 0 ms and only `advance` moves it; nothing runs in the background,
//! and no session expires by age. Instants and spans are whole milliseconds; a very large one counts as 2^44 - 1,
//! about 557 years, which as a deadline means never.
//!
//! ```text
//! {"op":"open","table":"routes","partitions":P,"ttl_ms":T,"max_entries_per_partition":M}
//! {"op":"advance","ms":N}
//! {"op":"set","key":K,"route":"R1"}             also with "ttl_ms":N; K is [channel, bridge, room, thread or null]
//! {"op":"get","key":K}                          the record, or not_found, or expired
//! {"op":"resolve","key":K,"fallbacks":["F1"]}   the resolution, or no_route
//! {"op":"prune"}                                how many were removed
//!
//! {"op":"open","table":"sessions"}
//! {"op":"advance","ms":N}
//! {"op":"owner","owner":"A"}                    a name is used once
//! {"op":"create","code":"C1","owner":"A","direction":"send"}   or receive; the owner may be null; or already_exists
//! {"op":"get","code":"C1"}                      the session, or not_found
//! {"op":"claim","code":"C1"}                    or already_used, or invalid_code
//! {"op":"update","code":"C1","set":{}}          sender_info, receiver_info (objects), status; or not_found
//! {"op":"delete","code":"C1"}
//! {"op":"die","owner":"A"}
//! {"op":"count"}
//! {"op":"list"}                                 the codes, newest first
//! ```
//!
//! An answer is `{"ok":…}` or `{"error":"…"}`. A line that is not understood is answered with
//! `{"error":"bad_op","why":"…"}`, changes nothing, and the next line is read. Not understood is whatever is no such
//! object: other JSON or none, an unknown operation, a field that is missing, repeated, unknown or of the wrong type, an operation on
//! the other table or before `open`, a second `open`, an owner's name that is unknown or used again, a `ttl_ms` or a
//! bound of 0, an empty route to be set (an empty fallback is skipped).
//!
//! What was understood and is refused has a name of its own:
//!
//! | error | answers |
//! | --- | --- |
//! | `owner_is_dead` | `create` for an owner that has died, and `die` for it once more |
//! | `invalid_transition` | an `update` that moves a status otherwise than pending, connected, completed or failed, or pending, failed; nothing of it is done |
//! | `at_capacity` | a `create` beyond what one map holds |
//! | `partition_unavailable` | an operation on a partition that a panic has cost its content; no trace can bring that about |

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;

mod driver;

use driver::Driver;

const HELP: &str = "\
Answers operations on a route table or a session map: reads one JSON object a line from standard input and writes one
answer a line to standard output. A line that is not understood is answered with {\"error\":\"bad_op\",\"why\":\"...\"}.

    ops < trace.ops.jsonl > answers.jsonl

The operations:
";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let done = match arguments.next() {
        None => answer_all(),
        Some(asked) if asked == "--help" || asked == "-h" => help(),
        Some(other) => {
            let other = other.display();
            eprintln!(
                "ops takes no argument \"{other}\": it reads operations from standard input (see --help)"
            );
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the answers has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ops stops: {error}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    output.write_all(HELP.as_bytes())?;
    driver::forms().try_for_each(|form| writeln!(output, "    {form}"))?;
    output.flush()
}

/// A line in, a line out. The answers given so far are flushed before the next line is waited for, so that a person, or a
/// program that asks and waits, sees each answer at once.
fn answer_all() -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    let mut driver = Driver::new();
    let mut line = Vec::new();
    loop {
        if !input.buffer().contains(&b'\n') {
            output.flush()?;
        }
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return output.flush();
        }
        serde_json::to_writer(&mut output, &driver.answer(&line))?;
        output.write_all(b"\n")?;
    }
}
