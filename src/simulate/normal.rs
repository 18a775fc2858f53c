//! Rows of standard normal variates.

use super::marks::Coefficients;
use crate::random::{LANES, Row};
use crate::vector::vectorised;

/// Rows that are drawn together.
pub(super) const ROWS: usize = 2;

vectorised! {
    /// Standard normal variates.
    pub fn draw_normal(words: &[Row], variates: &mut [[f64; LANES]]) {
        for (words, variates) in words.iter().zip(variates) {
            *variates = Coefficients::normal_row(words);
        }
    }
}
