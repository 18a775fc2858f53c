//! Error bars of means over replicas, and how far out a limit lies.

use crate::law::{Law, StudentT};
use crate::special::normal_quantile;

/// Independent batches of replicas.
const BATCHES: usize = 10;
/// Fewer replicas are not cut into batches.
const FEWEST_FOR_BATCHES: usize = 2 * BATCHES;
/// v/R up to which a mean over R replicas of relative variance v is normal enough
/// for the replicas' own t-interval.
///
/// The t-interval of a mean of skewness s misses on its far side by
/// φ(z)(2z²+1)s/6 too often, 0.08 s at 0.975 (Hall 1992). The skewness of a mean
/// of squares is 3√(v/R) at most for normal velocities and somewhat more for a
/// common random scale: .001 here.
const TAME: f64 = 1e-5;

/// How limits were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// t_{R−1} standard errors over replicas.
    Replicas,
    /// The wider of that and t_9 standard errors over the means of ten batches of
    /// consecutive replicas: where v/R > 10⁻⁵ or v is not known.
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

/// The level-(1+confidence)/2 quantile of Student's t with `freedom` ≥ 3.
pub(super) fn t_quantile(freedom: usize, confidence: f64) -> f64 {
    let (lower, upper) = (0.5 * (1.0 + confidence), 0.5 * (1.0 - confidence));
    match StudentT::new(freedom as f64, 1.0, 0.0) {
        Ok(law) => Law::StudentT(law).quantile_at(lower, upper),
        Err(_) => normal_quantile(lower, upper),
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

/// The spread of a mean over independent replicas, as limits need it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    replicas: usize,
    /// Standard error over replicas.
    std_error: f64,
    /// The same over the means of ten batches of consecutive replicas, where the
    /// rule asks for it.
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
            of_batches: (rule == Rule::ReplicasOrBatches).then(of_batches),
        }
    }

    /// The standard error over replicas.
    pub fn std_error(&self) -> f64 {
        self.std_error
    }

    /// How far from the mean a one-sided limit of confidence (1+confidence)/2 lies.
    pub fn reach(&self, confidence: f64) -> f64 {
        let replicas = t_quantile(self.replicas - 1, confidence) * self.std_error;
        let batches = self
            .of_batches
            .map(|error| t_quantile(BATCHES - 1, confidence) * error);
        replicas.max(batches.unwrap_or(0.0))
    }
}
