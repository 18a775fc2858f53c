//! The upper limit of W₂² of the first marginals.
//!
//! With D the difference of the quantile functions of both laws and ‖·‖ the norm of
//! L²(0, 1), W₂² = ‖D‖². Pooled samples have D + n instead, n their noise, and
//!
//! ```text
//! ‖D‖² = ‖D + n‖² − 2⟨D + n, n⟩ + ‖n‖²
//! ```
//!
//! Errors over replicas see the middle term, and control variates take off what they can of
//! it. The last one neither sees. Where laws are as near each other as their samples that is
//! all there is: of two laws δ apart by a shift the samples are at (δ + n)², and less the
//! control variate 2(δ + n)n at δ² − n². So a limit t standard errors away allows for t²λ
//! on top, λ the largest eigenvalue of the covariance of n ([`Noise`]). That makes up too
//! for an error bar that is made of D + n instead of D: with Σ that covariance,
//!
//! ```text
//! √⟨D+n, Σ(D+n)⟩ ≥ √⟨D, ΣD⟩ − √λ ‖n‖    and    2t√λ ‖n‖ − ‖n‖² ≤ t²λ
//! ```
//!
//! Between atoms even the sign of what control variates take off can be wrong: if the weights
//! of two atoms differ by ε between the laws, W₂² of the samples is |ε + n| times the square
//! of their distance, and less the control variate, whose sign is that of ε + n, it is ε or
//! −ε. So an estimate that is not clearly above 0 does not decide alone: the limit is then
//! not below the one without control variates either, which is made of |ε + n| + t·sd n.

use super::dual::Statistic;
use super::interval::{Rule, Spread, mean};
use super::less;
use super::noise::Noise;

/// An estimate is clearly above 0 that is so many times as far above as its limit is above it.
const CLEAR: f64 = 2.0;

/// An estimate that is in the mean not below W₂², and the spreads of two statistics of each
/// replica that are its first order; the larger one counts.
#[derive(Debug, Clone, PartialEq)]
struct Estimate {
    value: f64,
    spreads: [Spread; 2],
}

impl Estimate {
    fn of(value: f64, statistics: [&[f64]; 2], rule: Rule) -> Estimate {
        Estimate {
            value,
            spreads: statistics.map(|values| Spread::of(values, rule)),
        }
    }

    fn reach(&self, confidence: f64) -> f64 {
        let [one, other] = self.spreads.map(|spread| spread.reach(confidence));
        one.max(other)
    }
}

/// All that the upper limit is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Upper {
    /// W₂² of the pooled samples.
    pooled: Estimate,
    /// The same, less control variates.
    controlled: Estimate,
    noise: Noise,
}

impl Upper {
    /// Of W₂² of the pooled samples, its influence function, and the dual values with the
    /// control variates that are taken off both.
    pub(super) fn of(
        pooled: f64,
        influence: &[f64],
        dual: &Statistic,
        noise: Noise,
        rule: Rule,
    ) -> Upper {
        let [controlled_influence, controlled_dual] =
            [influence, &dual.values].map(|values| less(values, &dual.corrections));
        let controlled = [&controlled_influence[..], &controlled_dual];
        Upper {
            pooled: Estimate::of(pooled, [influence, &dual.values], rule),
            controlled: Estimate::of(pooled - mean(&dual.corrections), controlled, rule),
            noise,
        }
    }

    /// W₂² of the pooled samples, less control variates.
    pub(super) fn estimate(&self) -> f64 {
        self.controlled.value
    }

    /// Its standard error to the first order.
    pub(super) fn std_error(&self) -> f64 {
        let [one, other] = self.controlled.spreads.map(|spread| spread.std_error());
        one.max(other)
    }

    /// At least W₂² with confidence (1 + `confidence`)/2; larger for more confidence.
    pub(super) fn limit(&self, confidence: f64) -> f64 {
        let reach = self.controlled.reach(confidence) + self.noise.in_one_direction(confidence);
        let limit = self.controlled.value + reach;
        if self.controlled.value > CLEAR * reach {
            return limit;
        }
        let reach = self.pooled.reach(confidence) + self.noise.in_all_directions(confidence);
        limit.max(self.pooled.value + reach)
    }
}
