//! A route as a serde struct.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Route, RouteAttributes, RouteBuilder};

/// Formats for people leave out what is missing; others, which may know no names, get every field in order.
impl Serialize for Route {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let optional = [
            ("channel", self.channel()),
            ("bridge", self.bridge()),
            ("room", self.room()),
            ("thread", self.thread()),
        ];
        let brief = serializer.is_human_readable();
        let left_out = |missing: bool| brief && missing;
        let fields = 1
            + optional.iter().filter(|(_, part)| !left_out(part.is_none())).count()
            + usize::from(!left_out(self.attributes().len() == 0));
        let mut out = serializer.serialize_struct("Route", fields)?;
        out.serialize_field("external_room", self.external_room())?;
        for (name, part) in optional {
            if left_out(part.is_none()) {
                out.skip_field(name)?;
            } else {
                out.serialize_field(name, &part)?;
            }
        }
        if left_out(self.attributes().len() == 0) {
            out.skip_field("attributes")?;
        } else {
            out.serialize_field("attributes", &self.attributes())?;
        }
        out.end()
    }
}

impl Serialize for RouteAttributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.clone())
    }
}

/// The fields as they come; what they may hold is the builder's to say.
#[derive(serde::Deserialize)]
#[serde(rename = "Route", deny_unknown_fields)]
struct Parts {
    external_room: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    bridge: Option<String>,
    #[serde(default)]
    room: Option<String>,
    #[serde(default)]
    thread: Option<String>,
    #[serde(default)]
    attributes: Pairs,
}

/// A map in the order of its entries.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of text to text")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

impl<'de> Deserialize<'de> for Route {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Parts::deserialize(deserializer)?;
        let optional =
            [&parts.channel, &parts.bridge, &parts.room, &parts.thread].map(|part| part.as_deref());
        let attributes = parts.attributes.0.iter().map(|(name, value)| (&**name, &**value)).collect();
        RouteBuilder { external_room: &parts.external_room, optional, attributes }
            .build()
            .map_err(de::Error::custom)
    }
}
