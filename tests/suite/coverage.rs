//! Counts of limits of W₂² that miss, over seeds.

use kac_coupling::numerics::binomial::binomial_limits;
use std::ops::RangeInclusive;

/// The two-sided level of all intervals: each side misses with probability 0.025.
pub const CONFIDENCE: f64 = 0.95;
/// The probability with which each side misses.
pub const NOMINAL: f64 = 0.025;
/// The level of the binomial limits on numbers of misses.
pub const SURE: f64 = 0.999;

/// The mean of some numbers and its standard error.
pub fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (count * (count - 1.0))).sqrt())
}

/// The number of misses of each side's limit, and both estimates.
///
/// The truth is known to lie in a range. A limit misses if it would miss every value of this range.
pub struct Coverage {
    truth: RangeInclusive<f64>,
    pub lower_misses: u64,
    pub upper_misses: u64,
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
}

impl Coverage {
    /// No seeds are counted yet.
    pub fn of(truth: RangeInclusive<f64>) -> Coverage {
        Coverage {
            truth,
            lower_misses: 0,
            upper_misses: 0,
            lower: vec![],
            upper: vec![],
        }
    }

    /// Adds one seed's estimates and limits.
    pub fn add(&mut self, estimates: [Option<f64>; 2], limits: [Option<f64>; 2]) {
        self.lower.push(estimates[0].unwrap());
        self.upper.push(estimates[1].unwrap());
        self.lower_misses += u64::from(limits[0].unwrap() > *self.truth.end());
        self.upper_misses += u64::from(limits[1].unwrap() < *self.truth.start());
    }

    /// The fault, if any: a side misses more often than it may; or the mean of an estimate is on
    /// the wrong side by five standard errors, which has a probability below 1e-6.
    pub fn fault(&self) -> Option<String> {
        let seeds = self.lower.len() as u64;
        let most = *binomial_limits(seeds, NOMINAL, SURE).end();
        let misses = [self.lower_misses, self.upper_misses];
        if misses.iter().any(|&misses| misses > most) {
            return Some(format!("{misses:?} of {seeds} miss, {most} may"));
        }
        let (lower, error) = mean_and_error(&self.lower);
        if lower > self.truth.end() + 5.0 * error {
            return Some(format!("below: {lower} ± {error}, {:?}", self.truth));
        }
        let (upper, error) = mean_and_error(&self.upper);
        if upper < self.truth.start() - 5.0 * error {
            return Some(format!("above: {upper} ± {error}, {:?}", self.truth));
        }
        None
    }
}
