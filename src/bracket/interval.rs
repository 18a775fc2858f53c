//! Error bars of means over replicas, and the distance of limits from the mean.

use crate::law::student_one_sided;
use crate::numerics::special::normal_quantile;

/// The number of independent batches of replicas.
const BATCHES: usize = 10;
/// The fewest replicas that are cut into batches.
const FEWEST_FOR_BATCHES: usize = 2 * BATCHES;
/// The largest v/R with which a mean over R replicas of relative variance v is normal enough for
/// the replicas' own t-interval.
///
/// The t-interval of a mean of skewness s misses on its far side by φ(z)(2z²+1)s/6 too often, 0.08
/// s at 0.975 (Hall 1992). The skewness of a mean of squares is at most 3√(v/R) for normal
/// velocities and somewhat more for a common random scale. With this v/R the limit misses .001 too
/// often.
const TAME: f64 = 1e-5;

/// The rule by which limits were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// t_{R−1} standard errors over replicas, and (2z²+1)/6 times the skewness of the mean more on
    /// the side where skewness makes it too near.
    Replicas,
    /// The wider one of [`Rule::Replicas`] and t_9 standard errors over the means of ten batches of
    /// consecutive replicas. It is for 20 replicas or more, where v/R > 10⁻⁵ or v is not known.
    ReplicasOrBatches,
}

impl Rule {
    /// The rule for so many replicas with this relative variance v, if known.
    /// Fewer than twenty replicas make no batches.
    pub fn of(replicas: usize, relative_variance: Option<f64>) -> Rule {
        let tame = relative_variance.is_some_and(|v| v <= TAME * replicas as f64);
        if tame || replicas < FEWEST_FOR_BATCHES {
            Rule::Replicas
        } else {
            Rule::ReplicasOrBatches
        }
    }
}

/// The mean of some numbers.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard error of the mean of independent numbers.
pub(super) fn std_error(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    let count = values.len() as f64;
    (squares / (count * (count - 1.0))).sqrt()
}

/// The skewness of the mean of independent numbers, γ/√n for numbers of skewness γ.
fn skewness_of_mean(values: &[f64]) -> f64 {
    let mean = mean(values);
    let (mut squares, mut cubes) = (0.0, 0.0);
    for x in values.iter().map(|x| x - mean) {
        squares += x * x;
        cubes += x * x * x;
    }
    if squares > 0.0 {
        cubes / (squares * squares.sqrt())
    } else {
        0.0
    }
}

/// The spread of a mean over independent replicas, as limits need it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    replicas: usize,
    /// Standard error over replicas.
    std_error: f64,
    /// Skewness of the mean.
    skewness: f64,
    /// The standard error over the means of ten batches of consecutive replicas, where
    /// the rule asks for it.
    of_batches: Option<f64>,
}

impl Spread {
    pub(super) fn of(values: &[f64], rule: Rule) -> Spread {
        let of_batches = || {
            let end = |batch: usize| batch * values.len() / BATCHES;
            let means: Vec<f64> = (0..BATCHES)
                .map(|batch| mean(&values[end(batch)..end(batch + 1)]))
                .collect();
            std_error(&means)
        };
        Spread {
            replicas: values.len(),
            std_error: std_error(values),
            skewness: skewness_of_mean(values),
            of_batches: (rule == Rule::ReplicasOrBatches).then(of_batches),
        }
    }

    /// The standard error over replicas.
    pub(super) fn std_error(&self) -> f64 {
        self.std_error
    }

    /// The skewness of the mean over replicas.
    pub(super) fn skewness(&self) -> f64 {
        self.skewness
    }

    /// The distance below the mean of a lower limit of confidence (1+confidence)/2.
    pub(super) fn below(&self, confidence: f64) -> f64 {
        self.reach(confidence, -self.skewness)
    }

    /// The distance above the mean of an upper limit of confidence (1+confidence)/2.
    pub(super) fn above(&self, confidence: f64) -> f64 {
        self.reach(confidence, self.skewness)
    }

    /// t standard errors, and (2z²+1)/6 times the skewness more where that makes a mean too near.
    /// To the second order this is the quantile of the studentized mean (Hall 1992, *The Bootstrap
    /// and Edgeworth Expansion*, section 2.6).
    fn reach(&self, confidence: f64, skewness: f64) -> f64 {
        let z = normal_quantile(0.5 * (1.0 + confidence), 0.5 * (1.0 - confidence));
        let skewed = if skewness > 0.0 {
            skewness * (2.0 * z * z + 1.0) / 6.0
        } else {
            0.0
        };
        let t = |freedom: usize| student_one_sided(freedom as f64, 0.5 * (1.0 - confidence));
        let replicas = (t(self.replicas - 1) + skewed) * self.std_error;
        let batches = self.of_batches.map(|error| t(BATCHES - 1) * error);
        replicas.max(batches.unwrap_or(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of ten values is 1: the mean is 1/10, the variance 9/100 and the skewness 8/3.
    #[test]
    fn skewness_moves_one_limit_farther() {
        for replicas in [10, 1000] {
            let values: Vec<f64> = (0..replicas).map(|i| f64::from(i % 10 == 0)).collect();
            let count = replicas as f64;
            let error = (0.09 / (count - 1.0)).sqrt();
            let skewness = 8.0 / 3.0 / count.sqrt();
            let z = normal_quantile(0.975, 0.025);
            let t = student_one_sided((replicas - 1) as f64, 0.025);
            let short = t * error;
            let long = (t + skewness * (2.0 * z * z + 1.0) / 6.0) * error;
            let right = Spread::of(&values, Rule::Replicas);
            let left: Vec<f64> = values.iter().map(|x| 1.0 - x).collect();
            let left = Spread::of(&left, Rule::Replicas);
            for (found, expected) in [
                (right.std_error(), error),
                (right.skewness(), skewness),
                (left.skewness(), -skewness),
                (right.below(0.95), short),
                (right.above(0.95), long),
                (left.below(0.95), long),
                (left.above(0.95), short),
            ] {
                assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
            }
        }
        assert_eq!(Spread::of(&[2.0; 5], Rule::Replicas).above(0.95), 0.0);
    }
}
