//! Finite mixtures of normal laws.

use num_complex::Complex64;

use super::validate::{location, not_empty, refuse, same_length, scale, weights};
use super::written::{VELOCITY, Written, placed};
use super::{
    Distribution, LawError, compensated_sum, polar_minus, power, shifted_moment,
    standard_normal_moment,
};
use crate::key::kind::Parameters;
use crate::key::reader::{ConfigError, Table};
use crate::key::{Declared, Key};
use crate::numerics::special::{normal_cdf, normal_density, normal_quantile};
use std::f64::consts::TAU;

/// The mixture Σ_k w_k N(m_k, σ_k²).
///
/// Accuracy of quantiles: the distribution function at the answer agrees with the level to about 1e-15 relative
/// to the smaller tail, hence about 1e-14 of the local scale wherever the density is not negligible. Between far
/// apart components the distribution function is flat, and any point of the plateau may be returned at its level.
#[derive(Debug, Clone, PartialEq)]
pub struct NormalMixture {
    components: Vec<Component>,
    mean: f64,
    variance: f64,
    smallest_sd: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Component {
    weight: f64,
    mean: f64,
    sd: f64,
}

/// The tail in which an equation is written.
#[derive(Clone, Copy)]
enum Tail {
    Lower,
    Upper,
}

impl NormalMixture {
    /// The mixture with the given `weights`, `means` and standard deviations `sds`, lists of one length.
    ///
    /// Weights are at least 0 and sum to 1 within [`WEIGHT_SUM_TOLERANCE`](super::WEIGHT_SUM_TOLERANCE); they are
    /// divided by their sum, and components of weight 0 are dropped.
    ///
    /// # Errors
    /// If the lists are empty or of unequal length, the weights are not probabilities, a mean is not finite, or a
    /// standard deviation is not positive.
    pub fn new(
        weight_list: Vec<f64>,
        means: Vec<f64>,
        sds: Vec<f64>,
    ) -> Result<NormalMixture, LawError> {
        not_empty(WEIGHTS.name, &weight_list)?;
        same_length(MEANS.name, &means, WEIGHTS.name, weight_list.len())?;
        same_length(SDS.name, &sds, WEIGHTS.name, weight_list.len())?;
        let probabilities = weights(WEIGHTS.name, &weight_list)?;
        for &mean in &means {
            location(MEANS.name, mean)?;
        }
        for &sd in &sds {
            scale(
                SDS.name,
                sd,
                "give every component a positive standard deviation",
            )
            .map_err(|error| {
                refuse(
                    SDS.name,
                    format!("{sds:?}"),
                    format!("{}: {}", error.value, error.problem),
                    error.fix,
                )
            })?;
        }
        let components: Vec<Component> = probabilities
            .into_iter()
            .zip(means)
            .zip(sds)
            .map(|((weight, mean), sd)| Component { weight, mean, sd })
            .filter(|component| component.weight > 0.0)
            .collect();
        let mean = compensated_sum(components.iter().map(|part| part.weight * part.mean));
        let variance = compensated_sum(components.iter().map(|part| {
            let offset = part.mean - mean;
            part.weight * (part.sd * part.sd + offset * offset)
        }));
        let smallest_sd = components
            .iter()
            .map(|part| part.sd)
            .fold(f64::INFINITY, f64::min);
        Ok(NormalMixture {
            components,
            mean,
            variance,
            smallest_sd,
        })
    }

    /// (weight, mean, standard deviation) of each component.
    pub fn components(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        (self.components.iter()).map(|part| (part.weight, part.mean, part.sd))
    }

    /// Tail probability and density at x.
    fn tail_and_density(&self, x: f64, tail: Tail) -> (f64, f64) {
        let mut probability = 0.0;
        let mut density = 0.0;
        for part in &self.components {
            let standardized = (x - part.mean) / part.sd;
            let toward_tail = match tail {
                Tail::Lower => standardized,
                Tail::Upper => -standardized,
            };
            probability += part.weight * normal_cdf(toward_tail);
            density += part.weight / part.sd * normal_density(standardized);
        }
        (probability, density)
    }

