use super::*;

fn of(text: &str) -> Address {
    Address::of(text.parse().unwrap())
}

#[test]
fn one_network_of_64_bits_counts_as_one() {
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    assert_eq!(of("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
}

#[test]
fn only_the_last_word_of_a_trusted_proxy_is_taken() {
    let client = Client::new("192.0.2.7:1".parse().unwrap(), &Arc::default());
    let mut headers = HeaderMap::new();
    headers.append("x-forwarded-for", "203.0.113.1, 203.0.113.2".parse().unwrap());
    assert_eq!(client.counted(&headers, false), of("192.0.2.7"));
    assert_eq!(client.counted(&headers, true), of("203.0.113.2"));
    headers.append("x-forwarded-for", "203.0.113.3".parse().unwrap());
    assert_eq!(client.counted(&headers, true), of("203.0.113.3"));
    headers.append("x-forwarded-for", "nonsense".parse().unwrap());
    assert_eq!(client.counted(&headers, true), of("192.0.2.7"));
}
