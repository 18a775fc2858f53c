//! An estimate with and without control variates, and its limits.

use super::interval::{Rule, Spread, mean};
use super::less;

/// The skewness of a mean up to which its limits are right to the second order.
///
/// Control variates take off what most replicas vary by. What is left can be carried by few,
/// and depends on whether the coefficients were fitted to one of these: errors over replicas
/// do not tell. With a skewness of 0.4 to 0.9 upper limits of 97.5 % missed in 5 to 20 % of
/// all runs of heavy-tailed copies, those without control variates in 0 to 2 %.
const MOST_SKEWED: f64 = 0.1;

/// An estimate, and the spreads of statistics of each replica that are its first order; the
/// largest one counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    spreads: Vec<Spread>,
}

impl Estimate {
    /// How far below the estimate its lower limit lies.
    pub(super) fn below(&self, confidence: f64) -> f64 {
        let reaches = self.spreads.iter().map(|spread| spread.below(confidence));
        reaches.fold(0.0, f64::max)
    }

    /// How far above the estimate its upper limit lies.
    pub(super) fn above(&self, confidence: f64) -> f64 {
        let reaches = self.spreads.iter().map(|spread| spread.above(confidence));
        reaches.fold(0.0, f64::max)
    }

    /// Whether it may be too high because few replicas that would make it lower are missing.
    fn is_skewed_down(&self) -> bool {
        let mut skewness = self.spreads.iter().map(Spread::skewness);
        skewness.any(|skewness| skewness < -MOST_SKEWED)
    }

    /// The same the other way.
    pub(super) fn is_skewed_up(&self) -> bool {
        let mut skewness = self.spreads.iter().map(Spread::skewness);
        skewness.any(|skewness| skewness > MOST_SKEWED)
    }
}

/// An estimate as it is, and less control variates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Controlled {
    pub(super) plain: Estimate,
    pub(super) controlled: Estimate,
}

impl Controlled {
    /// Of an estimate to which the statistics are the first order, and what control variates
    /// take off each replica.
    pub(super) fn of(
        value: f64,
        statistics: &[&[f64]],
        corrections: &[f64],
        rule: Rule,
    ) -> Controlled {
        let plain = |values: &&[f64]| Spread::of(values, rule);
        let controlled = |values: &&[f64]| Spread::of(&less(values, corrections), rule);
        Controlled {
            plain: Estimate {
                value,
                spreads: statistics.iter().map(plain).collect(),
            },
            controlled: Estimate {
                value: value - mean(corrections),
                spreads: statistics.iter().map(controlled).collect(),
            },
        }
    }

    /// The standard error of the estimate less control variates.
    pub(super) fn std_error(&self) -> f64 {
        let errors = self.controlled.spreads.iter().map(Spread::std_error);
        errors.fold(0.0, f64::max)
    }

    /// At most what is estimated, with confidence (1 + `confidence`)/2.
    pub(super) fn lower_limit(&self, confidence: f64) -> f64 {
        let limit = |estimate: &Estimate| estimate.value - estimate.below(confidence);
        let controlled = limit(&self.controlled);
        if self.controlled.is_skewed_down() {
            controlled.min(limit(&self.plain))
        } else {
            controlled
        }
    }

    /// At least what is estimated, with confidence (1 + `confidence`)/2.
    pub(super) fn upper_limit(&self, confidence: f64) -> f64 {
        let limit = |estimate: &Estimate| estimate.value + estimate.above(confidence);
        let controlled = limit(&self.controlled);
        if self.controlled.is_skewed_up() {
            controlled.max(limit(&self.plain))
        } else {
            controlled
        }
    }
}
