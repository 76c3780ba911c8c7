use super::Address;
use crate::exit::Ending;

#[test]
fn an_address_is_understood_in_each_of_its_forms() {
    let forms = [
        ("http://127.0.0.1:4180", "127.0.0.1:4180", ""),
        ("ws://relay.example:80/", "relay.example:80", ""),
        ("relay.example", "relay.example:80", ""),
        ("localhost:4180", "localhost:4180", ""),
        ("http://relay.example/tenure/", "relay.example:80", "/tenure"),
        ("http://[::1]:4180", "[::1]:4180", ""),
        ("http://[::1]", "[::1]:80", ""),
    ];
    for (text, authority, path) in forms {
        let address = Address::parse(text).expect(text);
        assert_eq!((&*address.authority, &*address.path), (authority, path), "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused_with_what_would_be_one() {
    for text in
        ["", "http://", "https://relay.example", "ftp://relay.example", "http://user@relay.example", "a b"]
    {
        let refused = Address::parse(text);
        assert!(
            matches!(&refused, Err(Ending::Unreachable(why)) if why.contains("http://127.0.0.1:4180")),
            "{text}: {refused:?}"
        );
    }
}
