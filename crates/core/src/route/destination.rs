//! What a route table stores: the trait [`Destination`], and the ready-made [`Route`].

use std::error::Error;
use std::fmt;
use std::sync::Arc;

mod buffer;
mod builder;
#[cfg(feature = "serde")]
mod serial;
#[cfg(all(test, not(tenure_loom)))]
mod tests;

use buffer::{Parts, Text};

pub use buffer::RouteAttributes;
pub use builder::{InvalidRoute, RouteBuilder};

/// What a [`RouteTable`](crate::RouteTable) stores: where the messages of a conversation go.
///
/// [`Route`] is the ready-made one; text is one too ([`String`], [`Arc<str>`], `&'static str`), and so is an [`Arc`]
/// of a destination of your own. Choose a type whose clone is cheap: every owned answer of the table holds one.
///
/// What the table does with it, on the thread of whoever calls the table:
///
/// * **Clone** for an owned answer, and where a thread learns its room's route.
/// * **Eq** when a key is set: a destination equal to the stored one is not stored anew, only its deadline moves. So
///   two that are equal must be interchangeable.
/// * **Drop** when a record has been replaced, evicted or pruned; often later, and on another thread.
///
/// A panic in `clone`, `eq` or [`is_valid`](Destination::is_valid) reaches the caller of the operation, and the
/// table is as correct afterwards as it was before.
///
/// ```
/// use tenure_core::Destination;
///
/// #[derive(Clone, PartialEq)]
/// struct Channel(Option<u64>);
///
/// impl Destination for Channel {
///     fn is_valid(&self) -> bool {
///         self.0.is_some()
///     }
/// }
///
/// assert!(Channel(Some(7)).is_valid());
/// assert!(!Channel(None).is_valid());
/// ```
pub trait Destination: Clone + PartialEq + Send + Sync + 'static {
    /// Does it name a place to go? Must answer the same every time, and quickly.
    ///
    /// A table skips a fallback that does not, and refuses to set one, handing it back. By default, always.
    fn is_valid(&self) -> bool {
        true
    }
}

/// Always valid: a [`Route`] cannot be made without an external room.
impl Destination for Route {}

/// Valid unless empty.
impl Destination for String {
    fn is_valid(&self) -> bool {
        !self.is_empty()
    }
}

/// Valid unless empty.
impl Destination for &'static str {
    fn is_valid(&self) -> bool {
        !self.is_empty()
    }
}

/// Valid unless empty.
impl Destination for Arc<str> {
    fn is_valid(&self) -> bool {
        !self.is_empty()
    }
}

/// Valid if what it holds is.
impl<D: Destination> Destination for Arc<D> {
    fn is_valid(&self) -> bool {
        (**self).is_valid()
    }
}

/// Where the messages of a conversation go: an external room, and what else is known about the way there.
///
/// The external room is never empty. Channel, bridge, room and thread may be missing, and an empty one is not a
/// missing one. Further attributes are pairs of text in the order in which they were given, each name once. The texts
/// are of any kind and any length.
///
/// With the feature `serde`, a route is a struct with the fields `external_room`, `channel`, `bridge`, `room`,
/// `thread` and `attributes` (a map), of which only the first must be there. Formats for people leave out what is missing.
///
/// # Cost
///
/// 80 bytes. The texts are one run, with a byte of length for each one shorter than 63 bytes; a run of up to 79 bytes
/// lies in the route itself, so that neither making nor cloning it allocates, and reading it out of a table touches no
/// other memory. A longer one is allocated once and shared by its clones. Two routes are compared as one run of bytes.
/// A getter walks over the lengths of what stands before its part; where a run in the route itself has characters beyond
/// ASCII, it checks that its part is text, some 7 ns.
///
/// ```
/// use tenure_core::Route;
///
/// let route =
///     Route::builder("#rust").channel("irc").bridge("libera").room("r_17").attribute("lang", "en").build()?;
/// assert_eq!(route.external_room(), "#rust");
/// assert_eq!((route.channel(), route.bridge()), (Some("irc"), Some("libera")));
/// assert_eq!((route.room(), route.thread()), (Some("r_17"), None));
/// assert_eq!(route.attribute("lang"), Some("en"));
/// # Ok::<(), tenure_core::InvalidRoute>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Route {
    // What `buffer` wrote. There is one way to write a route, so equal routes are equal runs.
    text: Text,
}

