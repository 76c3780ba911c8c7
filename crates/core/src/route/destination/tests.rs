use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::{Strategy, any, proptest};
use proptest::{collection, option};

use super::{Destination, EmptyExternalRoom, InvalidRoute, Route, RouteBuilder};

fn full() -> Route {
    Route::builder("#rust")
        .channel("irc")
        .bridge("libera")
        .room("r-17")
        .thread("t_9")
        .attribute("tone", "dry")
        .attribute("lang", "en")
        .build()
        .expect("it has an external room")
}

#[test]
fn a_route_says_what_it_was_made_of() {
    let route = full();
    assert_eq!(route.external_room(), "#rust");
    assert_eq!(
        [route.channel(), route.bridge(), route.room(), route.thread()],
        [Some("irc"), Some("libera"), Some("r-17"), Some("t_9")]
    );
    assert_eq!(route.attributes().collect::<Vec<_>>(), [("tone", "dry"), ("lang", "en")]);
    assert_eq!(route.attributes().len(), 2);
    assert_eq!(route.attribute("lang"), Some("en"));
    assert_eq!(route.attribute("missing"), None);
}

#[test]
fn an_empty_part_is_not_a_missing_one() {
    let bare = Route::new("a").expect("a name");
    let empty = Route::builder("a").channel("").build().expect("a name");
    assert_eq!((bare.channel(), empty.channel()), (None, Some("")));
    assert_ne!(bare, empty);
}

#[test]
fn no_two_routes_share_a_run() {
    let routes = [
        Route::builder("ab").build(),
        Route::builder("a").channel("b").build(),
        Route::builder("a").bridge("b").build(),
        Route::builder("a").room("b").build(),
        Route::builder("a").thread("b").build(),
        Route::builder("a").attribute("b", "").build(),
        Route::builder("a").attribute("", "b").build(),
        Route::builder("a").attribute("b", "").attribute("", "").build(),
        Route::builder("a").attribute("", "").attribute("b", "").build(),
    ];
    let different: HashSet<_> = routes.iter().map(|route| route.clone().expect("a name")).collect();
    assert_eq!(different.len(), routes.len());
}

#[test]
fn what_is_no_route_is_refused_by_name() {
    assert_eq!(Route::new(""), Err(EmptyExternalRoom));
    assert_eq!(Route::try_from(""), Err(EmptyExternalRoom));
    let refused = Route::builder("").channel("irc").build().expect_err("it is empty");
    assert_eq!(refused, InvalidRoute::EmptyExternalRoom);
    assert!(refused.to_string().contains("empty"), "{refused}");

    let twice = Route::builder("a").attribute("x", "1").attribute("y", "2").attribute("x", "1").build();
    let refused = twice.expect_err("x stands twice");
    assert_eq!(refused, InvalidRoute::RepeatedAttribute { name: "x".to_owned() });
    assert!(refused.to_string().contains("\"x\""), "{refused}");
}

fn lies_in_the_route(route: &Route) -> bool {
    let (at, text) = (std::ptr::from_ref(route).addr(), route.external_room().as_ptr().addr());
    (at..at + size_of::<Route>()).contains(&text)
}

#[test]
fn a_short_route_lies_in_itself_and_clones_of_a_long_one_share_its_text() {
    #[cfg(target_pointer_width = "64")]
    assert_eq!(size_of::<Route>(), 80);
    // One byte each for the lengths of the six things of which a route consists; the external room's has two.
    let fits = Route::new(&"x".repeat(79 - 7)).expect("a name");
    assert!(lies_in_the_route(&fits));
    assert!(lies_in_the_route(&full()));
    let long = Route::new(&"x".repeat(79 - 6)).expect("a name");
    assert!(!lies_in_the_route(&long));
    assert_eq!(long.external_room().as_ptr(), long.clone().external_room().as_ptr());
    assert_eq!(long, Route::new(&"x".repeat(79 - 6)).expect("a name"));
    assert_ne!(long, fits);
}

#[test]
fn equal_routes_are_one_value_whatever_their_text() {
    let (ascii, other) = ("x".repeat(79 - 7), "é".repeat((79 - 7) / 2));
    for room in [ascii.clone(), other.clone(), ascii + "x", other + "x"] {
        let (one, two) = (Route::new(&room).expect("a name"), Route::builder(&room).build().expect("a name"));
        assert_eq!((one.external_room(), lies_in_the_route(&one)), (&*room, room.len() == 79 - 7));
        assert_eq!(HashSet::from([one, two]).len(), 1, "{room}");
    }
}

