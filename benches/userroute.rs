//! The route that people write: a string for each field. Maps hold it behind one `Arc`.

use crate::{names::Name, rng::mix};

/// A route's fields, none of them empty: what a gateway knows of the room to which messages go.
pub(crate) struct RouteText {
    pub(crate) external_room: String,
    pub(crate) channel: &'static str,
    pub(crate) bridge: String,
    pub(crate) room: String,
    pub(crate) thread: String,
}

impl RouteText {
    /// The route that the conversation with this name has in its `version`th version.
    pub(crate) fn of(name: Name, version: usize) -> Self {
        let owned = name.owned();
        let seed = mix(name.number() as u64) ^ version as u64;
        Self {
            external_room: format!("!{:016x}:example.org", mix(seed)),
            channel: "matrix",
            bridge: format!("hs-{version}"),
            room: format!("room_{:07}", name.number()),
            thread: owned.parts().thread.unwrap_or("main").to_owned(),
        }
    }
}

/// The route as a struct of strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserRoute {
    pub(crate) external_room: String,
    channel: Option<String>,
    bridge: Option<String>,
    room: Option<String>,
    thread: Option<String>,
}

impl UserRoute {
    pub(crate) fn new(text: RouteText) -> Self {
        Self {
            external_room: text.external_room,
            channel: Some(text.channel.to_owned()),
            bridge: Some(text.bridge),
            room: Some(text.room),
            thread: Some(text.thread),
        }
    }
}
