//! The charts: for each line, Tenure's figure as a share of the best peer's, and the target; and how operations per
//! second grow with the threads.

use crate::report::{Entry, Line};
use std::fmt::Write as _;

const ROW: usize = 16;
const LEFT: f64 = 380.0;
const WIDTH: f64 = 420.0;
/// The share at the right edge; longer bars are cut there.
const MOST: f64 = 2.0;

/// An SVG of all lines that have a peer.
pub(crate) fn ratios(lines: &[Line]) -> String {
    let rows: Vec<(&Line, f64)> = lines.iter().filter_map(|line| Some((line, line.ratio()?))).collect();
    let height = ROW * (rows.len() + 3);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"8\" y=\"14\">Tenure by the best peer: less is better, 1 is the peer; the black mark is the target</text>\n"
    );
    for (place, (line, ratio)) in rows.iter().enumerate() {
        bar(&mut svg, (place + 2) * ROW, line, *ratio);
    }
    let one = LEFT + WIDTH / MOST;
    _ = writeln!(
        svg,
        "<line x1=\"{one}\" y1=\"20\" x2=\"{one}\" y2=\"{height}\" stroke=\"gray\" stroke-dasharray=\"2\"/>\n</svg>"
    );
    svg
}

fn bar(svg: &mut String, y: usize, line: &Line, ratio: f64) {
    let color = match line.met() {
        Some(false) => "#d9822b",
        Some(true) => "#2b8a3e",
        None => "#868e96",
    };
    let place = |share: f64| LEFT + share.min(MOST) / MOST * WIDTH;
    let text = format!(
        "{} {}, {}{}, {} threads",
        line.workload,
        line.what,
        line.records,
        line.dist.as_ref().map_or(String::new(), |dist| format!(" {dist}")),
        line.threads
    );
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let (width, base, bar) = (place(ratio) - LEFT, y + 9, ROW - 5);
    _ = writeln!(
        svg,
        "<text x=\"8\" y=\"{base}\">{text}</text>\
         <rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{bar}\" fill=\"{color}\"/>\
         <text x=\"{:.1}\" y=\"{base}\">{ratio:.2}</text>",
        place(ratio) + 4.0
    );
    if let Some(limit) = line.target.ratio {
        let x = place(limit);
        _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{y}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"black\"/>",
            y + bar
        );
    }
}

const PANEL: f64 = 260.0;
const PLOT: f64 = 180.0;

/// A panel for each workload that was run with several numbers of threads: millions of operations per second, of Tenure
/// (black) and of each peer (gray; the best one at the most threads is named). Nothing where there is no such workload.
#[expect(clippy::cast_precision_loss, reason = "a few panels")]
pub(crate) fn curves(lines: &[Line]) -> Option<String> {
    let key = |line: &Line| (line.workload, line.what.clone(), line.records, line.dist.clone());
    let mut panels: Vec<Vec<&Line>> = Vec::new();
    for line in lines.iter().filter(|line| line.unit == "ns") {
        match panels.iter_mut().find(|panel| key(panel[0]) == key(line)) {
            Some(panel) => panel.push(line),
            None => panels.push(vec![line]),
        }
    }
    panels.retain(|panel| panel.len() > 2);
    if panels.is_empty() {
        return None;
    }
    let (width, height) = (PANEL * 3.0, (PLOT + 60.0) * panels.len().div_ceil(3) as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"10\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (place, panel) in panels.iter().enumerate() {
        let (column, row) = ((place % 3) as f64, (place / 3) as f64);
        _ = writeln!(
            svg,
            "<g transform=\"translate({},{})\">",
            column * PANEL + 30.0,
            row * (PLOT + 60.0) + 30.0
        );
        curve_panel(&mut svg, panel);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

/// Millions of operations per second, of all threads together.
#[expect(clippy::cast_precision_loss, reason = "a few threads")]
fn speed(threads: usize, entry: &Entry) -> f64 {
    threads as f64 * 1_000.0 / entry.median
}

#[expect(clippy::cast_precision_loss, reason = "a few threads")]
fn curve_panel(svg: &mut String, panel: &[&Line]) {
    let all = || panel.iter().flat_map(|line| line.entries.iter().map(|entry| speed(line.threads, entry)));
    let top = all().fold(0.0, f64::max);
    let most = panel.iter().map(|line| line.threads).max().unwrap_or(1);
    let point = |threads: usize, speed: f64| {
        (threads as f64 / most as f64 * (PANEL - 60.0), PLOT - speed / top * PLOT)
    };
    let line = panel[0];
    let dist = line.dist.as_deref().unwrap_or("");
    _ = writeln!(
        svg,
        "<text x=\"0\" y=\"-12\">{} {}, {} {dist}</text><text x=\"-24\" y=\"8\">{top:.0}</text>\
         <path d=\"M0 0 V{PLOT} H{}\" fill=\"none\" stroke=\"gray\"/>\
         <text x=\"0\" y=\"{}\">1 to {most} threads; millions per second</text>",
        line.workload,
        line.what,
        line.records,
        PANEL - 60.0,
        PLOT + 14.0
    );
    for entry in &line.entries {
        let who = &entry.who;
        let same =
            |line: &&Line| Some((line.threads, line.entries.iter().find(|entry| entry.who == *who)?.clone()));
        let points: Vec<String> = panel
            .iter()
            .filter_map(same)
            .map(|(threads, entry)| point(threads, speed(threads, &entry)))
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let (color, width) = if who == crate::report::OURS { ("black", 2.0) } else { ("#adb5bd", 1.0) };
        _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"><title>{who}</title></polyline>",
            points.join(" ")
        );
    }
    if let Some(best) = panel.iter().find(|line| line.threads == most).and_then(|line| line.best_peer()) {
        let (x, y) = point(most, speed(most, best));
        _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\" fill=\"gray\">{}</text>",
            best.who
        );
    }
}