    /// Solves tail(x) = `target` on the bracket by Newton's method on the logarithm of the tail, which is nearly
    /// quadratic in x, safeguarded by bisection as in Brent (1973).
    fn solve(&self, target: f64, tail: Tail, bracket: (f64, f64), start: f64) -> f64 {
        let (mut low, mut high) = bracket;
        let mut x = start.max(low).min(high);
        let mut previous_step = high - low;
        for _ in 0..BISECTION_LIMIT {
            let (probability, density) = self.tail_and_density(x, tail);
            // The distance by which the level at x lies above the level of the answer, in the direction of growing x.
            let excess = match tail {
                Tail::Lower => probability - target,
                Tail::Upper => target - probability,
            };
            if excess == 0.0 {
                return x;
            }
            if excess > 0.0 {
                high = x;
            } else {
                low = x;
            }
            let log_ratio = libm::log1p((probability - target) / target);
            let newton = match tail {
                Tail::Lower => -log_ratio * probability / density,
                Tail::Upper => log_ratio * probability / density,
            };
            let candidate = x + newton;
            // The comparison is written so that a NaN step fails it.
            let newton_is_usable =
                candidate >= low && candidate <= high && newton.abs() <= 0.5 * previous_step;
            let next = if newton_is_usable {
                candidate
            } else {
                low + 0.5 * (high - low)
            };
            let step = (next - x).abs();
            previous_step = step;
            if next == x || (newton_is_usable && step <= QUADRATIC_STEP * self.smallest_sd) {
                return next;
            }
            x = next;
        }
        x
    }
}

/// A Newton step this small, in units of the smallest standard deviation, squares to below rounding error.
const QUADRATIC_STEP: f64 = 1e-9;

/// This is more halvings than separate the largest bracket from the smallest spacing of accepted parameters.
const BISECTION_LIMIT: usize = 600;

static WEIGHTS: Key<NormalMixture, Parameters> = Key {
    name: "weights",
    kind: Parameters::WEIGHTS,
    default: None,
    unit: None,
    meaning: "Probabilities of the normal laws; their sum is 1.",
    example: "[0.5, 0.5]",
    fix: None,
    of: |law| (law.components.iter()).map(|part| part.weight).collect(),
};

static MEANS: Key<NormalMixture, Parameters> = Key {
    name: "means",
    kind: Parameters::LOCATIONS,
    default: None,
    unit: VELOCITY,
    meaning: "Means of the normal laws, as many as weights.",
    example: "[-1.0, 1.0]",
    fix: None,
    of: |law| (law.components.iter()).map(|part| part.mean).collect(),
};

static SDS: Key<NormalMixture, Parameters> = Key {
    name: "sds",
    kind: Parameters::SCALES,
    default: None,
    unit: VELOCITY,
    meaning: "Standard deviations of the normal laws, as many as weights.",
    example: "[0.5, 1.5]",
    fix: None,
    of: |law| (law.components.iter()).map(|part| part.sd).collect(),
};

impl Written for NormalMixture {
    const NAME: &'static str = "normal-mixture";
    const MEANING: &'static str = "A mixture of normal laws, each with its weight.";
    const PARAMETERS: &'static [&'static dyn Declared<NormalMixture>] = &[&WEIGHTS, &MEANS, &SDS];

    fn read(table: &Table) -> Result<NormalMixture, ConfigError> {
        placed(
            table,
            NormalMixture::new(WEIGHTS.read(table)?, MEANS.read(table)?, SDS.read(table)?),
        )
    }
}

impl Distribution for NormalMixture {
    fn quantile_at(&self, lower: f64, upper: f64) -> f64 {
        let standard = normal_quantile(lower, upper);
        // The quantile of a mixture lies between the least and the greatest quantile of its components.
        let (low, high) =
            self.components
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), part| {
                    let quantile = part.mean + part.sd * standard;
                    (low.min(quantile), high.max(quantile))
                });
        if low == high {
            return low;
        }
        let start = self.mean + f64::sqrt(self.variance) * standard;
        if lower <= upper {
            self.solve(lower, Tail::Lower, (low, high), start)
        } else {
            self.solve(upper, Tail::Upper, (low, high), start)
        }
    }

    fn cdf(&self, x: f64) -> f64 {
        self.components
            .iter()
            .map(|part| part.weight * normal_cdf((x - part.mean) / part.sd))
            .sum::<f64>()
            .min(1.0)
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.variance
    }

    fn third_central_moment(&self) -> Option<f64> {
        Some(compensated_sum(self.components.iter().map(|part| {
            let offset = part.mean - self.mean;
            part.weight * offset * (offset * offset + 3.0 * part.sd * part.sd)
        })))
    }

    fn fourth_central_moment(&self) -> Option<f64> {
        Some(compensated_sum(self.components.iter().map(|part| {
            let offset_square = (part.mean - self.mean) * (part.mean - self.mean);
            let variance = part.sd * part.sd;
            part.weight
                * (offset_square * (offset_square + 6.0 * variance) + 3.0 * variance * variance)
        })))
    }

    fn higher_central_moment(&self, order: u32) -> Option<f64> {
        Some(compensated_sum(self.components.iter().map(|part| {
            let about_own_mean =
                |order: u32| Some(power(part.sd, order) * standard_normal_moment(order));
            part.weight
                * shifted_moment(part.mean - self.mean, order, about_own_mean).unwrap_or(0.0)
        })))
    }

    fn characteristic(&self, xi: f64) -> Complex64 {
        self.components
            .iter()
            .map(|part| {
                let standardized = part.sd * xi;
                polar_minus(
                    part.weight * libm::exp(-0.5 * standardized * standardized),
                    part.mean * xi,
                )
            })
            .sum()
    }

    fn sample(&self, selector: f64, uniform: f64) -> f64 {
        let mut cumulative = 0.0;
        let last = self.components.len() - 1;
        let chosen = self.components[..last]
            .iter()
            .find(|part| {
                cumulative += part.weight;
                selector < cumulative
            })
            .unwrap_or(&self.components[last]);
        chosen.mean + chosen.sd * normal_quantile(uniform, 1.0 - uniform)
    }

    fn highest_density(&self) -> Option<f64> {
        let normal = |sd: f64| 1.0 / (sd * TAU.sqrt());
        Some(
            (self.components())
                .map(|(weight, _, sd)| weight * normal(sd))
                .sum(),
        )
    }

    fn tail_exponent(&self) -> f64 {
        0.0
    }
}
