//! The payload that is ready-made: pairing a sender and a receiver by a code.

use std::{collections::BTreeMap, sync::Arc};

/// Which way the one who created the session wants to transfer.
///
/// ```
/// use tenure_core::{Direction, Pairing};
///
/// assert_eq!(Pairing::sending().direction, Direction::Send);
/// assert_eq!(Direction::Receive.as_str(), "receive");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Direction {
    /// It sends.
    Send,
    /// It receives.
    Receive,
}

impl Direction {
    /// Its name, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
        }
    }
}

/// What one side says about itself: names and values. Shared by its clones.
///
/// ```
/// use tenure_core::{Info, Pairing};
///
/// let info: Info = Pairing::info([("name", "laptop")]);
/// assert_eq!(info["name"], "laptop");
/// ```
pub type Info = Arc<BTreeMap<String, String>>;

/// The ready-made payload of a [`SessionMap`](crate::SessionMap): a direction, and what either side says about itself.
///
/// ```
/// use tenure_core::{Pairing, SessionMap};
///
/// let map = SessionMap::<Pairing>::new();
/// let owner = map.owner();
/// let code = map.create_with_new_code(Pairing::sending(), &owner)?;
/// map.update(&code, |edit| {
///     edit.payload_mut().receiver_info = Some(Pairing::info([("name", "laptop")]));
/// })?;
/// let session = map.get(&code).unwrap();
/// assert_eq!(session.payload.receiver_info.unwrap()["name"], "laptop");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pairing {
    /// Which way the creator wants to transfer.
    pub direction: Direction,
    /// What the sender says about itself.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "serialize_info", deserialize_with = "deserialize_info", default)
    )]
    pub sender_info: Option<Info>,
    /// What the receiver says about itself.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "serialize_info", deserialize_with = "deserialize_info", default)
    )]
    pub receiver_info: Option<Info>,
}

impl Pairing {
    /// A pairing with this direction, neither side having said anything.
    pub fn new(direction: Direction) -> Self {
        Self { direction, sender_info: None, receiver_info: None }
    }

    /// A pairing whose creator sends.
    pub fn sending() -> Self {
        Self::new(Direction::Send)
    }

    /// A pairing whose creator receives.
    ///
    /// ```
    /// use tenure_core::{Direction, Pairing};
    ///
    /// assert_eq!(Pairing::receiving(), Pairing::new(Direction::Receive));
    /// ```
    pub fn receiving() -> Self {
        Self::new(Direction::Receive)
    }

    /// An [`Info`] of these names and values.
    pub fn info<N: Into<String>, V: Into<String>>(entries: impl IntoIterator<Item = (N, V)>) -> Info {
        Arc::new(entries.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// As the map in it: serde serializes an `Arc` only with a feature that we do not ask for.
#[cfg(feature = "serde")]
#[expect(clippy::ref_option, reason = "the form that serde asks for")]
fn serialize_info<S: serde::Serializer>(info: &Option<Info>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&info.as_deref(), serializer)
}

#[cfg(feature = "serde")]
fn deserialize_info<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Info>, D::Error> {
    let info: Option<BTreeMap<String, String>> = serde::Deserialize::deserialize(deserializer)?;
    Ok(info.map(Arc::new))
}
