//! Exact limits of counts.

use crate::numerics::special::normal_quantile;
use std::ops::RangeInclusive;

/// Where a binomial count lies with at least this confidence: each tail beyond
/// has a probability of at most (1 − confidence)/2, and no narrower range does
/// the same.
///
/// X is the number of successes in `trials`, each of this `probability`, which
/// is neither 0 nor 1. All probabilities are summed, none is approximated.
///
/// ```
/// let heads = kac_coupling::numerics::binomial::binomial_limits(10, 0.5, 0.95);
/// assert_eq!(heads, 2..=8);
/// ```
pub fn binomial_limits(trials: u64, probability: f64, confidence: f64) -> RangeInclusive<u64> {
    let weights = binomial_weights(trials, probability);
    let tail = 0.5 * (1.0 - confidence) * weights.iter().sum::<f64>();
    let low = within(weights.iter(), tail);
    let high = within(weights.iter().rev(), tail);
    low..=trials - high
}

/// The standard normal variate that is as improbable, from both sides together, as
/// a binomial count that lies at least as far out as `count`; 0 for one in the
/// middle. `probability` is neither 0 nor 1.
pub fn binomial_deviation(count: u64, trials: u64, probability: f64) -> f64 {
    let [p, q] = [probability, 1.0 - probability];
    let logs = [libm::log(p), libm::log1p(-p)];
    let outside = if count as f64 <= trials as f64 * p {
        upper_tail(trials - count, trials, [logs[1], logs[0]], q / p)
    } else {
        upper_tail(count, trials, logs, p / q)
    };
    deviation_of(2.0 * outside)
}

/// [`binomial_deviation`] of a Poisson count; without a mean only 0 is possible.
pub fn poisson_deviation(count: u64, mean: f64) -> f64 {
    if mean == 0.0 {
        return if count == 0 { 0.0 } else { f64::INFINITY };
    }
    let k = count as f64;
    let log_first = k * libm::log(mean) - mean - libm::lgamma(k + 1.0);
    // The terms beside the first, relative to the one before: upwards and downwards.
    let upwards = (1..).map(|step| mean / (k + f64::from(step)));
    let downwards = (0..count).map(|step| (k - step as f64) / mean);
    let sum = if k >= mean {
        sum_of(upwards)
    } else {
        sum_of(downwards)
    };
    deviation_of(2.0 * libm::exp(log_first) * sum)
}

/// 1 + r_1 + r_1 r_2 + …, down to rounding.
fn sum_of(ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for ratio in ratios {
        term *= ratio;
        if term < f64::EPSILON * sum {
            break;
        }
        sum += term;
    }
    sum
}

/// The standard normal variate that is as improbable, from both sides together; 0 for a
/// probability of 1 and more.
pub fn deviation_of(probability: f64) -> f64 {
    let tail = (0.5 * probability).clamp(f64::MIN_POSITIVE, 0.5);
    // Not −0.
    0.0 - normal_quantile(tail, 1.0 - tail)
}

/// P(X ≥ count) for a count of at least the mean, where the terms fall: the first
/// from log-gamma functions, each from the one before, down to rounding.
///
/// Given are the logarithms of the probabilities of a success and of a failure, each
/// accurate however small, and their ratio.
fn upper_tail(count: u64, trials: u64, [success, failure]: [f64; 2], odds: f64) -> f64 {
    let log_factorial = |n: u64| libm::lgamma(n as f64 + 1.0);
    let log_first = log_factorial(trials) - log_factorial(count) - log_factorial(trials - count)
        + count as f64 * success
        + (trials - count) as f64 * failure;
    libm::exp(log_first) * sum_of((count..trials).map(|k| ratio(k, trials, odds)))
}

/// P(X = k+1)/P(X = k) = (trials − k)/(k + 1) · odds.
fn ratio(k: u64, trials: u64, odds: f64) -> f64 {
    (trials - k) as f64 / (k + 1) as f64 * odds
}

