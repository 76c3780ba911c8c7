//! The operations on sessions.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use serde_json::{Map, Value};
use tenure_core::{
    ClaimError, CreateErrorKind, Incarnation, ManualClock, Owner, OwnerRef, Session, SessionMap, Status,
    UpdateError,
};

use super::fields::{Fields, text, wrong};
use super::{Refusal, instant, object};

/// What a session of a trace carries.
#[derive(Clone)]
struct Carried {
    direction: String,
    sender_info: Value,
    receiver_info: Value,
}

/// What an `update` sets; what is none stays as it is.
struct Change {
    sender_info: Option<Value>,
    receiver_info: Option<Value>,
    status: Option<Status>,
}

/// An owner of the trace: its handle until it dies, and its name for ever.
struct Known {
    name: OwnerRef,
    alive: Option<Owner>,
}

/// The session map of a trace, and the names of its owners.
pub(super) struct Sessions {
    map: SessionMap<Carried>,
    owners: HashMap<String, Known>,
    names: HashMap<Incarnation, String>,
}

impl Sessions {
    /// No session goes by its age: a trace says what happens.
    pub(super) fn open(fields: Fields, clock: &ManualClock) -> Result<Self, Refusal> {
        fields.done()?;
        let map = SessionMap::builder()
            .clock(clock.clone())
            .ownerless_ttl(Duration::MAX)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { map, owners: HashMap::new(), names: HashMap::new() })
    }

    pub(super) fn run(&mut self, op: &str, mut fields: Fields) -> Result<Value, Refusal> {
        match op {
            "owner" => {
                let owner = fields.text("owner")?;
                fields.done()?;
                self.owner(owner)
            }
            "create" => self.create(fields),
            "get" => {
                let code = fields.text("code")?;
                fields.done()?;
                self.get(&code)
            }
            "claim" => {
                let code = fields.text("code")?;
                fields.done()?;
                self.claim(&code)
            }
            "update" => {
                let code = fields.text("code")?;
                let change = Change::from(fields.object("set")?)?;
                fields.done()?;
                self.update(&code, &change)
            }
            "delete" => {
                let code = fields.text("code")?;
                fields.done()?;
                self.map.delete(&code);
                Ok(Value::Bool(true))
            }
            "die" => {
                let owner = fields.text("owner")?;
                fields.done()?;
                self.die(&owner)
            }
            "count" => {
                fields.done()?;
                Ok(Value::from(self.map.count_active()))
            }
            "list" => {
                fields.done()?;
                let codes = self.map.list_active().into_iter().map(|session| Value::from(&*session.code));
                Ok(codes.collect())
            }
            _ => Err(Refusal::BadOp(format!("{op:?} is no operation on sessions"))),
        }
    }

    fn owner(&mut self, name: String) -> Result<Value, Refusal> {
        match self.owners.entry(name) {
            Entry::Occupied(known) => {
                Err(format!("the owner {:?} came to life before; a name is used once", known.key()).into())
            }
            Entry::Vacant(free) => {
                let owner = self.map.owner();
                self.names.insert(owner.incarnation(), free.key().clone());
                free.insert(Known { name: OwnerRef::clone(&owner), alive: Some(owner) });
                Ok(Value::Bool(true))
            }
        }
    }

    fn known(&mut self, name: &str) -> Result<&mut Known, Refusal> {
        let missing = || format!("there is no owner {name:?}; an \"owner\" operation brings one to life");
        self.owners.get_mut(name).ok_or_else(|| missing().into())
    }

    fn create(&mut self, mut fields: Fields) -> Result<Value, Refusal> {
        let code = fields.text("code")?;
        let owner = fields.text_or_null("owner")?;
        let direction = fields.text("direction")?;
        if !matches!(&*direction, "send" | "receive") {
            return Err(wrong("direction", "\"send\" or \"receive\"", &direction.into()).into());
        }
        fields.done()?;
        let owner = match owner {
            Some(owner) => Some(self.known(&owner)?.name.clone()),
            None => None,
        };
        let carried = Carried { direction, sender_info: Value::Null, receiver_info: Value::Null };
        match self.map.create(code, carried, owner.as_ref()) {
            Ok(()) => Ok(Value::Bool(true)),
            Err(error) => Err(match error.kind() {
                CreateErrorKind::AlreadyExists { .. } => Refusal::Known("already_exists"),
                CreateErrorKind::OwnerDead { .. } => Refusal::Known("owner_is_dead"),
                CreateErrorKind::MapFull { .. } | CreateErrorKind::OwnerFull { .. } => {
                    Refusal::Known("at_capacity")
                }
                other => Refusal::BadOp(other.to_string()),
            }),
        }
    }

    fn get(&self, code: &str) -> Result<Value, Refusal> {
        let session = self.map.get(code).ok_or(Refusal::Known("not_found"))?;
        Ok(self.shown(session))
    }

    fn shown(&self, session: Session<Carried>) -> Value {
        let owner = session.owner.and_then(|incarnation| self.names.get(&incarnation));
        let Carried { direction, sender_info, receiver_info } = session.payload;
        object([
            ("code", Value::from(&*session.code)),
            ("direction", direction.into()),
            ("status", session.status.as_str().into()),
            ("owner", owner.map_or(Value::Null, |name| Value::from(&**name))),
            ("created_at_ms", instant(session.created.tick)),
            ("connected_at_ms", session.connected.map_or(Value::Null, |moment| instant(moment.tick))),
            ("sender_info", sender_info),
            ("receiver_info", receiver_info),
        ])
    }

    fn claim(&self, code: &str) -> Result<Value, Refusal> {
        match self.map.claim(code) {
            Ok(_) => Ok(Value::Bool(true)),
            Err(ClaimError::AlreadyUsed { .. }) => Err(Refusal::Known("already_used")),
            Err(_) => Err(Refusal::Known("invalid_code")),
        }
    }

    fn update(&self, code: &str, change: &Change) -> Result<Value, Refusal> {
        let changed = self.map.update(code, |session| {
            if let Some(status) = change.status {
                session.set_status(status);
            }
            let carried = session.payload_mut();
            if let Some(info) = &change.sender_info {
                carried.sender_info = info.clone();
            }
            if let Some(info) = &change.receiver_info {
                carried.receiver_info = info.clone();
            }
        });
        match changed {
            Ok(()) => Ok(Value::Bool(true)),
            Err(UpdateError::InvalidTransition(_)) => Err(Refusal::Known("invalid_transition")),
            Err(_) => Err(Refusal::Known("not_found")),
        }
    }

    /// When it returns, nothing of the owner is to be seen; what could not be freed at once is freed in steps, one here.
    fn die(&mut self, name: &str) -> Result<Value, Refusal> {
        let owner = self.known(name)?.alive.take().ok_or(Refusal::Known("owner_is_dead"))?;
        drop(owner);
        self.map.maintain();
        Ok(Value::Bool(true))
    }
}

impl Change {
    /// From the object that an `update` has under `set`.
    fn from(mut set: Map<String, Value>) -> Result<Self, String> {
        let mut info = |name: &str| match set.remove(name) {
            None => Ok(None),
            Some(info @ Value::Object(_)) => Ok(Some(info)),
            Some(other) => Err(wrong(name, "an object", &other)),
        };
        let (sender_info, receiver_info) = (info("sender_info")?, info("receiver_info")?);
        let status = set.remove("status").map(status).transpose()?;
        match set.keys().next() {
            None => Ok(Self { sender_info, receiver_info, status }),
            Some(other) => Err(format!(
                "an update cannot set {other:?}, only \"sender_info\", \"receiver_info\" and \"status\""
            )),
        }
    }
}

fn status(value: Value) -> Result<Status, String> {
    let name = text(value, "status")?;
    Status::ALL.into_iter().find(|status| status.as_str() == name).ok_or_else(|| {
        wrong("status", "\"pending\", \"connected\", \"completed\" or \"failed\"", &name.into())
    })
}