#[test]
fn debug_shows_what_is_there() {
    assert_eq!(format!("{:?}", Route::new("a").expect("a name")), r#"Route { external_room: "a" }"#);
    assert_eq!(
        format!("{:?}", full()),
        r##"Route { external_room: "#rust", channel: "irc", bridge: "libera", room: "r-17", thread: "t_9", attributes: {"tone": "dry", "lang": "en"} }"##
    );
}

#[test]
fn text_is_valid_unless_empty() {
    assert!("a".is_valid() && String::from("a").is_valid() && Arc::<str>::from("a").is_valid());
    assert!(!"".is_valid() && !String::new().is_valid() && !Arc::<str>::from("").is_valid());
    assert!(Arc::new(String::from("a")).is_valid());
    assert!(!Arc::new(String::new()).is_valid());
    assert!(full().is_valid());
}

#[test]
fn lengths_around_each_digit_survive() {
    for length in [1, 62, 63, 64, 65, 4_095, 4_096, 4_097, 300_000] {
        let text = "é".repeat(length);
        let route = Route::builder(&text).thread(&text).attribute(&text, &text).build().expect("a name");
        assert_eq!(route.external_room(), text);
        assert_eq!(route.thread(), Some(&*text));
        assert_eq!(route.attribute(&text), Some(&*text));
    }
}

type Parts = (String, [Option<String>; 4], Vec<(String, String)>);

fn any_parts() -> impl Strategy<Value = Parts> {
    let part = || option::of(any::<String>());
    let attributes = collection::vec((any::<String>(), any::<String>()), 0..6).prop_map(|mut pairs| {
        let mut names = HashSet::new();
        pairs.retain(|(name, _)| names.insert(name.clone()));
        pairs
    });
    ("(?s).{1,80}", [part(), part(), part(), part()], attributes)
}

fn make((external_room, optional, attributes): &Parts) -> Route {
    let optional = optional.each_ref().map(Option::as_deref);
    let attributes = attributes.iter().map(|(name, value)| (&**name, &**value)).collect();
    RouteBuilder { external_room, optional, attributes }.build().expect("these are valid parts")
}

proptest! {
    #[test]
    fn every_part_survives(parts in any_parts()) {
        let route = make(&parts);
        let (external_room, optional, attributes) = &parts;
        assert_eq!(route.external_room(), external_room);
        let read = [route.channel(), route.bridge(), route.room(), route.thread()];
        assert_eq!(read, optional.each_ref().map(Option::as_deref));
        let read: Vec<_> = route.attributes().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(&read, attributes);
        for (name, value) in attributes {
            assert_eq!(route.attribute(name), Some(&**value));
        }
    }

    #[test]
    fn routes_are_equal_exactly_when_their_parts_are(a in any_parts(), b in any_parts()) {
        assert_eq!(make(&a) == make(&b), a == b);
        assert_eq!(make(&a), make(&a));
    }
}

#[cfg(feature = "serde")]
mod serial {
    use super::{Route, any_parts, full, make, proptest};

    #[test]
    fn json_is_a_struct_without_what_is_missing() {
        let json = serde_json::to_string(&full()).expect("a route is data");
        assert_eq!(
            json,
            r##"{"external_room":"#rust","channel":"irc","bridge":"libera","room":"r-17","thread":"t_9","attributes":{"tone":"dry","lang":"en"}}"##
        );
        let bare = Route::new("a").expect("a name");
        assert_eq!(serde_json::to_string(&bare).expect("a route is data"), r#"{"external_room":"a"}"#);
    }

    #[test]
    fn what_is_no_route_is_refused() {
        for (json, why) in [
            (r#"{"external_room":""}"#, "empty"),
            (r#"{"channel":"irc"}"#, "external_room"),
            (r#"{"external_room":"a","chanel":"irc"}"#, "chanel"),
            (r#"{"external_room":"a","attributes":{"x":"1","x":"2"}}"#, "\"x\""),
            (r#"{"external_room":"a","attributes":["x"]}"#, "a map"),
        ] {
            let refused = serde_json::from_str::<Route>(json).expect_err(json).to_string();
            assert!(refused.contains(why), "{json}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn every_route_survives_json(parts in any_parts()) {
            let route = make(&parts);
            let json = serde_json::to_string(&route).expect("a route is data");
            assert_eq!(serde_json::from_str::<Route>(&json).expect(&json), route);
        }
    }
}
