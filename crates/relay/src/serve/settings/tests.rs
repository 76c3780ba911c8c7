use super::*;
use clap::Parser;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: ServeArgs,
}

fn parsed(line: &[&str]) -> Result<ServeArgs, String> {
    let line = ["serve"].iter().chain(line);
    Line::try_parse_from(line).map(|line| line.args).map_err(|error| error.to_string())
}

#[test]
fn the_defaults_go_together() {
    assert_eq!(parsed(&[]).unwrap().check(), Ok(()));
}

#[test]
fn a_value_that_makes_no_sense_is_refused_and_what_would_is_said() {
    for (flag, value, would_be_right) in [
        ("--ping-every", "0s", "more than 0"),
        ("--dead-after", "0ms", "more than 0"),
        ("--stall-after", "0s", "more than 0"),
        ("--hello", "0s", "more than 0"),
        ("--code-ttl", "0s", "more than 0"),
        ("--route-ttl", "0s", "more than 0"),
        ("--code-ttl", "2years", "a year or less"),
        ("--grace", "10000000years", "a year or less"),
        ("--grace", "soon", "such as 250ms, 8s or 10min"),
        ("--drain", "5", "such as 250ms, 8s or 10min"),
        ("--sessions", "0", "1 or more"),
        ("--max-frame", "many", "1 or more"),
        ("--claims-per-minute", "5000000000", "at most"),
        ("--public-url", "pair.example.org", "https://"),
        ("--public-url", "https:///", "https://"),
        ("--listen", "here", "socket address"),
    ] {
        let refused = parsed(&[flag, value]).expect_err(value);
        let named = format!("'{value}' for '{flag} ");
        assert!(refused.contains(&named) && refused.contains(would_be_right), "{refused}");
    }
    for line in [["--grace", "0s"], ["--drain", "0s"], ["--refuse-after", "0s"], ["--public-url", "http://a"]]
    {
        assert!(parsed(&line).is_ok(), "{line:?}");
    }
}

#[test]
fn signs_of_life_are_asked_for_often_enough() {
    let told = parsed(&["--ping-every", "2s"]).unwrap().check().unwrap_err();
    assert_eq!(
        told,
        "--dead-after 900ms is too short for --ping-every 2s: who only answers would be taken for dead; it should be 6s or more"
    );
    assert_eq!(parsed(&["--ping-every", "500ms", "--dead-after", "1500ms"]).unwrap().check(), Ok(()));
}
