//! An estimate with more and more control variates, and its limits.

use super::interval::{Rule, Spread, mean};
use super::less;

/// The skewness of a mean up to which its limits rest on it alone.
///
/// Control variates take off what most replicas vary by. What is left can be carried by few,
/// and depends on whether the coefficients were fitted to one of these: errors over replicas
/// do not tell. With a skewness of 0.2 to 0.9 upper limits of 97.5 % missed in 5 to 20 % of
/// all runs of copies with long tails, those without control variates in 0 to 2 %.
const MOST_SKEWED: f64 = 0.1;

/// The shortfall up to which limits rest on an estimate alone. Of samples of as many normal
/// velocities as there must be for V² to be a control variate fewer than one in a thousand
/// have more.
const MOST_SHORT: f64 = 1.1;

/// A tier is left out if draws that the sample may lack can move its estimate, through the exact
/// means, by more than this many standard errors.
const MOST_UNSEEN: f64 = 0.1;

/// The corrections by control variates, for each tier; the first tier has none.
pub(super) struct TakenOff<'a> {
    pub(super) corrections: &'a [Vec<f64>],
    /// By how much powers spread less than they are known to.
    pub(super) shortfalls: &'a [f64],
    /// By how much draws that the sample may lack can move the estimate.
    pub(super) allowances: &'a [f64],
}

/// An estimate, and the spreads of statistics of each replica that are its first order; the
/// largest one counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    spreads: Vec<Spread>,
    /// By how much velocities spread less than they are known to, at least 1: limits are so
    /// many times as far off as the spreads say.
    shortfall: f64,
    /// The distance by which draws that the sample may lack can move the estimate.
    allowance: f64,
}

impl Estimate {
    /// The standard error.
    pub(super) fn std_error(&self) -> f64 {
        self.largest(Spread::std_error)
    }

    /// How far below the estimate its lower limit lies.
    pub(super) fn below(&self, confidence: f64) -> f64 {
        self.made_up_for(self.largest(|spread| spread.below(confidence)))
    }

    /// How far above the estimate its upper limit lies.
    pub(super) fn above(&self, confidence: f64) -> f64 {
        self.made_up_for(self.largest(|spread| spread.above(confidence)))
    }

    fn made_up_for(&self, reach: f64) -> f64 {
        // Of a sample that shows nothing of what is known to vary no multiple is enough.
        if reach == 0.0 && self.shortfall > MOST_SHORT {
            return f64::INFINITY;
        }
        self.shortfall * reach + self.allowance
    }

    /// True if draws that the sample may lack move the estimate by little.
    fn sees_enough(&self) -> bool {
        self.allowance <= MOST_UNSEEN * self.std_error()
    }

    fn largest(&self, of: impl Fn(&Spread) -> f64) -> f64 {
        self.spreads.iter().map(of).fold(0.0, f64::max)
    }

    /// Whether few replicas make it lower, so that it is too high where they are missing,
    /// or some are known to be missing.
    fn is_carried_down(&self) -> bool {
        let skewed = |spread: &Spread| spread.skewness() < -MOST_SKEWED;
        self.shortfall > MOST_SHORT || self.spreads.iter().any(skewed)
    }

    /// Whether few replicas make it higher, or some are known to be missing.
    fn is_carried_up(&self) -> bool {
        let skewed = |spread: &Spread| spread.skewness() > MOST_SKEWED;
        self.shortfall > MOST_SHORT || self.spreads.iter().any(skewed)
    }
}

/// An estimate as it is, and less the control variates of each tier.
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
        taken_off: &TakenOff,
        rule: Rule,
    ) -> Controlled {
        let tier = |index: usize| {
            let corrections = &taken_off.corrections[index];
            Estimate {
                value: value - mean(corrections),
                spreads: (statistics.iter())
                    .map(|values| Spread::of(&less(values, corrections), rule))
                    .collect(),
                shortfall: taken_off.shortfalls[index],
                allowance: taken_off.allowances[index],
            }
        };
        let tiers = (0..taken_off.corrections.len()).map(tier);
        Controlled {
            tiers: tiers.take_while(Estimate::sees_enough).collect(),
        }
    }

    /// Without control variates.
    pub(super) fn plain(&self) -> &Estimate {
        &self.tiers[0]
    }

    /// With all control variates.
    pub(super) fn controlled(&self) -> &Estimate {
        &self.tiers[self.tiers.len() - 1]
    }

    /// At most what is estimated, with confidence (1 + `confidence`)/2: the least limit of
    /// the tiers from the last one down to one that few replicas do not make lower.
    pub(super) fn lower_limit(&self, confidence: f64) -> f64 {
        let limit = |tier: &Estimate| tier.value - tier.below(confidence);
        let counted = self.last_ones_to(|tier| !tier.is_carried_down());
        counted.map(limit).fold(f64::INFINITY, f64::min)
    }

    /// At least what is estimated, with the same confidence: the largest limit of the tiers
    /// from the last one down to one that few replicas do not make higher.
    pub(super) fn upper_limit(&self, confidence: f64) -> f64 {
        let limit = |tier: &Estimate| tier.value + tier.above(confidence);
        let counted = self.last_ones_to(|tier| !tier.is_carried_up());
        counted.map(limit).fold(f64::NEG_INFINITY, f64::max)
    }

    fn last_ones_to(&self, enough: impl Fn(&Estimate) -> bool) -> impl Iterator<Item = &Estimate> {
        let first = self.tiers.iter().rposition(enough).unwrap_or(0);
        self.tiers[first..].iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three tiers, each with less noise than the one before, the last with what one replica
    /// in a hundred has; `sign` says which way.
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
        let taken_off = TakenOff {
            corrections: &corrections,
            shortfalls: &[1.0; 3],
            allowances: &[0.0; 3],
        };
        Controlled::of(mean(&values), &[&values], &taken_off, Rule::Replicas)
    }

    fn limits(estimate: &Estimate) -> [f64; 2] {
        let value = estimate.value;
        [value - estimate.below(0.95), value + estimate.above(0.95)]
    }

    #[test]
    fn limits_fall_back_on_the_side_that_few_replicas_carry() {
        let rare = |sign: f64| {
            let found = tiers(sign, 0.05);
            let [_, middle, last] = &found.tiers[..] else {
                panic!("three tiers")
            };
            assert_eq!(last.is_carried_up(), sign > 0.0);
            assert_eq!(last.is_carried_down(), sign < 0.0);
            assert!(!middle.is_carried_up() && !middle.is_carried_down());
            let limits_of = [limits(middle), limits(last)];
            (
                [found.lower_limit(0.95), found.upper_limit(0.95)],
                limits_of,
            )
        };
        // The first tier has by far the widest limits, and is not asked.
        let (found, [middle, last]) = rare(1.0);
        assert_eq!(found, [last[0], middle[1].max(last[1])]);
        assert!(middle[1] > last[1]);
        let (found, [middle, last]) = rare(-1.0);
        assert_eq!(found, [middle[0].min(last[0]), last[1]]);
        assert!(middle[0] < last[0]);
        // Where all are skewed all count.
        let all = tiers(1.0, 50.0);
        assert!(all.tiers.iter().all(Estimate::is_carried_up));
        let widest = all.tiers.iter().map(|tier| limits(tier)[1]);
        assert_eq!(all.upper_limit(0.95), widest.fold(f64::MIN, f64::max));
    }
}
