//! The chart: for each line, Tenure's figure as a share of the best peer's, and the target.

use crate::report::Line;
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
        "{} {}, {}{}, {} thr.",
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
