//! Making a route part by part.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;

use super::{EmptyExternalRoom, Route, buffer::Parts};

/// A route in the making, see [`Route::builder`]. It borrows its parts; [`build`](RouteBuilder::build) copies them into the
/// route.
///
/// ```
/// use tenure_core::Route;
///
/// let route = Route::builder("chat_123").channel("telegram").bridge("bot_1").room("r_17").thread("t_9").build()?;
/// assert_eq!((route.bridge(), route.room()), (Some("bot_1"), Some("r_17")));
/// assert_eq!(route.thread(), Some("t_9"));
/// # Ok::<(), tenure_core::InvalidRoute>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RouteBuilder<'a> {
    pub(super) external_room: &'a str,
    pub(super) optional: [Option<&'a str>; 4],
    pub(super) attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> RouteBuilder<'a> {
    pub(super) fn new(external_room: &'a str) -> Self {
        Self { external_room, optional: [None; 4], attributes: Vec::new() }
    }

    /// The kind of network, such as `telegram`. By default, none.
    pub fn channel(mut self, channel: &'a str) -> Self {
        self.optional[0] = Some(channel);
        self
    }

    /// Which connection to that network. By default, none.
    pub fn bridge(mut self, bridge: &'a str) -> Self {
        self.optional[1] = Some(bridge);
        self
    }

    /// Our own id of the room. By default, none.
    pub fn room(mut self, room: &'a str) -> Self {
        self.optional[2] = Some(room);
        self
    }

    /// The thread in the external room. By default, none.
    pub fn thread(mut self, thread: &'a str) -> Self {
        self.optional[3] = Some(thread);
        self
    }

    /// One more attribute, after those that are there. Each name may be given once. By default, there are none.
    pub fn attribute(mut self, name: &'a str, value: &'a str) -> Self {
        self.attributes.push((name, value));
        self
    }

    /// The route. Looks at each attribute's name once.
    ///
    /// # Errors
    ///
    /// [`InvalidRoute`] where the external room is empty or a name stands for two attributes. The parts were only borrowed:
    /// the caller still has them.
    ///
    /// ```
    /// use tenure_core::{InvalidRoute, Route};
    ///
    /// assert_eq!(Route::builder("").build(), Err(InvalidRoute::EmptyExternalRoom));
    ///
    /// let twice = Route::builder("#rust").attribute("lang", "en").attribute("lang", "de").build();
    /// assert_eq!(twice, Err(InvalidRoute::RepeatedAttribute { name: "lang".to_owned() }));
    /// ```
    pub fn build(self) -> Result<Route, InvalidRoute> {
        if self.external_room.is_empty() {
            return Err(InvalidRoute::EmptyExternalRoom);
        }
        let mut names = HashSet::with_capacity(self.attributes.len());
        if let Some((name, _)) = self.attributes.iter().find(|(name, _)| !names.insert(name)) {
            return Err(InvalidRoute::RepeatedAttribute { name: (*name).to_owned() });
        }
        let Self { external_room, optional, attributes } = &self;
        let parts = Parts { external_room, optional: *optional, attributes };
        Ok(Route { text: parts.write() })
    }
}

/// A route cannot be made of the parts that were given, see [`RouteBuilder::build`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRoute {
    /// The external room is empty.
    EmptyExternalRoom,
    /// Two attributes have the same name.
    RepeatedAttribute {
        /// The name that was given again.
        name: String,
    },
}

impl fmt::Display for InvalidRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyExternalRoom => EmptyExternalRoom.fmt(f),
            Self::RepeatedAttribute { name } => {
                write!(f, "the attribute {name:?} was given twice; each name may stand once")
            }
        }
    }
}

impl Error for InvalidRoute {}

impl From<EmptyExternalRoom> for InvalidRoute {
    fn from(_: EmptyExternalRoom) -> Self {
        Self::EmptyExternalRoom
    }
}
