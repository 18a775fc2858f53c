//! Finitely many values with weights.

use num_complex::Complex64;

use super::validate::{location, not_empty, same_length, weights};
use super::written::{VELOCITY, Written, placed};
use super::{Distribution, LawError, Level, compensated_sum, polar_minus, power};
use crate::key::kind::Parameters;
use crate::key::reader::{ConfigError, Table};
use crate::key::{Declared, Key};

/// The law Σ_k w_k δ_{x_k} of finitely many values.
///
/// Values are sorted, repeated values merged and zero weights dropped. Accuracy: levels and moments to rounding,
/// tails relative to their own size, because cumulative weights are kept from both ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Discrete {
    values: Vec<f64>,
    weights: Vec<f64>,
    /// P(V ≤ x_k) and P(V > x_k) for every value but the last.
    levels: Vec<Level>,
    mean: f64,
}

impl Discrete {
    /// The law that gives `values[k]` the probability `weights[k]`.
    ///
    /// Values may repeat and stand in any order. Weights are at least 0 and sum to 1 within
    /// [`WEIGHT_SUM_TOLERANCE`](super::WEIGHT_SUM_TOLERANCE); they are divided by their sum.
    ///
    /// # Errors
    /// If the lists are empty or of unequal length, a value is not finite or too large, or the weights are not
    /// probabilities.
    pub fn new(values: Vec<f64>, weight_list: Vec<f64>) -> Result<Discrete, LawError> {
        not_empty(VALUES.name, &values)?;
        same_length(WEIGHTS.name, &weight_list, VALUES.name, values.len())?;
        for &value in &values {
            location(VALUES.name, value)?;
        }
        let probabilities = weights(WEIGHTS.name, &weight_list)?;
        let mut pairs: Vec<(f64, f64)> = values
            .into_iter()
            .zip(probabilities)
            .filter(|&(_, weight)| weight > 0.0)
            .collect();
        pairs.sort_by(|left, right| left.0.total_cmp(&right.0));
        let (values, weights) = merge_repeated(&pairs);
        let levels = levels_between(&weights);
        let mean = compensated_sum(
            values
                .iter()
                .zip(&weights)
                .map(|(value, weight)| value * weight),
        );
        Ok(Discrete {
            values,
            weights,
            levels,
            mean,
        })
    }

    fn central(&self, power: impl Fn(f64) -> f64) -> f64 {
        compensated_sum(
            self.values
                .iter()
                .zip(&self.weights)
                .map(|(value, weight)| weight * power(value - self.mean)),
        )
    }
}

fn merge_repeated(sorted: &[(f64, f64)]) -> (Vec<f64>, Vec<f64>) {
    let mut values: Vec<f64> = Vec::new();
    let mut weights: Vec<f64> = Vec::new();
    for &(value, weight) in sorted {
        match (values.last(), weights.last_mut()) {
            (Some(&last), Some(total)) if last == value => *total += weight,
            _ => {
                values.push(value);
                weights.push(weight);
            }
        }
    }
    (values, weights)
}

/// Cumulative weights between consecutive values, summed from below for `lower` and from above for `upper`, so
/// that tiny weights at either end keep their digits.
fn levels_between(weights: &[f64]) -> Vec<Level> {
    let running = |total: &mut f64, weight: &f64| {
        *total += weight;
        // Rounding must not carry a level beyond 1.
        Some(total.min(1.0))
    };
    let lower: Vec<f64> = weights.iter().scan(0.0, running).collect();
    let upper: Vec<f64> = weights.iter().rev().scan(0.0, running).collect();
    (1..weights.len())
        .map(|k| Level {
            lower: lower[k - 1],
            upper: upper[weights.len() - 1 - k],
        })
        .collect()
}

static VALUES: Key<Discrete, Parameters> = Key {
    name: "values",
    kind: Parameters::LOCATIONS,
    default: None,
    unit: VELOCITY,
    meaning: "Values of the velocity.",
    example: "[-1.0, 1.0]",
    fix: None,
    of: |law| law.values.clone(),
};

static WEIGHTS: Key<Discrete, Parameters> = Key {
    name: "weights",
    kind: Parameters::WEIGHTS,
    default: None,
    unit: None,
    meaning: "Probabilities of the values, as many as these; their sum is 1.",
    example: "[0.5, 0.5]",
    fix: None,
    of: |law| law.weights.clone(),
};

impl Written for Discrete {
    const NAME: &'static str = "discrete";
    const MEANING: &'static str = "The law of finitely many values, each with its weight.";
    const PARAMETERS: &'static [&'static dyn Declared<Discrete>] = &[&VALUES, &WEIGHTS];

    fn read(table: &Table) -> Result<Discrete, ConfigError> {
        placed(
            table,
            Discrete::new(VALUES.read(table)?, WEIGHTS.read(table)?),
        )
    }
}

impl Distribution for Discrete {
    fn quantile_at(&self, lower: f64, upper: f64) -> f64 {
        // The number of levels strictly below p. The upper level decides only where the lower one has rounded to 1:
        // elsewhere it may differ by rounding from 1 − lower, and quantile(cdf(x)) would overshoot x.
        let index = if lower < 1.0 {
            self.levels.partition_point(|level| level.lower < lower)
        } else {
            self.levels.partition_point(|level| level.upper > upper)
        };
        self.values[index]
    }

    fn cdf(&self, x: f64) -> f64 {
        let count = self.values.partition_point(|&value| value <= x);
        if count == 0 {
            0.0
        } else if count == self.values.len() {
            1.0
        } else {
            self.levels[count - 1].lower
        }
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.central(|offset| offset * offset)
    }

    fn third_central_moment(&self) -> Option<f64> {
        Some(self.central(|offset| offset * offset * offset))
    }

    fn fourth_central_moment(&self) -> Option<f64> {
        Some(self.central(|offset| (offset * offset) * (offset * offset)))
    }

    fn higher_central_moment(&self, order: u32) -> Option<f64> {
        Some(self.central(|offset| power(offset, order)))
    }

    fn characteristic(&self, xi: f64) -> Complex64 {
        self.values
            .iter()
            .zip(&self.weights)
            .map(|(value, &weight)| polar_minus(weight, value * xi))
            .sum()
    }

    fn jump_levels(&self) -> Vec<Level> {
        self.levels.clone()
    }

    fn highest_density(&self) -> Option<f64> {
        None
    }

    fn tail_exponent(&self) -> f64 {
        0.0
    }
}
