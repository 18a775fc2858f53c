//! What the coupling of the joint laws costs beyond the first marginals.

use super::interval::{Rule, Spread, mean};
use super::{Bracket, JointBracket};

/// Limits of the excess (1/N) Σ_k E (V_(k) − U_(k))² − W₂² of the simulated coupling,
/// its particles paired by rank at output, over the first marginals: 0 at least, and
/// at least W₂,N²/N − W₂².
///
/// With the costs and the statistics of [`Bracket`] replica by replica,
///
/// ```text
/// E[cost − influence]  ≤  excess  ≤  E[cost − dual value]
/// ```
///
/// since in the mean dual ≤ W₂² ≤ pooled. What the replicas have in common drops out:
/// each cost − dual value is 0 at least, as (v−u)² ≥ v² − 2φ(v) + u² − 2φ*(u) for each
/// pair. So the limits stay apart from 0 where a difference of limits would not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excess {
    /// In the mean at most the excess.
    pub lower: f64,
    /// In the mean at least the excess.
    pub upper: f64,
    /// At most the excess with confidence (1 + c)/2; never below 0.
    pub lower_limit: f64,
    /// At least the excess with confidence (1 + c)/2.
    pub upper_limit: f64,
}

impl Excess {
    /// Of brackets from the same velocities, with limits of two-sided `confidence`;
    /// `None` without error bars.
    pub fn between(first: &Bracket, joint: &JointBracket, confidence: f64) -> Option<Excess> {
        let [dual, influence] = first.values.as_ref()?;
        let less = |values: &[f64]| -> Vec<f64> {
            let pairs = joint.costs.iter().zip(values);
            pairs.map(|(cost, value)| cost - value).collect()
        };
        let (lower_values, upper_values) = (less(influence), less(dual));
        // Of the relative variance of these nothing is known.
        let rule = Rule::of(joint.costs.len(), None);
        let [lower_reach, upper_reach] =
            [&lower_values, &upper_values].map(|values| Spread::of(values, rule).reach(confidence));
        let (lower, upper) = (mean(&lower_values), mean(&upper_values));
        Some(Excess {
            lower,
            upper,
            // Under the potentials of its own plan the spread can be too small.
            lower_limit: (lower - lower_reach.max(upper_reach)).max(0.0),
            upper_limit: upper + upper_reach,
        })
    }
}
