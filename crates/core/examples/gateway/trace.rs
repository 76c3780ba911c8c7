//! Reads a chat log from a CSV file, gzipped or not.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};
use flate2::bufread::MultiGzDecoder;

use crate::log::{Kind, Line, Log, LogBuilder};

const COLUMNS: [&str; 6] = ["time", "bridge", "room", "nick", "event", "thread"];
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A trace could not be read: which file, where, why.
#[derive(Debug)]
pub(crate) struct TraceError {
    path: PathBuf,
    line: Option<u64>,
    why: String,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.path.display(), self.why),
            None => write!(f, "{}: {}", self.path.display(), self.why),
        }
    }
}

impl Error for TraceError {}

/// The log in this file.
pub(crate) fn read(path: &Path) -> Result<Log, TraceError> {
    let fail = |line, why| TraceError { path: path.to_owned(), line, why };
    let open = || -> io::Result<Box<dyn Read>> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        // By its first bytes: a file may be called anything.
        let gzipped = file.fill_buf()?.starts_with(&GZIP);
        Ok(if gzipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
    };
    let input = open().map_err(|error| fail(None, format!("cannot be read: {error}")))?;
    parse(input).map_err(|(line, why)| fail(Some(line), why))
}

/// The log in this text, or the line that is wrong and why.
pub(crate) fn parse(input: impl Read) -> Result<Log, (u64, String)> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let (mut bytes, mut log, mut order, mut number) = (Vec::new(), LogBuilder::new(), None, 0);
    loop {
        number += 1;
        bytes.clear();
        match input.read_until(b'\n', &mut bytes) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return Err((number, format!("cannot be read any further: {error}"))),
        }
        line(&bytes, &mut order, &mut log).map_err(|why| (number, why))?;
    }
    if order.is_none() {
        return Err((1, format!("the file is empty; its first line must be {}", COLUMNS.join(","))));
    }
    Ok(log.finish())
}

/// Takes one line: the first says in which order the columns stand, every other is an event. Empty ones are skipped.
fn line(bytes: &[u8], order: &mut Option<[usize; 6]>, log: &mut LogBuilder) -> Result<(), String> {
    let line = str::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 from byte {} on", error.valid_up_to() + 1))?;
    let line = line.trim_end_matches(['\r', '\n']);
    let mut quoted = StringRecord::new();
    match order {
        // Some programs begin a file with a mark of its encoding.
        None => *order = Some(header(&fields(line.trim_start_matches('\u{feff}'), &mut quoted)?)?),
        Some(_) if line.is_empty() => {}
        Some(order) => log.push(event(&fields(line, &mut quoted)?, *order)?)?,
    }
    Ok(())
}

/// The fields of a line. One that holds a quote is taken apart by the CSV rules, into `quoted`.
fn fields<'a>(line: &'a str, quoted: &'a mut StringRecord) -> Result<Vec<&'a str>, String> {
    match line.matches('"').count() {
        0 => return Ok(line.split(',').collect()),
        odd if odd % 2 == 1 => return Err("a quote is not closed on the line".to_owned()),
        _ => {}
    }
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    reader.read_record(quoted).map_err(|error| format!("it is not CSV: {error}"))?;
    Ok(quoted.iter().collect())
}

/// Where each of [`COLUMNS`] stands: the first line names them, in any order.
fn header(names: &[&str]) -> Result<[usize; 6], String> {
    let right = COLUMNS.join(",");
    if let Some(other) = names.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(format!("there is no column {other:?}; the first line must be {right}"));
    }
    let mut order = [0; 6];
    for (place, column) in order.iter_mut().zip(COLUMNS) {
        let mut places =
            names.iter().enumerate().filter(|(_, name)| **name == column).map(|(place, _)| place);
        let missing = || format!("the column {column:?} is missing; the first line must be {right}");
        *place = places.next().ok_or_else(missing)?;
        if places.next().is_some() {
            return Err(format!("the column {column:?} stands twice; the first line must be {right}"));
        }
    }
    Ok(order)
}

/// The event on one line.
fn event<'a>(fields: &[&'a str], order: [usize; 6]) -> Result<Line<'a>, String> {
    if fields.len() != COLUMNS.len() {
        let (there, right) = (fields.len(), COLUMNS.len());
        return Err(format!("{there} columns where there must be {right}: {}", COLUMNS.join(",")));
    }
    let [time, bridge, room, nick, event, thread] = order.map(|place| fields[place]);
    let known = Kind::ALL.iter().find(|(name, _)| *name == event);
    let (_, kind) = *known.ok_or_else(|| format!("there is no event {event:?}; there are {}", kinds()))?;
    // Only a message goes to a room.
    let needed =
        [("bridge", bridge), ("nick", nick), ("room", if kind == Kind::Message { room } else { "any" })];
    if let Some((column, _)) = needed.iter().find(|(_, field)| field.is_empty()) {
        return Err(format!("the {column} is empty; a {event} must have one"));
    }
    let time =
        time.parse().map_err(|_| format!("the time {time:?} is no whole number of seconds since 1970"))?;
    let thread = Some(thread).filter(|thread| !thread.is_empty() && kind == Kind::Message);
    Ok(Line { time, bridge, room, nick, kind, thread })
}

fn kinds() -> String {
    Kind::ALL.map(|(name, _)| name).join(", ")
}
