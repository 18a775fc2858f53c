//! An estimate with tiers of control variates, and its limits.

use super::interval::{Rule, Spread, mean};
use super::less;

/// The largest skewness of a mean with which limits rest on one tier.
///
/// Control variates take off the variation of most replicas. The rest can be carried by few
/// replicas, and depends on whether the coefficients were fitted to one of these; errors over
/// replicas do not show this. With a skewness of 0.2 to 0.9 upper limits of 97.5 % missed in 5 to
/// 20 % of all runs of copies with long tails, those without control variates in 0 to 2 %.
const MOST_SKEWED: f64 = 0.1;

/// The largest shortfall with which limits rest on one tier. Of samples of as many normal
/// velocities as V² needs to be a control variate, fewer than one in a thousand have more.
const MOST_SHORT: f64 = 1.1;

/// A tier is left out if draws that the sample may lack can move its estimate, through the exact
/// means, by more than this many standard errors.
const MOST_UNSEEN: f64 = 0.1;

/// The corrections by control variates, for each tier; the first tier has none.
pub(super) struct TierCorrections<'a> {
    pub(super) corrections: &'a [Vec<f64>],
    /// For each tier, the factor by which powers spread less than their exact moments say.
    pub(super) shortfalls: &'a [f64],
    /// For each tier, the amount by which draws that the sample may lack can move the estimate.
    pub(super) allowances: &'a [f64],
}

/// An estimate, and the spreads of statistics of each replica that are its first order; the
/// largest one counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    spreads: Vec<Spread>,
    /// The factor by which velocities spread less than their exact moments say, at least 1. Limits
    /// are farther off than the spreads say by this factor.
    shortfall: f64,
    /// The distance by which draws that the sample may lack can move the estimate.
    allowance: f64,
}

impl Estimate {
    /// The standard error.
    pub(super) fn std_error(&self) -> f64 {
        self.largest(Spread::std_error)
    }

    /// The distance of the lower limit below the estimate.
    pub(super) fn below(&self, confidence: f64) -> f64 {
        self.widened(self.largest(|spread| spread.below(confidence)))
    }

    /// The distance of the upper limit above the estimate.
    pub(super) fn above(&self, confidence: f64) -> f64 {
        self.widened(self.largest(|spread| spread.above(confidence)))
    }

    fn widened(&self, reach: f64) -> f64 {
        // A sample with zero spread where the exact spread is positive has no finite limit.
        if reach == 0.0 && self.shortfall > MOST_SHORT {
            return f64::INFINITY;
        }
        self.shortfall * reach + self.allowance
    }

    /// True if draws that the sample may lack move the estimate by little.
    fn is_barely_moved_by_unseen(&self) -> bool {
        self.allowance <= MOST_UNSEEN * self.std_error()
    }

    fn largest(&self, of: impl Fn(&Spread) -> f64) -> f64 {
        self.spreads.iter().map(of).fold(0.0, f64::max)
    }

    /// True if few replicas make the estimate lower, so that it is too high where they are missing,
    /// or if some are known to be missing.
    fn is_lowered_by_few(&self) -> bool {
        let skewed = |spread: &Spread| spread.skewness() < -MOST_SKEWED;
        self.shortfall > MOST_SHORT || self.spreads.iter().any(skewed)
    }

    /// True if few replicas make the estimate higher, or if some are known to be missing.
    fn is_raised_by_few(&self) -> bool {
        let skewed = |spread: &Spread| spread.skewness() > MOST_SKEWED;
        self.shortfall > MOST_SHORT || self.spreads.iter().any(skewed)
    }
}

/// An estimate without control variates, and minus those of each tier.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Controlled {
    tiers: Vec<Estimate>,
}

impl Controlled {
    /// Makes the tiers of an estimate from statistics that are its first order and from the
    /// corrections by control variates. It stops before the first tier that draws which the
    /// sample may lack can move.
    pub(super) fn of(
        value: f64,
        statistics: &[&[f64]],
        of_tiers: &TierCorrections,
        rule: Rule,
    ) -> Controlled {
        let tier = |index: usize| {
            let corrections = &of_tiers.corrections[index];
            Estimate {
                value: value - mean(corrections),
                spreads: (statistics.iter())
                    .map(|values| Spread::of(&less(values, corrections), rule))
                    .collect(),
                shortfall: of_tiers.shortfalls[index],
                allowance: of_tiers.allowances[index],
            }
        };
        let tiers = (0..of_tiers.corrections.len()).map(tier);
        Controlled {
            tiers: tiers
                .take_while(Estimate::is_barely_moved_by_unseen)
                .collect(),
        }
    }

