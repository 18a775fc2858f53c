//! Half-widths of intervals, in standard errors.

use crate::numerics::special::normal_quantile;

/// The half-width, in standard errors, of a two-sided normal interval.
///
/// ```
/// let half_width = kac_coupling::numerics::interval::normal_half_width(0.999);
/// assert!((half_width - 3.2905).abs() < 1e-4);
/// ```
pub fn normal_half_width(confidence: f64) -> f64 {
    -normal_quantile(0.5 * (1.0 - confidence), 0.5 * (1.0 + confidence))
}

/// The distance, in standard errors, that a normal variate exceeds with probability `level`.
pub fn one_sided(level: f64) -> f64 {
    -normal_quantile(level, 1.0 - level)
}

/// (value − exact)/error where the error is not 0.
pub fn z_score(value: f64, exact: f64, error: f64) -> Option<f64> {
    (error > 0.0).then(|| (value - exact) / error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_distances_are_those_of_the_tables() {
        assert!((normal_half_width(0.999) - 3.290_527).abs() < 1e-6);
        assert!((one_sided(0.0005) - 3.290_527).abs() < 1e-6);
    }
}
