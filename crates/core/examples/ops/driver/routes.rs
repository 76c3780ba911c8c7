//! The operations on routes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tenure_core::{
    GetError, ManualClock, Reason, Resolution, ResolveError, RouteTable, SessionKey, SetErrorKind, Source,
};

use super::fields::{Fields, wrong};
use super::{Refusal, instant, object};

/// The route table of a trace.
pub(super) struct Routes {
    table: RouteTable<Arc<str>>,
}

impl Routes {
    pub(super) fn open(mut fields: Fields, clock: &ManualClock) -> Result<Self, Refusal> {
        let partitions = size(fields.positive("partitions")?);
        let ttl = Duration::from_millis(fields.positive("ttl_ms")?);
        let max_entries = size(fields.positive("max_entries_per_partition")?);
        fields.done()?;
        let table = RouteTable::builder()
            .clock(clock.clone())
            .partitions(partitions)
            .ttl(ttl)
            .max_entries_per_partition(max_entries)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { table })
    }

    pub(super) fn run(&self, op: &str, mut fields: Fields) -> Result<Value, Refusal> {
        match op {
            "set" => self.set(fields),
            "get" => {
                let key = key(&mut fields)?;
                fields.done()?;
                self.get(&key)
            }
            "resolve" => {
                let key = key(&mut fields)?;
                let fallbacks = fields.texts("fallbacks")?;
                fields.done()?;
                self.resolve(&key, fallbacks)
            }
            "prune" => {
                fields.done()?;
                Ok(object([("pruned", self.table.prune().into())]))
            }
            _ => Err(Refusal::BadOp(format!("{op:?} is no operation on routes"))),
        }
    }

    fn set(&self, mut fields: Fields) -> Result<Value, Refusal> {
        let key = key(&mut fields)?;
        let route: Arc<str> = fields.text("route")?.into();
        let ttl = fields.positive_if_there("ttl_ms")?.map(Duration::from_millis);
        fields.done()?;
        let set = match ttl {
            Some(ttl) => self.table.set_with_ttl(&key, route, ttl),
            None => self.table.set(&key, route),
        };
        match set {
            Ok(()) => Ok(Value::Bool(true)),
            Err(error) => Err(match error.kind {
                SetErrorKind::Unavailable(_) => UNAVAILABLE,
                other => Refusal::BadOp(other.to_string()),
            }),
        }
    }

    fn get(&self, key: &SessionKey) -> Result<Value, Refusal> {
        match self.table.get(key) {
            Ok(record) => Ok(object([
                ("route", Value::from(&*record.route)),
                ("updated_at_ms", instant(record.updated_at)),
                ("expires_at_ms", instant(record.expires_at)),
            ])),
            Err(GetError::NotFound) => Err(Refusal::Known("not_found")),
            Err(GetError::Expired) => Err(Refusal::Known("expired")),
            Err(_) => Err(UNAVAILABLE),
        }
    }

    fn resolve(&self, key: &SessionKey, fallbacks: Vec<String>) -> Result<Value, Refusal> {
        let fallbacks: Vec<Arc<str>> = fallbacks.into_iter().map(Arc::from).collect();
        match self.table.resolve(key, &fallbacks) {
            Ok(resolution) => Ok(shown(&resolution)),
            Err(ResolveError::NoRoute { .. }) => Err(Refusal::Known("no_route")),
            Err(_) => Err(UNAVAILABLE),
        }
    }
}

/// A partition that a panic has cost its content. No trace can bring that about.
const UNAVAILABLE: Refusal = Refusal::Known("partition_unavailable");

fn shown(resolution: &Resolution<Arc<str>>) -> Value {
    let source = match resolution.source {
        Source::Exact => "state_hit",
        Source::Room => "partition_fallback",
        Source::Provided => "provided_fallback",
    };
    let reason = match resolution.reason {
        None => Value::Null,
        Some(Reason::Stale) => "stale".into(),
        Some(Reason::ThreadMiss) => "thread_scope_miss".into(),
        Some(Reason::Miss) => "miss".into(),
        Some(_) => "unavailable".into(),
    };
    object([
        ("route", Value::from(&*resolution.route)),
        ("source", source.into()),
        ("fallback", resolution.is_fallback().into()),
        ("stale", resolution.stale.into()),
        ("reason", reason),
    ])
}

/// The field `key`: three strings, then a string or null.
fn key(fields: &mut Fields) -> Result<SessionKey, String> {
    let key = fields.need("key")?;
    let parts: Option<&[Value; 4]> = key.as_array().and_then(|parts| parts.as_slice().try_into().ok());
    match parts {
        Some(
            [
                Value::String(channel),
                Value::String(bridge),
                Value::String(room),
                thread @ (Value::String(_) | Value::Null),
            ],
        ) => Ok(SessionKey::new(channel, bridge, room, thread.as_str())),
        _ => Err(wrong("key", "three strings, then a string or null", &key)),
    }
}

/// A number of things in memory; one that no memory could hold counts as the largest.
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