/// The number of weights, from the first on, that sum up to no more than `limit`.
fn within<'a>(weights: impl Iterator<Item = &'a f64>, limit: f64) -> u64 {
    let sums = weights.scan(0.0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    sums.take_while(|&sum| sum <= limit).count() as u64
}

/// P(X = k)/P(X = mode) for k = 0..=trials.
fn binomial_weights(trials: u64, probability: f64) -> Vec<f64> {
    let odds = probability / (1.0 - probability);
    let mode = (((trials + 1) as f64 * probability) as u64).min(trials);
    let mut weights = vec![1.0; trials as usize + 1];
    for k in mode..trials {
        weights[k as usize + 1] = weights[k as usize] * ratio(k, trials, odds);
    }
    for k in (0..mode).rev() {
        weights[k as usize] = weights[k as usize + 1] / ratio(k, trials, odds);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    /// References from binomial coefficients in 40 digits.
    #[test]
    fn limits_match_references() {
        let references = [
            (1, 0.5, 0.9, 0..=1),
            (2, 0.1, 0.999, 0..=2),
            // 5 % tables of the sign test: at n = 10 and 20, 1 and 5 are significant.
            (10, 0.5, 0.95, 2..=8),
            (20, 0.5, 0.95, 6..=14),
            (100, 0.1, 0.99, 3..=18),
            // Misses of 90, 99 and 99.9 % intervals over 2000 seeds, then on one side.
            (2000, 0.1, 0.999, 157..=245),
            (2000, 0.01, 0.999, 7..=36),
            (2000, 0.001, 0.999, 0..=8),
            (2000, 0.05, 0.999, 69..=133),
            (2000, 0.005, 0.999, 2..=22),
            (2000, 0.0005, 0.999, 0..=6),
        ];
        for (trials, probability, confidence, limits) in references {
            let found = binomial_limits(trials, probability, confidence);
            assert_eq!(found, limits, "{trials} {probability} {confidence}");
        }
    }

    #[test]
    fn deviations_are_those_of_the_tails() {
        // P(X = 0) = 2⁻¹⁰ on either side of ten fair coins: Φ(−3.0973) = 2⁻¹⁰.
        for count in [0, 10] {
            assert!((binomial_deviation(count, 10, 0.5) - 3.0973).abs() < 1e-4);
        }
        assert_eq!(binomial_deviation(5, 10, 0.5), 0.0);
        // 10⁴ trials at 1/10 deviate by 6 of 30: a little less, for the skewness.
        assert!((binomial_deviation(1180, 10_000, 0.1) - 5.8398).abs() < 1e-3);
        assert!(binomial_deviation(0, 100_000, 0.5) > 30.0);
        // A thousand trials at 10⁻¹⁸: none is certain, one has a probability of 10⁻¹⁵
        // and Φ(−7.9413) = 10⁻¹⁵; so for failures.
        for (count, probability) in [(0, 1e-18), (1000, 1.0 - f64::EPSILON)] {
            assert_eq!(binomial_deviation(count, 1000, probability), 0.0);
        }
        assert!((binomial_deviation(1, 1000, 1e-18) - 7.9413).abs() < 1e-3);
    }

    /// References from sums of 40 digits, and the normal tails of them.
    #[test]
    fn poisson_deviations_are_those_of_the_tails() {
        // P(X ≥ 1) = 1e-15 and P(X ≥ 2) = 5e-13 nearly, for means of 1e-15 and 1e-6.
        assert!((poisson_deviation(1, 1e-15) - 7.9413).abs() < 1e-3);
        assert!((poisson_deviation(2, 1e-6) - 7.1305).abs() < 1e-3);
        // P(X = 0) = e^−20 = 2.0612e-9.
        assert!((poisson_deviation(0, 20.0) - 5.8787).abs() < 1e-3);
        // Many are nearly normal.
        for (count, z) in [(100_060_000, 6.0), (99_940_000, 6.0), (100_000_000, 0.0)] {
            let deviation = poisson_deviation(count, 1e8);
            assert!((deviation - z).abs() < 1e-3, "{deviation}");
        }
        assert_eq!(poisson_deviation(0, 1e-6), 0.0);
        assert_eq!(poisson_deviation(0, 0.0), 0.0);
        assert_eq!(poisson_deviation(1, 0.0), f64::INFINITY);
    }

    #[test]
    fn successes_mirror_failures() {
        for trials in [3, 250, 4001] {
            for probability in [0.25, 0.01] {
                let misses = binomial_limits(trials, probability, 0.999);
                let hits = binomial_limits(trials, 1.0 - probability, 0.999);
                assert_eq!(hits, trials - misses.end()..=trials - misses.start());
            }
        }
    }

    #[test]
    fn many_trials_are_nearly_normal() {
        // 10⁶ trials at ½: 500 000 ± 3.2905 · 500, to within a count or two.
        let limits = binomial_limits(1_000_000, 0.5, 0.999);
        assert!(limits.start().abs_diff(500_000 - 1645) <= 2, "{limits:?}");
        assert_eq!(limits.start() + limits.end(), 1_000_000);
    }
}
