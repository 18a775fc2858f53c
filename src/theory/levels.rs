//! Cells of the levels of two quantile functions, which are narrow where these rise steeply.
//!
//! Both quantile functions are monotone. So, with X = Q_f(u) − Q_h(u), their rise between the ends
//! of a cell bounds the part of X² that is hidden in it. Cells are halved until they hide almost
//! nothing; so a part of tiny probability is found wherever it lies, also between two modes. Cells
//! are intervals of the logit z = ln(u/(1 − u)), in which u and 1 − u are both accurate.

use crate::law::{Law, Level};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// The largest |z| of cells: u from e^{−690} ≈ 2e-300.
pub(super) const LAST_LOGIT: f64 = 690.0;
/// The largest |z| of the narrow first cells.
const NARROW: f64 = 40.0;
/// The widths of the first cells up to `NARROW`, and beyond.
const NARROW_WIDTH: f64 = 0.1;
const WIDE_WIDTH: f64 = 5.0;
/// A cell that can hide less than this share of E X² is not halved.
const HIDDEN: f64 = 1e-7;
/// The largest number of halvings.
const MOST_HALVED: usize = 1 << 14;
/// A cell that was halved this often is steep; the cells of smooth laws are halved two or three
/// times.
const STEEP: u32 = 5;

/// u and 1 − u at a logit.
pub(super) fn level_at(logit: f64) -> Level {
    let odds = libm::exp(-logit.abs());
    let (small, large) = (odds / (1.0 + odds), 1.0 / (1.0 + odds));
    if logit < 0.0 {
        Level {
            lower: small,
            upper: large,
        }
    } else {
        Level {
            lower: large,
            upper: small,
        }
    }
}

/// The logits in (−[`LAST_LOGIT`], [`LAST_LOGIT`]) at which a quantile function jumps.
pub(super) fn jumps(first: &Law, second: &Law) -> impl Iterator<Item = f64> {
    let jumps = first.jump_levels().into_iter().chain(second.jump_levels());
    jumps
        .map(|level| libm::log(level.lower / level.upper))
        .filter(|logit| logit.abs() < LAST_LOGIT)
}

/// The logits about which quantile functions rise so steeply that they nearly jump.
pub(super) fn steep_ends(first: &Law, second: &Law) -> Vec<f64> {
    let steep = cells(first, second).into_iter();
    steep
        .filter(|cell| cell.halvings >= STEEP)
        .flat_map(|cell| cell.ends)
        .collect()
}

/// A cell, with X at its middle.
pub(super) struct Cell {
    ends: [f64; 2],
    pub(super) probability: f64,
    /// X.
    pub(super) value: f64,
    /// The number of halvings of a first cell that led to this cell.
    halvings: u32,
    /// The largest part of E X² that the cell can hide: its probability times the square of the
    /// rise of both quantile functions.
    hidden: f64,
}

impl PartialEq for Cell {
    fn eq(&self, other: &Cell) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Cell {}
impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Cell) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Cell {
    fn cmp(&self, other: &Cell) -> Ordering {
        self.hidden.total_cmp(&other.hidden)
    }
}

/// All cells, in no particular order.
pub(super) fn cells(first: &Law, second: &Law) -> Vec<Cell> {
    let cell = |ends: [f64; 2], halvings: u32| Cell::new(first, second, ends, halvings);
    let ends = ends(first, second);
    let mut heap: BinaryHeap<Cell> = (ends.windows(2))
        .map(|ends| cell([ends[0], ends[1]], 0))
        .collect();
    let square = |cell: &Cell| cell.probability * cell.value * cell.value;
    let mut all: f64 = heap.iter().map(square).sum();
    for _ in 0..MOST_HALVED {
        let Some(widest) = heap.pop() else { break };
        let [low, high] = widest.ends;
        let middle = 0.5 * (low + high);
        // The comparison is written so that a NaN ends the loop.
        let may_hide = widest.hidden > HIDDEN * all && low < middle && middle < high;
        if !may_hide {
            heap.push(widest);
            break;
        }
        let halves = [[low, middle], [middle, high]].map(|ends| cell(ends, widest.halvings + 1));
        all += halves.iter().map(square).sum::<f64>() - square(&widest);
        heap.extend(halves);
    }
    heap.into_vec()
}

/// The ends of the first cells: a grid, and the levels at which a quantile function jumps.
fn ends(first: &Law, second: &Law) -> Vec<f64> {
    let wide = ((LAST_LOGIT - NARROW) / WIDE_WIDTH) as i32;
    let narrow = (2.0 * NARROW / NARROW_WIDTH) as i32;
    let grid = (0..wide).flat_map(|k| {
        let logit = LAST_LOGIT - WIDE_WIDTH * f64::from(k);
        [logit, -logit]
    });
    let grid = grid.chain((0..=narrow).map(|k| NARROW_WIDTH * f64::from(k) - NARROW));
    let mut ends: Vec<f64> = grid.chain(jumps(first, second)).collect();
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    ends
}

impl Cell {
    fn new(first: &Law, second: &Law, ends: [f64; 2], halvings: u32) -> Cell {
        let [low, high] = ends;
        // The values are taken inside the ends, at which a quantile function may jump, by the least
        // distance that is not rounding.
        let inside = 16.0 * f64::EPSILON * (1.0 + low.abs().max(high.abs()));
        let at = |logit: f64| {
            let Level { lower, upper } = level_at(logit);
            [first, second].map(|law| law.quantile_at(lower, upper))
        };
        let [bottom, middle, top] = [low + inside, 0.5 * (low + high), high - inside].map(at);
        let rise = (top[0] - bottom[0]) + (top[1] - bottom[1]);
        let [from, to] = ends.map(level_at);
        let probability = if low < 0.0 {
            to.lower - from.lower
        } else {
            from.upper - to.upper
        };
        Cell {
            ends,
            halvings,
            probability,
            value: middle[0] - middle[1],
            hidden: probability * rise * rise,
        }
    }
}