    /// The estimate without control variates.
    pub(super) fn plain(&self) -> &Estimate {
        &self.tiers[0]
    }

    /// The estimate with all control variates.
    pub(super) fn controlled(&self) -> &Estimate {
        &self.tiers[self.tiers.len() - 1]
    }

    /// A lower limit with confidence (1 + `confidence`)/2: the least limit of the tiers from the
    /// last one down to the first that few replicas do not make lower.
    pub(super) fn lower_limit(&self, confidence: f64) -> f64 {
        let limit = |tier: &Estimate| tier.value - tier.below(confidence);
        let counted = self.last_tiers_to(|tier| !tier.is_lowered_by_few());
        counted.map(limit).fold(f64::INFINITY, f64::min)
    }

    /// An upper limit with confidence (1 + `confidence`)/2: the largest limit of the tiers from the
    /// last one down to the first that few replicas do not make higher.
    pub(super) fn upper_limit(&self, confidence: f64) -> f64 {
        let limit = |tier: &Estimate| tier.value + tier.above(confidence);
        let counted = self.last_tiers_to(|tier| !tier.is_raised_by_few());
        counted.map(limit).fold(f64::NEG_INFINITY, f64::max)
    }

    fn last_tiers_to(&self, enough: impl Fn(&Estimate) -> bool) -> impl Iterator<Item = &Estimate> {
        let first = self.tiers.iter().rposition(enough).unwrap_or(0);
        self.tiers[first..].iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three tiers, each with less noise than the one before. In the last one, one replica in a
    /// hundred is off; `sign` gives the direction.
    fn tiers(sign: f64, rare: f64) -> Controlled {
        let noise = |i: i32| f64::from(i * 37 % 101 - 50) / 101.0;
        let left = |i: i32, tier: f64| tier * noise(i) + sign * rare * f64::from(i % 101 == 50);
        let values: Vec<f64> = (0..404).map(|i| left(i, 1.0)).collect();
        let corrections = [1.0, 0.1, 0.0].map(|tier| -> Vec<f64> {
            (0..404)
                .zip(&values)
                .map(|(i, value)| value - left(i, tier))
                .collect()
        });
        let of_tiers = TierCorrections {
            corrections: &corrections,
            shortfalls: &[1.0; 3],
            allowances: &[0.0; 3],
        };
        Controlled::of(mean(&values), &[&values], &of_tiers, Rule::Replicas)
    }

    fn limits(estimate: &Estimate) -> [f64; 2] {
        let value = estimate.value;
        [value - estimate.below(0.95), value + estimate.above(0.95)]
    }

    #[test]
    fn limits_use_fewer_control_variates_on_the_side_that_few_replicas_carry() {
        let rare = |sign: f64| {
            let found = tiers(sign, 0.05);
            let [_, middle, last] = &found.tiers[..] else {
                panic!("three tiers")
            };
            assert_eq!(last.is_raised_by_few(), sign > 0.0);
            assert_eq!(last.is_lowered_by_few(), sign < 0.0);
            assert!(!middle.is_raised_by_few() && !middle.is_lowered_by_few());
            let limits_of = [limits(middle), limits(last)];
            (
                [found.lower_limit(0.95), found.upper_limit(0.95)],
                limits_of,
            )
        };
        // The first tier has by far the widest limits, and does not count.
        let (found, [middle, last]) = rare(1.0);
        assert_eq!(found, [last[0], middle[1].max(last[1])]);
        assert!(middle[1] > last[1]);
        let (found, [middle, last]) = rare(-1.0);
        assert_eq!(found, [middle[0].min(last[0]), last[1]]);
        assert!(middle[0] < last[0]);
        // All tiers count where all are skewed.
        let all = tiers(1.0, 50.0);
        assert!(all.tiers.iter().all(Estimate::is_raised_by_few));
        let widest = all.tiers.iter().map(|tier| limits(tier)[1]);
        assert_eq!(all.upper_limit(0.95), widest.fold(f64::MIN, f64::max));
    }
}
