//! The upper limit of W₂² of the first marginals.
//!
//! With D the difference of the quantile functions of both laws and ‖·‖ the norm of
//! L²(0, 1), W₂² = ‖D‖². Pooled samples have D + n instead, n their noise, and
//!
//! ```text
//! ‖D‖² = ‖D + n‖² − 2⟨D + n, n⟩ + ‖n‖²
//! ```
//!
//! Errors over replicas see the middle term, and control variates take off a part of it. Neither
//! sees the last term, which is all that is left where laws are as near each other as their
//! samples. For example, for two laws that are shifted by δ the distance of the samples is (δ +
//! n)², and minus the control variate 2(δ + n)n it is δ² − n². So a limit t standard errors away
//! allows for t²λ in addition, with λ the largest eigenvalue of the covariance Σ of n ([`Noise`]).
//! This is the largest ‖n‖² where noise has one direction. Without control variates t²λ also makes
//! up for an error bar that is computed from D + n instead of D, since
//!
//! ```text
//! √⟨D+n, Σ(D+n)⟩ ≥ √⟨D, ΣD⟩ − √λ ‖n‖    and    2t√λ ‖n‖ − ‖n‖² ≤ t²λ
//! ```
//!
//! With control variates, and noise in many directions, there is no such bound: tests count misses.
//!
//! Between atoms even the sign of the correction by control variates can be wrong. If the weights
//! of two atoms differ by ε between the laws, W₂² of the samples is |ε + n| times the square of
//! their distance. The sign of the control variate is that of ε + n, so the corrected estimate is ε
//! or −ε. So where the estimate is not clearly above 0, the limit is also at least the one without
//! control variates, which is made of |ε + n| + t·sd n, with t² E‖n‖² instead of t²λ. An estimate
//! that few replicas carry does not decide alone either, see [`Controlled`].

use super::controlled::Controlled;
use super::noise::Noise;

/// An estimate is clearly above 0 if it is more than this many times as large as the distance of
/// its limit.
const CLEAR: f64 = 2.0;

/// The parts of the upper limit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Upper {
    /// W₂² of the pooled samples; its first order is its influence function, and the dual values.
    pub(super) pooled: Controlled,
    pub(super) noise: Noise,
}

impl Upper {
    /// An upper limit of W₂² with confidence (1 + `confidence`)/2; larger for more confidence.
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
