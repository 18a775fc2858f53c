//! How many standard errors an interval reaches.

use crate::law::{Law, StudentT};
use crate::numerics::special::normal_quantile;

/// The half-width, in standard errors, of a two-sided normal interval.
pub fn normal_half_width(confidence: f64) -> f64 {
    -normal_quantile(0.5 * (1.0 - confidence), 0.5 * (1.0 + confidence))
}

/// The distance, in standard errors, that a normal variate exceeds with probability `level`.
pub fn one_sided(level: f64) -> f64 {
    -normal_quantile(level, 1.0 - level)
}

/// The distance, in standard errors, that a variate of Student's law with `df` = 1, 2, 3, …
/// degrees of freedom exceeds with probability `level`.
pub fn student_one_sided(df: f64, level: f64) -> f64 {
    if df < 1.5 {
        return 1.0 / libm::tan(std::f64::consts::PI * level);
    }
    if df < 2.5 {
        return (1.0 - 2.0 * level) / (2.0 * level * (1.0 - level)).sqrt();
    }
    match StudentT::new(df, 1.0, 0.0) {
        Ok(law) => -Law::StudentT(law).quantile(level),
        // Beyond 10⁶ degrees of freedom: the normal law, to six digits.
        Err(_) => one_sided(level),
    }
}

/// (value − exact)/error where the error is not 0.
pub fn z_score(value: f64, exact: f64, error: f64) -> Option<f64> {
    (error > 0.0).then(|| (value - exact) / error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_quantiles_are_those_of_the_tables() {
        for (df, printed) in [(1.0, 318.309), (2.0, 22.327), (3.0, 10.215), (30.0, 3.385)] {
            assert!((student_one_sided(df, 0.001) - printed).abs() < 6e-4);
        }
        assert!((student_one_sided(3e6, 0.001) - 3.0902).abs() < 1e-4);
    }

    #[test]
    fn normal_distances_are_those_of_the_tables() {
        assert!((normal_half_width(0.999) - 3.290_527).abs() < 1e-6);
        assert!((one_sided(0.0005) - 3.290_527).abs() < 1e-6);
    }
}