impl Route {
    /// The route to this external room, about which nothing else is known.
    ///
    /// # Errors
    ///
    /// [`EmptyExternalRoom`] where the name is empty.
    ///
    /// ```
    /// use tenure_core::{EmptyExternalRoom, Route};
    ///
    /// assert_eq!(Route::new("#rust")?.external_room(), "#rust");
    /// assert_eq!(Route::new("").unwrap_err(), EmptyExternalRoom);
    /// # Ok::<(), EmptyExternalRoom>(())
    /// ```
    pub fn new(external_room: &str) -> Result<Self, EmptyExternalRoom> {
        if external_room.is_empty() {
            return Err(EmptyExternalRoom);
        }
        Ok(Self { text: Parts { external_room, optional: [None; 4], attributes: &[] }.write() })
    }

    /// Starts a route to this external room, see [`RouteBuilder`].
    pub fn builder(external_room: &str) -> RouteBuilder<'_> {
        RouteBuilder::new(external_room)
    }

    /// Where the messages go. Never empty.
    #[must_use]
    pub fn external_room(&self) -> &str {
        self.text.reader().external_room()
    }

    /// The kind of network, such as `telegram`, or none.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        self.text.reader().optional(0)
    }

    /// Which connection to that network, or none.
    #[must_use]
    pub fn bridge(&self) -> Option<&str> {
        self.text.reader().optional(1)
    }

    /// Our own id of the room, or none.
    #[must_use]
    pub fn room(&self) -> Option<&str> {
        self.text.reader().optional(2)
    }

    /// The thread in the external room, or none.
    #[must_use]
    pub fn thread(&self) -> Option<&str> {
        self.text.reader().optional(3)
    }

    /// The value of the attribute of this name, or none. Looks at one name after the other.
    ///
    /// ```
    /// use tenure_core::Route;
    ///
    /// let route = Route::builder("#rust").attribute("lang", "en").build()?;
    /// assert_eq!(route.attribute("lang"), Some("en"));
    /// assert_eq!(route.attribute("tone"), None);
    /// # Ok::<(), tenure_core::InvalidRoute>(())
    /// ```
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes().find_map(|(this, value)| (this == name).then_some(value))
    }

    /// All attributes, name and value, in the order in which they were given.
    ///
    /// ```
    /// use tenure_core::{Route, RouteAttributes};
    ///
    /// let route = Route::builder("#rust").attribute("tone", "dry").attribute("lang", "en").build()?;
    /// let attributes: RouteAttributes<'_> = route.attributes();
    /// assert_eq!(attributes.len(), 2);
    /// assert_eq!(attributes.collect::<Vec<_>>(), [("tone", "dry"), ("lang", "en")]);
    /// # Ok::<(), tenure_core::InvalidRoute>(())
    /// ```
    pub fn attributes(&self) -> RouteAttributes<'_> {
        self.text.reader().attributes()
    }
}

impl std::hash::Hash for Route {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// Shows what is there and leaves out what is not: `Route { external_room: "#rust", channel: "irc" }`.
impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Route");
        shown.field("external_room", &self.external_room());
        let optional = [
            ("channel", self.channel()),
            ("bridge", self.bridge()),
            ("room", self.room()),
            ("thread", self.thread()),
        ];
        for (name, part) in optional {
            if let Some(part) = part {
                shown.field(name, &part);
            }
        }
        if self.attributes().len() > 0 {
            shown.field("attributes", &self.attributes());
        }
        shown.finish()
    }
}

impl TryFrom<&str> for Route {
    type Error = EmptyExternalRoom;

    fn try_from(external_room: &str) -> Result<Self, Self::Error> {
        Self::new(external_room)
    }
}

/// A route was asked for whose external room is empty, see [`Route::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptyExternalRoom;

impl fmt::Display for EmptyExternalRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the external room \"\" is empty; it must name the room to which the messages go")
    }
}

impl Error for EmptyExternalRoom {}
