use super::{Entry, Line, OURS, OURS_BY_DEFAULT, Report, Target, figure};
use crate::{chart, machine::Machine};

fn line(ours: f64, peer: f64, floor: f64, target: Target) -> Line {
    let entry = |who: &str, figure| Entry::new(who.to_owned(), vec![figure]).expect("a figure");
    Line {
        workload: "W1",
        what: "resolve".to_owned(),
        unit: "ns",
        records: 1,
        dist: None,
        threads: 1,
        cores: None,
        target,
        entries: vec![
            entry("dashmap (joined)", peer),
            entry(OURS, ours),
            entry(OURS_BY_DEFAULT, ours + 5.0),
            entry("one thread's map (joined)", floor),
        ],
        disturbed: 0,
    }
}

#[test]
fn a_target_is_met_by_the_ratio_to_the_best_peer_and_not_to_the_floor() {
    let target = Target { ratio: Some(0.75), ..Target::default() };
    assert_eq!(line(75.0, 100.0, 10.0, target).met(), Some(true));
    assert_eq!(line(76.0, 100.0, 10.0, target).met(), Some(false));
    assert_eq!(line(76.0, 100.0, 10.0, Target::default()).met(), None);
}

#[test]
fn every_target_of_a_line_must_be_met() {
    let target = Target { ratio: Some(0.75), most: Some(50.0), floor: true };
    assert_eq!(line(40.0, 100.0, 40.0, target).met(), Some(true));
    assert_eq!(line(51.0, 100.0, 60.0, target).met(), Some(false), "more than the figure allowed");
    assert_eq!(line(40.0, 100.0, 39.0, target).met(), Some(false), "more than the floor");
}

#[test]
fn the_median_stands_with_its_quartiles() {
    let entry = Entry::new(String::new(), vec![5.0, 1.0, 3.0, 2.0, 4.0]).expect("figures");
    assert_eq!((entry.median, entry.least, entry.quartiles), (3.0, 1.0, [2.0, 4.0]));
    assert!(Entry::new(String::new(), Vec::new()).is_none());
}

#[test]
fn figures_have_units_that_fit() {
    assert_eq!(figure(12.34, "ns"), "12.3 ns");
    assert_eq!(figure(12_340.0, "ns"), "12.3 µs");
    assert_eq!(figure(12_340_000.0, "ns"), "12.34 ms");
    assert_eq!(figure(1.0526, ""), "1.05");
}

#[test]
fn a_full_run_rewrites_the_page_between_its_marks_and_nothing_else() {
    let folder = std::env::temp_dir().join(format!("tenure-benches-{}", std::process::id()));
    let out = folder.join("benchmarks");
    std::fs::create_dir_all(&out).expect("a folder");
    let page = folder.join("benchmarks.md");
    let text = "before\n<!-- figures: begin; written by the suite -->\nold\n<!-- figures: end -->\nafter\n";
    std::fs::write(&page, text).expect("a page");

    let mut report = Report::new(Machine::here("just bench".to_owned()), "full");
    report.lines.push(line(75.0, 100.0, 10.0, Target { ratio: Some(0.75), ..Target::default() }));
    report.write(&out).expect("both folder and page are there");

    let text = std::fs::read_to_string(&page).expect("the page");
    assert!(
        text.starts_with("before\n<!-- figures: begin") && text.ends_with("<!-- figures: end -->\nafter\n")
    );
    assert!(
        !text.contains("old") && text.contains("| 75.0 ns | 100.0 ns dashmap (joined) | 0.75 | 80.0 ns |"),
        "{text}"
    );
    let figures = std::fs::read_to_string(out.join("full.json")).expect("the figures");
    assert!(figures.contains("\"median\": 75.0"), "{figures}");
    std::fs::remove_dir_all(&folder).expect("it was made here");
}

#[test]
fn the_chart_has_a_bar_for_each_line_and_a_mark_for_each_target() {
    let lines = [
        line(75.0, 100.0, 10.0, Target { ratio: Some(0.75), ..Target::default() }),
        line(500.0, 100.0, 10.0, Target::default()),
    ];
    let svg = chart::ratios(&lines);
    assert_eq!((svg.matches(">0.75<").count(), svg.matches(">5.00<").count()), (1, 1));
    assert_eq!(svg.matches("stroke=\"black\"").count(), 1);
    assert!(svg.ends_with("</svg>\n"));
}

#[test]
fn the_curves_need_several_numbers_of_threads() {
    let with = |threads| Line { threads, ..line(50.0, 100.0, 10.0, Target::default()) };
    assert!(chart::curves(&[with(1), with(2)]).is_none());
    let svg = chart::curves(&[with(1), with(2), with(4)]).expect("three numbers of threads");
    assert_eq!(svg.matches("<polyline").count(), 4, "one for each entrant");
    assert!(
        svg.contains("<text x=\"-24\" y=\"8\">400</text>"),
        "four threads of the floor, 10 ns each: {svg}"
    );
}
