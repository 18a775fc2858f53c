//! Cells of the levels of two quantile functions, narrow where these rise steeply.
//!
//! With X = Q_f(u) − Q_h(u), both quantile functions are monotone, so what they rise by between
//! the ends of a cell bounds what X² can hide in it. Cells are halved until they hide next to
//! nothing: so a part of tiny probability is found wherever it lies, also between two modes.
//! Cells are of the logit z = ln(u/(1 − u)), in which u and 1 − u are both accurate.

use crate::law::{Law, Level};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// |z| up to which there are cells: u from e^{−690} ≈ 2e-300.
pub(super) const LAST_LOGIT: f64 = 690.0;
/// |z| up to which the first cells are narrow.
const NARROW: f64 = 40.0;
/// Widths of the first cells, in and beyond.
const NARROW_WIDTH: f64 = 0.1;
const WIDE_WIDTH: f64 = 5.0;
/// A cell that can hide less than this share of E X² is not halved.
const HIDDEN: f64 = 1e-7;
/// At most so many cells are halved.
const MOST_HALVED: usize = 1 << 14;
/// What is halved so often is steep: of smooth laws, cells are halved two or three times.
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
    /// How often a first cell was halved to get it.
    halvings: u32,
    /// The most of E X² that it can hide: its probability times the square of what both
    /// quantile functions rise by.
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

/// All cells, in no order.
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
        // Written so that a number that is none ends it.
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

/// Ends of the first cells: a grid, and the levels at which a quantile function jumps.
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
        // Inside the ends, at which a quantile function may jump, by the least that is not rounding.
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
