//! The sweep as a picture: a field for each setting, the darker the more messages found their own record.

use std::collections::BTreeSet;
use std::error::Error;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::report::{percent, span};
use super::{Cell, Sweep};

/// Width and height of a field.
const FIELD: (i32, i32) = (76, 30);
const LEFT: i32 = 76;
const TOP: i32 = 64;
const WIDTH_AT_LEAST: i32 = 760;

/// An SVG of the shares of messages in threads that found their own record; of all messages where none is in a thread.
pub(crate) fn heat_map(sweep: &Sweep) -> Result<String, Box<dyn Error>> {
    let ttls: BTreeSet<u64> = sweep.cells.iter().map(|cell| cell.ttl_seconds).collect();
    let capacities: BTreeSet<usize> = sweep.cells.iter().map(|cell| cell.capacity).collect();
    let width = (LEFT + FIELD.0 * count(capacities.len())? + 12).max(WIDTH_AT_LEAST);
    let height = TOP + FIELD.1 * count(ttls.len())? + 12;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (u32::try_from(width)?, u32::try_from(height)?))
            .into_drawing_area();
        area.fill(&WHITE)?;
        let style = ("sans-serif", 15).into_font().color(&BLACK);
        area.draw_text(title(sweep), &style, (8, 10))?;
        area.draw_text("across: most records; down: time to live; framed: the smallest that keeps 99 % of the best one's exact hits", &style, (8, 28))?;
        let anchored = style.pos(Pos::new(HPos::Center, VPos::Center));
        for (column, capacity) in capacities.iter().enumerate() {
            area.draw_text(&capacity.to_string(), &anchored, (middle(column)?.0, TOP - 10))?;
        }
        for (row, ttl) in ttls.iter().enumerate() {
            area.draw_text(&span(*ttl), &anchored, (LEFT / 2, field(0, row)?.1 + FIELD.1 / 2))?;
        }
        let shares: Vec<u64> = sweep.cells.iter().map(|cell| parts(sweep, cell)).collect();
        let (least, most) = (shares.iter().min().copied(), shares.iter().max().copied());
        for (cell, parts) in sweep.cells.iter().zip(&shares) {
            let row = ttls.iter().position(|ttl| *ttl == cell.ttl_seconds).unwrap_or_default();
            let column =
                capacities.iter().position(|capacity| *capacity == cell.capacity).unwrap_or_default();
            let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
            let heat = (parts - least) * 100 / (most - least).max(1);
            let corner = field(column, row)?;
            let opposite = (corner.0 + FIELD.0 - 2, corner.1 + FIELD.1 - 2);
            area.draw(&Rectangle::new([corner, opposite], color(heat).filled()))?;
            if sweep.good_enough() == Some(cell) {
                area.draw(&Rectangle::new([corner, opposite], RED.stroke_width(3)))?;
            }
            let ink = if heat > 60 { WHITE } else { BLACK };
            let place = (middle(column)?.0, corner.1 + FIELD.1 / 2);
            area.draw_text(&share(sweep, cell), &anchored.color(&ink), place)?;
        }
        area.present()?;
    }
    Ok(svg)
}

fn title(sweep: &Sweep) -> &'static str {
    if sweep.thread_messages > 0 {
        "messages in threads that found their own record, in %"
    } else {
        "messages that found their own record, in %"
    }
}

fn hits(sweep: &Sweep, cell: &Cell) -> (u64, u64) {
    if sweep.thread_messages > 0 {
        (cell.exact_in_threads, sweep.thread_messages)
    } else {
        (cell.resolved.exact, sweep.messages)
    }
}

fn share(sweep: &Sweep, cell: &Cell) -> String {
    let (part, whole) = hits(sweep, cell);
    percent(part, whole)
}

/// The share in parts of 100,000.
fn parts(sweep: &Sweep, cell: &Cell) -> u64 {
    let (part, whole) = hits(sweep, cell);
    part.saturating_mul(100_000).checked_div(whole).unwrap_or_default()
}

/// From pale to dark blue, by a number of percent.
fn color(heat: u64) -> RGBColor {
    let mix = |pale: u64, dark: u64| ((pale * (100 - heat) + dark * heat) / 100) as u8;
    RGBColor(mix(235, 12), mix(243, 74), mix(250, 140))
}

fn count(number: usize) -> Result<i32, Box<dyn Error>> {
    i32::try_from(number)
        .ok()
        .filter(|number| *number <= 1_000)
        .ok_or_else(|| "the grid is too large to draw".into())
}

fn field(column: usize, row: usize) -> Result<(i32, i32), Box<dyn Error>> {
    Ok((LEFT + FIELD.0 * count(column)?, TOP + FIELD.1 * count(row)?))
}

fn middle(column: usize) -> Result<(i32, i32), Box<dyn Error>> {
    let (x, y) = field(column, 0)?;
    Ok((x + FIELD.0 / 2, y))
}
