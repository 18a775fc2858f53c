//! Standard normal variates, a row of words at a time.
//!
//! The work is in two stages instead of one: the division of the logarithm and the square root are
//! slow, and each is better hidden behind the work on other rows.

use super::marks::Coefficients;
use crate::numerics::vector::{Instructions, vectorised};
use crate::random::{LANES, Row};

/// The number of rows in which initial data are drawn at a time.
pub(super) const ROWS: usize = 8;

/// Standard normal variates from the first row of each group of rows.
pub(super) fn draw_normal<const STRIDE: usize>(
    instructions: Instructions,
    groups: &[[Row; STRIDE]],
    variates: &mut [[f64; LANES]],
) {
    let words = groups.as_flattened();
    draw_lengths(instructions, words, STRIDE, variates);
    draw_directions(instructions, words, STRIDE, variates);
}

vectorised! {
    fn draw_lengths(words: &[Row], stride: usize, variates: &mut [[f64; LANES]]) {
        for (words, variates) in words.iter().step_by(stride).zip(variates) {
            Coefficients::lengths_row(words, variates);
        }
    }
}

vectorised! {
    fn draw_directions(words: &[Row], stride: usize, variates: &mut [[f64; LANES]]) {
        for (words, variates) in words.iter().step_by(stride).zip(variates) {
            Coefficients::normal_row(words, variates);
        }
    }
}
