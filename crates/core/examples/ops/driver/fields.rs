//! The fields of one operation, taken one by one, with an error that says what is wrong.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// How much of a wrong value an error shows.
const SHOWN: usize = 60;

/// The fields of a line that nobody has taken yet.
pub(super) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// Reads one JSON object, in which no name stands twice.
    pub(super) fn parse(line: &[u8]) -> Result<Self, String> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return Err("the line is empty; every line holds one JSON object".to_owned());
        }
        let text = str::from_utf8(line)
            .map_err(|error| format!("the line is not UTF-8 from byte {} on", error.valid_up_to() + 1))?;
        let fields: Self = serde_json::from_str(text)
            .map_err(|error| format!("the line is not one JSON object: {}", no_line(&error)))?;
        for (index, (name, _)) in fields.0.iter().enumerate() {
            if fields.0[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(format!("the field {name:?} stands twice; each may stand once"));
            }
        }
        Ok(fields)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|(this, _)| this == name)?;
        Some(self.0.swap_remove(index).1)
    }

    pub(super) fn need(&mut self, name: &str) -> Result<Value, String> {
        self.take(name).ok_or_else(|| format!("the field {name:?} is missing"))
    }

    /// A field of text.
    pub(super) fn text(&mut self, name: &str) -> Result<String, String> {
        text(self.need(name)?, name)
    }

    /// A field that is text or null, and may not be missing.
    pub(super) fn text_or_null(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.need(name)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            other => Err(wrong(name, "a string or null", &other)),
        }
    }

    /// A field with a whole number, 0 or more. One beyond 64 bits counts as the largest.
    pub(super) fn whole(&mut self, name: &str) -> Result<u64, String> {
        whole(&self.need(name)?).map_err(|value| wrong(name, "a whole number, 0 or more", value))
    }

    /// A field with a whole number, 1 or more.
    pub(super) fn positive(&mut self, name: &str) -> Result<u64, String> {
        positive(&self.need(name)?, name)
    }

    /// A field with a whole number, 1 or more, that may be missing.
    pub(super) fn positive_if_there(&mut self, name: &str) -> Result<Option<u64>, String> {
        self.take(name).map(|value| positive(&value, name)).transpose()
    }

    /// A field with a list of texts.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        let list = self.need(name)?;
        let texts = list.as_array().and_then(|list| {
            list.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        texts.ok_or_else(|| wrong(name, "a list of strings", &list))
    }

    /// A field with an object.
    pub(super) fn object(&mut self, name: &str) -> Result<Map<String, Value>, String> {
        match self.need(name)? {
            Value::Object(object) => Ok(object),
            other => Err(wrong(name, "an object", &other)),
        }
    }

    /// Nothing may be left: a field that nobody knows is more likely a mistake than a remark.
    pub(super) fn done(self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("the field {name:?} has no meaning here")),
        }
    }
}

/// The text in `value`, which is (part of) the field `name`.
pub(super) fn text(value: Value, name: &str) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong(name, "a string", &other)),
    }
}

/// What is wrong with the field, and what would be right.
pub(super) fn wrong(name: &str, right: &str, value: &Value) -> String {
    let value = value.to_string();
    match value.char_indices().nth(SHOWN) {
        None => format!("the field {name:?} must hold {right}, not {value}"),
        Some((end, _)) => format!("the field {name:?} must hold {right}, not {}…", &value[..end]),
    }
}

fn positive(value: &Value, name: &str) -> Result<u64, String> {
    whole(value)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| wrong(name, "a whole number, 1 or more", value))
}

/// A whole number; one beyond 64 bits, which JSON allows, counts as the largest.
fn whole(value: &Value) -> Result<u64, &Value> {
    // 2^64: the reader makes a float of a whole number from here on.
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    match value.as_u64() {
        Some(number) => Ok(number),
        None if value.as_f64().is_some_and(|number| number >= BEYOND) => Ok(u64::MAX),
        None => Err(value),
    }
}

/// The reader's error with the column alone: it read one line. Column 0 is none.
fn no_line(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let at = if column == 0 { String::new() } else { format!(" at column {column}") };
    error.to_string().replace(&format!(" at line {line} column {column}"), &at)
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object such as {\"op\":\"prune\"}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
