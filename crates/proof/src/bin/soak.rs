//! `just soak MINUTES`: both tables, all operations, real threads, for as long as you like.

use std::{process::ExitCode, time::Duration, time::SystemTime};
use tenure_proof::soak::{Counting, Options, run};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const HELP: &str = "\
Runs everything that Tenure does at once, on real threads, and checks what it promises as it goes. Exit status 1 if
something did not hold.

    soak MINUTES [--seed NUMBER] [--workers NUMBER]

MINUTES may be a fraction. By default, the seed is new each time, and there are twice as many workers as cores, at
least 4. At most 300.
";

fn main() -> ExitCode {
    match options() {
        Ok(Some(options)) => match run(options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(broken) => {
                eprintln!("soak: {broken}");
                ExitCode::FAILURE
            }
        },
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            eprintln!("soak: {wrong} (see --help)");
            ExitCode::from(2)
        }
    }
}

/// None if help was asked for.
fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value, ValueExt};

    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut workers = u32::try_from(2 * cores).unwrap_or(4).clamp(4, 300);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (mut seed, mut minutes) = (u64::from(since.subsec_nanos()) ^ since.as_secs(), None);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("seed") => seed = arguments.value()?.parse()?,
            Long("workers") => workers = arguments.value()?.parse()?,
            Value(value) if minutes.is_none() => minutes = Some(value.parse::<f64>()?),
            other => return Err(other.unexpected()),
        }
    }
    let minutes = minutes.filter(|minutes| *minutes > 0.0 && *minutes < 1e6);
    let minutes = minutes.ok_or("MINUTES must be given, above 0 and below a million")?;
    if workers == 0 || workers > 300 {
        return Err(format!("workers is {workers}; it must be from 1 to 300").into());
    }
    Ok(Some(Options { length: Duration::from_secs_f64(minutes * 60.0), workers, seed }))
}
