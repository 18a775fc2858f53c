//! The excess cost of the coupling of the joint laws over the first marginals.

use super::interval::{Rule, Spread, mean};
use super::{Bracket, JointBracket, is_between};
use crate::theory::unseen::Unseen;

/// Limits of the excess (1/N) Σ_k E (V_(k) − U_(k))² − W₂² of the simulated coupling, its particles
/// paired by rank at output, over the first marginals. The excess is at least 0, and at least
/// W₂,N²/N − W₂².
///
/// With the costs and the statistics of [`Bracket`] replica by replica,
///
/// ```text
/// E[cost − influence]  ≤  excess  ≤  E[cost − dual value]
/// ```
///
/// since in the mean dual ≤ W₂² ≤ pooled. Noise that the replicas' terms have in common drops out:
/// each cost − dual value is at least 0, as (v−u)² ≥ v² − 2φ(v) + u² − 2φ*(u) for each pair. So the
/// limits stay apart from 0 where a difference of limits would not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excess {
    /// An estimate whose mean is at most the excess.
    pub lower: f64,
    /// An estimate whose mean is at least the excess.
    pub upper: f64,
    /// A lower limit of the excess with confidence (1 + c)/2; never below 0.
    pub lower_limit: f64,
    /// An upper limit of the excess with confidence (1 + c)/2.
    pub upper_limit: f64,
}

impl Excess {
    /// The fewest replicas for limits of the excess.
    ///
    /// Each cost − dual value is at least 0 and nearly a quadratic form of noise: it is skewed to
    /// the right, so a sample whose mean is too low also has too short an error. The upper limit
    /// then misses too often. At 99.9 % 105 of 20 000 limits missed with 24 replicas of N = 16, and
    /// 10 may; at 95 % 89 of 2000 missed with 40 replicas of N = 8, and 50 may. With 160 replicas
    /// they miss as often as they may.
    pub const FEWEST_REPLICAS: usize = 150;

    /// The least (Σx)²/Σx² over replicas, x = cost − dual value ≥ 0: the number of replicas that
    /// carry the mean. Where copies differ in few replicas the others tell nothing. With 200
    /// replicas of one particle, of which twenty had a cost, 101 of 2000 upper limits of 99 %
    /// missed.
    const FEWEST_THAT_CARRY: f64 = 50.0;

    /// The limits of two-sided `confidence` from brackets of the same velocities; `None` without
    /// error bars, for a confidence that is not in [0, 1), with fewer replicas than
    /// [`Excess::FEWEST_REPLICAS`], and where fewer than fifty of them carry the excess.
    pub fn between(first: &Bracket, joint: &JointBracket, confidence: f64) -> Option<Excess> {
        let [dual, influence] = first.values.as_ref()?;
        let less = |values: &[f64]| -> Vec<f64> {
            let pairs = joint.costs.iter().zip(values);
            pairs.map(|(cost, value)| cost - value).collect()
        };
        let upper_values = less(dual);
        let enough = is_between(confidence)
            && upper_values.len() >= Excess::FEWEST_REPLICAS
            && carrying(&upper_values) >= Excess::FEWEST_THAT_CARRY;
        enough.then(|| {
            let excess = Excess::of(&less(influence), &upper_values, confidence);
            // Replicas with rare draws cost at most this much where copies start optimally paired.
            let Unseen {
                square, of_bath, ..
            } = first.unseen;
            Excess {
                upper_limit: excess.upper_limit + square + of_bath,
                ..excess
            }
        })
    }

    /// The limits from cost − influence and cost − dual value of each replica.
    fn of(lower_values: &[f64], upper_values: &[f64], confidence: f64) -> Excess {
        // The relative variance of these values is not known.
        let rule = Rule::of(lower_values.len(), None);
        let spreads = [lower_values, upper_values].map(|values| Spread::of(values, rule));
        let [of_lower, of_upper] = spreads.map(|spread| spread.below(confidence));
        let (lower, upper) = (mean(lower_values), mean(upper_values));
        Excess {
            lower,
            upper,
            // Under the potentials of its own plan the spread can be too small.
            lower_limit: (lower - of_lower.max(of_upper)).max(0.0),
            upper_limit: upper + spreads[1].above(confidence),
        }
    }
}

/// (Σx)²/Σx² of numbers of one sign: the number of them that carry the mean; 0 if all are 0.
fn carrying(values: &[f64]) -> f64 {
    let (sum, squares) = (values.iter()).fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
    if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each side has its own mean; the lower limit uses the wider spread, the upper limit its own.
    #[test]
    fn limits_use_the_documented_spreads() {
        let values = |mean: f64, spread: f64| -> Vec<f64> {
            let turn = |k: i32| f64::from(k * 37 % 200) / 200.0 - 0.4975;
            (0..200).map(|k| mean + spread * turn(k)).collect()
        };
        let rule = Rule::of(200, None);
        for (narrow, wide) in [(1.0, 3.0), (3.0, 1.0)] {
            let (lower, upper) = (values(5.0, narrow), values(6.0, wide));
            let spreads = [&lower, &upper].map(|values| Spread::of(values, rule));
            let [below, of_upper] = spreads.map(|spread| spread.below(0.95));
            let found = Excess::of(&lower, &upper, 0.95);
            let up = spreads[1].above(0.95);
            let expected = [5.0, 6.0, 5.0 - below.max(of_upper), 6.0 + up];
            let found = [
                found.lower,
                found.upper,
                found.lower_limit,
                found.upper_limit,
            ];
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{found} {expected}");
            }
        }
        let near_zero = Excess::of(&values(0.001, 1.0), &values(0.001, 1.0), 0.95);
        assert_eq!(near_zero.lower_limit, 0.0);
    }
}
