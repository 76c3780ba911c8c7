//! What `ops` does, without its input and output: a line in, an answer out.

use std::time::{Duration, UNIX_EPOCH};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use tenure_core::{ManualClock, Tick};

mod fields;
mod routes;
mod sessions;

use fields::Fields;
use routes::Routes;
use sessions::Sessions;

/// Each operation as it must be written, by its name and the table on which it works.
const FORMS: &[(&str, On, &str)] = &[
    (
        "open",
        On::Either,
        r#"{"op":"open","table":"routes","partitions":1,"ttl_ms":1000,"max_entries_per_partition":100} or {"op":"open","table":"sessions"}"#,
    ),
    ("advance", On::Either, r#"{"op":"advance","ms":1000}"#),
    (
        "get",
        On::Either,
        r#"{"op":"get","key":["telegram","bot_1","room_1",null]} on routes, {"op":"get","code":"C1"} on sessions"#,
    ),
    (
        "set",
        On::Routes,
        r#"{"op":"set","key":["telegram","bot_1","room_1","t_1"],"route":"R1"}, or also with "ttl_ms":1000"#,
    ),
    (
        "resolve",
        On::Routes,
        r#"{"op":"resolve","key":["telegram","bot_1","room_1","t_1"],"fallbacks":["F1","F2"]}"#,
    ),
    ("prune", On::Routes, r#"{"op":"prune"}"#),
    ("owner", On::Sessions, r#"{"op":"owner","owner":"A"}"#),
    (
        "create",
        On::Sessions,
        r#"{"op":"create","code":"C1","owner":"A","direction":"send"}; the owner may be null, the direction "receive""#,
    ),
    ("claim", On::Sessions, r#"{"op":"claim","code":"C1"}"#),
    (
        "update",
        On::Sessions,
        r#"{"op":"update","code":"C1","set":{"sender_info":{},"receiver_info":{},"status":"failed"}}, or fewer of the three"#,
    ),
    ("delete", On::Sessions, r#"{"op":"delete","code":"C1"}"#),
    ("die", On::Sessions, r#"{"op":"die","owner":"A"}"#),
    ("count", On::Sessions, r#"{"op":"count"}"#),
    ("list", On::Sessions, r#"{"op":"list"}"#),
];

#[derive(Clone, Copy, PartialEq)]
enum On {
    Either,
    Routes,
    Sessions,
}

/// Every operation as it must be written.
#[allow(dead_code, reason = "the tests that include this module print no help")]
pub(crate) fn forms() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|(_, _, form)| *form)
}

/// Why there is no `ok`.
pub(crate) enum Refusal {
    /// It was understood; the answer is this name.
    Known(&'static str),
    /// It was not understood, and why.
    BadOp(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::BadOp(why)
    }
}

/// The answer to one line.
pub(crate) struct Answer(Result<Value, Refusal>);

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_map(None)?;
        match &self.0 {
            Ok(value) => answer.serialize_entry("ok", value)?,
            Err(Refusal::Known(name)) => answer.serialize_entry("error", name)?,
            Err(Refusal::BadOp(why)) => {
                answer.serialize_entry("error", "bad_op")?;
                answer.serialize_entry("why", why)?;
            }
        }
        answer.end()
    }
}

enum Table {
    Routes(Routes),
    Sessions(Sessions),
}

/// Does one operation after the other, on the table that the first one opens and the clock that they move.
pub(crate) struct Driver {
    clock: ManualClock,
    table: Option<Table>,
}

impl Driver {
    pub(crate) fn new() -> Self {
        Self { clock: ManualClock::starting_at(Tick::ZERO, UNIX_EPOCH), table: None }
    }

    /// Does what the line says, with or without its line end, and answers it. A line that is not understood does nothing.
    pub(crate) fn answer(&mut self, line: &[u8]) -> Answer {
        Answer(self.try_answer(line))
    }

    fn try_answer(&mut self, line: &[u8]) -> Result<Value, Refusal> {
        let mut fields = Fields::parse(line)?;
        let op = fields.text("op")?;
        let Some((_, on, form)) = FORMS.iter().find(|(name, ..)| *name == op) else {
            let known: Vec<_> = FORMS.iter().map(|(name, ..)| *name).collect();
            return Err(format!("there is no operation {op:?}; there are {}", known.join(", ")).into());
        };
        self.run(&op, *on, fields).map_err(|refusal| match refusal {
            Refusal::BadOp(why) => Refusal::BadOp(format!("{why}; right would be {form}")),
            known @ Refusal::Known(_) => known,
        })
    }

    fn run(&mut self, op: &str, on: On, mut fields: Fields) -> Result<Value, Refusal> {
        if op == "open" {
            return self.open(fields);
        }
        let wrong_table = |opened: &str, other: &str| {
            Err(Refusal::BadOp(format!("{op:?} works on {other}, and this trace opened {opened}")))
        };
        match &mut self.table {
            None => Err(Refusal::BadOp(format!(
                "{op:?} comes before any table is open; the first line of a trace is an \"open\""
            ))),
            Some(_) if op == "advance" => {
                let span = Duration::from_millis(fields.whole("ms")?);
                fields.done()?;
                self.clock.advance(span);
                Ok(Value::Bool(true))
            }
            Some(Table::Routes(_)) if on == On::Sessions => wrong_table("routes", "sessions"),
            Some(Table::Sessions(_)) if on == On::Routes => wrong_table("sessions", "routes"),
            Some(Table::Routes(routes)) => routes.run(op, fields),
            Some(Table::Sessions(sessions)) => sessions.run(op, fields),
        }
    }

    fn open(&mut self, mut fields: Fields) -> Result<Value, Refusal> {
        if self.table.is_some() {
            return Err(Refusal::BadOp("a trace has one \"open\", and this is the second".to_owned()));
        }
        let table = fields.text("table")?;
        self.table = Some(match &*table {
            "routes" => Table::Routes(Routes::open(fields, &self.clock)?),
            "sessions" => Table::Sessions(Sessions::open(fields, &self.clock)?),
            _ => return Err(format!("there is no table {table:?}, only \"routes\" and \"sessions\"").into()),
        });
        Ok(Value::Bool(true))
    }
}

/// A JSON object of these entries.
fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(Map::from_iter(entries.map(|(name, value)| (name.to_owned(), value))))
}

/// An instant in an answer.
fn instant(tick: Tick) -> Value {
    Value::from(tick.as_millis())
}
