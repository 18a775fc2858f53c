//! The rule by which a mean over replicas is trusted, at two levels, and a tighter one for high
//! confidences.
//!
//! A mean that n of its summands carry has a relative standard error s of about 1/√n and a skewness
//! of about s. Skewness γ multiplies a small probability beyond z standard errors by about
//! e^{γz³/6}. So s, or its square s² = v/R for a relative variance v over R replicas, says how far
//! out the mean is nearly normal.

use super::interval::normal_half_width;

/// s² for z-scores and intervals: a hundred summands carry the mean, and tails of one in a thousand
/// are right to a factor of two.
pub const FEW_REPLICAS: f64 = 0.01;

/// s² for deviations that are as rare as a VOID of a right program, one in five million: ten
/// thousand summands carry the mean.
pub const FEW_IN_TAILS: f64 = 1e-4;

/// s² for the logarithm of a variance in these tails: it is nearer to a normal variate than the
/// variance.
pub const FEW_IN_TAILS_OF_SPREAD: f64 = 4e-4;

/// A mean whose kurtosis over R is larger than this, or whose summands' squares about their mean
/// have a larger relative variance, is skewed like a count of ten: few replicas carry its variance,
/// whatever constant carries the mean itself.
pub const SPREAD_OF_FEW: f64 = 0.1;

/// Whether a mean with this s² = v/R is trusted at the levels of intervals. NaN is not trusted.
pub fn is_carried_by_many(square: f64) -> bool {
    square <= FEW_REPLICAS
}

/// Whether a mean of this size is trusted at the levels of intervals; what is not a number is not.
pub fn is_carried(std_error: f64, size: f64) -> bool {
    std_error <= LARGEST_RELATIVE_ERROR * size
}

/// Whether it is trusted in the tails of a VOID.
pub fn is_carried_in_tails(std_error: f64, size: f64) -> bool {
    std_error <= FEW_IN_TAILS.sqrt() * size
}

/// The largest s of a rate that is trusted at all: √[`FEW_REPLICAS`].
pub const LARGEST_RELATIVE_ERROR: f64 = 0.1;

/// The largest s of a rate whose two-sided interval has this confidence and half-width z:
/// 0.1·(3.29/z)³, so that e^{sz³/6} is what it is at 99.9 %, and at most 0.1.
pub fn largest_relative_error(confidence: f64) -> f64 {
    const HALF_WIDTH: f64 = 3.29;
    let wider = normal_half_width(confidence) / HALF_WIDTH;
    LARGEST_RELATIVE_ERROR / (wider * wider * wider).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_are_those_of_a_hundred_and_ten_thousand_summands() {
        for (rule, summands) in [
            (is_carried as fn(f64, f64) -> bool, 1e2),
            (is_carried_in_tails, 1e4),
        ] {
            let error = 3.0 / f64::sqrt(summands);
            assert!(rule(error * (1.0 - 1e-9), 3.0));
            assert!(!rule(error * (1.0 + 1e-9), 3.0));
            assert!(!rule(f64::NAN, 3.0));
            // Squares of these are no numbers.
            for unit in [1e-200, 1e200] {
                assert!(rule(0.9 * error * unit, 3.0 * unit));
                assert!(!rule(1.1 * error * unit, 3.0 * unit));
            }
        }
        assert_eq!(LARGEST_RELATIVE_ERROR, FEW_REPLICAS.sqrt());
    }

    #[test]
    fn rates_are_trusted_less_at_high_confidences() {
        assert_eq!(largest_relative_error(0.9), 0.1);
        // z = 3.891 at 99.99 %.
        let expected = 0.1 * (3.29 / 3.890_592f64).powi(3);
        assert!((largest_relative_error(0.9999) - expected).abs() < 1e-7);
    }
}
