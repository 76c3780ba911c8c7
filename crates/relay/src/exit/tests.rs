use super::{Ending, TABLE};

fn every() -> Vec<Ending> {
    let what = || "why".to_owned();
    vec![
        Ending::Done,
        Ending::Local(what()),
        Ending::Unreachable(what()),
        Ending::NoSuchCode(what()),
        Ending::Refused(what()),
        Ending::Left(what()),
        Ending::Lost(what()),
        Ending::RelayGone(what()),
        Ending::WrongSum(what()),
        Ending::PeerFailed(what()),
        Ending::Expired(what()),
        Ending::Interrupted,
        Ending::Terminated,
    ]
}

/// The first word of each line that begins with a number, in a table of either form.
fn codes_in(text: &str) -> Vec<u8> {
    text.lines()
        .filter_map(|line| line.trim_start_matches(['|', ' ']).split(' ').next()?.parse().ok())
        .collect()
}

#[test]
fn the_table_of_the_help_lists_every_code_once() {
    let mut codes: Vec<u8> = every().iter().map(Ending::code).collect();
    codes.push(2); // clap's
    codes.sort_unstable();
    assert_eq!(codes_in(TABLE), codes);
}

#[test]
fn the_table_of_the_documentation_lists_the_same_codes() {
    let page = include_str!("../../../../docs/relay.md");
    let section = page.split("## Exit codes").nth(1).expect("docs/relay.md has a section on exit codes");
    let section = section.split("\n## ").next().unwrap_or_default();
    assert_eq!(codes_in(section), codes_in(TABLE));
}

#[test]
fn each_ending_says_what_happened() {
    for ending in every() {
        let said = ending.to_string();
        let carries = !matches!(ending, Ending::Done | Ending::Interrupted | Ending::Terminated);
        assert!(!said.is_empty());
        assert_eq!(said.contains("why"), carries, "{said}");
    }
}
