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
//! on top, λ the largest eigenvalue of the covariance Σ of n ([`Noise`]): for as much as ‖n‖²
//! is at most where noise has one direction. Without control variates the same makes up for
//! an error bar that is made of D + n instead of D, since
//!
//! ```text
//! √⟨D+n, Σ(D+n)⟩ ≥ √⟨D, ΣD⟩ − √λ ‖n‖    and    2t√λ ‖n‖ − ‖n‖² ≤ t²λ
//! ```
//!
//! With some, and noise in many directions, there is no such bound: tests count.
//!
//! Between atoms even the sign of what control variates take off can be wrong: if the weights
//! of two atoms differ by ε between the laws, W₂² of the samples is |ε + n| times the square
//! of their distance, and less the control variate, whose sign is that of ε + n, it is ε or
//! −ε. So an estimate that is not clearly above 0 does not decide alone: the limit is then
//! not below the one without control variates either, which is made of |ε + n| + t·sd n, and
//! with t² E‖n‖² for t²λ. Nor does one that few replicas carry, see [`Controlled`].

use super::controlled::Controlled;
use super::noise::Noise;

/// An estimate is clearly above 0 that is so many times as far above as its limit is above it.
const CLEAR: f64 = 2.0;

/// All that the upper limit is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Upper {
    /// W₂² of the pooled samples; to the first order its influence function, and the dual
    /// values.
    pub(super) pooled: Controlled,
    pub(super) noise: Noise,
}

impl Upper {
    /// At least W₂² with confidence (1 + `confidence`)/2; larger for more confidence.
    pub(super) fn limit(&self, confidence: f64) -> f64 {
        let (plain, controlled) = (self.pooled.plain(), self.pooled.controlled());
        let allowed = self.noise.in_one_direction(confidence);
        let limit = self.pooled.upper_limit(confidence) + allowed;
        if controlled.value > CLEAR * (controlled.above(confidence) + allowed) {
            return limit;
        }
        let allowed = self.noise.in_all_directions(confidence);
        limit.max(plain.value + plain.above(confidence) + allowed)
    }
}
